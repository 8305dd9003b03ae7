"""A person, a web client, and what it takes to get tokens from the one to the other."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from leasehold.accounts import users
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from leasehold.oauth2 import (
    authorization_codes,
    clients,
    consent_screens,
    consents,
    refresh_tokens,
    scopes,
    token,
)
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.grant import Answer
from leasehold.oauth2.model import RefreshToken, TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import BOX, SCOPE, World, refusal, running

ADA = "ada@example.com"
BACK = "https://shop.example.com/back"
VERIFIER = "v" * 43
DAY = 86_400
IDENTITY = "openid email profile"


def challenge_of(verifier: str) -> str:
    """By the method S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


CHALLENGE = challenge_of(VERIFIER)


@dataclass(frozen=True, slots=True)
class Granting:
    """Ada, who owns the project `app`, and the client Shop of the same project."""

    world: World
    user: User
    client: Client
    secret: str

    def code(  # what a code is bound to
        self,
        *,
        scope: str = SCOPE,
        offline: bool = True,
        redirect_uri: str = BACK,
        challenge: str | None = CHALLENGE,
        method: str | None = "S256",
        nonce: str | None = None,
    ) -> str:
        """What the user brings back when they have said yes a moment ago."""

        def issue(tx: Transaction, now: int) -> str:
            consent = consents.give(
                tx,
                now,
                user_id=self.user.id,
                client_id=self.client.id,
                scopes=scopes.mask(scope),
            )
            return authorization_codes.issue(
                tx,
                now,
                BOX,
                Entropy(),
                consent_id=consent.id,
                client_id=self.client.id,
                redirect_uri=redirect_uri,
                scopes=scopes.mask(scope),
                code_challenge=challenge,
                challenge_method=method,
                nonce=nonce,
                authenticated_at=now - 5_000_000,
                offline=offline,
            )

        return self.world.do(issue)

    def form(self, **changes: str | None) -> dict[str, list[str]]:
        """The client's credentials and whatever else; None leaves something out."""
        usual = {"client_id": self.client.id, "client_secret": self.secret}
        return {name: [value] for name, value in (usual | changes).items() if value is not None}

    def code_form(self, code: str, **changes: str | None) -> dict[str, list[str]]:
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        return self.form(**(usual | changes))

    def refresh_form(
        self, refresh_token: str | None, **changes: str | None
    ) -> dict[str, list[str]]:
        usual = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.form(**(usual | changes))

    def exchange(self, code: str, **changes: str | None) -> TokenResponse:
        return self.world.post(**self.code_form(code, **changes))

    def tokens(self, *, scope: str = SCOPE, offline: bool = True) -> TokenResponse:
        """What a new authorization gives."""
        return self.exchange(self.code(scope=scope, offline=offline))

    def refresh_token(self, *, scope: str = SCOPE) -> str:
        text = self.tokens(scope=scope).refresh_token
        assert text is not None
        return text

    def refresh(self, refresh_token: str | None, **changes: str | None) -> TokenResponse:
        return self.world.post(**self.refresh_form(refresh_token, **changes))

    def refusal_of_code(self, code: str, **changes: str | None) -> str:
        return refusal(lambda: self.exchange(code, **changes))[0]

    def refusal_of_refresh(self, refresh_token: str | None, **changes: str | None) -> str:
        return refusal(lambda: self.refresh(refresh_token, **changes))[0]

    def find_refresh_token(self, text: str) -> RefreshToken | None:
        return self.world.do(lambda tx, _now: refresh_tokens.find(tx, BOX, text))

    def is_live(self, refresh_token: str) -> bool:
        """Whether it may be used, as introspection would say; it is not used for that."""
        found = self.find_refresh_token(refresh_token)
        now = self.world.now * 1_000_000
        return found is not None and refresh_tokens.is_good(found, now, self.world.settings)

    def of(self, new: NewClient) -> "Granting":
        """The same person with another client of the project."""
        client, secret = self.world.do(lambda tx, now: clients.create(tx, now, Entropy(), BOX, new))
        return replace(self, client=client, secret=secret.text if secret else "")

    def rotating(self) -> "Granting":
        return self.of(a_client(rotates=True))

    def by(self, email: str, *, name: str = "", email_verified: bool = True) -> "Granting":
        """The same client with another person, who is added."""

        def add(tx: Transaction, now: int) -> User:
            return users.create(
                tx,
                now,
                Entropy(),
                email=email,
                password_hash="h",
                name=name,
                email_verified=email_verified,
            )

        return replace(self, user=self.world.do(add))

    def go_to_production(self) -> None:
        def put(tx: Transaction, _now: int) -> None:
            screen = consent_screens.find_to_change(tx, "app")
            consent_screens.put(tx, replace(screen, stage="production"))

        self.world.do(put)

    def disable_user(self) -> None:
        self.world.do(lambda tx, now: users.disable(tx, now, self.user.email))

    def delete_client(self) -> None:
        self.world.do(lambda tx, now: clients.delete(tx, now, self.client.id))

    def revoke_consent(self) -> list[bytes]:
        def revoke(tx: Transaction, now: int) -> list[bytes]:
            consent = consents.find(tx, self.user.id, self.client.id)
            assert consent is not None
            return consents.revoke(
                tx, now, consent_id=consent.id, user_id=self.user.id, because="user"
            )

        return self.world.do(revoke)


def a_client(**changes: object) -> NewClient:
    usual: dict[str, object] = {
        "project_id": "app",
        "type": "web",
        "name": "Shop",
        "redirect_uris": (BACK,),
    }
    return NewClient(**(usual | changes))  # type: ignore[arg-type]  # each test says what it changes


def make_granting(world: World, *, project_id: str = "app", email: str = ADA) -> Granting:
    user = world.do(lambda tx, _now: users.require(tx, email))
    new = a_client(project_id=project_id)
    client, secret = world.do(lambda tx, now: clients.create(tx, now, Entropy(), BOX, new))
    assert secret is not None
    return Granting(world, user, client, secret.text)


def at_once(world: World, forms: Sequence[dict[str, list[str]]]) -> list[Answer | OAuthError]:
    """What is answered to forms that come at the same moment; on PostgreSQL to several servers."""
    servers = 1 if world.engine.name == "sqlite" else 3

    async def run() -> list[Answer | OAuthError]:
        async with AsyncExitStack() as stack:
            committers = [
                await stack.enter_async_context(running(world.engine, world.hands.clock))
                for _ in range(servers)
            ]
            visited = [world.server(committer) for committer in committers]
            return list(
                await asyncio.gather(
                    *(answer(visited[n % servers], form) for n, form in enumerate(forms))
                )
            )

    return asyncio.run(run())


async def answer(server: AuthorizationServer, form: dict[str, list[str]]) -> Answer | OAuthError:
    try:
        return await token.exchange(form, server)
    except OAuthError as error:
        return error


def basic(client_id: str, secret: str) -> str:
    """The header of a client that says so who it is (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
