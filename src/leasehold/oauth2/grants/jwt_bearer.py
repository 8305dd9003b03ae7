"""JWT bearer grant (RFC 7523 §2.1): a service account signs for itself and gets an access token.

Read strictly and before any look-up: one algorithm, no repeated or unknown critical members, and
numbers that are numbers. The key is the stored one of the `kid`; nothing in the assertion can
bring a key along.
"""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from leasehold.accounts import service_accounts
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, scopes
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Grant
from leasehold.oauth2.model import AuthorizationServer, TokenResponse
from leasehold.storage.transaction import Transaction

MAX_ASSERTION_LENGTH = 16 * 1024
MAX_LIFE_SECONDS = 3600  # Google's cap on exp - iat
LEEWAY_SECONDS = 60  # for clocks that go wrong a little, on the life and on its end
MAX_AHEAD_SECONDS = 300  # how far a client's clock may be ahead of ours
LAST_INSTANT = 1 << 40  # seconds; no real instant is later, and sums of smaller ones stay small

TOKEN_PATHS = ("/token", "/o/oauth2/token", "/oauth2/v3/token", "/oauth2/v4/token")

# Google's libraries put one of these into `aud` whatever the key file's token_uri says.
GOOGLE_AUDIENCES = frozenset(
    {
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://accounts.google.com/o/oauth2/token",
    }
)

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REGISTRY = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)

Json = Mapping[str, object]


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


