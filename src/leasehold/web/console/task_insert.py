"""Inserting a task by hand: what is typed into the form becomes a task."""

import base64
import binascii
from datetime import UTC, datetime

from starlette.responses import Response

from leasehold.administration import queues, tasks
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, Invalid, Missing
from leasehold.queues.limits import MAX_ETA_SECONDS, MAX_TAG_BYTES
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.shell import ProjectVisit

# A full task of text costs most where each byte is an end of a line: six of the form's. What is
# somewhat larger is refused beside its field, and is not lost.
MAX_FORM_BYTES = 7 * 2**20
MAX_NAME = 500
ENCODINGS = ("text", "base64")
STARTS = ("now", "in", "at")  # the field that says more has the same name

_MAX_MINUTES = MAX_ETA_SECONDS // 60
_TOO_FAR = "at most 30 days ahead"


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    name = visit.segment("queue")
    queue = await visit.read(
        lambda tx, _: queues.get(tx, visit.actor, project_id=visit.project.id, name=name)
    )
    return visit.page("console/task_insert.html", typed=typed, queue=queue, max_name=MAX_NAME)


async def insert(visit: ProjectVisit) -> Response:
    typed, queue = visit.typed(), visit.segment("queue")
    try:
        payload = _payload(typed)
        name = typed.text("name", max_length=MAX_NAME)
        tag = typed.exactly("tag", max_length=MAX_TAG_BYTES)
        inserted = await visit.write(
            lambda tx, now: tasks.insert(
                tx,
                now,
                visit.actor,
                ids=visit.services.verbs.ids,
                project_id=visit.project.id,
                queue=queue,
                payload=payload,
                name=name or None,
                tag=tag or None,
                eta=_eta(typed, now),
            )
        )
    except Error as error:
        return await show(visit, typed.refused(error, {"id": "name"}))
    return visit.go("queues", queue, "tasks", inserted.id, note="The task is inserted.")


def _payload(typed: Typed) -> bytes:
    is_text = typed.one_of("encoding", ENCODINGS) == "text"
    text = typed.exactly("payload", max_length=MAX_FORM_BYTES)
    return text.encode() if is_text else _from_base64(text)


def _from_base64(text: str) -> bytes:
    """With or without blanks and the signs at the end, in either of the two alphabets."""
    letters = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(
            "that is not base64: paste all of it, or choose text", field="payload"
        ) from None


def _eta(typed: Typed, now: int) -> int | None:
    """In microseconds; None: it may be leased at once."""
    start = typed.one_of("start", STARTS)
    if start == "now":
        return None
    return _after_minutes(typed, now) if start == "in" else _at_time(typed, now)


def _after_minutes(typed: Typed, now: int) -> int:
    minutes = typed.number("in")
    if minutes is None:
        raise Missing("fill this in", field="in")
    if not 0 <= minutes <= _MAX_MINUTES:
        raise Invalid(f"use 0 to {_MAX_MINUTES:,} minutes: {_TOO_FAR}", field="in")
    return now + minutes * 60 * MICROSECONDS


def _at_time(typed: Typed, now: int) -> int:
    text = typed.required("at", max_length=50)
    try:
        then = datetime.fromisoformat(text)
        eta = round((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() * MICROSECONDS)
    except (ValueError, OverflowError):
        raise Invalid("that is no time: write 2026-11-21T09:30", field="at") from None
    if eta < now:
        raise Invalid("that time has passed: choose a later one, or “at once”", field="at")
    if eta > now + MAX_ETA_SECONDS * MICROSECONDS:
        raise Invalid(f"that is too far away: {_TOO_FAR}", field="at")
    return eta
