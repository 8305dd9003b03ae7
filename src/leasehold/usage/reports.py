"""Reports: a project's calls, errors, cost and latencies by period and by any dimension.

Counts are exact to the newest call that was answered. Latencies are as `usage.latency` says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.storage.transaction import Transaction
from leasehold.usage import count_rows
from leasehold.usage.count_rows import DIMENSIONS, Dimension, StepRow, StoredRow
from leasehold.usage.latency import Percentiles, percentiles
from leasehold.usage.ledger import DONE
from leasehold.usage.periods import SECONDS, TimeRange, time_range

MAX_LINES = 5_000  # of one report
MAX_READ = 50_000  # counts for one report: a tenth of a second, in which other reports wait
MAX_STORED_READ = 200_000  # hours or days of queues that are compared, likewise

SHOWN_DONE = "done"  # what reports call the outcome of a call that was not refused

_SHORTER = "choose a longer period or a shorter time"

MAX_NAMED = 6  # values of a dimension that a chart can tell apart

Key = tuple[str, ...]
Counted = dict[tuple[int, str, str], list[int]]  # by start, outcome, value: calls and their cost


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
class Ranked:
    """All calls of the report's time that have this value."""

    value: str
    calls: int
    errors: int
    cost: int


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of one period that ended so, and have this value."""

    starts: int  # of the period, in seconds since the Unix epoch
    outcome: str  # SHOWN_DONE, or the reason of the refusal
    value: str | None  # None: not one of those with the most calls, or there is no dimension
    calls: int
    cost: int


@dataclass(frozen=True, slots=True)
class Split:
    """A project's calls as a chart shows them: those of the largest values apart.

    It reads as much as a report, and has far fewer lines.
    """

    times: TimeRange
    ranked: tuple[Ranked, ...]  # most calls first; empty without a dimension
    parts: tuple[Part, ...]  # by period
    # By period, of all calls together. None: there are too many to add them up.
    latencies: tuple[tuple[int, Percentiles], ...] | None


@dataclass(frozen=True, slots=True)
class StoredLine:
    """What was stored in one period: tasks, and bytes of payload.

    The most is that of the looks at what is stored, one each minute.
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


def split(
    tx: Transaction,
    now: int,  # noqa: ARG001  # every operation is given the time
    project_id: str,
    *,
    since: int,
    until: int,
    period: str,
    by: str = "",
    filters: Mapping[str, str] | None = None,
) -> Split:
    """The same calls by outcome and by one dimension (`by`; "": none).

    The values that lead tell the parts from each other, up to MAX_NAMED of them. Raises Invalid
    as `report` does.
    """
    times = time_range(period, since=since, until=until)
    shown = _dimension(by, field="by") if by else ""
    wanted = _filters(filters or {})
    _check_size(count_rows.count_counts(tx, project_id, times, most=MAX_READ + 1), MAX_READ)
    counted: dict[tuple[int, str, str], list[int]] = {}
    found = count_rows.calls_by_value(tx, project_id, times, by=shown, filters=wanted)
    for starts, outcome, value, calls, cost in found:
        total = counted.setdefault((starts, outcome or SHOWN_DONE, value), [0, 0])
        total[0] += calls
        total[1] += 0 if outcome else cost
    if shown == "outcome":
        counted = {(at, outcome, outcome): total for (at, outcome, _), total in counted.items()}
    ranked = _ranked(counted) if shown else ()
    return Split(
        times,
        ranked,
        _parts(counted, {rank.value for rank in ranked[:MAX_NAMED]}),
        _latencies_together(tx, project_id, times, wanted),
    )


def _ranked(counted: Counted) -> tuple[Ranked, ...]:
    totals: dict[str, list[int]] = {}
    for (_, outcome, value), (calls, cost) in counted.items():
        total = totals.setdefault(value, [0, 0, 0])
        total[0] += calls
        total[1] += 0 if outcome == SHOWN_DONE else calls
        total[2] += cost
    ranked = (Ranked(value, *total) for value, total in totals.items())
    return tuple(sorted(ranked, key=lambda rank: (-rank.calls, rank.value)))


