"""Tasks, as their project's admins see and mend them; workers use the Task Queue API."""

from typing import Annotated

from msgspec import Meta

from leasehold.administration import tasks
from leasehold.oauth2 import scopes
from leasehold.queues.model import Task
from leasehold.queues.read import TaskOutline, TaskState
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import (
    Instant,
    NextPage,
    Nothing,
    Page,
    Wire,
    instant,
    microseconds,
)

_PATH = "projects/{project}/queues/{queue}/tasks"
_ONE = f"{_PATH}/{{task}}"

Eta = Annotated[
    Instant, Meta(description="From when it may be leased: for a leased one, its lease's end.")
]
Leases = Annotated[int, Meta(description="How often it has been leased.")]
Tag = Annotated[str | None, Meta(description="A label by which tasks can be leased together.")]


class TaskResource(Wire, frozen=True):
    """A task with its payload."""

    id: str
    eta: Eta
    enqueued_at: Instant
    retry_count: Leases
    tag: Tag
    payload: Annotated[bytes, Meta(description="In base64.")]


class ListedTask(Wire, frozen=True):
    """A task without its payload."""

    id: str
    eta: Eta
    enqueued_at: Instant
    retry_count: Leases
    tag: Tag
    payload_bytes: int
    state: TaskState


class TaskList(Wire, frozen=True):
    """Some of a queue's tasks, by eta. A page may be empty and yet not be the last."""

    tasks: tuple[ListedTask, ...]
    next_page_token: NextPage


class ListTasks(Page, frozen=True):
    """Which tasks are listed."""

    tag: (
        Annotated[str, Meta(max_length=500, description="Those with this tag; none: any.")] | None
    ) = None
    state: Annotated[TaskState | None, Meta(description="Those that are so; none: any.")] = None


class InsertTask(Wire, frozen=True):
    """A task that is to be inserted."""

    payload: Annotated[bytes, Meta(max_length=2**20, description="In base64.")]
    id: (
        Annotated[
            str,
            Meta(max_length=500, description="A name that is taken once; null: one is made."),
        ]
        | None
    ) = None
    tag: Annotated[str, Meta(max_length=500, description="Null: untagged.")] | None = None
    eta: Annotated[
        Instant | None, Meta(description="At most 30 days ahead; null: it may be leased at once.")
    ] = None


def list_(tx: Transaction, now: int, call: Call) -> TaskList:
    asked = call.asked(ListTasks)
    found = tasks.list_page(
        tx,
        now,
        call.actor,
        ids=call.services.verbs.ids,
        project_id=call.project,
        queue=call.ids["queue"],
        tag=asked.tag,
        state=asked.state,
        page_size=asked.page_size,
        page_token=asked.page_token,
    )
    return TaskList(tasks=tuple(map(_listed, found.items)), next_page_token=found.next_page_token)


def insert(tx: Transaction, now: int, call: Call) -> TaskResource:
    given = call.given(InsertTask)
    inserted = tasks.insert(
        tx,
        now,
        call.actor,
        ids=call.services.verbs.ids,
        project_id=call.project,
        queue=call.ids["queue"],
        payload=given.payload,
        name=given.id,
        tag=given.tag,
        eta=None if given.eta is None else microseconds(given.eta, field="eta"),
    )
    return _resource(inserted, payload=given.payload)


def get(tx: Transaction, now: int, call: Call) -> TaskResource:  # noqa: ARG001  # every method is given the time
    found = tasks.get(
        tx,
        call.actor,
        ids=call.services.verbs.ids,
        project_id=call.project,
        queue=call.ids["queue"],
        task_id=call.ids["task"],
    )
    return _resource(found, payload=found.payload or b"")


def delete(tx: Transaction, now: int, call: Call) -> None:
    tasks.delete(
        tx,
        now,
        call.actor,
        ids=call.services.verbs.ids,
        project_id=call.project,
        queue=call.ids["queue"],
        task_id=call.ids["task"],
    )


def release(tx: Transaction, now: int, call: Call) -> TaskResource:
    tasks.release(
        tx,
        now,
        call.actor,
        ids=call.services.verbs.ids,
        project_id=call.project,
        queue=call.ids["queue"],
        task_id=call.ids["task"],
    )
    return get(tx, now, call)


def _resource(task: Task, *, payload: bytes) -> TaskResource:
    return TaskResource(
        id=task.id,
        eta=instant(task.eta),
        enqueued_at=instant(task.enqueued_at),
        retry_count=task.retry_count,
        tag=task.tag,
        payload=payload,
    )


def _listed(task: TaskOutline) -> ListedTask:
    return ListedTask(
        id=task.id,
        eta=instant(task.eta),
        enqueued_at=instant(task.enqueued_at),
        retry_count=task.retry_count,
        tag=task.tag,
        payload_bytes=task.payload_bytes,
        state=task.state,
    )


METHODS = (
    Method(
        id="leasehold.tasks.list",
        verb="GET",
        path=_PATH,
        description="Lists a queue's tasks without their payloads.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=ListTasks,
        request=None,
        response=TaskList,
        run=list_,
    ),
    Method(
        id="leasehold.tasks.insert",
        verb="POST",
        path=_PATH,
        description="Inserts a task into a queue.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=InsertTask,
        response=TaskResource,
        run=insert,
    ),
    Method(
        id="leasehold.tasks.get",
        verb="GET",
        path=_ONE,
        description="Shows a task with its payload, and does not lease it.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=TaskResource,
        run=get,
    ),
    Method(
        id="leasehold.tasks.delete",
        verb="DELETE",
        path=_ONE,
        description="Destroys a task, whether it is leased or not.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
    Method(
        id="leasehold.tasks.release",
        verb="POST",
        path=f"{_ONE}:release",
        description="Makes a task available at once by ending its lease or its delay.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=TaskResource,
        run=release,
    ),
)
