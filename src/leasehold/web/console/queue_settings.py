"""A queue's settings: given to a new one, and changed."""

from decimal import Decimal

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH, normalize_email
from leasehold.administration import queues
from leasehold.administration.queues import MAX_ACL_ENTRIES, QueueSettings
from leasehold.errors import Error, Invalid, Missing
from leasehold.queues.model import Acl, Mode, Queue
from leasehold.storage.transaction import Transaction
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.shell import ProjectPage, ProjectVisit

MODES: tuple[Mode, ...] = ("pull", "push")
MAX_NAME = 100
_MIB = 2**20
_MAX_ADDRESSES = MAX_ACL_ENTRIES * (MAX_LENGTH + 1)  # characters of one large field
_MAX_FORM = 4 * _MAX_ADDRESSES  # bytes: three such fields, and what is escaped in them


async def show_new(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    seconds = visit.services.settings.tombstone_seconds
    plain = Queue(
        id=0,
        project_id=visit.project.id,
        name="",
        mode="pull",
        created_at=0,
        tombstone_seconds=seconds,
    )
    return visit.page("console/queue_new.html", typed=typed, first=_shown(plain))


async def create(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        name = typed.required("name", max_length=MAX_NAME)
        settings = _settings(typed)
        acl = Acl(
            _addresses(typed, "consumers"),
            _addresses(typed, "producers"),
            _addresses(typed, "admins"),
        )
        await visit.write(
            lambda tx, now: queues.create(
                tx,
                now,
                visit.actor,
                project_id=visit.project.id,
                name=name,
                settings=settings,
                acl=acl,
            )
        )
    except Error as error:
        return await show_new(visit, typed.refused(error, {"queue": "name", "email": "consumers"}))
    return visit.go("queues", name, note=f"The queue {name} is made.")


async def show_edit(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    name = visit.segment("queue")
    queue = await visit.read(
        lambda tx, _: queues.get(tx, visit.actor, project_id=visit.project.id, name=name)
    )
    first = _shown(queue)
    return visit.page(
        "console/queue_edit.html", typed=typed.filling(first), queue=queue, first=first
    )


async def change(visit: ProjectVisit) -> Response:
    typed, name = visit.typed(), visit.segment("queue")
    try:
        settings = _settings(typed)
        await visit.write(lambda tx, now: _change(tx, now, visit, typed, settings))
    except Error as error:
        return await show_edit(visit, typed.refused(error))
    return visit.go("queues", name, note="The settings are saved.")


def _change(
    tx: Transaction, now: int, visit: ProjectVisit, typed: Typed, settings: QueueSettings
) -> Queue:
    actor, project_id, name = visit.actor, visit.project.id, visit.segment("queue")
    typed.must_be_unchanged(_shown(queues.get(tx, actor, project_id=project_id, name=name)))
    return queues.change(tx, now, actor, project_id=project_id, name=name, settings=settings)


def _settings(typed: Typed) -> QueueSettings:
    tombstone_seconds = typed.number("tombstone_seconds")
    if tombstone_seconds is None:
        raise Missing("fill this in: 0 frees names at once", field="tombstone_seconds")
    return QueueSettings(
        mode=typed.one_of("mode", MODES),
        strict_leases=typed.ticked("strict_leases"),
        task_retry_limit=typed.number("task_retry_limit"),
        tombstone_seconds=tombstone_seconds,
        requests_per_second=typed.decimal("requests_per_second"),
        max_tasks=typed.number("max_tasks"),
        max_bytes=_bytes(typed),
    )


def _bytes(typed: Typed) -> int | None:
    mebibytes = typed.decimal("max_bytes")
    return None if mebibytes is None else round(mebibytes * _MIB)


def _addresses(typed: Typed, name: str) -> frozenset[str]:
    """The addresses in a large field, one on each line."""
    found = set()
    for line in typed.lines(name, max_length=_MAX_ADDRESSES):
        try:
            found.add(normalize_email(line))
        except Invalid:
            raise Invalid(
                f"“{line[:100]}” is not an e-mail address: write one on each line, in ASCII",
                field=name,
            ) from None
    return frozenset(found)


def _shown(queue: Queue) -> dict[str, str | float | bool]:
    """What the fields hold at first; "" for no limit."""
    size = None if queue.max_bytes is None else queue.max_bytes / _MIB
    return {
        "mode": queue.mode,
        "strict_leases": queue.strict_leases,
        "task_retry_limit": queue.task_retry_limit or "",
        "tombstone_seconds": queue.tombstone_seconds,
        "requests_per_second": _plain(queue.requests_per_second),
        "max_tasks": "" if queue.max_tasks is None else queue.max_tasks,
        "max_bytes": _plain(size),
    }


def _plain(number: float | None) -> str:
    """A number as a field has it, to the last digit, so that saving it again changes nothing.

    >>> [_plain(number) for number in (None, 1e6, 0.5, 1 / 2**20)]
    ['', '1000000', '0.5', '0.00000095367431640625']
    """
    if number is None:
        return ""
    return f"{Decimal(repr(float(number))):f}".removesuffix(".0")


PAGES = (
    # Not below queues/, where a queue may be called like any such page.
    ProjectPage("new-queue", show=show_new, act=create, max_bytes=_MAX_FORM),
    ProjectPage("queues/{queue}/edit", show=show_edit, act=change),
)
