"""Tasks of a queue: found in a list, looked at, released and deleted."""

from dataclasses import dataclass
from typing import get_args

from starlette.responses import Response

from leasehold.administration import queues, tasks
from leasehold.administration.paging import Page
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, Invalid
from leasehold.queues.limits import check_tag
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import TaskOutline, TaskState, state_of
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import size
from leasehold.web.console import task_insert
from leasehold.web.console.downloads import ANY_BYTES, download
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.lists import PAGE, PAGE_SIZE, listing
from leasehold.web.console.shell import ProjectPage, ProjectVisit
from leasehold.web.console.task_payload import decoded

STATES: tuple[TaskState, ...] = get_args(TaskState)
MAX_FILE_NAME = 100  # characters of a task's id in it

_INSERT = """\
TASKS="{issuer}/taskqueue/v1beta2/projects/{project}/taskqueues/{queue}/tasks"

curl "$TASKS" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"queueName": "{queue}", "payloadBase64": "aGVsbG8="}}'
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tasks somebody wants to see."""

    tag: str  # "": any
    state: TaskState | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A task, at the moment at which it was looked at."""

    queue: Queue
    task: Task
    now: int

    @property
    def state(self) -> TaskState:
        """Whether it may be leased, is leased, or waits for its first eta."""
        return state_of(self.task.eta, self.task.retry_count, self.now)

    @property
    def rest(self) -> str:
        """How long until its eta, in words."""
        return duration(max(self.task.eta - self.now, 0) // MICROSECONDS)

    @property
    def size(self) -> int:
        """Bytes of its payload."""
        return len(self.task.payload or b"")


def duration(seconds: int) -> str:
    """So many seconds in the largest unit of which there are two.

    >>> [duration(seconds) for seconds in (0, 1, 119, 7_300, 604_800)]
    ['0 seconds', '1 second', '119 seconds', '2 hours', '7 days']
    """
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


async def show_all(visit: ProjectVisit) -> Response:
    typed, filters = _asked(visit)
    queue, found = await visit.read_aside(lambda tx, now: _some(tx, now, visit, filters))
    shown = listing(visit.visit, found)
    is_short = bool(shown.next) and len(shown.items) < PAGE_SIZE
    if visit.is_fragment:
        return visit.fragment("console/tasks_now.html", queue=queue, tasks=shown, is_short=is_short)
    here = {name: values[-1] for name, values in typed.values.items() if values[-1]}
    names = {"issuer": visit.services.issuer, "project": visit.project.id, "queue": queue.name}
    return visit.page(
        "console/tasks.html",
        typed=typed,
        queue=queue,
        tasks=shown,
        is_short=is_short,
        is_filtered=bool(here.keys() - {PAGE}),
        here=visit.url("queues", queue.name, "tasks", **here),
        insert_lines=_INSERT.format(**names),
    )


def _asked(visit: ProjectVisit) -> tuple[Typed, Filters | None]:
    """The form of the filters as it came; None when something is wrong with it."""
    known = {PAGE, "tag", "state"}
    typed = Typed({name: values for name, values in visit.visit.query.items() if name in known})
    try:
        tag = typed.exactly("tag")
        check_tag(tag)
        state = typed.one_of("state", STATES) if typed.text("state") else None
    except Invalid as error:
        return typed.refused(error), None
    return typed, Filters(tag, state)


def _some(
    tx: Transaction, now: int, visit: ProjectVisit, filters: Filters | None
) -> tuple[Queue, Page[TaskOutline]]:
    queue = _queue(tx, visit)
    if filters is None:
        return queue, Page([], "")
    found = tasks.list_page(
        tx,
        now,
        visit.actor,
        ids=visit.services.verbs.ids,
        project_id=visit.project.id,
        queue=queue.name,
        tag=filters.tag or None,
        state=filters.state,
        page_size=PAGE_SIZE,
        page_token=visit.parameter(PAGE),
    )
    return queue, found


async def show(visit: ProjectVisit) -> Response:
    seen = await _look(visit)
    if visit.is_fragment:
        return visit.fragment("console/task_now.html", seen=seen)
    payload = await visit.make(lambda: decoded(seen.task.payload or b""))
    return visit.page("console/task.html", seen=seen, payload=payload)


async def payload_file(visit: ProjectVisit) -> Response:
    """The payload as it is."""
    task = (await _look(visit)).task
    payload = task.payload or b""
    suffix = (await visit.make(lambda: decoded(payload))).suffix
    name = f"task-{task.id[:MAX_FILE_NAME]}.{suffix}"
    return download(payload, name=name, media_type=ANY_BYTES)


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    seen = await _look(visit)
    says = ["The task is destroyed with its payload: nobody leases it again."]
    if seen.state == "leased":
        says.append(
            f"It is leased for another {seen.rest}. The worker is not told, and may be at work on"
            " it: what it does stays done."
        )
    kept = seen.queue.tombstone_seconds
    if visit.services.verbs.ids.decode(seen.queue.id, seen.task.id) is None and kept:
        says.append(f"Its name stays taken for {duration(kept)}.")
    return visit.confirm(
        Confirmation(
            title=f"Delete task {seen.task.id}?",
            says=says,
            destroys=[("Tasks", 1), ("Payload", size(seen.size))],
            button="Delete the task",
            back=_url(visit, seen.task.id),
        ),
        typed,
    )


async def delete(visit: ProjectVisit) -> Response:
    try:
        task = await visit.write(
            lambda tx, now: tasks.delete(
                tx,
                now,
                visit.actor,
                ids=visit.services.verbs.ids,
                project_id=visit.project.id,
                queue=visit.segment("queue"),
                task_id=visit.segment("task"),
            )
        )
    except Error as error:
        return await ask_to_delete(visit, visit.typed().refused(error))
    return visit.go("queues", visit.segment("queue"), "tasks", note=f"Task {task.id} is deleted.")


async def ask_to_release(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    seen = await _look(visit)
    if seen.state == "available":
        return _to_task(visit, seen.task.id, note="It is available already.")
    is_leased = seen.state == "leased"
    return visit.confirm(
        Confirmation(
            title=f"Release task {seen.task.id}?" if is_leased else f"Let {seen.task.id} go now?",
            says=_end_of_lease(seen) if is_leased else _end_of_delay(seen),
            button="Release the lease" if is_leased else "Make it available",
            back=_url(visit, seen.task.id),
        ),
        typed,
    )


def _end_of_lease(seen: Seen) -> list[str]:
    deletes = (
        "As the queue has strict leases, it can no longer delete the task."
        if seen.queue.strict_leases
        else "If it deletes the task afterwards, that succeeds, whoever has leased it by then."
    )
    return [
        f"Its lease would run for another {seen.rest}. It ends now, and any worker may lease it.",
        "The worker that has it is not told, and may still be working: the task may be done twice.",
        deletes,
    ]


def _end_of_delay(seen: Seen) -> list[str]:
    return [f"It was to wait for another {seen.rest}. It may be leased at once instead."]


async def release(visit: ProjectVisit) -> Response:
    try:
        task = await visit.write(
            lambda tx, now: tasks.release(
                tx,
                now,
                visit.actor,
                ids=visit.services.verbs.ids,
                project_id=visit.project.id,
                queue=visit.segment("queue"),
                task_id=visit.segment("task"),
            )
        )
    except Error as error:
        return await ask_to_release(visit, visit.typed().refused(error))
    return _to_task(visit, task.id, note="The task is available.")


async def _look(visit: ProjectVisit) -> Seen:
    return await visit.read(lambda tx, now: _seen(tx, now, visit))


def _seen(tx: Transaction, now: int, visit: ProjectVisit) -> Seen:
    queue = _queue(tx, visit)
    task = tasks.get(
        tx,
        visit.actor,
        ids=visit.services.verbs.ids,
        project_id=visit.project.id,
        queue=queue.name,
        task_id=visit.segment("task"),
    )
    return Seen(queue, task, now)


def _queue(tx: Transaction, visit: ProjectVisit) -> Queue:
    return queues.get(tx, visit.actor, project_id=visit.project.id, name=visit.segment("queue"))


def _url(visit: ProjectVisit, task_id: str) -> str:
    return visit.url("queues", visit.segment("queue"), "tasks", task_id)


def _to_task(visit: ProjectVisit, task_id: str, *, note: str) -> Response:
    return visit.go("queues", visit.segment("queue"), "tasks", task_id, note=note)


_ALL = "queues/{queue}/tasks"
_ONE = f"{_ALL}/{{task}}"

PAGES: tuple[ProjectPage, ...] = (
    ProjectPage(_ALL, show=show_all),
    # Not below tasks/, where a task may have any word as its name.
    ProjectPage(
        "queues/{queue}/insert",
        show=task_insert.show,
        act=task_insert.insert,
        max_bytes=task_insert.MAX_FORM_BYTES,
    ),
    ProjectPage(_ONE, show=show),
    ProjectPage(f"{_ONE}/payload", show=payload_file),
    ProjectPage(f"{_ONE}/release", show=ask_to_release, act=release),
    ProjectPage(f"{_ONE}/delete", show=ask_to_delete, act=delete),
)
