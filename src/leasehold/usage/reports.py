"""Reports: a project's calls, errors, cost and latencies by period and by any dimension.

Counts are exact to the newest call that was answered. Latencies are as `usage.latency` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.storage.transaction import Transaction
from leasehold.usage import count_rows
from leasehold.usage.count_rows import DIMENSIONS, Dimension, StepRow, StoredRow
from leasehold.usage.latency import Percentiles, percentiles
from leasehold.usage.ledger import DONE
from leasehold.usage.periods import TimeRange, time_range

MAX_LINES = 5_000  # of one report
MAX_READ = 50_000  # counts for one report: a tenth of a second, in which other reports wait
MAX_STORED_READ = 200_000  # hours or days of queues, likewise

SHOWN_DONE = "done"  # what reports call the outcome of a call that was not refused

_SHORTER = "choose a longer period or a shorter time"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of one period that have these values."""

    starts: int  # of the period, in seconds since the Unix epoch
    values: Key  # of the report's dimensions, in its order
    calls: int
    errors: int  # of these calls, those that were refused
    cost: int  # units of quota of those that were done, which are what is billed
    latency: Percentiles | None = None  # None: not asked for, or not known yet


@dataclass(frozen=True, slots=True)
class Report:
    """Lines by period, then by their values; a period without calls has none."""

    project_id: str
    times: TimeRange
    by: tuple[Dimension, ...]
    has_latency: bool  # whether it was asked for
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class StoredLine:
    """What was stored in one period: tasks, and bytes of payload.

    With several queues in one line the most is the sum of each queue's most, which they may have
    held at different times: there was never more than that.
    """

    starts: int  # of the period, in seconds since the Unix epoch
    queue: str  # "" for all together
    average_tasks: float
    average_bytes: float
    most_tasks: int
    most_bytes: int


@dataclass(frozen=True, slots=True)
class StoredReport:
    """Lines by period, then by queue; a period in which nothing was stored has none."""

    project_id: str
    times: TimeRange
    by_queue: bool
    lines: tuple[StoredLine, ...]


def report(  # noqa: PLR0913  # what may be asked, each by its name
    tx: Transaction,
    now: int,  # noqa: ARG001  # every operation is given the time
    project_id: str,
    *,
    since: int,
    until: int,
    period: str,
    by: Sequence[str] = (),
    filters: Mapping[str, str] | None = None,
    latency: bool = False,
) -> Report:
    """The calls of all periods that have a part between two instants in microseconds.

    `filters` keeps the calls whose dimension has exactly that value. Raises Invalid for what is
    not a dimension or a range of time, and when the report would be too long.
    """
    times = time_range(period, since=since, until=until)
    shown = _dimensions(by)
    wanted = _filters(filters or {})
    _check_size(count_rows.count_counts(tx, project_id, times, most=MAX_READ + 1), MAX_READ)
    found = count_rows.report_calls(
        tx, project_id, times, by=shown, filters=wanted, most=MAX_LINES + 1
    )
    if len(found) > MAX_LINES:
        raise Invalid(
            f"the report would have more than {MAX_LINES:,} lines: {_SHORTER}, fewer dimensions,"
            " or a filter",
            field="by",
        )
    latencies: Mapping[tuple[int, Key], Percentiles | None] = {}
    if latency:
        _check_size(count_rows.count_latencies(tx, project_id, times, most=MAX_READ + 1), MAX_READ)
        latencies = _latencies(
            count_rows.report_latencies(tx, project_id, times, by=shown, filters=wanted)
        )
    lines = [
        Line(
            row.starts,
            _values(row.values, shown),
            row.calls,
            row.errors,
            row.cost,
            latencies.get((row.starts, row.values)),
        )
        for row in found
    ]
    lines.sort(key=lambda line: (line.starts, line.values))
    return Report(project_id, times, shown, latency, tuple(lines))


def _dimensions(names: Sequence[str]) -> tuple[Dimension, ...]:
    found = tuple(_dimension(name, field="by") for name in names)
    if len(set(found)) < len(found):
        raise Invalid("a dimension is named twice: name each once", field="by")
    return found


def _dimension(name: str, *, field: str) -> Dimension:
    for dimension in DIMENSIONS:
        if name == dimension:
            return dimension
    raise Invalid(
        f"{name[:50]!r} is not a dimension of calls: use {', '.join(DIMENSIONS)}", field=field
    )


def _filters(filters: Mapping[str, str]) -> dict[Dimension, str]:
    wanted = {_dimension(name, field="filters"): value for name, value in filters.items()}
    for dimension, value in wanted.items():
        if "\0" in value:  # PostgreSQL takes none, and nothing here has one
            raise Invalid(f"no {dimension} has a NUL character in it", field="filters")
    if wanted.get("outcome") == SHOWN_DONE:
        wanted["outcome"] = DONE
    return wanted


def _check_size(rows: int, most: int) -> None:
    if rows > most:
        raise Invalid(f"more than {most:,} counts lie in that time: {_SHORTER}", field="period")


def _values(values: Key, shown: tuple[Dimension, ...]) -> Key:
    named = dict(zip(DIMENSIONS, values, strict=True))
    named["outcome"] = named["outcome"] or SHOWN_DONE
    return tuple(named[dimension] for dimension in shown)


def _latencies(rows: Sequence[StepRow]) -> dict[tuple[int, Key], Percentiles | None]:
    steps: dict[tuple[int, Key], dict[int, int]] = {}
    for row in rows:
        steps.setdefault((row.starts, row.values), {})[row.step] = row.calls
    return {key: percentiles(counted) for key, counted in steps.items()}


def stored(
    tx: Transaction,
    now: int,
    project_id: str,
    *,
    since: int,
    until: int,
    period: str,
    by_queue: bool = False,
    queue: str | None = None,
) -> StoredReport:
    """What the project's queues held, on average and at most, by hour or day.

    The average of a period that is not over is that of its time until now. `queue` keeps one of
    the queues. Raises Invalid as `report` does, and for minutes, by which nothing is kept.
    """
    if period == "minute":
        raise Invalid("what is stored is known by hour and by day", field="period")
    times = time_range(period, since=since, until=until)
    counted = count_rows.count_stored(tx, project_id, times, most=MAX_STORED_READ + 1)
    _check_size(counted, MAX_STORED_READ)
    found = count_rows.report_stored(
        tx, project_id, times, by_queue=by_queue, queue=queue, most=MAX_LINES + 1
    )
    if len(found) > MAX_LINES:
        raise Invalid(
            f"the report would have more than {MAX_LINES:,} lines: {_SHORTER}", field="by"
        )
    lines = [_stored_line(row, now // MICROSECONDS, times) for row in found]
    lines.sort(key=lambda line: (line.starts, line.queue))
    return StoredReport(project_id, times, by_queue, tuple(lines))


def _stored_line(row: StoredRow, second: int, times: TimeRange) -> StoredLine:
    seconds = max(1, min(times.seconds, second - row.starts))
    return StoredLine(
        row.starts,
        row.queue,
        average_tasks=row.task_seconds / seconds,
        average_bytes=row.byte_seconds / seconds,
        most_tasks=row.most_tasks,
        most_bytes=row.most_bytes,
    )
