"""Between SQL and counts: the only file that runs the statements of `count_rows.sql`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from leasehold.storage.statements import load
from leasehold.storage.transaction import Transaction
from leasehold.usage.periods import Period, TimeRange

SQL = load(__package__, "count_rows.sql")

Dimension = Literal["api", "method", "credential", "api_key", "email", "outcome"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)  # in the order of every row below


class EntryRow(NamedTuple):
    """What a group of calls did, in the order of `add_entries`."""

    minute: int  # its start, in seconds since the Unix epoch
    project_id: str
    api: str
    method: str
    credential: str
    api_key: str
    email: str
    outcome: str
    calls: int
    cost: int


class CountRow(NamedTuple):
    """The calls of one period, in the order of `add_counts`."""

    period: Period
    starts: int  # seconds since the Unix epoch
    project_id: str
    api: str
    method: str
    credential: str
    api_key: str
    email: str
    outcome: str
    calls: int
    cost: int


class LatencyRow(NamedTuple):
    """How many calls of one period took as long as one step says, in `add_latencies`' order."""

    period: Period
    starts: int  # seconds since the Unix epoch
    project_id: str
    api: str
    method: str
    credential: str
    api_key: str
    email: str
    outcome: str
    step: int
    calls: int


class CallsRow(NamedTuple):
    """A line of a report; what was not asked for is ""."""

    starts: int  # seconds since the Unix epoch
    values: tuple[str, ...]  # of all dimensions in their order
    calls: int
    errors: int
    cost: int  # of calls that were done


class LargestRow(NamedTuple):
    """What one queue held in the whole range."""

    queue: str
    task_seconds: int
    byte_seconds: int
    most_tasks: int
    most_bytes: int


class StepRow(NamedTuple):
    """How many calls of a line of a report took as long as one step says."""

    starts: int
    values: tuple[str, ...]
    step: int
    calls: int


class StoredRow(NamedTuple):
    """What was stored in one period, summed over its seconds, and at most at a time."""

    starts: int
    queue: str
    task_seconds: int
    byte_seconds: int
    most_tasks: int
    most_bytes: int


def add_entries(tx: Transaction, entries: Sequence[EntryRow]) -> None:
    """Writes down what a group did."""
    tx.many(SQL.add_entries, entries)


def take_entries(tx: Transaction, max_rows: int) -> list[EntryRow]:
    """Takes the oldest entries away, to be added to the counts in this transaction."""
    return [EntryRow._make(row) for row in tx.all(SQL.take_entries, max_rows=max_rows)]


def add_counts(tx: Transaction, counts: Iterable[CountRow]) -> None:
    """Adds to the counts, each row's key once."""
    # In one order everywhere, so that two transactions cannot wait for each other.
    tx.many(SQL.add_counts, sorted(counts))


def add_latencies(tx: Transaction, latencies: Iterable[LatencyRow]) -> None:
    """Adds to the latencies, each row's key once."""
    tx.many(SQL.add_latencies, sorted(latencies))


def sweep_counts(tx: Transaction, period: Period, *, before: int, max_rows: int) -> int:
    """Forgets some counts of periods that began before then (in seconds); how many rows went."""
    return tx.run(SQL.sweep_counts, period=period, before=before, max_rows=max_rows)


def sweep_latencies(tx: Transaction, period: Period, *, before: int, max_rows: int) -> int:
    """The same for latencies."""
    return tx.run(SQL.sweep_latencies, period=period, before=before, max_rows=max_rows)


def count_counts(tx: Transaction, project_id: str, times: TimeRange, *, most: int) -> int:
    """How many counts lie in the range; never says more than `most`."""
    row = tx.one(SQL.count_counts, **_range(project_id, times), most=most)
    assert row is not None  # a count always has one
    return int(row[0])


def count_latencies(tx: Transaction, project_id: str, times: TimeRange, *, most: int) -> int:
    """The same for latencies."""
    row = tx.one(SQL.count_latencies, **_range(project_id, times), most=most)
    assert row is not None  # likewise
    return int(row[0])


def count_stored(tx: Transaction, project_id: str, times: TimeRange, *, most: int) -> int:
    """The same for what was stored."""
    row = tx.one(SQL.count_stored, **_range(project_id, times), most=most)
    assert row is not None  # likewise
    return int(row[0])


