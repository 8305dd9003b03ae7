"""What a process remembers of tokens and places in a real database, and what it asks of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from leasehold.access.directory import Directory
from leasehold.access.freshness import Freshness
from leasehold.access.token_table import TokenTable
from leasehold.accounts import key_file, projects, service_accounts, users
from leasehold.accounts.key_file import KeyPair
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS, Clock
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, scopes
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.group import Operation
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction
from tests.moved_clock import MovedClock

R = TypeVar("R")

OWNER = "owner@example.com"
PROJECT = "demo"
LIFETIME = 3600  # seconds

_KEY_PAIR: KeyPair = key_file.generate_key_pair()


class CountingCommitter(Committer):
    """Counts what is read."""

    reads = 0

    def read(self, operation: Operation[R], charge: object | None = None) -> "asyncio.Future[R]":
        self.reads += 1
        return super().read(operation, charge)


@dataclass(frozen=True, slots=True)
class Process:
    """What one server process remembers."""

    committer: CountingCommitter
    tokens: TokenTable
    directory: Directory
    freshness: Freshness

    async def revoke(self, token: str) -> None:
        """As the revocation endpoint does it: nothing is forgotten before it is durable."""
        digest = access_tokens.digest(token)
        await self.committer.write(lambda tx, now: access_tokens.revoke(tx, now, digest))
        self.tokens.forget([digest])


@dataclass(frozen=True, slots=True)
class World:
    """A database with the project `demo`, its queue `q` and one service account."""

    engine: Engine
    clock: MovedClock
    account_id: str
    key_id: str

    def token(self) -> str:
        """A new token of the account."""
        text = access_tokens.mint(Entropy())
        now = self.clock.now()
        token = AccessToken(
            digest=access_tokens.digest(text),
            service_account_id=self.account_id,
            key_id=self.key_id,
            client_id=self.account_id,
            scopes=scopes.TASKQUEUE,
            issued_at=now,
            expires_at=now + LIFETIME * MICROSECONDS,
        )
        assert transact(self.engine, lambda tx, _: access_tokens.store(tx, token))
        return text

    def revoke(self, token: str) -> None:
        """As another process does it."""
        digest = access_tokens.digest(token)
        transact(self.engine, lambda tx, now: access_tokens.revoke(tx, now, digest))

    def add_member(self, email: str) -> None:
        """Configures the project anew, as a command does."""

        def add(tx: Transaction, now: int) -> None:
            users.create(tx, now, Entropy(), email=email, password_hash="!")
            projects.add_member(tx, project_id=PROJECT, email=email, role="admin")

        transact(self.engine, add)

    @asynccontextmanager
    async def process(self, committer: CountingCommitter | None = None) -> AsyncIterator[Process]:
        """A process that has just started."""
        committer = committer or CountingCommitter()
        committer.start(self.engine.open_lanes(Clock().now))
        try:
            tokens, directory = TokenTable(committer, self.clock), Directory(committer, Settings())
            freshness = Freshness(committer, tokens, directory, staleness_seconds=2.0)
            yield Process(committer, tokens, directory, freshness)
        finally:
            await committer.close()


def make_world(database_url: str) -> World:
    engine = open_engine(database_url)
    migrate(engine)
    account_id, key_id = transact(engine, partial(_fill, entropy=Entropy()))
    return World(engine, MovedClock(), account_id, key_id)


def _fill(tx: Transaction, now: int, *, entropy: Entropy) -> tuple[str, str]:
    users.create(tx, now, Entropy(), email=OWNER, password_hash="!")
    projects.create(tx, now, project_id=PROJECT, owner_email=OWNER)
    projects.enable_api(tx, now, project_id=PROJECT, api="taskqueue")
    configure.create(tx, Queue(id=0, project_id=PROJECT, name="q", mode="pull", created_at=now))
    account = service_accounts.create(tx, now, entropy, project_id=PROJECT, name="worker")
    key = service_accounts.add_key(
        tx,
        now,
        entropy,
        email=account.email,
        public_key=_KEY_PAIR.public_pem,
        certificate=_KEY_PAIR.certificate_pem,
    )
    return account.id, key.id
