"""People with tokens, two projects that are strangers to each other, and one of each object."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from leasehold.accounts import projects, users
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, clients, consents, scopes, token_families
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.client_model import NewClient
from leasehold.storage.transaction import Transaction
from tests.running_server import OWNER, PROJECT, SECRET_BOX, RunningServer, run_server

ADMIN = "admin@example.com"
STRANGER = "stranger@example.com"  # owns OTHER, and has no part in PROJECT
PEOPLE = (OWNER, ADMIN, STRANGER)

OTHER = "other"
TOOLS = "tools"  # whose client everybody uses: what is done to PROJECT must not end their tokens

DAY = 86_400

# JSON of a reply: its values are of every type.
Json = dict[str, Any]


@dataclass
class Caller:
    """Somebody with a token for the administration API."""

    server: RunningServer
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, verb: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401  # as `requests` takes it
        """One request below /admin/v1/."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= self.headers | more.pop("headers", {})
        url = f"{self.server.url}/admin/v1/{path}"
        return requests.request(verb, url, headers=headers, timeout=30, **more)

    def get(self, path: str, **params: object) -> Json:
        """What a successful GET shows."""
        return self._json(self.send("GET", path, params=params))

    def do(self, verb: str, path: str, body: Json | None = None) -> Json:
        """What a successful change answers; {} where that is nothing."""
        return self._json(self.send(verb, path, json=body or {}))

    def refused(
        self, verb: str, path: str, body: Json | None = None, **params: object
    ) -> tuple[int, str, str]:
        """Status, reason and location of a refusal."""
        sent = None if body is None else {"json": body}
        reply = self.send(verb, path, params=params, **(sent or {}))
        assert reply.status_code >= 400, reply.text
        error = reply.json()["error"]
        assert reply.status_code == error["code"]
        (entry,) = error["errors"]
        return reply.status_code, entry["reason"], entry.get("location", "")

    def _json(self, reply: requests.Response) -> Json:
        assert reply.status_code in (200, 204), reply.text
        if reply.status_code == 204:
            assert not reply.content
            return {}
        value: Json = reply.json()
        return value


@dataclass
class World:
    """A server with people and projects."""

    server: RunningServer
    client_id: str

    def caller(self, email: str = OWNER, mask: int = scopes.LEASEHOLD_ADMIN) -> Caller:
        """The person, by a client that they gave these scopes."""
        return Caller(self.server, self.token(email, mask))

    def program(self, scope: str) -> Caller:
        """A service account of PROJECT, with a JWT that it signed for itself."""
        return Caller(self.server, self.server.self_signed(scope=scope))

    def token(self, email: str, mask: int) -> str:
        """An access token as the authorization code grant gives it."""
        text = access_tokens.mint(Entropy())

        def grant(tx: Transaction, now: int) -> None:
            user = users.require(tx, email)
            consent = consents.give(tx, now, user_id=user.id, client_id=self.client_id, scopes=mask)
            family = token_families.start(
                tx, now, consent_id=consent.id, scopes=mask, authenticated_at=now
            )
            assert family is not None
            issued_at = self.server.clock.now()
            token = AccessToken(
                digest=access_tokens.digest(text),
                client_id=self.client_id,
                scopes=mask,
                issued_at=issued_at,
                expires_at=issued_at + 365 * DAY * MICROSECONDS,
                family_id=family.id,
            )
            assert access_tokens.store(tx, token)

        self.server.do(grant)
        return text


@contextmanager
def world_on(database_url: str) -> Iterator[World]:
    """A world on an empty database."""
    with run_server(database_url) as server:
        yield furnished(server)


def furnished(server: RunningServer) -> World:
    """People, projects and a client for a server that has just been opened."""

    def fill(tx: Transaction, now: int) -> str:
        for email in (ADMIN, STRANGER):
            users.create(tx, now, Entropy(), email=email, password_hash="!")
        projects.add_member(tx, project_id=PROJECT, email=ADMIN, role="admin")
        projects.create(tx, now, project_id=OTHER, owner_email=STRANGER)
        projects.create(tx, now, project_id=TOOLS, owner_email=STRANGER)
        new = NewClient(
            project_id=TOOLS,
            type="web",
            name="Console",
            redirect_uris=("https://console.example.com/callback",),
        )
        client, _ = clients.create(tx, now, Entropy(), SECRET_BOX, new)
        return client.id

    return World(server, server.do(fill))
