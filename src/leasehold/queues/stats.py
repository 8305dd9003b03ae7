"""Statistics of a queue: what it holds, and what was leased lately."""

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.model import Queue, Statistics
from leasehold.storage.transaction import Transaction


def statistics(tx: Transaction, now: int, queue: Queue) -> Statistics:
    """Exact totals, and leases of the last 60 and 3600 seconds (to the second)."""
    return rows.statistics(
        tx,
        queue.id,
        minute_ago=now - 60 * MICROSECONDS,
        hour_ago=now - 3600 * MICROSECONDS,
    )
