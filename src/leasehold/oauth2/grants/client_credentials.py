"""Client credentials grant (RFC 6749 §4.4): a web client gets a token for itself."""

from collections.abc import Mapping
from typing import Final

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, scopes, switches
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.client_auth import AuthenticatedClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Given, Grant, by_client
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction

# Of APIs, and not of people; nor those that only service accounts may have.
ALLOWED: Final = sum(
    scope.bit
    for scope in scopes.SCOPES
    if scope.url.startswith(scopes.PREFIX)
    and not scope.bit & scopes.IDENTITY
    and not scope.service_accounts_only
)


def redeem(
    tx: Transaction,
    now: int,
    client: AuthenticatedClient,
    parameters: Mapping[str, str],
    server: AuthorizationServer,
) -> Given:
    """A token for the client itself, and no refresh token: it has its secret (§4.4.3)."""
    if client.secret_id is None or not client.client.is_confidential:
        raise _not_allowed()  # its secret proves nothing
    if not client.client.client_credentials:
        raise _not_allowed()
    granted = scopes.mask(parameters.get("scope", ""))
    if granted & ~ALLOWED:
        raise OAuthError(
            "invalid_scope", f"a client may have for itself only: {scopes.text(ALLOWED)}"
        )
    switches.check(tx, client.client.project_id, granted)
    text = access_tokens.mint(server.entropy)
    seconds = server.settings.access_token_seconds
    record = AccessToken(
        digest=access_tokens.digest(text),
        client_id=client.client.id,
        scopes=granted,
        issued_at=now,
        expires_at=now + seconds * MICROSECONDS,
        secret_id=client.secret_id,
    )
    access_tokens.store_of_secret(tx, record, client.client)
    return Given(response=TokenResponse(text, seconds, scopes.text(granted)))


def _not_allowed() -> OAuthError:
    return OAuthError(
        "unauthorized_client",
        "the client may not get tokens for itself: switch client credentials on for a web client,"
        " or use a service account",
    )


GRANT: Final = Grant(grant_type="client_credentials", parameters=(), run=by_client(redeem))
