"""ID tokens (OpenID Connect Core 1.0 §2): who somebody is, signed by this server for an audience.

They are for others to verify; this server's API takes none of them.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jws

from leasehold.accounts.model import ServiceAccount
from leasehold.accounts.rsa_key import public_pem
from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import jwt, scopes
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.model import Person, SigningKey

ALGORITHM = "RS256"
LIFE_SECONDS = 3600
CLAIMS = (
    *("iss", "azp", "aud", "sub", "email", "email_verified", "name"),
    *("auth_time", "nonce", "at_hash", "iat", "exp"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """That a person has signed in to a client, as the client is to be told."""

    person: Person
    client_id: str
    scopes: int  # a mask: what of the person it says
    authenticated_at: int  # microseconds: when the person last proved who they are
    nonce: str | None = None  # None: none was sent, or it was told already (§12.2)


def mint(key: SigningKey, account: ServiceAccount, *, issuer: str, audience: str, now: int) -> str:
    """A token that says to the audience that its bearer is this account; `now` in seconds."""
    claims = {
        "iss": issuer,
        "azp": account.id,
        "aud": audience,
        "sub": account.id,
        "email": account.email,
        "email_verified": True,
        "iat": now,
        "exp": now + LIFE_SECONDS,
    }
    return _signed(key, claims)


def mint_for_user(
    key: SigningKey, login: Login, *, issuer: str, access_token: str | None, now: int
) -> str:
    """A token that says to the client who has signed in; `now` in seconds.

    `access_token` is the one that goes with it, None when there is none: the two cannot be mixed
    with others (§3.1.3.6).
    """
    claims = {
        "iss": issuer,
        "azp": login.client_id,
        "aud": login.client_id,
        "sub": login.person.subject,
        **about(login.person, login.scopes),
        "auth_time": login.authenticated_at // MICROSECONDS,
        "iat": now,
        "exp": now + LIFE_SECONDS,
    }
    if login.nonce is not None:
        claims["nonce"] = login.nonce
    if access_token is not None:
        claims["at_hash"] = at_hash(access_token)
    return _signed(key, claims)


def about(person: Person, granted: int) -> dict[str, object]:
    """What the scopes of the mask tell of the person, besides the subject (§5.4)."""
    claims: dict[str, object] = {}
    if granted & scopes.ANY_EMAIL:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    if granted & scopes.ANY_PROFILE and person.name:
        claims["name"] = person.name
    return claims


def at_hash(access_token: str) -> str:
    """The first half of the token's SHA-256, in base64url.

    >>> at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")  # the example of §A.4
    '77QmUPtjPfzWtF2AnpK9RQ'
    """
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def verify(
    text: str, certificates: Mapping[str, str], *, issuer: str, now: int
) -> tuple[Json, Json]:
    """Header and claims of a token of ours that is good now, in seconds.

    Raises OAuthError `invalid_grant` for any other.
    """
    header, claims = jwt.parts(text)
    kid = header.get("kid")
    certificate = certificates.get(kid) if isinstance(kid, str) else None
    if certificate is None or not jwt.is_signed(text, public_pem(certificate)):
        jwt.refuse("it is not signed by a key of this server")
    if claims.get("iss") != issuer or jwt.instant(claims, "exp") <= now:
        jwt.refuse("it has expired, or another server issued it")
    return header, claims


def _signed(key: SigningKey, claims: Mapping[str, object]) -> str:
    assert claims.keys() <= set(CLAIMS)
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims), key.private, algorithms=[ALGORITHM])
