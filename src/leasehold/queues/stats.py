"""Statistics: what a queue holds, what was leased lately, and which projects are full."""

from collections.abc import Iterable

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.model import Queue, Statistics
from leasehold.queues.rows import QueueTotal
from leasehold.storage.transaction import Transaction


def full_projects(tx: Transaction) -> frozenset[str]:
    """Ids of projects that have reached their `total_storage_limit` (bytes of payload)."""
    return frozenset(rows.full_projects(tx))


def totals(tx: Transaction) -> list[QueueTotal]:
    """What every queue of every project holds now, deleted ones left out; in no order."""
    return rows.all_totals(tx)


def contents(tx: Transaction, queues: Iterable[Queue]) -> dict[int, tuple[int, int]]:
    """How many tasks, leased ones included, and bytes of payload these hold, by their ids."""
    return rows.contents(tx, [queue.id for queue in queues])


def stored_bytes(tx: Transaction, project_id: str) -> int:
    """The bytes of payload of all the project's tasks."""
    return rows.stored_bytes(tx, project_id)


def statistics(tx: Transaction, now: int, queue: Queue) -> Statistics:
    """Exact totals, and leases of the last 60 and 3600 seconds (to the second)."""
    return rows.statistics(
        tx,
        queue.id,
        minute_ago=now - 60 * MICROSECONDS,
        hour_ago=now - 3600 * MICROSECONDS,
    )
