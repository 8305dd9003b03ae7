"""Leasing: a consumer takes tasks for a while; an expired lease gives them back.

There is one instant, the eta: a task may be leased when it has passed, and a lease moves it to the
lease's end. So a task whose consumer dies comes back without anybody doing anything.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from leasehold.clock import MICROSECONDS
from leasehold.errors import Error
from leasehold.queues import rows
from leasehold.queues.changes import Changes
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.limits import check_lease_seconds, check_num_tasks, check_pull, check_tag
from leasehold.queues.model import Queue, Task
from leasehold.queues.remove import remove
from leasehold.queues.rows import AvailableRow
from leasehold.queues.task_id import TaskIds
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction

# Tasks and bytes of payload in one group: when many consumers ask for many at once, each gets a
# share, and nobody else waits for seconds.
MAX_TASKS_PER_GROUP = 4_000
MAX_BYTES_PER_GROUP = 64 * 2**20
MIN_SHARE_BYTES = 2**20

# How often one lease looks again after dropping tasks at their retry limit.
MAX_DROP_ROUNDS = 10


class LeaseRequest(msgspec.Struct, frozen=True):
    """What a consumer asks for."""

    queue: Queue
    num_tasks: int  # 1 to 1000; it may get fewer
    seconds: int  # 0 to 604,800
    by_tag: bool = False  # all tasks of one tag: `tag`, or the first available task's
    tag: str | None = None
    max_bytes: int = 32 * 2**20  # of payload; but always at least one task


class _Share:
    """What one request gets, while tasks are dealt out."""

    def __init__(self, request: LeaseRequest, max_tasks: int, max_bytes: int) -> None:
        self.request = request
        self.left = min(request.num_tasks, max_tasks)
        self.bytes_left = min(request.max_bytes, max_bytes)
        self.tasks: list[AvailableRow] = []

    def take(self, task: AvailableRow) -> bool:
        """Takes the task if it still fits."""
        if self.left == 0 or (self.tasks and task.payload_bytes > self.bytes_left):
            self.left = 0
            return False
        self.left -= 1
        self.bytes_left -= task.payload_bytes
        self.tasks.append(task)
        return True


def lease_verb(ids: TaskIds, heads: HeadCursor) -> Verb[LeaseRequest, list[Task]]:
    """The verb that leases; `heads` belongs to the lane that runs it."""

    def run(
        tx: Transaction, now: int, requests: Sequence[LeaseRequest]
    ) -> list[list[Task] | Error]:
        return lease(tx, now, requests, ids, heads)

    return Verb("lease", run)


def lease(
    tx: Transaction, now: int, requests: Sequence[LeaseRequest], ids: TaskIds, heads: HeadCursor
) -> list[list[Task] | Error]:
    """For each request the tasks it has now leased, by their former eta and then by insertion.

    An empty list when nothing is available or the queue is paused. A task at its queue's retry
    limit is dropped instead of leased. Refusals: Invalid for what breaks a limit.
    """
    outcomes: list[list[Task] | Error | None] = [_refusal(request) for request in requests]
    together: dict[tuple[int, object], list[int]] = defaultdict(list)
    for index, request in enumerate(requests):
        if outcomes[index] is None and request.queue.paused_at is None:
            # Requests for any task of a queue are merged; a request by tag stands alone.
            together[request.queue.id, index if request.by_tag else None].append(index)
    changes = Changes(now)
    granted = [requests[index] for indexes in together.values() for index in indexes]
    max_tasks, max_bytes = _largest_share(granted)
    for indexes in together.values():
        shares = [_Share(requests[index], max_tasks, max_bytes) for index in indexes]
        _deal(tx, now, shares, heads, changes)
        leased = _move_etas(tx, now, shares, ids, changes)
        for index, tasks in zip(indexes, leased, strict=True):
            outcomes[index] = tasks
    changes.record(tx)
    return [[] if outcome is None else outcome for outcome in outcomes]


def _refusal(request: LeaseRequest) -> Error | None:
    try:
        check_pull(request.queue.mode, request.queue.name)
        check_num_tasks(request.num_tasks)
        check_lease_seconds(request.seconds)
        if request.tag:
            check_tag(request.tag)
    except Error as refusal:
        return refusal
    return None


def _largest_share(requests: Sequence[LeaseRequest]) -> tuple[int, int]:
    """How many tasks, and bytes of payload, one of these requests may get."""
    count = max(1, len(requests))
    most = MAX_TASKS_PER_GROUP
    if sum(request.num_tasks for request in requests) > most:
        most = max(1, most // count)
    return most, max(MIN_SHARE_BYTES, MAX_BYTES_PER_GROUP // count)


def _deal(
    tx: Transaction, now: int, shares: list[_Share], heads: HeadCursor, changes: Changes
) -> None:
    """Deals available tasks to the shares in order of arrival."""
    wanted = sum(share.left for share in shares)
    waiting = iter(shares)
    share = next(waiting, None)
    for task in _available_after_drops(tx, now, shares[0].request, wanted, heads, changes):
        while share is not None and not share.take(task):
            share = next(waiting, None)


def _available_after_drops(
    tx: Transaction,
    now: int,
    request: LeaseRequest,
    num_tasks: int,
    heads: HeadCursor,
    changes: Changes,
) -> list[AvailableRow]:
    """Available tasks, once those are dropped that were leased as often as the queue allows."""
    queue = request.queue
    found: list[AvailableRow] = []
    for _ in range(MAX_DROP_ROUNDS):
        found = _available(tx, now, request, num_tasks, heads)
        spent = _spent(queue, found)
        if not spent:
            break
        remove(tx, now, spent, {queue.id: queue.tombstone_seconds}, changes)
        found = [task for task in found if task.number not in spent]
    return found


def _spent(queue: Queue, tasks: list[AvailableRow]) -> set[int]:
    limit = queue.task_retry_limit
    if not limit:  # None or 0: leased until somebody deletes them
        return set()
    return {task.number for task in tasks if task.retry_count >= limit}


def _available(
    tx: Transaction, now: int, request: LeaseRequest, num_tasks: int, heads: HeadCursor
) -> list[AvailableRow]:
    queue_id = request.queue.id
    if request.by_tag and request.tag:
        return rows.available_of_tag(tx, queue_id, request.tag, now=now, num_tasks=num_tasks)
    head = heads.start(queue_id, now)
    found = rows.available(tx, queue_id, head=head, now=now, num_tasks=num_tasks)
    heads.saw(queue_id, found[0].eta if found else None, now)
    if not request.by_tag or not found:
        return found
    if found[0].tag is None:
        # As App Engine did: the untagged among the first tasks, and no search beyond them.
        return [task for task in found if task.tag is None]
    return rows.available_of_tag(tx, queue_id, found[0].tag, now=now, num_tasks=num_tasks)


def _move_etas(
    tx: Transaction, now: int, shares: list[_Share], ids: TaskIds, changes: Changes
) -> list[list[Task]]:
    """Leases what was dealt: one statement for all shares."""
    queue_id = shares[0].request.queue.id
    ends = [now + share.request.seconds * MICROSECONDS for share in shares]
    leases = [
        (task.number, end) for share, end in zip(shares, ends, strict=True) for task in share.tasks
    ]
    if not leases:
        return [[] for _ in shares]
    payloads = rows.lease(tx, leases)
    changes.add(queue_id, leased=len(payloads))
    return [
        [
            Task(
                task.name or ids.encode(queue_id, task.number),
                end,
                task.enqueued_at,
                task.retry_count + 1,
                task.tag,
                payloads[task.number],
            )
            for task in share.tasks
        ]
        for share, end in zip(shares, ends, strict=True)
    ]
