"""JWT bearer grant (RFC 7523 §2.1): a service account signs for itself and gets a token.

With `scope` that is an access token; with `target_audience` an ID token, by which others know it.
"""

from collections.abc import Mapping
from typing import Final

from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, id_token, jwt, scopes
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Answer, Grant
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.model import IdTokenResponse, TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.service_account_jwt import (
    audience,
    check_signature,
    check_subject,
    check_times,
    find_signer,
    read,
)
from leasehold.storage.transaction import Transaction

MAX_TARGET_AUDIENCE = 2048  # characters; it is nearly always a URL

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


async def run(parameters: Mapping[str, str], server: AuthorizationServer) -> Answer:
    """A token for the service account that signed the assertion."""
    assertion = read(parameters["assertion"])
    signer = await server.committer.read(lambda tx, _now: find_signer(tx, assertion))
    account, key = check_signature(assertion, signer)
    check_times(assertion.claims, server.clock.now() // MICROSECONDS)
    check_audience(assertion.claims, accepted_audiences(server))
    check_subject(assertion)
    if "target_audience" in assertion.claims:
        return await _identify(server, account, target_audience(assertion.claims))
    granted = requested_scopes(assertion.claims)
    return await _issue(server, account=account, key=key, granted=granted)


def accepted_audiences(server: AuthorizationServer) -> frozenset[str]:
    """What `aud` may be: our issuer, our token URLs and, if the setting says so, Google's."""
    ours = frozenset({server.issuer, *(server.issuer + path for path in TOKEN_PATHS)})
    return ours | GOOGLE_AUDIENCES if server.settings.accept_google_audience else ours


def check_audience(claims: Json, accepted: frozenset[str]) -> None:
    """Raises OAuthError `invalid_grant` unless `aud` is exactly one, and one of the accepted."""
    if audience(claims) not in accepted:
        jwt.refuse("aud must be this server's token URL alone: the token_uri of the key file")


def requested_scopes(claims: Json) -> int:
    """The mask of the `scope` claim. Raises OAuthError `invalid_scope`."""
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise OAuthError("invalid_scope", "scope must be text: scope URLs separated by spaces")
    return scopes.mask(scope)


def target_audience(claims: Json) -> str:
    """For whom the ID token is to be. Raises OAuthError `invalid_request`."""
    if claims.get("scope"):
        raise OAuthError(
            "invalid_request",
            "ask for an access token with scope, or for an ID token with target_audience: not both",
        )
    target = claims["target_audience"]
    if not isinstance(target, str) or not 0 < len(target) <= MAX_TARGET_AUDIENCE:
        raise OAuthError(
            "invalid_request",
            f"target_audience must be text of 1 to {MAX_TARGET_AUDIENCE} characters",
        )
    return target


async def _identify(
    server: AuthorizationServer, account: ServiceAccount, audience: str
) -> IdTokenResponse:
    key = await server.signing_keys.current()
    now = server.clock.now() // MICROSECONDS
    text = id_token.mint(key, account, issuer=server.issuer, audience=audience, now=now)
    return IdTokenResponse(text)


async def _issue(
    server: AuthorizationServer, *, account: ServiceAccount, key: ServiceAccountKey, granted: int
) -> TokenResponse:
    token = access_tokens.mint(server.entropy)
    seconds = server.settings.access_token_seconds

    def store(tx: Transaction, now: int) -> bool:
        record = AccessToken(
            digest=access_tokens.digest(token),
            client_id=account.id,
            scopes=granted,
            issued_at=now,
            expires_at=now + seconds * MICROSECONDS,
            service_account_id=account.id,
            key_id=key.id,
        )
        return access_tokens.store(tx, record)

    if not await server.committer.write(store):  # switched off since it was read
        raise OAuthError("invalid_grant", "Invalid grant: account or key is no longer good")
    return TokenResponse(access_token=token, expires_in=seconds, scope=scopes.text(granted))


GRANT: Final = Grant(
    grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
    parameters=("assertion",),
    run=run,
)
