"""ID tokens (OpenID Connect Core 1.0 §2): who somebody is, signed by this server for an audience.

They are for others to verify; this server's API takes none of them.
"""

import json
from collections.abc import Mapping

from joserfc import jws

from leasehold.accounts.model import ServiceAccount
from leasehold.accounts.rsa_key import public_pem
from leasehold.oauth2 import jwt
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.model import SigningKey

ALGORITHM = "RS256"
LIFE_SECONDS = 3600
CLAIMS = ("iss", "azp", "aud", "sub", "email", "email_verified", "iat", "exp")


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
    assert claims.keys() == set(CLAIMS)
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims), key.private, algorithms=[ALGORITHM])


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
