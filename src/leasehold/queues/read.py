"""Reading: one task with its payload, or the outline of a queue's first tasks."""

from leasehold.errors import NotFound
from leasehold.queues import rows
from leasehold.queues.limits import MAX_LISTED_TASKS, check_pull
from leasehold.queues.model import Queue, Task
from leasehold.queues.rows import TaskRow
from leasehold.queues.task_id import TaskIds
from leasehold.storage.transaction import Transaction


def get(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> Task:
    """The task, leased or not; NotFound when it is not there. Does not lease it."""
    check_pull(queue.mode, queue.name)
    number = number_of(tx, queue, task_id, ids)
    row = None if number is None else rows.find_task(tx, queue.id, number)
    if row is None:
        raise NotFound(f"there is no task {task_id!r} in queue {queue.name}")
    return task_of(queue, row, ids)


def list_tasks(
    tx: Transaction, queue: Queue, ids: TaskIds, *, num_tasks: int = MAX_LISTED_TASKS
) -> list[Task]:
    """The first tasks by eta, leased or not, without their payloads."""
    check_pull(queue.mode, queue.name)
    return [task_of(queue, row, ids) for row in rows.list_tasks(tx, queue.id, num_tasks)]


def number_of(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> int | None:
    """The number of the queue's task with this id, or None; the task itself may be gone."""
    number = ids.decode(queue.id, task_id)
    if number is None:
        return rows.numbers_of_names(tx, [(queue.id, task_id)]).get((queue.id, task_id))
    return number


def task_of(queue: Queue, row: TaskRow, ids: TaskIds) -> Task:
    """The task that a row describes."""
    task_id = row.name or ids.encode(queue.id, row.number)
    return Task(task_id, row.eta, row.enqueued_at, row.retry_count, row.tag, row.body)
