"""Inserting: a producer adds tasks to a queue; a given name is taken once."""

from collections.abc import Sequence

import msgspec

from leasehold.errors import Error, NotFound
from leasehold.queues import rows
from leasehold.queues.changes import Changes
from leasehold.queues.limits import (
    InvalidTaskName,
    check_eta,
    check_pull,
    check_size,
    check_tag,
    check_task_name,
)
from leasehold.queues.model import Queue, Task
from leasehold.queues.room import without_room
from leasehold.queues.rows import NewRow
from leasehold.queues.task_id import TaskIds
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction


class NewTask(msgspec.Struct, frozen=True):
    """A task to be inserted."""

    queue: Queue
    payload: bytes
    name: str | None = None  # None: the server makes the id
    tag: str | None = None
    eta: int | None = None  # microseconds; None or the past: available at once


def insert_verb(ids: TaskIds, numbers: TaskNumbers) -> Verb[NewTask, Task]:
    """The verb that inserts; `numbers` belongs to the lane that runs it."""

    def run(tx: Transaction, now: int, tasks: Sequence[NewTask]) -> list[Task | Error]:
        return insert(tx, now, tasks, ids, numbers)

    return Verb("insert", run)


def insert(
    tx: Transaction, now: int, tasks: Sequence[NewTask], ids: TaskIds, numbers: TaskNumbers
) -> list[Task | Error]:
    """The inserted tasks in the order given, or why one was refused.

    Refusals: Invalid for what breaks a limit; InvalidTaskName for a name that a task of the queue
    has, or had until less than `tombstone_seconds` ago; QueueFull for what does not fit into the
    queue any more; NotFound when the queue was deleted.
    """
    outcomes: list[Task | Error | None] = [_refusal(task, now, ids) for task in tasks]
    wanted = [index for index, refusal in enumerate(outcomes) if refusal is None]
    numbered = dict(zip(wanted, numbers.take(tx, len(wanted)), strict=True))
    for index in _taken(tx, now, tasks, numbered):
        outcomes[index] = InvalidTaskName("it is taken, or was until lately: use another")
        del numbered[index]
    lost = _full(tx, tasks, numbered, outcomes)
    new_rows = [_row(tasks[index], number, now) for index, number in numbered.items()]
    payloads = [(number, tasks[index].payload) for index, number in numbered.items()]
    inserted = rows.insert(tx, new_rows, payloads)
    changes = Changes(now)
    for index, row in zip(numbered, new_rows, strict=True):
        task = tasks[index]
        if row.number in inserted:
            changes.add(row.queue_id, tasks=1, bytes=row.payload_bytes)
            task_id = row.name or ids.encode(row.queue_id, row.number)
            outcomes[index] = Task(task_id, row.eta, now, 0, row.tag, task.payload)
        else:
            outcomes[index] = NotFound(f"queue {task.queue.name} was deleted")
            lost.append(task)
    named = [(task.queue.id, task.name, now) for task in lost if task.name]
    if named:  # a name that was claimed in vain is free again
        rows.bury_names(tx, named)
    changes.record(tx)
    return outcomes  # type: ignore[return-value]  # no None is left


def _row(task: NewTask, number: int, now: int) -> NewRow:
    eta = max(task.eta or 0, now)
    return NewRow(number, task.queue.id, eta, now, len(task.payload), task.name, task.tag or None)


def _refusal(task: NewTask, now: int, ids: TaskIds) -> Error | None:
    try:
        check_pull(task.queue.mode, task.queue.name)
        if task.name is not None:
            check_task_name(task.name)
            # Only this server makes such an id, so that task is there or was.
            if ids.decode(task.queue.id, task.name) is not None:
                raise InvalidTaskName("it is taken, or was until lately: use another")
        if task.tag:
            check_tag(task.tag)
        check_size(task.payload, task.name or "", task.tag)
        if task.eta is not None:
            check_eta(task.eta, now=now)
    except Error as refusal:
        return refusal
    return None


def _full(
    tx: Transaction,
    tasks: Sequence[NewTask],
    numbered: dict[int, int],
    outcomes: list[Task | Error | None],
) -> list[NewTask]:
    """Refuses what does not fit into its queue any more, and takes its number away; those tasks."""
    asked = [(index, tasks[index].queue, len(tasks[index].payload)) for index in numbered]
    refusals = without_room(tx, asked)
    for index, refusal in refusals.items():
        outcomes[index] = refusal
        del numbered[index]
    return [tasks[index] for index in refusals]


def _taken(
    tx: Transaction, now: int, tasks: Sequence[NewTask], numbered: dict[int, int]
) -> list[int]:
    """Claims the given names; the indexes of those that somebody else has."""
    first: dict[tuple[int, str], int] = {}  # of several tasks of one name the first may have it
    named = [(index, task.name, task.queue.id) for index in numbered if (task := tasks[index]).name]
    for index, name, queue_id in named:
        first.setdefault((queue_id, name or ""), index)
    if not first:
        return []
    claims = [(queue, name, numbered[index], now) for (queue, name), index in first.items()]
    claimed = rows.claim_names(tx, claims)
    return [index for index, _, _ in named if numbered[index] not in claimed]
