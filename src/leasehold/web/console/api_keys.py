"""API keys: what they may be used for, and the strings by which they are sent."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from starlette.responses import Response

from leasehold.administration import api_keys, queues, usage
from leasehold.administration.api_keys import KeyDetails, KeyWithString
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, Invalid, NotFound
from leasehold.storage.transaction import Transaction
from leasehold.usage.api_keys import (
    MAX_KEYS,
    MAX_STRINGS,
    UNDELETE_DAYS,
)
from leasehold.usage.key_model import ApiKey, KeyChanges, KeyString, NewKey
from leasehold.usage.key_restrictions import KeyRestrictions
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Stored, Typed
from leasehold.web.console.lists import listing, part
from leasehold.web.console.shell import ProjectPage, ProjectVisit

API_TITLES = {"taskqueue": "Task Queue", "leasehold": "Administration"}
ENDINGS = (
    ("", "when I end it"),
    ("0", "now, for it has leaked"),
    ("1", "in a day"),
    ("7", "in 7 days"),
    ("30", "in 30 days"),
)

DAYS_LOOKED_BACK = 30  # for calls with a key

_AT = "api-keys"  # the first segment of every path here
_DAY = 86_400 * MICROSECONDS
_MAX_LINES = 64 * 1024  # characters of one list of restrictions: 100 referrers fit
_MAX_FORM = 4 * _MAX_LINES  # bytes
_KINDS = {
    "addresses": "addresses",
    "referrers": "referrers",
    "apis": "APIs",
    "queues": "queues",
    "calls_per_minute": "calls a minute",
}

_ENDS = (
    "Whoever sends the string that ends in {hint} is refused from now on, and nobody can have it"
    " back."
)
_CAN_BE_HAD_BACK = (
    f"For {UNDELETE_DAYS} days you can have it back, with its strings and restrictions. Then it is"
    " gone."
)
_FIRST_CALL = """\
curl -H "X-Goog-Api-Key: {key}" \\
  {issuer}/discovery/v1/apis
"""
_TASKS_CALL = """\
curl -H "X-Goog-Api-Key: $KEY" -H "Authorization: Bearer $TOKEN" \\
  {issuer}/taskqueue/v1beta2/projects/{project}/taskqueues/{queue}/tasks
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as its page shows it."""

    key: ApiKey
    strings: Sequence[KeyString]  # oldest first
    state: str
    tone: str  # of the badge
    missing: frozenset[str]  # queues of this project that it names, and that are not there

    @property
    def is_deleted(self) -> bool:
        """Whether all one can do is to have it back."""
        return self.key.deleted_at is not None

    @property
    def restricted_to(self) -> str:
        """The kinds of its restrictions, in words."""
        kinds = [words for kind, words in _KINDS.items() if _value(self.key, kind)]
        return ", ".join(kinds) or "nothing"


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls with a key lately."""

    count: int
    last_day: int | None  # when the day of the last one began; None: there was none


async def show_list(visit: ProjectVisit) -> Response:
    found = await visit.read(lambda tx, now: _all(tx, now, visit))
    page = part(visit.visit, found, lambda shown: f"{shown.key.name} {shown.key.id}")
    return visit.page(
        "console/api_keys.html",
        keys=listing(visit.visit, page),
        is_empty=not found,
        undelete_days=UNDELETE_DAYS,
    )


