"""What a grant type declares about itself, and the way of those that clients use."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leasehold.clock import MICROSECONDS
from leasehold.errors import Unavailable
from leasehold.oauth2 import client_auth, id_token, signing_keys
from leasehold.oauth2.client_auth import AuthenticatedClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.id_token import Login
from leasehold.oauth2.model import IdTokenResponse, StoredSigningKey, TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was sent to the token endpoint: every parameter once, and none that is empty."""

    parameters: Mapping[str, str] = field(repr=False)
    authorization_header: str | None = field(default=None, repr=False)
    origin: str | None = None  # of the page whose script sends it; None: no script does


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a grant gives; the client hears of it once it is durable."""

    response: TokenResponse
    login: Login | None = None  # what an ID token says; None: there is to be none
    ended: Sequence[bytes] = ()  # digests of the access tokens that had to make room


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that has an effect: it is returned, and so committed, and then raised."""

    error: OAuthError
    ended: Sequence[bytes]  # digests of the access tokens that it has ended


Answer = TokenResponse | IdTokenResponse
Run = Callable[[TokenRequest, AuthorizationServer], Awaitable[Answer]]
Redeem = Callable[
    [Transaction, int, AuthenticatedClient, Mapping[str, str], AuthorizationServer], Given | Refused
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One way to get a token: its name, the parameters that it cannot do without, its rule.

    `run` raises OAuthError. It is `by_client(...)` for a grant whose client must say who it is.
    """

    grant_type: str
    parameters: tuple[str, ...]
    run: Run


def by_client(redeem: Redeem) -> Run:
    """Authenticates the client, redeems what it has, and answers, in one operation of the database.

    So nothing can change between the check and what is given, and there is one wait.
    """

    async def run(request: TokenRequest, server: AuthorizationServer) -> Answer:
        credentials = client_auth.read(request.parameters, request.authorization_header)

        def operation(tx: Transaction, now: int) -> tuple[Given | Refused, StoredSigningKey | None]:
            client = client_auth.check(tx, server.secret_box, credentials)
            client_auth.check_origin(client.client, request.origin)
            outcome = redeem(tx, now, client, request.parameters, server)
            return outcome, _signing_key(tx, now, outcome)

        outcome, key = await server.committer.write(operation)
        if outcome.ended:
            server.forget_tokens(outcome.ended)
        if isinstance(outcome, Refused):
            raise outcome.error
        return _with_id_token(outcome, key, server)

    return run


def _signing_key(tx: Transaction, now: int, outcome: Given | Refused) -> StoredSigningKey | None:
    """What the ID token is to be signed with; None when there is to be none.

    Raises Unavailable when there is no key yet: before the commit, for after it what was redeemed
    is spent, and a client that tries again would be taken for a thief.
    """
    if isinstance(outcome, Refused) or outcome.login is None:
        return None
    key = signing_keys.signing_now(tx, now)
    if key is None:
        raise Unavailable("there is no key to sign ID tokens with yet: try again shortly")
    return key


def _with_id_token(
    given: Given, key: StoredSigningKey | None, server: AuthorizationServer
) -> TokenResponse:
    if given.login is None or key is None:
        return given.response
    text = id_token.mint_for_user(
        server.signing_keys.opened(key),
        given.login,
        issuer=server.issuer,
        access_token=given.response.access_token,
        now=server.clock.now() // MICROSECONDS,
    )
    return given.response.with_id_token(text)
