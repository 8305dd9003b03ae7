"""Purging a queue: asked for, done at once or step by step, and looked at meanwhile."""

from starlette.responses import Response

from leasehold.administration import queues
from leasehold.administration.queues import Purge
from leasehold.errors import Error, Invalid
from leasehold.queues.model import Queue, Statistics
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import size
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.shell import ProjectPage, ProjectVisit

AT_ONCE = 2_000  # tasks that are purged while the browser waits; of more it shows the progress

_LOST = (
    "All tasks that are in it now are destroyed, leased ones too. Nobody can have them back. The"
    " queue stays, and so do tasks that are inserted from now on."
)


async def ask(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    queue, held, _ = await visit.read(lambda tx, now: _held(tx, now, visit))
    return visit.confirm(
        Confirmation(
            title=f"Purge {queue.name}?",
            says=[
                _LOST,
                "Names of the tasks stay taken as if they were deleted one by one.",
            ],
            destroys=[("Tasks", held.total_tasks), ("Payload", size(held.total_bytes))],
            button="Purge the queue",
            back=visit.url("queues", queue.name),
            typed=queue.name,
        ),
        typed,
    )


async def purge(visit: ProjectVisit) -> Response:
    """Purges a small queue; for a large one answers with the page that does, and shows how far."""
    typed, name = visit.typed(), visit.segment("queue")
    try:
        typed.must_be(name)
        _, held, now = await visit.read(lambda tx, now: _held(tx, now, visit))
        if held.total_tasks > AT_ONCE:
            # No redirect: an address that begins a purge could be sent to somebody as a link.
            tasks = held.total_tasks
            return visit.page(
                "console/queue_purging.html", name=name, until=now, tasks=tasks, left=tasks
            )
        await _carry_out(visit, now)
    except Error as error:
        return await ask(visit, typed.refused(error))
    return visit.go("queues", name, note=_note(name))


async def go_on(visit: ProjectVisit) -> Response:
    """Purges all that was inserted up to an instant; ends when that is done, seen or not.

    The server does not stop when the browser goes away. If it is stopped itself, what is left
    stays, and the queue may be purged again.
    """
    name = visit.segment("queue")
    until = visit.typed().number("until")
    if until is None:
        raise Invalid("send this form from the page that shows it", field="until")
    await _carry_out(visit, until)
    if visit.is_fragment:
        return visit.fragment("console/queue_purged.html", name=name)
    return visit.go("queues", name, note=_note(name))


async def show_now(visit: ProjectVisit) -> Response:
    _, held, _ = await visit.read(lambda tx, now: _held(tx, now, visit))
    tasks = Typed(visit.visit.query).number("tasks") or 0
    return visit.fragment("console/queue_purging_now.html", tasks=tasks, left=held.total_tasks)


async def _carry_out(visit: ProjectVisit, until: int) -> None:
    begun = await visit.write(lambda tx, now: _begin(tx, now, visit, until))
    while await visit.write(lambda tx, now: queues.purge_some(tx, now, begun)):
        pass


def _begin(tx: Transaction, now: int, visit: ProjectVisit, until: int) -> Purge:
    return queues.begin_purge(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        name=visit.segment("queue"),
        enqueued_until=min(until, now),
    )


def _held(tx: Transaction, now: int, visit: ProjectVisit) -> tuple[Queue, Statistics, int]:
    project_id, name = visit.project.id, visit.segment("queue")
    queue = queues.get(tx, visit.actor, project_id=project_id, name=name)
    held = queues.statistics(tx, now, visit.actor, project_id=project_id, name=name)
    return queue, held, now


def _note(name: str) -> str:
    return f"{name} is purged: all tasks that were in it are destroyed."


PAGES = (
    ProjectPage("queues/{queue}/purge", show=ask, act=purge),
    ProjectPage("queues/{queue}/purge/now", show=show_now),
    ProjectPage("queues/{queue}/purge/rest", act=go_on),
)
