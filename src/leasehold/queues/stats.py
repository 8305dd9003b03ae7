"""Statistics: what a queue holds, what was leased lately, and which projects are full."""

from collections.abc import Iterable
from dataclasses import dataclass

from leasehold.clock import MICROSECONDS
from leasehold.queues import rows
from leasehold.queues.model import Queue, Statistics
from leasehold.queues.read import TaskState
from leasehold.queues.rows import QueueTotal
from leasehold.storage.transaction import Transaction

MAX_COUNTED = 10_000  # tasks that are leased or delayed, each of which is looked at


@dataclass(frozen=True, slots=True)
class StateCounts:
    """How many of a queue's tasks are in each state."""

    available: int
    leased: int
    delayed: int
    uncounted: frozenset[TaskState]  # states in which there may be more than that


def full_projects(tx: Transaction) -> frozenset[str]:
    """Ids of projects that have reached their `total_storage_limit` (bytes of payload)."""
    return frozenset(rows.full_projects(tx))


def totals(tx: Transaction) -> list[QueueTotal]:
    """What every queue of every project holds now, deleted ones left out; in no order."""
    return rows.all_totals(tx)


def contents(tx: Transaction, queues: Iterable[Queue]) -> dict[int, tuple[int, int]]:
    """How many tasks, leased ones included, and bytes of payload these hold, by their ids."""
    return rows.contents(tx, [queue.id for queue in queues])


def oldest_etas(tx: Transaction, queues: Iterable[Queue]) -> dict[int, int | None]:
    """By queues' ids the least eta (microseconds) of their tasks; None for one without tasks."""
    return rows.oldest_etas(tx, [queue.id for queue in queues])


def state_counts(tx: Transaction, now: int, queue: Queue) -> StateCounts:
    """Exact unless more than MAX_COUNTED tasks are leased or delayed: time has a bound."""
    found = rows.state_counts(tx, queue.id, now=now, most=MAX_COUNTED + 1)
    delayed = found.to_come - found.leased
    if found.to_come <= MAX_COUNTED:
        return StateCounts(found.total - found.to_come, found.leased, delayed, frozenset())
    uncounted: set[TaskState] = {"leased", "delayed"}
    if found.available > MAX_COUNTED:
        uncounted.add("available")
    return StateCounts(found.available, found.leased, delayed, frozenset(uncounted))


def held(tx: Transaction, project_id: str) -> tuple[int, int]:
    """How many tasks, leased ones included, and bytes of payload the project's queues hold."""
    return rows.held(tx, project_id)


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
