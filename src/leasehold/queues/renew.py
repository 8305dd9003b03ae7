"""Renewing: a consumer asks for more time, or gives a task back (0 seconds)."""

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.queues import rows
from leasehold.queues.limits import check_lease_seconds, check_pull
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import number_of, task_of
from leasehold.queues.task_id import TaskIds
from leasehold.storage.transaction import Transaction


class LeaseExpired(Invalid):
    """The lease ended, was renewed, or is another consumer's: the task may be theirs now."""

    def __init__(self) -> None:
        super().__init__("The task lease has expired")  # clients look for these words


def renew(
    tx: Transaction,
    now: int,
    queue: Queue,
    task_id: str,
    ids: TaskIds,
    *,
    seconds: int,
    lease_eta: int | None,
) -> Task:
    """Moves the lease's end to `seconds` from now (0 to 604,800); the task with its new eta.

    `lease_eta` is the lease that the caller holds (microseconds), None or 0 for "whichever runs".
    Raises LeaseExpired when it does not run any more or the task is gone; Invalid when the queue is
    paused or not a pull queue. The retry count stays.
    """
    check_pull(queue.mode, queue.name)
    check_lease_seconds(seconds, field="new_lease_seconds")
    if queue.paused_at is not None:
        raise Invalid(f"queue {queue.name} is paused: leases cannot be changed until it is resumed")
    number = number_of(tx, queue, task_id, ids)
    if number is None:
        raise LeaseExpired
    row = rows.renew(
        tx,
        queue_id=queue.id,
        number=number,
        until=now + seconds * MICROSECONDS,
        lease_eta=lease_eta or None,
        now=now,
    )
    if row is None:
        raise LeaseExpired
    return task_of(queue, row, ids)
