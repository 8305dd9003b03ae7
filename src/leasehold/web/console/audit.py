"""The audit log of a project: searched, an act with what it changed, and all of it as a file."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from leasehold.administration import audit, paging
from leasehold.administration.audit import EVERYTHING, MOST_LOOKED_AT, Search
from leasehold.administration.audit_chain import Entry
from leasehold.administration.audit_export import COLUMNS, csv_cells, csv_line, line_of
from leasehold.administration.paging import Page
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound
from leasehold.storage.transaction import Transaction
from leasehold.web.console.audit_changes import changes_of
from leasehold.web.console.downloads import CSV, JSON_LINES, streamed
from leasehold.web.console.forms import Typed
from leasehold.web.console.lists import PAGE, PAGE_SIZE, listing
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

# What an action may begin with; what stands behind the point is on each entry.
KINDS = {
    "": "Everything",
    "projects.": "Project",
    "apis.": "APIs",
    "members.": "Members",
    "queues.": "Queues",
    "tasks.": "Tasks",
    "serviceAccounts.": "Service accounts",
    "clients.": "Clients",
    "keys.": "API keys",
    "consentScreen.": "Consent screen",
    "delegations.": "Delegations",
    "quotas.": "Quotas",
}
FIELDS = ("actor", "action", "target", "since", "until")  # of the search, by their parameters

_MOST_DIGITS = 18  # of a number
_FIRST_DAY = date(1970, 1, 1)
_LAST_DATED = 253_402_300_800 * MICROSECONDS  # the year 10000, which no calendar here can show


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the list."""

    number: int
    at: int | None  # None: somebody changed it to what is no date
    actor: str
    is_operator: bool
    action: str
    target: str


async def show(visit: ProjectVisit) -> Response:
    typed = Typed({name: visit.visit.query.get(name, [""]) for name in FIELDS})
    try:
        wanted = _wanted(typed)
        found = await visit.read_aside(lambda tx, _: _search(tx, visit, wanted, PAGE_SIZE))
    except Invalid as error:
        if error.field not in FIELDS:
            raise
        typed, found, wanted = typed.refused(error), Page((), ""), EVERYTHING
    query = {name: value for name in FIELDS if (value := typed.shown(name).strip())}
    return visit.page(
        "console/audit.html",
        typed=typed,
        kinds=list({typed.shown("action").strip(): typed.shown("action"), **KINDS}.items()),
        listing=listing(visit.visit, _lines(found)),
        is_filtered=wanted != EVERYTHING,
        search=f"?{urlencode(query)}" if query else "",
        most_looked_at=MOST_LOOKED_AT,
    )


async def show_entry(visit: ProjectVisit) -> Response:
    number = _number(visit.segment("entry"))
    entry = await visit.read_aside(
        lambda tx, _: audit.get(tx, visit.actor, project_id=visit.project.id, number=number)
    )
    return visit.page(
        "console/audit_entry.html",
        entry=entry,
        at=_dated(entry.at),
        changes=changes_of(entry.before, entry.after),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise NotFound(f"there is no entry {text} in the audit log", field="number")
    return int(text)


async def csv_file(visit: ProjectVisit) -> Response:
    return _file(visit, "csv", CSV, head=f"{csv_line(COLUMNS)}\n", line=_csv)


async def json_file(visit: ProjectVisit) -> Response:
    return _file(visit, "jsonl", JSON_LINES, head="", line=line_of)


def _csv(entry: Entry) -> str:
    return csv_line(csv_cells(entry))


def _file(
    visit: ProjectVisit, ending: str, media_type: str, *, head: str, line: Callable[[Entry], str]
) -> Response:
    wanted = _wanted(Typed(visit.visit.query))
    return streamed(
        visit.visit.request,
        _pieces(visit, wanted, head, line),
        name=f"{visit.project.id}-audit.{ending}",
        media_type=media_type,
    )


async def _pieces(
    visit: ProjectVisit, wanted: Search, head: str, line: Callable[[Entry], str]
) -> AsyncIterator[str]:
    """All that is wanted, newest first; a page of the log at a time is in memory."""
    yield head
    token: str | None = ""
    while token is not None:
        piece, token = await visit.read_aside(_piece(visit, wanted, token, line))
        yield piece


def _piece(
    visit: ProjectVisit, wanted: Search, token: str, line: Callable[[Entry], str]
) -> Callable[[Transaction, int], tuple[str, str | None]]:
    def run(tx: Transaction, _now: int) -> tuple[str, str | None]:
        found = _search(tx, visit, wanted, paging.MAX_SIZE, token)
        return "".join(f"{line(each)}\n" for each in found.items), found.next_page_token or None

    return run


def _search(
    tx: Transaction, visit: ProjectVisit, wanted: Search, page_size: int, token: str | None = None
) -> Page[Entry]:
    return audit.search(
        tx,
        visit.actor,
        project_id=visit.project.id,
        wanted=wanted,
        page_size=page_size,
        page_token=visit.parameter(PAGE) if token is None else token,
    )


def _wanted(typed: Typed) -> Search:
    """What the form asks for. Raises Invalid, naming one of its fields."""
    since, until = _day(typed, "since"), _day(typed, "until")
    if since is not None and until is not None and until < since:
        raise Invalid("that is before the first day: turn them round", field="until")
    return Search(
        actor=typed.text("actor").lower(),
        action=typed.text("action"),
        target=typed.text("target"),
        since=None if since is None else _starts(since),
        until=None if until is None else _starts(until + timedelta(days=1)),
    )


def _day(typed: Typed, name: str) -> date | None:
    text = typed.text(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if not _FIRST_DAY <= day < date.max:
        raise Invalid("write a day like 2026-11-30, the year first", field=name)
    return day


def _starts(day: date) -> int:
    """Its first instant in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * MICROSECONDS


def _lines(found: Page[Entry]) -> Page[Line]:
    return Page([_line(entry) for entry in found.items], found.next_page_token)


def _line(entry: Entry) -> Line:
    return Line(
        number=entry.number,
        at=_dated(entry.at),
        actor=entry.actor,
        is_operator=entry.actor_kind == "operator",
        action=entry.action,
        target=entry.target,
    )


def _dated(at: int) -> int | None:
    return at if 0 <= at < _LAST_DATED else None


GROUP = Group(
    title="Audit log",
    path="audit",
    pages=(
        ProjectPage("audit", show=show),
        ProjectPage("audit/csv", show=csv_file),
        ProjectPage("audit/json", show=json_file),
        ProjectPage("audit/{entry}", show=show_entry),
    ),
)
