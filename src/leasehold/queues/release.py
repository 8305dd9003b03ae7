"""Releasing: an administrator makes a task available now, whoever has leased it."""

from leasehold.queues import rows
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import number_of, task_of
from leasehold.queues.task_id import TaskIds
from leasehold.storage.transaction import Transaction


def release(tx: Transaction, now: int, queue: Queue, task_id: str, ids: TaskIds) -> Task | None:
    """The task, whose lease has ended now, or whose eta was still to come and is now.

    None when there was nothing to end: it is available already, or not there. Also in a paused
    queue, unlike a renewal for 0 seconds. The retry count stays.
    """
    number = number_of(tx, queue, task_id, ids)
    if number is None:
        return None
    row = rows.renew(tx, queue_id=queue.id, number=number, until=now, lease_eta=None, now=now)
    return None if row is None else task_of(queue, row, ids)
