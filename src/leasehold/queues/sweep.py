"""Sweeping: what may be forgotten, and counts that are folded together. Each call does a little."""

from collections import Counter

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.changes import Changes
from leasehold.queues.remove import remove
from leasehold.storage.transaction import Transaction

MAX_ROWS = 2_000  # in one transaction, so that no caller waits long for it
MAX_TASKS = 500  # likewise: a task is several rows, and indexes


def fold_changes(tx: Transaction, now: int) -> int:  # noqa: ARG001  # every operation is given the time
    """Adds the oldest changes to the totals; how many rows were folded."""
    changes = rows.take_changes(tx, MAX_ROWS)
    tasks: Counter[int] = Counter()
    size: Counter[int] = Counter()
    leased: Counter[tuple[int, int]] = Counter()
    for change in changes:
        tasks[change.queue_id] += change.tasks
        size[change.queue_id] += change.bytes
        if change.leased:
            leased[change.queue_id, change.at // MICROSECONDS] += change.leased
    rows.add_totals(tx, [(queue, tasks[queue], size[queue]) for queue in tasks])
    rows.add_leases(tx, [(queue, second, count) for (queue, second), count in leased.items()])
    return len(changes)


def sweep_leases(tx: Transaction, now: int) -> int:
    """Forgets counts of leases from more than an hour ago."""
    return rows.sweep_leases(tx, now // MICROSECONDS - 3601)


def sweep_names(tx: Transaction, now: int) -> int:
    """Frees names whose tombstone has ended; how many."""
    return rows.sweep_names(tx, now, MAX_ROWS)


def sweep_deleted_queues(tx: Transaction, now: int) -> int:
    """Removes some tasks of a deleted queue; how many."""
    queue_id = rows.deleted_queue_with_tasks(tx)
    if queue_id is None:
        return 0
    return purge_some(tx, now, queue_id, before=now, tombstone_seconds=0)


def purge_some(
    tx: Transaction, now: int, queue_id: int, *, before: int, tombstone_seconds: int
) -> int:
    """Removes some tasks that were inserted at `before` or earlier, leased or not; how many.

    To purge a queue, call it until it returns 0; names stay taken as if the tasks were deleted.
    """
    numbers = rows.tasks_enqueued_before(tx, queue_id, before, MAX_TASKS)
    changes = Changes(now)
    removed = remove(tx, now, numbers, {queue_id: tombstone_seconds}, changes)
    changes.record(tx)
    return len(removed)
