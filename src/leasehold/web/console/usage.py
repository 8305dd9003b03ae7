"""Usage: a project's calls, how many were refused and why, how long they took; what it stored."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from leasehold.administration import api_keys, clients, paging, service_accounts, usage
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound
from leasehold.storage.transaction import Transaction
from leasehold.usage.count_rows import DIMENSIONS
from leasehold.usage.latency import Percentiles
from leasehold.usage.periods import PERIODS, SECONDS, Period, TimeRange, parse_instant, shown
from leasehold.usage.report_forms import csv_form, json_form
from leasehold.usage.reports import (
    MAX_NAMED,
    SHOWN_DONE,
    Part,
    Ranked,
    Report,
    Split,
    StoredLine,
    StoredReport,
)
from leasehold.web.administration.wire import camel
from leasehold.web.console.charts import REST, Bar, Chart
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

TITLES = {
    "api": "API",
    "method": "Method",
    "credential": "Credential",
    "api_key": "API key",
    "email": "User",
    "outcome": "Outcome",
}
PERIOD_TITLES: dict[Period, str] = {"minute": "Minute", "hour": "Hour", "day": "Day"}
MOST_LISTED = 50  # values in the list below the chart; the downloads have all
OWN = "own"  # the span that somebody typed

_COARSER: dict[Period, Period] = {"minute": "hour", "hour": "day"}
_DAY = 86_400
_MAX_VALUE = 500  # characters of a filter; longer ones name nothing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """A time until now that one may choose."""

    name: str
    title: str
    seconds: int
    period: Period

    @property
    def has_stored(self) -> bool:
        """Whether what was stored is known by its periods."""
        return self.period != "minute"


SPANS = (
    Span("hour", "Last hour", 3_600, "minute"),
    Span("day", "24 hours", _DAY, "hour"),
    Span("week", "7 days", 7 * _DAY, "hour"),
    Span("month", "30 days", 30 * _DAY, "day"),
    Span("year", "12 months", 365 * _DAY, "day"),
)
USUAL = SPANS[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for. Every link of the page is made from it."""

    since: int  # microseconds
    until: int
    period: Period
    span: str = USUAL.name  # of SPANS, or OWN
    group: str = ""  # a dimension; "": done and refused
    filters: Mapping[str, str]

    def with_span(self, span: str) -> str:
        """The address of the same for another span."""
        return _address(replace(self, span=span))

    def by(self, group: str) -> str:
        """The same, split by another dimension."""
        return _address(replace(self, group=group))

    def only(self, dimension: str, value: str) -> str:
        """The same for these calls alone; split by what they can still differ in."""
        group = "" if dimension == self.group else self.group
        return _address(replace(self, filters={**self.filters, dimension: value}, group=group))

    def without(self, dimension: str) -> str:
        """The same without this filter."""
        kept = {name: value for name, value in self.filters.items() if name != dimension}
        return _address(replace(self, filters=kept))

    @property
    def unfiltered(self) -> str:
        """The same of all calls."""
        return _address(replace(self, filters={}))

    @property
    def of_time(self) -> str:
        """The same time, of whatever else."""
        return _address(replace(self, filters={}, group=""))

    @property
    def is_live(self) -> bool:
        """Whether it changes while somebody looks."""
        return self.span == SPANS[0].name

    @property
    def address(self) -> str:
        """Its own."""
        return _address(self)


def _address(asked: Asked) -> str:
    """The query, from its question mark on."""
    query = {"span": asked.span}
    if asked.span == OWN:
        query |= {"since": _minute(asked.since), "until": _minute(asked.until)}
        query |= {"period": asked.period}
    if asked.group:
        query["group"] = asked.group
    return f"?{urlencode({**query, **asked.filters})}"


