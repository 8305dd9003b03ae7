"""A project's calls on a database, without a server: the test says who called, and when."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import msgspec

from leasehold.clock import MICROSECONDS
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Connection, Transaction
from leasehold.usage import fold, ledger, reports
from leasehold.usage.charge import Charge
from leasehold.usage.ledger import Refusal
from leasehold.usage.reports import Report

R = TypeVar("R")

LEASE = Charge("shop", "taskqueue", "taskqueue.tasks.lease", "worker", "", "w@example.com", 1)


def instant(text: str) -> int:
    """Microseconds of a day or time, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * MICROSECONDS


class Accounting:
    """Calls and reports; every act is a transaction of its own, at the instant that was set."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self.engine = engine
        self.now = 0
        self._connection = connection

    def at(self, text: str) -> "Accounting":
        self.now = instant(text)
        return self

    def do(self, operation: Callable[[Transaction, int], R]) -> R:
        tx = self._connection.begin()
        try:
            value = operation(tx, self.now)
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        return value

    def call(self, *, times: int = 1, refused: str = "", **changed: Any) -> None:  # noqa: ANN401  # a charge has texts and a number
        """Calls as `LEASE`, but for what is `changed`; `refused` is the reason."""
        charge = msgspec.structs.replace(LEASE, **changed)
        outcome = Refusal(refused) if refused else None
        self.do(lambda tx, now: ledger.record(tx, now, [(charge, outcome)] * times))

    def fold(self) -> int:
        """Folds all that is there; how many entries."""
        folded = 0
        while some := self.do(fold.fold_entries):
            folded += some
        return folded

    def report(
        self,
        *,
        since: str = "2026-11-01",
        until: str = "2026-12-01",
        project_id: str = "shop",
        period: str = "day",
        **asked: Any,  # noqa: ANN401  # as above: lists, mappings, switches
    ) -> Report:
        """A report of November, unless other times are named."""
        return self.do(
            partial(
                reports.report,
                project_id=project_id,
                since=instant(since),
                until=instant(until),
                period=period,
                **asked,
            )
        )

    def lines(self, **asked: Any) -> list[tuple[object, ...]]:  # noqa: ANN401  # as above
        """When (UTC), values, calls, errors and cost of each line of such a report."""
        return [
            (
                f"{datetime.fromtimestamp(line.starts, UTC):%d %H:%M}",
                *line.values,
                line.calls,
                line.errors,
                line.cost,
            )
            for line in self.report(**asked).lines
        ]


@contextmanager
def accounting(database_url: str) -> Iterator[Accounting]:
    """On an empty database; it is noon of the third of November 2026."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    yield Accounting(engine, connection).at("2026-11-03 12:00")
    connection.close()
