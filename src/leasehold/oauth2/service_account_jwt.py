"""JWTs that service accounts sign for themselves: traced to the key that signed, and checked.

The key is the stored one of the `kid`. The JWT bearer grant and the API, which takes them as they
are, share this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leasehold.accounts import projects, service_accounts
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.oauth2 import jwt
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.jwt import Json
from leasehold.storage.transaction import Transaction

MAX_LIFE_SECONDS = 3600  # Google's cap on exp - iat
LEEWAY_SECONDS = 60  # for clocks that go wrong a little, on the life and on its end
MAX_AHEAD_SECONDS = 300  # how far a client's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class Assertion:
    """A JWT as it was read; nothing in it is believed before its signature was verified."""

    text: str
    key_id: str | None  # None: Google's older Node library names none
    issuer: str
    claims: Json


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is said to have signed, as the database knows them."""

    account: ServiceAccount | None
    keys: Sequence[ServiceAccountKey]  # the named one, or all of the account
    project_is_on: bool


def read(text: str) -> Assertion:
    """Takes the assertion apart. Raises OAuthError `invalid_grant` for anything unusual."""
    header, claims = jwt.parts(text)
    key_id, issuer = _key_id(header), claims.get("iss")
    if not isinstance(issuer, str):
        jwt.refuse("iss must be the service account's e-mail address")
    return Assertion(text, key_id, issuer, claims)


def find_signer(tx: Transaction, assertion: Assertion) -> Signer:
    """Who may have signed; as yet nobody has verified it."""
    account = service_accounts.find(tx, assertion.issuer)
    is_on = account is not None and projects.switched_on(tx, account.project_id) is not None
    if assertion.key_id is None:
        return Signer(account, service_accounts.keys_of(tx, assertion.issuer), is_on)
    key = service_accounts.find_key(tx, assertion.key_id)
    return Signer(account, [key] if key else [], is_on)


def check_signature(
    assertion: Assertion, signer: Signer
) -> tuple[ServiceAccount, ServiceAccountKey]:
    """Who signed. Raises OAuthError `invalid_grant`, as Google words it.

    Only who has a key of the account learns that the account is switched off.
    """
    account = signer.account
    if account is None:
        raise OAuthError("invalid_grant", "Invalid grant: account not found")
    own = (key for key in signer.keys if key.service_account_id == account.id)
    key = next((key for key in own if jwt.is_signed(assertion.text, key.public_key)), None)
    if key is None:
        raise OAuthError("invalid_grant", "Invalid JWT Signature.")
    if not account.is_active:
        raise OAuthError("invalid_grant", "Invalid grant: account is disabled")
    if not signer.project_is_on:
        raise OAuthError("unauthorized_client", "the account's project is switched off or deleted")
    return account, key


def check_times(claims: Json, now: int) -> int:
    """When it ends, in seconds, as is `now`. Raises OAuthError `invalid_grant` unless it lives now.

    RFC 7523 §3: exp is required; we require iat too, for without it nothing limits the life.
    """
    issued, expires = jwt.instant(claims, "iat"), jwt.instant(claims, "exp")
    if not 0 < expires - issued <= MAX_LIFE_SECONDS + LEEWAY_SECONDS:
        jwt.refuse("exp must come after iat, and by an hour at most")
    if expires <= now - LEEWAY_SECONDS:
        jwt.refuse("exp has passed: sign a new one, and look whether the clock is right")
    starts = jwt.instant(claims, "nbf") if "nbf" in claims else issued
    if max(issued, starts) > now + MAX_AHEAD_SECONDS:
        jwt.refuse("iat lies in the future: look whether the clock is right")
    return expires + LEEWAY_SECONDS


def audience(claims: Json) -> str | None:
    """The audience, when it is exactly one text; None for anything else."""
    named = claims.get("aud")
    if isinstance(named, list) and len(named) == 1:
        named = named[0]
    return named if isinstance(named, str) else None


def subject(assertion: Assertion) -> str | None:
    """For whom else the account wants to act, as an e-mail address; None for nobody but itself.

    Raises OAuthError `unauthorized_client` for what is no text, and for two different ones.
    """
    # prn is what sub was called in the drafts; Go's library sends both.
    named = [assertion.claims[name] for name in ("sub", "prn") if name in assertion.claims]
    others = [value for value in named if value != assertion.issuer]
    if not others:
        return None
    first = others[0]
    if not isinstance(first, str) or any(value != first for value in named):
        raise OAuthError("unauthorized_client", "sub or prn must be one user's e-mail address")
    return first


def check_subject(assertion: Assertion) -> None:
    """Raises OAuthError `unauthorized_client` when the account wants to act for somebody else."""
    if subject(assertion) is not None:
        raise OAuthError(
            "unauthorized_client",
            "the service account may act for itself only here: leave out sub and prn",
        )


def _key_id(header: Json) -> str | None:
    """The key that is said to have signed; None when that is left open."""
    if "kid" not in header:
        return None
    key_id = header["kid"]
    if not isinstance(key_id, str):
        jwt.refuse("kid must name the key: the private_key_id of the key file")
    return key_id