def _parts(counted: Counted, named: Collection[str]) -> tuple[Part, ...]:
    totals: dict[tuple[int, str, str | None], list[int]] = {}
    for (starts, outcome, value), (calls, cost) in counted.items():
        key = (starts, outcome, value if value in named else None)
        total = totals.setdefault(key, [0, 0])
        total[0] += calls
        total[1] += cost
    parts = (Part(*key, *total) for key, total in totals.items())
    return tuple(sorted(parts, key=lambda part: part.starts))


def _latencies_together(
    tx: Transaction, project_id: str, times: TimeRange, wanted: Mapping[Dimension, str]
) -> tuple[tuple[int, Percentiles], ...] | None:
    if count_rows.count_latencies(tx, project_id, times, most=MAX_READ + 1) > MAX_READ:
        return None
    steps: dict[int, dict[int, int]] = {}
    for starts, step, calls in count_rows.latency_steps(tx, project_id, times, filters=wanted):
        counted = steps.setdefault(starts, {})
        counted[step] = counted.get(step, 0) + calls
    told = ((starts, percentiles(counted)) for starts, counted in sorted(steps.items()))
    return tuple((starts, each) for starts, each in told if each is not None)


def is_done(tx: Transaction, now: int, project_id: str, *, method: str, days: int) -> bool:
    """Whether the method was called and not refused, today or in so many days before."""
    since = max(0, now - days * SECONDS["day"] * MICROSECONDS)
    times = time_range("day", since=since, until=now + 1)
    return count_rows.is_done(tx, project_id, times, method=method)


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
    times = _stored_times(since=since, until=until, period=period)
    lines = [
        _stored_line(row, now // MICROSECONDS, times, queue=row.queue if by_queue else "")
        for row in _stored_rows(tx, project_id, times, by_queue=by_queue, queue=queue)
    ]
    lines.sort(key=lambda line: (line.starts, line.queue))
    return StoredReport(project_id, times, by_queue, tuple(lines))


def _stored_rows(
    tx: Transaction, project_id: str, times: TimeRange, *, by_queue: bool, queue: str | None
) -> Sequence[StoredRow]:
    if queue is not None:
        return count_rows.report_stored_of_queue(tx, project_id, times, queue=queue)
    if not by_queue:
        return count_rows.report_stored(tx, project_id, times)
    found = count_rows.report_stored_by_queue(tx, project_id, times, most=MAX_LINES + 1)
    if len(found) > MAX_LINES:
        raise Invalid(
            f"the report would have more than {MAX_LINES:,} lines: {_SHORTER}", field="by"
        )
    return found


def _stored_times(*, since: int, until: int, period: str) -> TimeRange:
    if period == "minute":
        raise Invalid("what is stored is known by hour and by day", field="period")
    return time_range(period, since=since, until=until)


def _stored_line(row: StoredRow, second: int, times: TimeRange, *, queue: str) -> StoredLine:
    seconds = max(1, min(times.seconds, second - row.starts))
    return StoredLine(
        row.starts,
        queue,
        average_tasks=row.task_seconds / seconds,
        average_bytes=row.byte_seconds / seconds,
        most_tasks=row.most_tasks,
        most_bytes=row.most_bytes,
    )


def largest(
    tx: Transaction,
    now: int,
    project_id: str,
    *,
    since: int,
    until: int,
    period: str,
    most: int = 50,
) -> tuple[StoredLine, ...]:
    """The queues that held the most bytes in all these periods together, the largest first.

    Averages are over the whole time, until now at most. Raises Invalid as `stored` does.
    """
    times = _stored_times(since=since, until=until, period=period)
    counted = count_rows.count_stored(tx, project_id, times, most=MAX_STORED_READ + 1)
    _check_size(counted, MAX_STORED_READ)
    second = min(times.until, now // MICROSECONDS)
    seconds = max(1, second - times.since)
    return tuple(
        StoredLine(
            times.since,
            row.queue,
            average_tasks=row.task_seconds / seconds,
            average_bytes=row.byte_seconds / seconds,
            most_tasks=row.most_tasks,
            most_bytes=row.most_bytes,
        )
        for row in count_rows.largest_stored(tx, project_id, times, most=most)
    )
