"""A database on which usage is metered, without a server: the test says what is done and when."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from leasehold.clock import MICROSECONDS
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Connection, Transaction
from leasehold.usage import billing, billing_rows, fold, ledger, price_sheet, storage
from leasehold.usage.billing import Bill
from leasehold.usage.billing_rows import QueueTotal
from leasehold.usage.charge import Charge
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE, PriceSheet

R = TypeVar("R")

SQL = parse("""
-- name: stored
select starts, queue, byte_seconds, task_seconds, most_bytes, most_tasks
  from usage_storage
 where period = :period and project_id = 'shop'
 order by starts, queue

-- name: together
select starts, byte_seconds, task_seconds, most_bytes, most_tasks
  from usage_storage_by_project
 where period = :period and project_id = 'shop'
 order by starts

-- name: days
select queue, byte_seconds
  from usage_storage
 where period = 'day' and project_id = 'shop' and starts >= :starts and starts < :ends
""")


def read_together(tx: Transaction, now: int, *, period: str) -> list[tuple[int, ...]]:  # noqa: ARG001  # every operation is given the time
    """What the project's queues stored together."""
    return list(tx.all(SQL.together, period=period))


class Meter:
    """Usage of projects; every act is a transaction of its own, at the instant that was set."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self.engine = engine
        self.now = 0
        self.totals: list[QueueTotal] = []
        self._connection = connection

    def at(self, text: str) -> "Meter":
        """Sets the time, UTC: "2026-11-30 23:59:30"."""
        self.now = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * MICROSECONDS
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

    def holds(self, queue: str = "resize", *, tasks: int = 1, size: int) -> None:
        """From now on this is all that the project `shop` holds."""
        self.totals = [("shop", queue, tasks, size)]

    def sample(self) -> int:
        """Takes samples until there is nothing to add; the seconds that were added."""
        added = 0
        while seconds := self.do(partial(storage.sample, totals=lambda _: self.totals)):
            added += seconds
        return added

    def stored(self, period: str) -> list[tuple[str, str, int, int, int, int]]:
        """When (UTC), queue, byte-seconds, task-seconds, most bytes, most tasks."""
        rows = self.do(lambda tx, _: tx.all(SQL.stored, period=period))
        return [(f"{datetime.fromtimestamp(row[0], UTC):%d %H:%M}", *row[1:]) for row in rows]

    def stored_together(self, period: str) -> dict[str, list[int]]:
        """By when (UTC), of all queues: byte-seconds, task-seconds."""
        rows = self.do(partial(read_together, period=period))
        return {f"{datetime.fromtimestamp(row[0], UTC):%d %H:%M}": list(row[1:3]) for row in rows}

    def billed(self, month: str) -> dict[str, int]:
        """Byte-seconds of a month, by queue."""
        return self.do(lambda tx, _: billing_rows.stored(tx, "shop", Month.parse(month)))

    def billed_by_days(self, month: str) -> dict[str, int]:
        """The same, added up from the days."""
        asked = Month.parse(month)
        held: Counter[str] = Counter()
        rows = self.do(lambda tx, _: tx.all(SQL.days, starts=asked.starts, ends=asked.ends))
        for queue, byte_seconds in rows:
            held[queue] += byte_seconds
        return dict(held)

    def call(
        self,
        method: str = "lease",
        *,
        times: int = 1,
        cost: int = 1,
        credential: str = "worker",
        outcome: object = None,
        project_id: str = "shop",
    ) -> None:
        charge = Charge(project_id, "taskqueue", method, credential, "", f"{credential}@x.y", cost)
        self.do(lambda tx, now: ledger.record(tx, now, [(charge, outcome)] * times))

    def fold(self) -> None:
        while self.do(fold.fold_entries):
            pass

    def price(self, from_month: str, sheet: PriceSheet = EXAMPLE) -> None:
        self.do(
            partial(price_sheet.put, from_month=Month.parse(from_month), sheet=sheet, set_by="root")
        )

    def bill(self, month: str, project_id: str = "shop") -> Bill:
        asked = Month.parse(month)
        return self.do(partial(billing.bill, project_id=project_id, month=asked))

    def bills(self, month: str) -> list[Bill]:
        return self.do(lambda tx, now: list(billing.bills(tx, now, month=Month.parse(month))))


@contextmanager
def metering(database_url: str) -> Iterator[Meter]:
    """A meter on an empty database; it is noon of the third of November 2026."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    yield Meter(engine, connection).at("2026-11-03 12:00")
    connection.close()
