"""A server that answers before it commits: the tests of durability must find it out.

Run as `python early_answers.py DATABASE`; else like `leasehold serve`, at a free port.
"""

import asyncio
import sys
from collections.abc import Callable

import click
import uvloop

from leasehold.app import Application
from leasehold.entropy import Entropy
from leasehold.settings import Settings
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.group import Call, Verb
from leasehold.storage.lane import Lane
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Connection, Transaction
from leasehold.web.server import bind, make_server

COMMIT_AFTER_SECONDS = 5.0  # so that a kill amid the first calls comes before


class EarlyLane:
    """Runs each call at once in a transaction that stays open, answers, and commits some day."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now
        self._transaction: Transaction | None = None

    def submit(self, call: Call, /) -> None:
        """Answers before anything is durable."""
        if self._transaction is None:
            self._transaction = self._connection.begin()
            asyncio.get_running_loop().call_later(COMMIT_AFTER_SECONDS, self._commit)
        try:
            with self._connection.savepoint():
                call.outcome = self._run(self._transaction, call)
        except Exception as error:  # the caller's
            call.outcome = error
        call.answer()

    def _run(self, tx: Transaction, call: Call) -> object:
        if isinstance(call.work, Verb):
            return call.work.run(tx, self._now(), [call.argument])[0]
        return call.work(tx, self._now())

    def _commit(self) -> None:
        self._connection.commit()
        self._transaction = None

    def abandon(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Gives the connection back."""
        self._connection.close()


class EarlyEngine:
    """An engine whose lanes answer too early."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.failures = engine.failures
        self.connect = engine.connect
        self.schema_words = engine.schema_words
        self.listen = engine.listen

    def open_lanes(self, now: Callable[[], int]) -> dict[str, Lane]:
        """One lane for everything, so that it sees what it has not committed yet."""
        lane = EarlyLane(self._engine.connect(), now)
        return {"read": lane, "write": lane}


async def serve(database: str) -> None:
    """Serves until killed."""
    settings = Settings(database=database)
    listener = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    box = SecretBox(Entropy().bytes(KEY_BYTES))
    application = Application(
        EarlyEngine(open_engine(database)), settings, issuer=address, secret_box=box
    )
    await application.start()
    server = make_server(
        application, settings, on_ready=lambda: click.echo(f"leasehold: listening on {address}")
    )
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
