"""Client credentials grant (RFC 6749 §4.4): a web client gets a token for itself."""

from collections.abc import Sequence
from typing import Final

import msgspec

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, client_auth, scopes, switches
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.client_auth import AuthenticatedClient, Credentials
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Answer, Grant, TokenRequest
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction

# Of APIs, and not of people; nor those that only service accounts may have.
ALLOWED: Final = sum(
    scope.bit
    for scope in scopes.SCOPES
    if scope.url.startswith(scopes.PREFIX)
    and not scope.bit & scopes.IDENTITY
    and not scope.service_accounts_only
)


class Ask(msgspec.Struct, frozen=True):
    """What one request asks for."""

    server: AuthorizationServer
    credentials: Credentials
    origin: str | None
    scope: str


async def run(request: TokenRequest, server: AuthorizationServer) -> Answer:
    """A token for the client itself, and no refresh token: it has its secret (§4.4.3)."""
    parameters = request.parameters
    credentials = client_auth.read(parameters, request.authorization_header)
    ask = Ask(server, credentials, request.origin, parameters.get("scope", ""))
    return await server.committer.call(VERB, ask)


def redeem(tx: Transaction, now: int, asks: Sequence[Ask]) -> list[TokenResponse | OAuthError]:
    """The answer to each request.

    Programs come in swarms that share one client: those of a group are looked up once.
    """
    clients: dict[tuple[str, str | None], AuthenticatedClient] = {}
    checked: set[tuple[str, int]] = set()  # projects and what was granted in them
    answers: list[TokenResponse | OAuthError] = []
    records = []
    for ask in asks:
        try:
            client = _client(tx, ask, clients)
            granted = _granted(client, ask)
            if (client.client.project_id, granted) not in checked:
                switches.check(tx, client.client.project_id, granted)
                checked.add((client.client.project_id, granted))
        except OAuthError as refusal:
            answers.append(refusal)
            continue
        text = access_tokens.mint(ask.server.entropy)
        seconds = ask.server.settings.access_token_seconds
        records.append(_record(text, client, granted, now, seconds))
        answers.append(TokenResponse(text, seconds, scopes.text(granted)))
    access_tokens.store_of_secrets(tx, records)
    return answers


def _client(
    tx: Transaction, ask: Ask, known: dict[tuple[str, str | None], AuthenticatedClient]
) -> AuthenticatedClient:
    given = ask.credentials
    client = known.get((given.client_id, given.secret))
    if client is None:
        client = client_auth.check(tx, ask.server.secret_box, given)
        known[given.client_id, given.secret] = client
    client_auth.check_origin(client.client, ask.origin)
    return client


def _granted(client: AuthenticatedClient, ask: Ask) -> int:
    """The mask of what it may have. Raises OAuthError."""
    if client.secret_id is None or not client.client.is_confidential:
        raise _not_allowed()  # its secret proves nothing
    if not client.client.client_credentials:
        raise _not_allowed()
    granted = scopes.mask(ask.scope)
    if granted & ~ALLOWED:
        raise OAuthError(
            "invalid_scope", f"a client may have for itself only: {scopes.text(ALLOWED)}"
        )
    return granted


def _record(
    text: str, client: AuthenticatedClient, granted: int, now: int, seconds: int
) -> AccessToken:
    return AccessToken(
        digest=access_tokens.digest(text),
        client_id=client.client.id,
        project_id=client.client.project_id,
        subject=client.client.id,
        email=client.client.email,
        scopes=granted,
        issued_at=now,
        expires_at=now + seconds * MICROSECONDS,
        secret_id=client.secret_id,
    )


def _not_allowed() -> OAuthError:
    return OAuthError(
        "unauthorized_client",
        "the client may not get tokens for itself: switch client credentials on for a web client,"
        " or use a service account",
    )


VERB: Final[Verb[Ask, TokenResponse]] = Verb("client_credentials", redeem)

GRANT: Final = Grant(grant_type="client_credentials", parameters=(), run=run)
