"""Between SQL and values: the only file that runs the statements of `quota_rows.sql`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leasehold.storage.statements import load
from leasehold.storage.transaction import Transaction

SQL = load(__package__, "quota_rows.sql")


class OverrideRow(NamedTuple):
    """What somebody gave a project; `most` None is no limit."""

    quota: str
    source: str
    most: int | None
    set_by: str
    set_at: int
    why: str


class DrawRow(NamedTuple):
    """A portion that is asked for, in the order of `draw`; instants in seconds."""

    bucket: str
    starts: int
    ends: int
    portion: int
    most: int


class DrawnRow(NamedTuple):
    """A portion that was given, of this window; `drawn` is what all servers have had of it."""

    bucket: str
    starts: int
    ends: int
    drawn: int
    given: int


def overrides_of(tx: Transaction, project_id: str) -> list[OverrideRow]:
    """A project's overrides, in no order."""
    return [OverrideRow._make(row) for row in tx.all(SQL.overrides_of, project_id=project_id)]


def put_override(tx: Transaction, now: int, project_id: str, override: OverrideRow) -> None:
    """Adds the override, or puts it in place of the one from the same source."""
    tx.run(
        SQL.put_override,
        project_id=project_id,
        quota=override.quota,
        source=override.source,
        most=override.most,
        set_by=override.set_by,
        now=now,
        why=override.why,
    )


def delete_override(tx: Transaction, project_id: str, *, quota: str, source: str) -> bool:
    """Takes the override away; whether it was there."""
    return tx.run(SQL.delete_override, project_id=project_id, quota=quota, source=source) == 1


def draw(tx: Transaction, draws: Iterable[DrawRow]) -> dict[str, DrawnRow]:
    """Draws portions, at most one of each bucket; what was given, by bucket."""
    # In one order everywhere, so that two transactions cannot wait for each other.
    found = tx.many(SQL.draw, sorted(draws))
    return {row[0]: DrawnRow._make(row) for row in found}


def drawn_from(tx: Transaction, buckets: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of buckets that were drawn from: when the newest window ends (seconds), and what it gave."""
    found = tx.many(SQL.drawn_from, [(bucket,) for bucket in buckets])
    return {row[0]: (row[1], row[2]) for row in found}


def sweep_allowances(tx: Transaction, *, before: int, max_rows: int) -> int:
    """Forgets windows that ended before that second; how many went."""
    return tx.run(SQL.sweep_allowances, before=before, max_rows=max_rows)
