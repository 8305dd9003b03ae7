"""Refresh grant (RFC 6749 §6): a new access token while the user is away.

The refresh token of a lasting client stays as it is, as Google's do: its libraries share one among
hosts. That of a rotating client is replaced with each use, and a second use of a replaced one ends
its whole family (RFC 9700 §4.14.2): either the thief or the owner has come second.
"""

from collections.abc import Mapping
from typing import Final

from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2 import refresh_tokens, scopes, switches, token_families
from leasehold.oauth2.client_auth import AuthenticatedClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants import family as families
from leasehold.oauth2.grants.grant import Given, Grant, Refused, by_client
from leasehold.oauth2.id_token import Login
from leasehold.oauth2.model import RefreshToken
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction


def redeem(
    tx: Transaction,
    now: int,
    client: AuthenticatedClient,
    parameters: Mapping[str, str],
    server: AuthorizationServer,
) -> Given | Refused:
    """An access token for the refresh token; Google's libraries send a `rapt` besides."""
    token = refresh_tokens.find(tx, server.secret_box, parameters["refresh_token"])
    if token is None or token.client_id != client.client.id or token.ended_at is not None:
        raise _refused()
    if token.replaced_at is not None:
        return _used_before(tx, now, token)
    if not refresh_tokens.is_good(token, now, server.settings):
        raise _refused()
    granted = narrowed(token.scopes, parameters.get("scope"))
    switches.check(tx, client.client.project_id, granted)
    successor = None
    person = rows.hold_person(tx, token.user_id, token.client_id)
    if person is None:
        raise _refused()
    if client.client.rotates:
        if not refresh_tokens.replace(tx, now, token):
            return _used_before(tx, now, token)
        successor = refresh_tokens.add(tx, now, server.secret_box, server.entropy, token.family_id)
    token_families.note_use(
        tx,
        now,
        consent_id=token.consent_id,
        family_id=token.family_id,
        last_used_at=token.last_used_at,
    )
    response = families.access_token(
        tx,
        now,
        server,
        client_id=token.client_id,
        family_id=token.family_id,
        granted=granted,
        refresh_token=successor,
    )
    if not granted & scopes.OPENID:
        return Given(response=response)
    login = Login(
        person=person,
        client_id=token.client_id,
        scopes=granted,
        authenticated_at=token.authenticated_at,
    )
    return Given(response=response, login=login)


def narrowed(kept: int, requested: str | None) -> int:
    """The requested scopes, which must be among those kept (RFC 6749 §6); all when None.

    Raises OAuthError `invalid_scope`.
    """
    if requested is None:
        return kept
    wanted = scopes.mask(requested)
    if wanted & ~kept:
        raise OAuthError(
            "invalid_scope", "the user has not agreed to all of these scopes: ask the user again"
        )
    return wanted


def _used_before(tx: Transaction, now: int, token: RefreshToken) -> Refused:
    ended = token_families.revoke(tx, now, token.family_id, "refresh_reuse")
    return Refused(_refused(), ended)


def _refused() -> OAuthError:
    return OAuthError(
        "invalid_grant",
        "the refresh token is unknown or expired, or was revoked: ask the user again",
    )


GRANT: Final = Grant(
    grant_type="refresh_token", parameters=("refresh_token",), run=by_client(redeem)
)