def report_calls(
    tx: Transaction,
    project_id: str,
    times: TimeRange,
    *,
    by: Collection[Dimension],
    filters: Mapping[Dimension, str],
    most: int,
) -> list[CallsRow]:
    """Calls by period and by what is asked for, folded or not; at most `most` rows."""
    found = tx.all(
        SQL.report_calls,
        **_range(project_id, times),
        **_shown(by),
        **_wanted(filters),
        seconds=times.seconds,
        most=most,
    )
    return [CallsRow(row[0], tuple(row[1:7]), *row[7:]) for row in found]


def calls_by_value(
    tx: Transaction,
    project_id: str,
    times: TimeRange,
    *,
    by: Dimension | Literal[""],
    filters: Mapping[Dimension, str],
) -> Iterable[tuple[int, str, str, int, int]]:
    """When a period starts, an outcome, a value, the calls and their cost; each many times.

    The value is that of `by`: "" for none, and for the outcome, which is there anyway.
    """
    return tx.all(
        SQL.calls_by_value,
        **_range(project_id, times),
        **_wanted(filters),
        by=by,
        seconds=times.seconds,
    )


def latency_steps(
    tx: Transaction, project_id: str, times: TimeRange, *, filters: Mapping[Dimension, str]
) -> Iterable[tuple[int, int, int]]:
    """When a period starts, a step, and how many calls took so long; each many times."""
    return tx.all(SQL.latency_steps, **_range(project_id, times), **_wanted(filters))


def is_done(tx: Transaction, project_id: str, times: TimeRange, *, method: str) -> bool:
    """Whether the method was called in the range and not refused."""
    return tx.one(SQL.is_done, **_range(project_id, times), method=method) is not None


def report_latencies(
    tx: Transaction,
    project_id: str,
    times: TimeRange,
    *,
    by: Collection[Dimension],
    filters: Mapping[Dimension, str],
) -> list[StepRow]:
    """How long calls took, by period and by what is asked for."""
    found = tx.all(
        SQL.report_latencies, **_range(project_id, times), **_shown(by), **_wanted(filters)
    )
    return [StepRow(row[0], tuple(row[1:7]), *row[7:]) for row in found]


def report_stored(tx: Transaction, project_id: str, times: TimeRange) -> list[StoredRow]:
    """What all queues stored together, by period; their `queue` is ""."""
    found = tx.all(SQL.report_stored, **_range(project_id, times))
    return [StoredRow._make(row) for row in found]


def report_stored_of_queue(
    tx: Transaction, project_id: str, times: TimeRange, *, queue: str
) -> list[StoredRow]:
    """What one queue stored, by period."""
    found = tx.all(SQL.report_stored_of_queue, **_range(project_id, times), queue=queue)
    return [StoredRow._make(row) for row in found]


def report_stored_by_queue(
    tx: Transaction, project_id: str, times: TimeRange, *, most: int
) -> list[StoredRow]:
    """What was stored, by period and queue; at most `most` rows."""
    found = tx.all(SQL.report_stored_by_queue, **_range(project_id, times), most=most)
    return [StoredRow._make(row) for row in found]


def largest_stored(
    tx: Transaction, project_id: str, times: TimeRange, *, most: int
) -> list[LargestRow]:
    """The queues that held most, the largest first; at most `most` rows."""
    found = tx.all(SQL.largest_stored, **_range(project_id, times), most=most)
    rows = [LargestRow._make(row) for row in found]
    return sorted(rows, key=lambda row: (-row.byte_seconds, -row.task_seconds, row.queue))


def _range(project_id: str, times: TimeRange) -> dict[str, object]:
    return {
        "project_id": project_id,
        "period": times.period,
        "since": times.since,
        "until": times.until,
    }


def _shown(by: Collection[Dimension]) -> dict[str, object]:
    return {f"by_{dimension}": int(dimension in by) for dimension in DIMENSIONS}


def _wanted(filters: Mapping[Dimension, str]) -> dict[str, object]:
    return {dimension: filters.get(dimension) for dimension in DIMENSIONS}
