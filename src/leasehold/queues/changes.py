"""What a group does to the queues' counts, gathered so that it costs one row for each queue."""

from leasehold.queues import rows
from leasehold.queues.rows import ChangeRow
from leasehold.storage.transaction import Transaction


class Changes:
    """Counts of one group at one instant."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._counts: dict[int, list[int]] = {}

    def add(self, queue_id: int, *, leased: int = 0, tasks: int = 0, bytes: int = 0) -> None:  # noqa: A002  # the column's name
        """Counts leases granted, and tasks and payload bytes added (below 0: taken away)."""
        counts = self._counts.setdefault(queue_id, [0, 0, 0])
        counts[0] += leased
        counts[1] += tasks
        counts[2] += bytes

    def record(self, tx: Transaction) -> None:
        """Writes them down with the rest of the group."""
        changes = [ChangeRow(queue_id, self._now, *n) for queue_id, n in self._counts.items()]
        if changes:
            rows.record_changes(tx, changes)
