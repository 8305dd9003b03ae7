"""What the grants for a person's tokens have in common: an access token of a family."""

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, scopes
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction


def access_token(
    tx: Transaction,
    now: int,
    server: AuthorizationServer,
    *,
    client_id: str,
    family_id: int,
    granted: int,
    refresh_token: str | None,
) -> TokenResponse:
    """A new access token of the family, and the response around it.

    Raises OAuthError `invalid_grant` when anything that it would come of has ended.
    """
    text = access_tokens.mint(server.entropy)
    seconds = server.settings.access_token_seconds
    record = AccessToken(
        digest=access_tokens.digest(text),
        client_id=client_id,
        scopes=granted,
        issued_at=now,
        expires_at=now + seconds * MICROSECONDS,
        family_id=family_id,
    )
    if not access_tokens.store(tx, record):
        raise OAuthError("invalid_grant", "what was given has ended: ask the user again")
    return TokenResponse(
        access_token=text,
        expires_in=seconds,
        scope=scopes.text(granted),
        refresh_token=refresh_token,
    )