async def show_new(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    return visit.page(
        "console/api_key_new.html", typed=typed, key=None, expires="", apis=API_TITLES
    )


async def create(visit: ProjectVisit) -> Response:
    """Answers with the key's string, at the one moment at which it is known."""
    typed = visit.typed()
    try:
        new = NewKey(
            project_id=visit.project.id,
            name=typed.required("name"),
            addresses=_lines(typed, "addresses"),
            referrers=_lines(typed, "referrers"),
            apis=tuple(typed.several("apis")),
            queues=_queues(visit, typed),
            calls_per_minute=typed.number("calls_per_minute"),
            expires_at=_day(typed),
        )
        made = await visit.write(
            lambda tx, now: api_keys.create(
                tx,
                now,
                visit.actor,
                entropy=visit.services.entropy,
                box=visit.services.secret_box,
                new=new,
            )
        )
    except Error as error:
        return await show_new(visit, typed.refused(error))
    return await _string_page(visit, made)


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    shown = await visit.read(lambda tx, now: _shown_with_queues(tx, now, visit))
    return visit.page(
        "console/api_key.html",
        typed=typed.filling(_first(shown.key)),
        shown=shown,
        key=shown.key,
        expires=_day_text(shown.key.expires_at),
        ends_for_good_at=None if shown.key.deleted_at is None else _for_good(shown.key.deleted_at),
        calls=await _calls(visit, shown.key),
        days=DAYS_LOOKED_BACK,
        max_strings=MAX_STRINGS,
        call=_call(visit, shown.key),
        apis=API_TITLES,
    )


async def _calls(visit: ProjectVisit, key: ApiKey) -> Calls | None:
    """None when there are too many counts to add them up at once."""
    with suppress(Invalid):
        report = await visit.read_aside(
            lambda tx, now: usage.report(
                tx,
                now,
                visit.actor,
                project_id=visit.project.id,
                since=now - DAYS_LOOKED_BACK * _DAY,
                until=now + 1,
                period="day",
                filters={"api_key": key.id},
            )
        )
        last = report.lines[-1].starts * MICROSECONDS if report.lines else None
        return Calls(sum(line.calls for line in report.lines), last)
    return None


async def change(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        before = await visit.read(lambda tx, now: _get(tx, now, visit).key)
        changes = KeyChanges(
            name=typed.required("name"),
            addresses=_lines(typed, "addresses"),
            referrers=_lines(typed, "referrers"),
            apis=tuple(typed.several("apis")),
            queues=_queues(visit, typed),
            calls_per_minute=typed.number("calls_per_minute"),
            expires_at=_day(typed, before=before.expires_at),
        )
        details = await visit.write(lambda tx, now: _change(tx, now, visit, typed, changes))
    except Error as error:
        return await show(visit, typed.refused(error))
    return visit.go(_AT, details.key.id, note=f"{details.key.name} is saved.")


def _change(
    tx: Transaction, now: int, visit: ProjectVisit, typed: Typed, changes: KeyChanges
) -> KeyDetails:
    before = _get(tx, now, visit).key
    typed.must_be_unchanged(_first(before))
    return api_keys.change(
        tx, now, visit.actor, project_id=visit.project.id, key_id=before.id, changes=changes
    )


def _first(key: ApiKey) -> Stored:
    """What the fields hold at first."""
    return {
        "name": key.name,
        "expires_at": _day_text(key.expires_at),
        "calls_per_minute": key.calls_per_minute,
        "addresses": key.restrictions.addresses,
        "referrers": key.restrictions.referrers,
        "queues": key.restrictions.queues,
        "apis": key.restrictions.apis,
    }


async def show_rotate(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    shown = await visit.read(lambda tx, now: _shown(_get(tx, now, visit), now))
    return visit.page("console/api_key_rotate.html", typed=typed, shown=shown, endings=ENDINGS)


async def rotate(visit: ProjectVisit) -> Response:
    """Answers with the new string, at the one moment at which it is known."""
    typed = visit.typed()
    try:
        days = typed.one_of("older_ends", [value for value, _ in ENDINGS])
        made = await visit.write(
            lambda tx, now: api_keys.rotate(
                tx,
                now,
                visit.actor,
                entropy=visit.services.entropy,
                box=visit.services.secret_box,
                project_id=visit.project.id,
                key_id=visit.segment("key"),
                older_ends_at=now + int(days) * _DAY if days else None,
            )
        )
    except Error as error:
        return await show_rotate(visit, typed.refused(error))
    return await _string_page(visit, made)


async def ask_to_end(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, now: _get(tx, now, visit))
    string = _string(visit, details)
    others = [each for each in details.strings if each.id != string.id]
    stays = (
        f"The other one, ending in {others[0].hint}, stays good."
        if others
        else "It is the only one: the key cannot be used until you make another string."
    )
    return visit.confirm(
        Confirmation(
            title=f"End the string …{string.hint} of {details.key.name}?",
            says=[_ENDS.format(hint=string.hint), stays],
            destroys=[("Strings that stay good", len(others))],
            button="End the string",
            back=visit.url(_AT, details.key.id),
        ),
        typed,
    )


async def end(visit: ProjectVisit) -> Response:
    try:
        before = await visit.read(lambda tx, now: _get(tx, now, visit))
        string = _string(visit, before)
        await visit.write(
            lambda tx, now: api_keys.end_string(
                tx,
                now,
                visit.actor,
                project_id=visit.project.id,
                key_id=before.key.id,
                string_id=string.id,
            )
        )
    except Error as error:
        return await ask_to_end(visit, visit.typed().refused(error))
    return visit.go(_AT, before.key.id, note=f"The string …{string.hint} has ended.")


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, now: _get(tx, now, visit))
    return visit.confirm(
        Confirmation(
            title=f"Delete the API key {details.key.name}?",
            says=["Calls with it are refused from now on.", _CAN_BE_HAD_BACK],
            destroys=[("Strings that stop", len(details.strings))],
            button="Delete the key",
            back=visit.url(_AT, details.key.id),
        ),
        typed,
    )


async def delete(visit: ProjectVisit) -> Response:
    try:
        details = await visit.write(
            lambda tx, now: api_keys.delete(
                tx, now, visit.actor, project_id=visit.project.id, key_id=visit.segment("key")
            )
        )
    except Error as error:
        return await ask_to_delete(visit, visit.typed().refused(error))
    return visit.go(_AT, details.key.id, note=f"{details.key.name} is deleted.")


async def undelete(visit: ProjectVisit) -> Response:
    try:
        details = await visit.write(
            lambda tx, now: api_keys.undelete(
                tx, now, visit.actor, project_id=visit.project.id, key_id=visit.segment("key")
            )
        )
    except Error as error:
        return await show(visit, visit.typed().refused(error))
    return visit.go(_AT, details.key.id, note=f"{details.key.name} is good again.")


async def _string_page(visit: ProjectVisit, made: KeyWithString) -> Response:
    missing = await visit.read(lambda tx, _: _missing(tx, visit, made.key.restrictions))
    return visit.page(
        "console/api_key_string.html",
        made=made,
        is_new=len(made.strings) == 1,
        older=[string for string in made.strings if string.id != made.new_string],
        missing=sorted(missing),
        first_call=_FIRST_CALL.format(key=made.text, issuer=visit.services.issuer),
        call=_call(visit, made.key),
    )


def _all(tx: Transaction, now: int, visit: ProjectVisit) -> list[Shown]:
    page = api_keys.list_keys(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        show_deleted=True,
        page_size=MAX_KEYS,
    )
    return [_shown(details, now) for details in page.items]


def _get(tx: Transaction, now: int, visit: ProjectVisit) -> KeyDetails:
    """The key that the path names. Raises NotFound."""
    return api_keys.get(
        tx, now, visit.actor, project_id=visit.project.id, key_id=visit.segment("key")
    )


def _shown_with_queues(tx: Transaction, now: int, visit: ProjectVisit) -> Shown:
    details = _get(tx, now, visit)
    return _shown(details, now, _missing(tx, visit, details.key.restrictions))


def _shown(details: KeyDetails, now: int, missing: frozenset[str] = frozenset()) -> Shown:
    key = details.key
    if key.deleted_at is not None:
        state, tone = "Deleted", "off"
    elif key.has_expired(now):
        state, tone = "Expired", "warn"
    elif not details.strings:
        state, tone = "Without a string", "warn"
    else:
        state, tone = "Good", "good"
    return Shown(key, details.strings, state, tone, missing)


def _missing(tx: Transaction, visit: ProjectVisit, restrictions: KeyRestrictions) -> frozenset[str]:
    """Queues of this very project that are not there: of others nothing is told."""
    start = f"{visit.project.id}/"
    ours = {name.removeprefix(start) for name in restrictions.queues if name.startswith(start)}
    there = queues.names_among(tx, visit.actor, project_id=visit.project.id, names=ours)
    return frozenset(start + name for name in ours - there)


def _string(visit: ProjectVisit, details: KeyDetails) -> KeyString:
    """The string whose number the path has. Raises NotFound."""
    number = visit.segment("string")
    for string in details.strings:
        if str(string.id) == number:
            return string
    raise NotFound(f"the key has no string {number[:20]!r}: look at its page", field="string")


def _lines(typed: Typed, name: str) -> tuple[str, ...]:
    return tuple(typed.lines(name, max_length=_MAX_LINES))


def _queues(visit: ProjectVisit, typed: Typed) -> tuple[str, ...]:
    """As restrictions name queues; a name alone is one of this project."""
    return tuple(
        line if "/" in line else f"{visit.project.id}/{line}" for line in _lines(typed, "queues")
    )


def _day(typed: Typed, *, before: int | None = None) -> int | None:
    """The instant at which the day begins; the one before, if that is on the same day."""
    text = typed.text("expires_at", max_length=50)
    if not text:
        return None
    if text == _day_text(before):
        return before
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("write a day like 2027-01-31", field="expires_at") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * MICROSECONDS


def _day_text(instant: int | None) -> str:
    """A day as the form has it; "" for none."""
    if instant is None:
        return ""
    return datetime.fromtimestamp(instant // MICROSECONDS, UTC).date().isoformat()


def _for_good(deleted_at: int) -> int:
    return deleted_at + UNDELETE_DAYS * _DAY


def _value(key: ApiKey, kind: str) -> object:
    return key.calls_per_minute if kind == "calls_per_minute" else getattr(key.restrictions, kind)


def _call(visit: ProjectVisit, key: ApiKey) -> str:
    """A call with the key and a token, to be copied; on a queue that the key is good on."""
    project, _, queue = (key.restrictions.queues or (f"{visit.project.id}/my-queue",))[
        0
    ].rpartition("/")
    return _TASKS_CALL.format(issuer=visit.services.issuer, project=project, queue=queue)


PAGES = (
    ProjectPage("api-keys", show=show_list),
    ProjectPage("api-keys/new", show=show_new, act=create, max_bytes=_MAX_FORM),
    ProjectPage("api-keys/{key}", show=show, act=change, max_bytes=_MAX_FORM),
    ProjectPage("api-keys/{key}/rotate", show=show_rotate, act=rotate),
    ProjectPage("api-keys/{key}/strings/{string}/end", show=ask_to_end, act=end),
    ProjectPage("api-keys/{key}/delete", show=ask_to_delete, act=delete),
    ProjectPage("api-keys/{key}/undelete", act=undelete),
)