async def run(parameters: Mapping[str, str], server: AuthorizationServer) -> TokenResponse:
    """A token for the service account that signed the assertion."""
    assertion = read(parameters["assertion"])
    signer = await server.committer.read(lambda tx, _now: _signer(tx, assertion))
    account, key = check_signature(assertion, signer)
    check_times(assertion.claims, server.clock.now() // MICROSECONDS)
    check_audience(assertion.claims, accepted_audiences(server))
    check_subject(assertion)
    granted = requested_scopes(assertion.claims)
    return await _issue(server, account=account, key=key, granted=granted)


def read(text: str) -> Assertion:
    """Takes the assertion apart. Raises OAuthError `invalid_grant` for anything unusual."""
    if len(text) > MAX_ASSERTION_LENGTH or not _COMPACT.fullmatch(text):
        _refuse("it must be three parts of base64url, 16 KiB at most")
    header_part, claims_part, _ = text.split(".")
    header, claims = _json(header_part), _json(claims_part)
    if header.get("alg") != "RS256":
        _refuse("alg must be RS256")
    if "crit" in header or "b64" in header:
        _refuse("critical header parameters are not known here")
    key_id, issuer = _key_id(header), claims.get("iss")
    if not isinstance(issuer, str):
        _refuse("iss must be the service account's e-mail address")
    return Assertion(text, key_id, issuer, claims)


def _key_id(header: Json) -> str | None:
    """The key that is said to have signed; None when that is left open."""
    if "kid" not in header:
        return None
    key_id = header["kid"]
    if not isinstance(key_id, str):
        _refuse("kid must name the key: the private_key_id of the key file")
    return key_id


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
    key = next((key for key in own if _is_signed(assertion, key)), None)
    if key is None:
        raise OAuthError("invalid_grant", "Invalid JWT Signature.")
    if not account.is_active:
        raise OAuthError("invalid_grant", "Invalid grant: account is disabled")
    return account, key


def check_times(claims: Json, now: int) -> None:
    """`now` in seconds. Raises OAuthError `invalid_grant` unless the assertion lives now.

    RFC 7523 §3: exp is required; we require iat too, for without it nothing limits the life.
    """
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    if not 0 < expires - issued <= MAX_LIFE_SECONDS + LEEWAY_SECONDS:
        _refuse("exp must come after iat, and by an hour at most")
    if expires <= now - LEEWAY_SECONDS:
        _refuse("exp has passed: sign a new one, and look whether the clock is right")
    starts = _instant(claims, "nbf") if "nbf" in claims else issued
    if max(issued, starts) > now + MAX_AHEAD_SECONDS:
        _refuse("iat lies in the future: look whether the clock is right")


def accepted_audiences(server: AuthorizationServer) -> frozenset[str]:
    """What `aud` may be: our issuer, our token URLs and, if the setting says so, Google's."""
    ours = frozenset({server.issuer, *(server.issuer + path for path in TOKEN_PATHS)})
    return ours | GOOGLE_AUDIENCES if server.settings.accept_google_audience else ours


def check_audience(claims: Json, accepted: frozenset[str]) -> None:
    """Raises OAuthError `invalid_grant` unless `aud` is exactly one, and one of the accepted."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in accepted:
        _refuse("aud must be this server's token URL alone: the token_uri of the key file")


def check_subject(assertion: Assertion) -> None:
    """Raises OAuthError `unauthorized_client` when the account wants to act for somebody else."""
    for name in ("sub", "prn"):  # prn is what sub was called in the drafts; Go's library sends both
        if assertion.claims.get(name, assertion.issuer) != assertion.issuer:
            raise OAuthError(
                "unauthorized_client", f"the service account may not act for another ({name})"
            )


def requested_scopes(claims: Json) -> int:
    """The mask of the `scope` claim. Raises OAuthError `invalid_scope`, or `invalid_request`."""
    if "target_audience" in claims:
        raise OAuthError(
            "invalid_request",
            "ID tokens are not given here: ask for an access token, with scope in place of"
            " target_audience",
        )
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise OAuthError("invalid_scope", "scope must be text: scope URLs separated by spaces")
    return scopes.mask(scope)


async def _issue(
    server: AuthorizationServer, *, account: ServiceAccount, key: ServiceAccountKey, granted: int
) -> TokenResponse:
    token = access_tokens.mint(server.entropy)
    seconds = server.settings.access_token_seconds

    def store(tx: Transaction, now: int) -> bool:
        record = AccessToken(
            digest=access_tokens.digest(token),
            service_account_id=account.id,
            key_id=key.id,
            project_id=account.project_id,
            email=account.email,
            client_id=account.id,
            scopes=granted,
            issued_at=now,
            expires_at=now + seconds * MICROSECONDS,
        )
        return access_tokens.store(tx, record)

    if not await server.committer.write(store):  # switched off since it was read
        raise OAuthError("invalid_grant", "Invalid grant: account or key is no longer good")
    return TokenResponse(access_token=token, expires_in=seconds, scope=scopes.text(granted))


def _signer(tx: Transaction, assertion: Assertion) -> Signer:
    account = service_accounts.find(tx, assertion.issuer)
    if assertion.key_id is None:
        return Signer(account, service_accounts.keys_of(tx, assertion.issuer))
    key = service_accounts.find_key(tx, assertion.key_id)
    return Signer(account, [key] if key else [])


def _is_signed(assertion: Assertion, key: ServiceAccountKey) -> bool:
    try:
        jws.deserialize_compact(assertion.text, _public_key(key.public_key), registry=_REGISTRY)
    except (JoseError, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _public_key(pem: str) -> RSAKey:
    return RSAKey.import_key(pem)


def _json(part: str) -> Json:
    """The JSON object of a part. joserfc's own reading would take repeated members and NaN."""
    try:
        value = json.loads(
            urlsafe_b64decode(part.encode()).decode(),
            object_pairs_hook=_members,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        _refuse("its parts must be JSON without repeated members")
    if not isinstance(value, dict):
        _refuse("its parts must be JSON objects")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _instant(claims: Json, name: str) -> int:
    """Seconds since the Unix epoch."""
    value = claims.get(name)
    # type, not isinstance: true is an int to Python.
    if type(value) is not int or not 0 <= value < LAST_INSTANT:
        _refuse(f"{name} must be a whole number of seconds since 1970")
    return value


def _refuse(why: str) -> NoReturn:
    raise OAuthError("invalid_grant", f"Invalid JWT: {why}")


GRANT: Final = Grant(
    grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
    parameters=("assertion",),
    run=run,
)
