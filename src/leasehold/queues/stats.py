"""Statistics: what a queue holds, what was leased lately, and which projects are full."""

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.model import Queue, Statistics
from leasehold.storage.transaction import Transaction


def full_projects(tx: Transaction) -> frozenset[str]:
    """Ids of projects that have reached their `total_storage_limit` (bytes of payload)."""
    return frozenset(rows.full_projects(tx))


def statistics(tx: Transaction, now: int, queue: Queue) -> Statistics:
    """Exact totals, and leases of the last 60 and 3600 seconds (to the second)."""
    return rows.statistics(
        tx,
        queue.id,
        minute_ago=now - 60 * MICROSECONDS,
        hour_ago=now - 3600 * MICROSECONDS,
    )
