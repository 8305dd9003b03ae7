"""Between SQL and values: the only file that runs the statements of `billing_rows.sql`."""

from collections.abc import Iterable
from typing import NamedTuple

from leasehold.clock import MICROSECONDS
from leasehold.storage.statements import load
from leasehold.storage.transaction import Transaction
from leasehold.usage.month import Month
from leasehold.usage.periods import Period

SQL = load(__package__, "billing_rows.sql")

QueueTotal = tuple[str, str, int, int]  # project's id, queue's name, tasks and bytes that it holds


class Marks(NamedTuple):
    """How far usage is complete, in seconds since the Unix epoch."""

    sampled_until: int  # what was stored is added up to here; 0: never
    swept_before: int  # of days before this, usage may be gone; 0: all is there


class SheetRow(NamedTuple):
    """A price sheet as it is kept."""

    from_month: str
    sheet: str
    set_by: str
    set_at: int


def marks(tx: Transaction) -> Marks:
    """How far usage is complete."""
    row = tx.one(SQL.marks)
    assert row is not None  # the migration made the one row
    return Marks._make(row)


def move_sampled_until(tx: Transaction, *, since: int, until: int) -> bool:
    """Whether it stood at `since` and nobody else moves it; it then stands at `until`."""
    return tx.run(SQL.move_sampled_until, since=since, until=until) == 1


def move_swept_before(tx: Transaction, before: int) -> None:
    """Moves the mark on; it never goes back."""
    tx.run(SQL.move_swept_before, before=before)


def add_stored(tx: Transaction, period: Period, starts: int, *, seconds: int) -> None:
    """Adds what the queues held, for so many seconds, to one hour or day."""
    tx.run(SQL.add_stored, period=period, starts=starts, seconds=seconds)
    tx.run(SQL.add_stored_by_project, period=period, starts=starts, seconds=seconds)


def add_day_to_month(tx: Transaction, day: int) -> None:
    """Adds a day that is over to its month."""
    tx.run(SQL.add_day_to_month, day=day, month=Month.at(day * MICROSECONDS).starts)


def replace_held(tx: Transaction, totals: Iterable[QueueTotal]) -> None:
    """Keeps what each queue holds now, in place of all that was held before."""
    tx.run(SQL.forget_held)
    tx.many(SQL.hold, sorted(totals))


def sweep_storage(tx: Transaction, period: Period, *, before: int, max_rows: int) -> int:
    """Forgets some of the hours or days that start before an instant; how many rows went."""
    queues = tx.run(SQL.sweep_storage, period=period, before=before, max_rows=max_rows)
    return queues + tx.run(
        SQL.sweep_storage_by_project, period=period, before=before, max_rows=max_rows
    )


def sweep_months(tx: Transaction, *, before: int, max_rows: int) -> int:
    """The same for months."""
    return tx.run(SQL.sweep_storage_by_month, before=before, max_rows=max_rows)


def operations(tx: Transaction, project_id: str, month: Month) -> dict[tuple[str, str], int]:
    """Cost of what was done, by API and method."""
    found = tx.all(
        SQL.operations_of_month, project_id=project_id, starts=month.starts, ends=month.ends
    )
    return {(api, method): int(cost) for api, method, cost in found}


def stored(tx: Transaction, project_id: str, month: Month) -> dict[str, int]:
    """Bytes times seconds by queue."""
    found = tx.all(
        SQL.storage_of_month, project_id=project_id, starts=month.starts, ends=month.ends
    )
    return {queue: (high << 32) + low for queue, high, low in found}


def is_used(tx: Transaction, project_id: str, month: Month) -> bool:
    """Whether the project did or stored anything; calls count once they are folded into days."""
    row = tx.one(SQL.is_month_used, project_id=project_id, starts=month.starts, ends=month.ends)
    return row is not None


def projects(tx: Transaction, month: Month) -> list[str]:
    """Ids of projects that used anything, deleted ones too; sorted."""
    found = tx.all(SQL.projects_of_month, starts=month.starts, ends=month.ends)
    return sorted(row[0] for row in found)  # here: each database has an order of its own for text


def put_price_sheet(
    tx: Transaction, now: int, *, from_month: str, sheet: str, set_by: str, running_month: str
) -> bool:
    """Keeps a sheet, in place of another one only while its month has not begun; whether it did."""
    row = tx.one(
        SQL.put_price_sheet,
        from_month=from_month,
        sheet=sheet,
        set_by=set_by,
        now=now,
        running_month=running_month,
    )
    return row is not None


def price_sheets(tx: Transaction) -> list[SheetRow]:
    """Every sheet, the newest month first."""
    return sorted(map(SheetRow._make, tx.all(SQL.price_sheets)), reverse=True)
