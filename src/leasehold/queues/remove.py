"""Removing tasks for good: what deleting, dropping and purging have in common."""

from collections.abc import Iterable, Mapping

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.changes import Changes
from leasehold.queues.rows import DeletedRow
from leasehold.storage.transaction import Transaction


def remove(
    tx: Transaction,
    now: int,
    numbers: Iterable[int],
    tombstones: Mapping[int, int],
    changes: Changes,
) -> list[DeletedRow]:
    """Removes tasks by number; those that were there. Their names stay taken for a while.

    `tombstones` gives each queue's seconds for that; its names are free at once if it has none.
    """
    removed = rows.delete(tx, numbers)
    names = []
    for row in removed:
        changes.add(row.queue_id, tasks=-1, bytes=-row.payload_bytes)
        if row.name is not None:
            seconds = tombstones.get(row.queue_id, 0)
            names.append((row.queue_id, row.name, now + seconds * MICROSECONDS))
    if names:
        rows.bury_names(tx, names)
    return removed
