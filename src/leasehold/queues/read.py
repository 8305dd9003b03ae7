"""Reading: one task with its payload, or the outlines of a queue's tasks."""

from typing import Literal

import msgspec

from leasehold.errors import NotFound
from leasehold.queues import rows
from leasehold.queues.limits import MAX_LISTED_TASKS, check_pull
from leasehold.queues.model import Queue, Task
from leasehold.queues.rows import OutlineRow, TaskRow
from leasehold.queues.task_id import TaskIds
from leasehold.storage.transaction import Transaction

TaskState = Literal["available", "leased", "delayed"]
Place = tuple[int, int]  # in a list of tasks: the eta and the number of the last one seen

MAX_LOOKED_AT = 10_000  # tasks, for one page of a list
BEGINNING: Place = (-(2**62), 0)
FOREVER = 2**62  # after any eta

_TO_COME: tuple[TaskState | None, ...] = ("leased", "delayed")  # those whose eta has not passed


class TaskOutline(msgspec.Struct, frozen=True):
    """A task without its payload."""

    id: str
    eta: int  # microseconds, as `Task` has it
    enqueued_at: int  # microseconds
    retry_count: int  # leases so far
    tag: str | None  # None is untagged
    payload_bytes: int
    state: TaskState


def state_of(eta: int, retry_count: int, now: int) -> TaskState:
    """Whether a task may be leased now, is leased, or waits for its first eta to pass."""
    if eta < now:
        return "available"
    return "leased" if retry_count else "delayed"


def get(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> Task:
    """The task, leased or not; NotFound when it is not there. Does not lease it."""
    check_pull(queue.mode, queue.name)
    task = find(tx, queue, task_id, ids)
    if task is None:
        raise NotFound(f"there is no task {task_id!r} in queue {queue.name}")
    return task


def find(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> Task | None:
    """The task, also of a push queue; None when it is not there."""
    number = number_of(tx, queue, task_id, ids)
    row = None if number is None else rows.find_task(tx, queue.id, number)
    return None if row is None else task_of(queue, row, ids)


def list_tasks(
    tx: Transaction, queue: Queue, ids: TaskIds, *, num_tasks: int = MAX_LISTED_TASKS
) -> list[Task]:
    """The first tasks by eta, leased or not, without their payloads."""
    check_pull(queue.mode, queue.name)
    return [task_of(queue, row, ids) for row in rows.list_tasks(tx, queue.id, num_tasks)]


def list_page(
    tx: Transaction,
    now: int,
    queue: Queue,
    ids: TaskIds,
    *,
    num_tasks: int,
    after: Place | None = None,
    tag: str | None = None,
    state: TaskState | None = None,
) -> tuple[list[TaskOutline], Place | None]:
    """The tasks that come after a place in the list, and from where on there may be more.

    By eta, then by insertion; of a push queue too. The place is None at the end of the list. There
    may be fewer tasks than asked for before the end: leased and delayed ones lie among each other,
    and only `MAX_LOOKED_AT` tasks are looked at. A task that is leased or released meanwhile moves
    in the list, so it may be seen twice or not at all; all the others are seen once.
    """
    place = after or BEGINNING
    if state in _TO_COME:
        place = max(place, (now, 0))
    size = max(num_tasks + 1, MAX_LOOKED_AT // 10) if state in _TO_COME else num_tasks + 1
    before = now if state == "available" else FOREVER
    found: list[TaskOutline] = []
    for _ in range(0, MAX_LOOKED_AT, size):
        chunk = rows.tasks_after(tx, queue.id, after=place, before=before, tag=tag, num_tasks=size)
        for row in chunk:
            if state not in (None, state_of(row.eta, row.retry_count, now)):
                continue
            if len(found) == num_tasks:
                return found, place
            found.append(_outline(queue, row, ids, now))
            place = (row.eta, row.number)
        if len(chunk) < size:
            return found, None
        place = (chunk[-1].eta, chunk[-1].number)
    return found, place


def number_of(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> int | None:
    """The number of the queue's task with this id, or None; the task itself may be gone."""
    number = ids.decode(queue.id, task_id)
    if number is None:
        return rows.numbers_of_names(tx, [(queue.id, task_id)]).get((queue.id, task_id))
    return number


def _outline(queue: Queue, row: OutlineRow, ids: TaskIds, now: int) -> TaskOutline:
    return TaskOutline(
        id=row.name or ids.encode(queue.id, row.number),
        eta=row.eta,
        enqueued_at=row.enqueued_at,
        retry_count=row.retry_count,
        tag=row.tag,
        payload_bytes=row.payload_bytes,
        state=state_of(row.eta, row.retry_count, now),
    )


def task_of(queue: Queue, row: TaskRow, ids: TaskIds) -> Task:
    """The task that a row describes."""
    task_id = row.name or ids.encode(queue.id, row.number)
    return Task(task_id, row.eta, row.enqueued_at, row.retry_count, row.tag, row.body)
