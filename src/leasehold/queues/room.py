"""Room: a queue with a limit takes tasks until it is full."""

from collections.abc import Sequence

from leasehold.queues import rows
from leasehold.queues.limits import QueueFull
from leasehold.queues.model import Queue
from leasehold.storage.transaction import Transaction


def without_room(tx: Transaction, asked: Sequence[tuple[int, Queue, int]]) -> dict[int, QueueFull]:
    """Which of (index, queue, payload bytes) do not fit any more, by index, and why.

    They are let in one by one, so a small task may fit where a larger one before it did not.
    Queues without limits cost nothing, not even a look into the database. On PostgreSQL servers
    that insert at the same instant do not see each other's tasks: each other server's group may
    then be too much.
    """
    limited = {queue.id for _, queue, _ in asked if _has_limit(queue)}
    if not limited:
        return {}
    held = rows.contents(tx, limited)
    refusals = {}
    for index, queue, size in asked:
        if queue.id not in limited:
            continue
        tasks, total = held[queue.id]
        refusal = _refusal(queue, tasks + 1, total + size)
        if refusal is None:
            held[queue.id] = (tasks + 1, total + size)
        else:
            refusals[index] = refusal
    return refusals


def _has_limit(queue: Queue) -> bool:
    return queue.max_tasks is not None or queue.max_bytes is not None


def _refusal(queue: Queue, tasks: int, total: int) -> QueueFull | None:
    """`tasks` and `total` (bytes) are what the queue would hold."""
    if queue.max_tasks is not None and tasks > queue.max_tasks:
        limit = f"{queue.max_tasks} tasks (max_tasks)"
    elif queue.max_bytes is not None and total > queue.max_bytes:
        limit = f"{queue.max_bytes} bytes of payload (max_bytes)"
    else:
        return None
    return QueueFull(
        f"Quota exceeded: queue {queue.name} may hold {limit}; delete tasks, or raise the limit"
    )