def _minute(instant: int) -> str:
    """As the form takes it: 2026-11-01 12:30, in UTC; of a minute that has begun its end."""
    minute = -(-instant // (60 * MICROSECONDS)) * 60
    return shown(minute)[:16].replace("T", " ")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list below the chart."""

    words: str
    value: str
    calls: int
    errors: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The calls as the page shows them."""

    times: TimeRange
    calls: int
    errors: int
    cost: int
    dimension: str  # that of the list
    listed: Sequence[Listed]  # most calls first
    others: int  # values that the list leaves out
    over_time: Chart
    reasons: Chart
    latency: Chart | None  # None: there is too much to add up

    @property
    def refused_share(self) -> float:
        """In percent."""
        return 100 * self.errors / self.calls if self.calls else 0.0


async def show(visit: ProjectVisit) -> Response:
    """The page of calls."""
    typed, now = Typed(visit.visit.query), _now(visit)
    try:
        asked = _asked(typed, now)
        names = await _names(visit, asked)
        asked, split = await _by_fitting_periods(
            asked, lambda fitting: visit.read_aside(partial(_split, visit=visit, asked=fitting))
        )
    except Invalid as error:
        return _refused(visit, typed.refused(error, {"by": "group"}), now, "console/usage.html")
    return visit.page(
        "console/usage.html",
        typed=typed if asked.span == OWN else NOTHING_TYPED,
        asked=asked,
        page="usage",
        shown=_shown(split, asked, names),
        names=names,
        words=words,
        spans=SPANS,
        titles=TITLES,
        since=_minute(asked.since),
        until=_minute(asked.until),
        api_address=_api_address(visit, asked, split.times),
    )


async def show_now(visit: ProjectVisit) -> Response:
    """What moves of it, each few seconds."""
    asked = _asked(Typed(visit.visit.query), _now(visit))
    names = await _names(visit, asked)
    split = await visit.read_aside(partial(_split, visit=visit, asked=asked))
    shown_now = _shown(split, asked, names)
    response = visit.fragment(
        "console/usage_now.html", asked=asked, shown=shown_now, names=names, titles=TITLES
    )
    if visit.parameter("empty") and shown_now.calls:
        response.headers["HX-Refresh"] = "true"  # the page has nothing yet that could move
    return response


async def show_stored(visit: ProjectVisit) -> Response:
    """The page of what queues held."""
    typed, now = Typed(visit.visit.query), _now(visit)
    try:
        asked = _asked(typed, now, is_stored=True)
        asked, found = await _by_fitting_periods(
            asked, lambda fitting: visit.read_aside(partial(_stored, visit=visit, asked=fitting))
        )
    except Invalid as error:
        return _refused(visit, typed.refused(error), now, "console/usage_stored.html")
    report, largest = found
    return visit.page(
        "console/usage_stored.html",
        typed=typed if asked.span == OWN else NOTHING_TYPED,
        asked=asked,
        page="stored",
        times=report.times,
        tasks=_stored_chart(report, "Tasks", lambda each: (each.average_tasks, each.most_tasks)),
        payload=_stored_chart(
            report, "Payload", lambda each: (each.average_bytes, each.most_bytes), is_bytes=True
        ),
        largest=largest,
        spans=[span for span in SPANS if span.has_stored],
        since=_minute(asked.since),
        until=_minute(asked.until),
    )


async def download(visit: ProjectVisit) -> Response:
    """A report as a file, written as the command line and the administration API write it."""
    name, _, ending = visit.segment("file").partition(".")
    if name not in {"calls", "stored"} or ending not in {"csv", "json"}:
        raise NotFound("there is no such file")
    asked = _asked(Typed(visit.visit.query), _now(visit), is_stored=name == "stored")
    read: Callable[..., Report | StoredReport] = _report if name == "calls" else _stored_report
    found = await visit.read_aside(partial(read, visit=visit, asked=asked))
    file_name = f"{visit.project.id}-{name}-{shown(found.times.since)[:10]}.{ending}"
    return Response(
        csv_form(found) if ending == "csv" else json.dumps(json_form(found), indent=2) + "\n",
        media_type="text/csv" if ending == "csv" else "application/json",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _refused(visit: ProjectVisit, typed: Typed, now: int, template: str) -> Response:
    """The page with nothing but the way to another time."""
    is_stored = template.endswith("stored.html")
    span = OWN if typed.values.get("span") == [OWN] else USUAL.name
    return visit.page(
        template,
        typed=typed,
        asked=Asked(since=now, until=now, period=USUAL.period, span=span, filters={}),
        page="stored" if is_stored else "usage",
        shown=None,
        times=None,
        names={},
        spans=[span for span in SPANS if span.has_stored or not is_stored],
        titles=TITLES,
        since="",
        until="",
    )


def _now(visit: ProjectVisit) -> int:
    return visit.visit.pages.clock.now()


def _asked(typed: Typed, now: int, *, is_stored: bool = False) -> Asked:
    """Raises Invalid for what cannot be asked, as far as it is seen here."""
    names = ("queue",) if is_stored else DIMENSIONS
    asked = Asked(
        since=now,
        until=now,
        period=USUAL.period,
        group="" if is_stored else typed.text("group"),
        filters={
            name: typed.exactly(name, max_length=_MAX_VALUE)
            for name in names
            if name in typed.values
        },
    )
    wanted = typed.text("span") or USUAL.name
    if wanted == OWN:
        return _own(asked, typed, now)
    span = next((span for span in SPANS if span.name == wanted), None)
    if span is None:
        raise Invalid("choose one of the times", field="span")
    if is_stored and not span.has_stored:
        span = USUAL
    since = now - (span.seconds - SECONDS[span.period]) * MICROSECONDS
    return replace(asked, span=span.name, since=max(0, since), until=now + 1, period=span.period)


def _own(asked: Asked, typed: Typed, now: int) -> Asked:
    since = parse_instant(typed.required("since"), field="since")
    until = parse_instant(typed.text("until"), field="until") if typed.text("until") else now + 1
    period = typed.one_of("period", PERIODS) if typed.text("period") else _fitting(until - since)
    return replace(asked, span=OWN, since=since, until=until, period=period)


def _fitting(length: int) -> Period:
    """By what so many microseconds are best looked at."""
    seconds = length // MICROSECONDS
    if seconds <= _DAY // 4:
        return "minute"
    return "hour" if seconds <= 14 * _DAY else "day"


async def _by_fitting_periods(
    asked: Asked, read: Callable[[Asked], Awaitable[T]]
) -> tuple[Asked, T]:
    """What is read by the span's periods, or by longer ones when those have too many counts."""
    while True:
        try:
            return asked, await read(asked)
        except Invalid as error:
            coarser = _COARSER.get(asked.period)
            if error.field != "period" or asked.span == OWN or coarser is None:
                raise
            asked = replace(asked, period=coarser)


def _split(tx: Transaction, now: int, *, visit: ProjectVisit, asked: Asked) -> Split:
    return usage.split(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        since=asked.since,
        until=asked.until,
        period=asked.period,
        by=asked.group,
        filters=asked.filters,
    )


def _report(tx: Transaction, now: int, *, visit: ProjectVisit, asked: Asked) -> Report:
    return usage.report(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        since=asked.since,
        until=asked.until,
        period=asked.period,
        by=[asked.group] if asked.group else [],
        filters=asked.filters,
        latency=True,
    )


def _stored_report(tx: Transaction, now: int, *, visit: ProjectVisit, asked: Asked) -> StoredReport:
    return usage.stored(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        since=asked.since,
        until=asked.until,
        period=asked.period,
        queue=asked.filters.get("queue"),
    )


def _stored(
    tx: Transaction, now: int, *, visit: ProjectVisit, asked: Asked
) -> tuple[StoredReport, Sequence[StoredLine]]:
    """And the queues that held the most at its end, unless it is about one of them."""
    report = _stored_report(tx, now, visit=visit, asked=asked)
    if asked.filters:
        return report, ()
    end = min(asked.until, now + 1)
    return report, usage.largest(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        since=max(0, end - 1 - SECONDS[asked.period] * MICROSECONDS),
        until=end,
        period=asked.period,
    )


async def _names(visit: ProjectVisit, asked: Asked) -> Mapping[str, str]:
    """What people call the credentials and keys that are shown, by their ids."""
    shown_dimensions = {asked.group, *asked.filters}
    if visit.project.deleted_at is not None or not shown_dimensions & {"credential", "api_key"}:
        return {}
    return await visit.read(partial(_all_names, visit=visit))


def _all_names(tx: Transaction, now: int, *, visit: ProjectVisit) -> dict[str, str]:
    actor, project_id = visit.actor, visit.project.id
    accounts = service_accounts.list_accounts(tx, actor, project_id=project_id)
    registered = clients.list_clients(tx, actor, project_id=project_id)
    keys = api_keys.list_keys(
        tx, now, actor, project_id=project_id, show_deleted=True, page_size=paging.MAX_SIZE
    )
    return {
        **{each.account.id: each.account.email for each in accounts},
        **{each.client.id: each.client.name for each in registered},
        **{each.key.id: each.key.name for each in keys.items},
    }


def _shown(split: Split, asked: Asked, names: Mapping[str, str]) -> Shown:
    done = [part for part in split.parts if part.outcome == SHOWN_DONE]
    refused = [part for part in split.parts if part.outcome != SHOWN_DONE]
    dimension = asked.group or "outcome"
    listed = _listed(split, dimension, names)
    return Shown(
        times=split.times,
        calls=sum(part.calls for part in split.parts),
        errors=sum(part.calls for part in refused),
        cost=sum(part.cost for part in done),
        dimension=dimension,
        listed=listed[:MOST_LISTED],
        others=len(listed[MOST_LISTED:]),
        over_time=_over_time(split, asked, names),
        reasons=_chart(
            split.times,
            "Refused calls by reason",
            refused,
            lambda part: part.outcome,
            is_of_refusals=True,
        ),
        latency=None if split.latencies is None else _latency(split.times, split.latencies),
    )


def _listed(split: Split, dimension: str, names: Mapping[str, str]) -> list[Listed]:
    if split.ranked:
        return [
            Listed(words(dimension, rank.value, names), *_numbers(rank)) for rank in split.ranked
        ]
    totals: dict[str, list[int]] = {}
    for part in split.parts:
        total = totals.setdefault(part.outcome, [0, 0])
        total[0] += part.calls
        total[1] += part.cost
    return [
        Listed(outcome, outcome, calls, 0 if outcome == SHOWN_DONE else calls, cost)
        for outcome, (calls, cost) in sorted(totals.items(), key=lambda each: -each[1][0])
    ]


def _numbers(rank: Ranked) -> tuple[str, int, int, int]:
    return rank.value, rank.calls, rank.errors, rank.cost


def words(dimension: str, value: str, names: Mapping[str, str]) -> str:
    """A value as people read it.

    >>> words("api_key", "", {}), words("credential", "7", {"7": "worker"})
    ('No API key', 'worker')
    """
    if not value:
        return "No API key" if dimension == "api_key" else "None: an API key alone"
    return names.get(value, value)


def _over_time(split: Split, asked: Asked, names: Mapping[str, str]) -> Chart:
    if not asked.group:
        series = {SHOWN_DONE: "Done", "": "Refused"}
        return _chart(
            split.times,
            "Calls",
            split.parts,
            lambda part: part.outcome if part.outcome == SHOWN_DONE else "",
            series=series,
        )
    leading = {
        rank.value: words(asked.group, rank.value, names) for rank in split.ranked[:MAX_NAMED]
    }
    title = TITLES[asked.group]
    title = f"Calls by {title if title.startswith('API') else title.lower()}"
    return _chart(split.times, title, split.parts, lambda part: part.value, series=leading)


def _chart(
    times: TimeRange,
    title: str,
    parts: Sequence[Part],
    kind_of: Callable[[Part], str | None],
    *,
    series: Mapping[str, str] | None = None,
    is_of_refusals: bool = False,
) -> Chart:
    """Calls on each other. `series`: by what `kind_of` says, its words; None: what is most."""
    if series is None:
        series = {kind: kind for kind in _most(parts, kind_of)}
    places: dict[str | None, int] = {kind: place for place, kind in enumerate(series)}
    has_rest = any(kind_of(part) not in places for part in parts)
    rows: dict[int, list[int]] = {}
    for part in parts:
        row = rows.setdefault(part.starts, [0] * (len(places) + has_rest))
        row[places.get(kind_of(part), -1)] += part.calls
    return Chart(
        title=title,
        of=PERIOD_TITLES[times.period],
        series=(*series.values(), *[REST] * has_rest),
        bars=[Bar(tuple(row), starts=at * MICROSECONDS) for at, row in sorted(rows.items())],
        is_by_day=times.period == "day",
        is_of_refusals=is_of_refusals,
        times=times,
    )


def _most(parts: Sequence[Part], kind_of: Callable[[Part], str | None]) -> list[str]:
    totals: dict[str, int] = {}
    for part in parts:
        kind = kind_of(part) or ""
        totals[kind] = totals.get(kind, 0) + part.calls
    return sorted(totals, key=lambda kind: (-totals[kind], kind))[:MAX_NAMED]


def _latency(times: TimeRange, latencies: Sequence[tuple[int, Percentiles]]) -> Chart:
    return Chart(
        title="How long calls took",
        of=PERIOD_TITLES[times.period],
        series=("p50", "p90", "p99"),
        bars=[
            Bar((each.p50 * 1000, each.p90 * 1000, each.p99 * 1000), starts=at * MICROSECONDS)
            for at, each in latencies
        ],
        kind="line",
        is_by_day=times.period == "day",
        is_milliseconds=True,
        times=times,
        has_gaps=True,
    )


def _stored_chart(
    report: StoredReport,
    title: str,
    values: Callable[[StoredLine], tuple[float, ...]],
    *,
    is_bytes: bool = False,
) -> Chart:
    return Chart(
        title=title,
        of=PERIOD_TITLES[report.times.period],
        series=("On average", "At most"),
        bars=[Bar(values(line), starts=line.starts * MICROSECONDS) for line in report.lines],
        kind="line",
        is_by_day=report.times.period == "day",
        is_bytes=is_bytes,
        times=report.times,
    )


def _api_address(visit: ProjectVisit, asked: Asked, times: TimeRange) -> str:
    """Where a program gets the same from the administration API."""
    query = {"since": shown(times.since), "until": shown(times.until), "period": times.period}
    if asked.group:
        query["by"] = camel(asked.group)
    query |= {camel(name): value for name, value in asked.filters.items()}
    path = f"/admin/v1/projects/{visit.project.id}/usage"
    return f"{visit.services.issuer}{path}?{urlencode({**query, 'latency': 'true'})}"


GROUP = Group(
    title="Usage",
    path="usage",
    pages=(
        ProjectPage("usage", show=show),
        ProjectPage("usage/now", show=show_now),
        ProjectPage("usage/stored", show=show_stored),
        ProjectPage("usage/files/{file}", show=download),
    ),
)
