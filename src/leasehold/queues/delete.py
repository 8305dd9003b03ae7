"""Deleting: a consumer is done with a task. It goes at once; its name stays taken for a while."""

from collections.abc import Sequence

import msgspec

from leasehold.errors import Conflict, Error
from leasehold.queues import rows
from leasehold.queues.changes import Changes
from leasehold.queues.limits import InvalidTaskName, check_pull
from leasehold.queues.model import Queue
from leasehold.queues.remove import remove
from leasehold.queues.task_id import TaskIds
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction


class Deletion(msgspec.Struct, frozen=True):
    """A task to be deleted."""

    queue: Queue
    task_id: str
    lease_eta: int | None = None  # microseconds: the lease that the caller holds; None: any


class LeaseLost(Conflict):
    """The queue is strict, and the lease has ended or is somebody else's."""

    reason = "leaseLost"


def delete_verb(ids: TaskIds) -> Verb[Deletion, None]:
    """The verb that deletes."""

    def run(tx: Transaction, now: int, deletions: Sequence[Deletion]) -> list[Error | None]:
        return delete(tx, now, deletions, ids)

    return Verb("delete", run)


def delete(
    tx: Transaction, now: int, deletions: Sequence[Deletion], ids: TaskIds
) -> list[Error | None]:
    """None for each task that is now gone, or why it was refused.

    No lease is needed, and one that has ended does not matter: the work was done. Only in a queue
    with `strict_leases`, or when the caller names its lease, must that lease be running: LeaseLost
    otherwise. InvalidTaskName when the task is not there.
    """
    outcomes: list[Error | None] = [None] * len(deletions)
    found = enumerate(_numbers(tx, deletions, ids))
    numbers = {index: number for index, number in found if number is not None}
    for index in _lost(tx, now, deletions, numbers):
        outcomes[index] = LeaseLost("the lease has ended, or is another consumer's now")
        del numbers[index]
    tombstones = {d.queue.id: d.queue.tombstone_seconds for d in deletions}
    changes = Changes(now)
    gone = {row.number for row in remove(tx, now, numbers.values(), tombstones, changes)}
    changes.record(tx)
    for index, deletion in enumerate(deletions):
        if outcomes[index] is None:
            number = numbers.get(index)
            if number in gone:
                gone.discard(number)  # a second deletion of the same task finds nothing
            else:
                outcomes[index] = _absent(deletion)
    return outcomes


def _numbers(tx: Transaction, deletions: Sequence[Deletion], ids: TaskIds) -> list[int | None]:
    decoded = [ids.decode(d.queue.id, d.task_id) for d in deletions]
    names = {
        (d.queue.id, d.task_id)
        for d, number in zip(deletions, decoded, strict=True)
        if number is None
    }
    named = rows.numbers_of_names(tx, names) if names else {}
    return [
        named.get((d.queue.id, d.task_id)) if number is None else number
        for d, number in zip(deletions, decoded, strict=True)
    ]


def _lost(
    tx: Transaction, now: int, deletions: Sequence[Deletion], numbers: dict[int, int]
) -> list[int]:
    """Indexes of the deletions that need a running lease and do not have it."""
    fenced = [
        index
        for index in numbers
        if deletions[index].queue.strict_leases or deletions[index].lease_eta is not None
    ]
    if not fenced:
        return []
    etas = rows.lock_etas(tx, {numbers[index] for index in fenced})
    lost = []
    for index in fenced:
        eta = etas.get(numbers[index])
        if eta is not None and (eta < now or deletions[index].lease_eta not in (None, eta)):
            lost.append(index)
    return lost


def _absent(deletion: Deletion) -> Error:
    try:
        check_pull(deletion.queue.mode, deletion.queue.name)
    except Error as refusal:
        return refusal
    return InvalidTaskName("there is no such task in the queue")
