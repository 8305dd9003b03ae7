"""Usage: how often a project was called, by whom and how fast, and what its queues held."""

from typing import Annotated

from msgspec import Meta

from leasehold.administration import usage
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.usage.count_rows import DIMENSIONS, Dimension
from leasehold.usage.latency import Percentiles
from leasehold.usage.periods import Period
from leasehold.usage.report_forms import csv_form
from leasehold.usage.reports import Line, Report, StoredLine
from leasehold.web.administration.method import Call, Csv, Method
from leasehold.web.administration.wire import Instant, Wire, camel, microseconds, seconds_instant

Since = Annotated[Instant, Meta(description="Periods that have a part after this are shown.")]
Until = Annotated[Instant, Meta(description="Periods that have a part before this are shown.")]
Exactly = (
    Annotated[str, Meta(max_length=500, description="Only calls of which it is exactly this.")]
    | None
)


class UsageQuery(Wire, frozen=True):
    """What is asked about a project's calls."""

    since: Since
    until: Until
    period: Annotated[Period, Meta(description="By what they are added up, in UTC.")] = "day"
    by: Annotated[
        str,
        Meta(
            max_length=200,
            description="Dimensions between commas, each of which splits a period's line: api,"
            " method, credential, apiKey, email and outcome.",
        ),
    ] = ""
    api: Exactly = None
    method: Exactly = None
    credential: Exactly = None
    api_key: Exactly = None
    email: Exactly = None
    outcome: Exactly = None
    latency: Annotated[bool, Meta(description="Whether to tell how long calls took.")] = False


class StorageQuery(Wire, frozen=True):
    """What is asked about what a project's queues held."""

    since: Since
    until: Until
    period: Annotated[Period, Meta(description="hour or day, in UTC.")] = "day"
    by_queue: Annotated[bool, Meta(description="Whether each queue has a line.")] = False
    queue: (
        Annotated[str, Meta(max_length=100, description="Only this queue; none: all.")] | None
    ) = None


class Latency(Wire, frozen=True):
    """How long calls took, in seconds: a half, nine in ten and 99 in a hundred no longer."""

    p50: float
    p90: float
    p99: float


class UsageLine(Wire, frozen=True):
    """The calls of one period that have these values."""

    starts: Annotated[Instant, Meta(description="When the period began.")]
    values: Annotated[dict[str, str], Meta(description="Of the dimensions that were asked for.")]
    calls: int
    errors: Annotated[int, Meta(description="Of these calls, those that were refused.")]
    cost: Annotated[int, Meta(description="Units of quota of those that were done.")]
    latency: Annotated[Latency | None, Meta(description="Null: not asked for, or not yet known.")]


class UsageReport(Wire, frozen=True):
    """Lines by period, then by their values; a period without calls has none."""

    period: Period
    since: Instant
    until: Instant
    lines: tuple[UsageLine, ...]


class StorageLine(Wire, frozen=True):
    """What was stored in one period."""

    starts: Annotated[Instant, Meta(description="When the period began.")]
    queue: Annotated[str, Meta(description="Empty for all together.")]
    average_tasks: float
    most_tasks: int
    average_bytes: float
    most_bytes: int


class StorageReport(Wire, frozen=True):
    """Lines by period, then by queue; a period in which nothing was stored has none."""

    period: Period
    since: Instant
    until: Instant
    lines: tuple[StorageLine, ...]


def report(tx: Transaction, now: int, call: Call) -> UsageReport | Csv:
    asked = call.asked(UsageQuery)
    filters = {name: getattr(asked, name) for name in DIMENSIONS}
    found = usage.report(
        tx,
        now,
        call.actor,
        project_id=call.project,
        since=microseconds(asked.since, field="since"),
        until=microseconds(asked.until, field="until"),
        period=asked.period,
        by=[_dimension(name.strip()) for name in asked.by.split(",") if name.strip()],
        filters={name: value for name, value in filters.items() if value is not None},
        latency=asked.latency,
    )
    if call.wants_csv:
        return Csv(csv_form(found))
    return UsageReport(
        period=found.times.period,
        since=seconds_instant(found.times.since),
        until=seconds_instant(found.times.until),
        lines=tuple(_line(found, line) for line in found.lines),
    )


def stored(tx: Transaction, now: int, call: Call) -> StorageReport | Csv:
    asked = call.asked(StorageQuery)
    found = usage.stored(
        tx,
        now,
        call.actor,
        project_id=call.project,
        since=microseconds(asked.since, field="since"),
        until=microseconds(asked.until, field="until"),
        period=asked.period,
        by_queue=asked.by_queue,
        queue=asked.queue,
    )
    if call.wants_csv:
        return Csv(csv_form(found))
    return StorageReport(
        period=found.times.period,
        since=seconds_instant(found.times.since),
        until=seconds_instant(found.times.until),
        lines=tuple(map(_stored_line, found.lines)),
    )


def _dimension(name: str) -> str:
    """Our word for a dimension; what is none stays, and is refused where it is used."""
    return next((known for known in DIMENSIONS if camel(known) == name), name)


def _line(found: Report, line: Line) -> UsageLine:
    by: tuple[Dimension, ...] = found.by
    return UsageLine(
        starts=seconds_instant(line.starts),
        values={camel(name): value for name, value in zip(by, line.values, strict=True)},
        calls=line.calls,
        errors=line.errors,
        cost=line.cost,
        latency=_latency(line.latency),
    )


def _latency(found: Percentiles | None) -> Latency | None:
    return None if found is None else Latency(p50=found.p50, p90=found.p90, p99=found.p99)


def _stored_line(line: StoredLine) -> StorageLine:
    return StorageLine(
        starts=seconds_instant(line.starts),
        queue=line.queue,
        average_tasks=line.average_tasks,
        most_tasks=line.most_tasks,
        average_bytes=line.average_bytes,
        most_bytes=line.most_bytes,
    )


METHODS = (
    Method(
        id="leasehold.usage.report",
        verb="GET",
        path="projects/{project}/usage",
        description="Reports the project's calls by period and, where asked, by API, method,"
        " credential and more.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=UsageQuery,
        request=None,
        response=UsageReport,
        has_csv=True,
        run=report,
    ),
    Method(
        id="leasehold.storage.report",
        verb="GET",
        path="projects/{project}/storage",
        description="Reports how much the project's queues held, by hour or by day.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=StorageQuery,
        request=None,
        response=StorageReport,
        has_csv=True,
        run=stored,
    ),
)
