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
from leasehold.usage.periods import PERIODS, SECONDS, Period, TimeRange, parse_instant, shown
from leasehold.usage.report_forms import csv_form, json_form
from leasehold.usage.reports import Report, Split, StoredLine, StoredReport
from leasehold.web.administration.wire import camel
from leasehold.web.console.downloads import CSV, JSON, download
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit
from leasehold.web.console.usage_charts import TITLES, shown_calls, stored_chart, words

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
        shown=shown_calls(split, asked.group, names),
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
    asked, split = await _by_fitting_periods(
        asked, lambda fitting: visit.read_aside(partial(_split, visit=visit, asked=fitting))
    )
    shown_now = shown_calls(split, asked.group, names)
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
        tasks=stored_chart(report, "Tasks", lambda each: (each.average_tasks, each.most_tasks)),
        payload=stored_chart(
            report, "Payload", lambda each: (each.average_bytes, each.most_bytes), is_bytes=True
        ),
        largest=largest,
        spans=[span for span in SPANS if span.has_stored],
        since=_minute(asked.since),
        until=_minute(asked.until),
    )


async def report_file(visit: ProjectVisit) -> Response:
    """A report as a file, written as the command line and the administration API write it."""
    name, _, ending = visit.segment("file").partition(".")
    if name not in {"calls", "stored"} or ending not in {"csv", "json"}:
        raise NotFound("there is no such file")
    asked = _asked(Typed(visit.visit.query), _now(visit), is_stored=name == "stored")
    read: Callable[..., Report | StoredReport] = _report if name == "calls" else _stored_report
    _, found = await _by_fitting_periods(
        asked, lambda fitting: visit.read_aside(partial(read, visit=visit, asked=fitting))
    )
    file_name = f"{visit.project.id}-{name}-{shown(found.times.since)[:10]}.{ending}"
    if ending == "csv":
        return download(csv_form(found), name=file_name, media_type=CSV)
    return download(json.dumps(json_form(found), indent=2) + "\n", name=file_name, media_type=JSON)


def _refused(visit: ProjectVisit, typed: Typed, now: int, template: str) -> Response:
    """The page with nothing but the way to another time."""
    is_stored = template.endswith("stored.html")
    names = ("queue",) if is_stored else DIMENSIONS
    group = typed.shown("group")
    asked = Asked(
        since=now,
        until=now,
        period=USUAL.period,
        span=OWN if typed.shown("span") == OWN else USUAL.name,
        group=group if group in TITLES else "",
        filters={name: typed.shown(name)[:_MAX_VALUE] for name in names if name in typed.values},
    )
    return visit.page(
        template,
        typed=typed,
        asked=asked,
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
        own = _own(asked, typed, now)
        by_hour = is_stored and own.period == "minute" and not typed.text("period")
        return replace(own, period="hour") if by_hour else own
    span = next((span for span in SPANS if span.name == wanted), None)
    if span is None:
        raise Invalid("choose one of the times", field="span")
    if is_stored and not span.has_stored:
        span = USUAL
    since = now - (span.seconds - SECONDS[span.period]) * MICROSECONDS
    return replace(asked, span=span.name, since=max(0, since), until=now + 1, period=span.period)


def _own(asked: Asked, typed: Typed, now: int) -> Asked:
    since, until = _instant(typed, "since", ""), _instant(typed, "until", _minute(now + 1))
    if since >= until:
        if not typed.text("until"):
            raise Invalid("that is still to come: choose an earlier time", field="since")
        raise Invalid("that is not after From: turn them round", field="until")
    period = typed.one_of("period", PERIODS) if typed.text("period") else _fitting(until - since)
    return replace(asked, span=OWN, since=since, until=until, period=period)


def _instant(typed: Typed, name: str, otherwise: str) -> int:
    """Microseconds; "" as `otherwise` must be filled in."""
    text = typed.text(name) or otherwise or typed.required(name)
    try:
        return parse_instant(text, field=name)
    except Invalid:
        raise Invalid(
            "write a day such as 2026-11-01, or a time such as 2026-11-01 12:30", field=name
        ) from None


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
        ProjectPage("usage/files/{file}", show=report_file),
    ),
)
