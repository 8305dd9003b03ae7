"""JWT bearer grant (RFC 7523 §2.1): a service account signs for itself and gets a token.

With `scope` that is an access token; with `target_audience` an ID token, by which others know it.
With `sub` it is a token for a user of a domain that lets the account act for its users.
"""

from dataclasses import replace
from typing import Final

from leasehold.accounts import users
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.oauth2 import access_tokens, delegations, id_token, jwt, scopes, switches
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Answer, Grant, TokenRequest
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.model import IdTokenResponse, TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.service_account_jwt import (
    audience,
    check_signature,
    check_times,
    find_signer,
    read,
    subject,
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


async def run(request: TokenRequest, server: AuthorizationServer) -> Answer:
    """A token for the service account that signed the assertion, or for whom it acts."""
    assertion = read(request.parameters["assertion"])
    signer = await server.committer.read(lambda tx, _now: find_signer(tx, assertion))
    account, key = check_signature(assertion, signer)
    check_times(assertion.claims, server.clock.now() // MICROSECONDS)
    check_audience(assertion.claims, accepted_audiences(server))
    other = subject(assertion)
    if "target_audience" in assertion.claims:
        if other is not None:
            raise _not_delegated()  # Google has no ID tokens for others either
        return await _identify(server, account, target_audience(assertion.claims))
    granted = requested_scopes(assertion.claims)
    if other is not None:
        return await _issue_for_user(server, account=account, key=key, granted=granted, email=other)
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
    text = access_tokens.mint(server.entropy)

    def store(tx: Transaction, now: int) -> bool:
        switches.check(tx, account.project_id, granted)
        return access_tokens.store(tx, _record(server, now, text, account, key, granted))

    if not await server.committer.write(store):  # switched off since it was read
        raise OAuthError("invalid_grant", "Invalid grant: account or key is no longer good")
    return _response(server, text, granted)


async def _issue_for_user(
    server: AuthorizationServer,
    *,
    account: ServiceAccount,
    key: ServiceAccountKey,
    granted: int,
    email: str,
) -> TokenResponse:
    text = access_tokens.mint(server.entropy)

    def store(tx: Transaction, now: int) -> bool:
        switches.check(tx, account.project_id, granted)
        found = _delegated(tx, account, email, granted)
        if found is None:
            return False
        delegation_id, user_id = found
        record = _record(server, now, text, account, key, granted)
        return access_tokens.store(
            tx, replace(record, delegation_id=delegation_id, user_id=user_id)
        )

    if not await server.committer.write(store):
        raise _not_delegated()
    return _response(server, text, granted)


def _delegated(
    tx: Transaction, account: ServiceAccount, email: str, granted: int
) -> tuple[int, int] | None:
    """The ids of the delegation and the user; None when it does not cover both, or is not there."""
    try:
        email = normalize_email(email)
    except Invalid:
        return None
    delegation = delegations.find(tx, account.id, email.rpartition("@")[2])
    user = users.find(tx, email)
    if delegation is None or user is None or not user.is_active:
        return None
    return None if granted & ~delegation.scopes else (delegation.id, user.id)


def _record(
    server: AuthorizationServer,
    now: int,
    text: str,
    account: ServiceAccount,
    key: ServiceAccountKey,
    granted: int,
) -> AccessToken:
    return AccessToken(
        digest=access_tokens.digest(text),
        client_id=account.id,
        scopes=granted,
        issued_at=now,
        expires_at=now + server.settings.access_token_seconds * MICROSECONDS,
        service_account_id=account.id,
        key_id=key.id,
    )


def _response(server: AuthorizationServer, text: str, granted: int) -> TokenResponse:
    seconds = server.settings.access_token_seconds
    return TokenResponse(access_token=text, expires_in=seconds, scope=scopes.text(granted))


def _not_delegated() -> OAuthError:
    """The same whatever is missing: who is a user here, and what was delegated, stays unsaid."""
    return OAuthError(
        "unauthorized_client",
        "the service account may not act for the user in sub or prn, or not with all of these"
        " scopes: a delegation for the user's domain must name it and them",
    )


GRANT: Final = Grant(
    grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
    parameters=("assertion",),
    run=run,
)
