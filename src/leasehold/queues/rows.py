"""Between SQL and values: the only file that runs the statements of `rows.sql`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leasehold.queues.model import ROLES, Acl, PushPolicy, Queue, Role, Statistics
from leasehold.storage.statements import load
from leasehold.storage.transaction import Row, Transaction

SQL = load(__package__, "rows.sql")


class NewRow(NamedTuple):
    """A task to be inserted, in the order of `insert_tasks`."""

    number: int
    queue_id: int
    eta: int
    enqueued_at: int
    payload_bytes: int
    name: str | None
    tag: str | None


class AvailableRow(NamedTuple):
    """A task that may be leased."""

    number: int
    eta: int
    enqueued_at: int
    retry_count: int
    payload_bytes: int
    name: str | None
    tag: str | None


class TaskRow(NamedTuple):
    """A task as it is; `body` is None in lists."""

    number: int
    eta: int
    enqueued_at: int
    retry_count: int
    name: str | None
    tag: str | None
    body: bytes | None


class OutlineRow(NamedTuple):
    """A task in a list that says how large its payload is."""

    number: int
    eta: int
    enqueued_at: int
    retry_count: int
    payload_bytes: int
    name: str | None
    tag: str | None


class DeletedRow(NamedTuple):
    """A task that was there until now."""

    number: int
    queue_id: int
    payload_bytes: int
    name: str | None


class ChangeRow(NamedTuple):
    """What a group did to a queue: tasks leased, tasks and bytes added (or taken, below 0)."""

    queue_id: int
    at: int
    leased: int
    tasks: int
    bytes: int


class StateCountsRow(NamedTuple):
    """How many tasks a queue has, and of them those in each state."""

    total: int
    available: int
    to_come: int
    leased: int  # of those to come


class QueueTotal(NamedTuple):
    """What a queue holds."""

    project_id: str
    name: str
    tasks: int
    bytes: int  # of payload


def take_numbers(tx: Transaction, count: int) -> int:
    """Takes the next `count` task numbers; the first of them."""
    row = tx.one(SQL.take_numbers, count=count)
    assert row is not None  # the migration made the one row
    return int(row[0])


def claim_names(tx: Transaction, names: Iterable[tuple[int, str, int, int]]) -> set[int]:
    """Claims (queue_id, name, number, now); the numbers of those whose name was free.

    No (queue_id, name) may occur twice: PostgreSQL refuses to touch a row twice in a statement.
    """
    return {row[0] for row in tx.many(SQL.claim_names, sorted(names))}


def insert(
    tx: Transaction, tasks: Sequence[NewRow], payloads: Sequence[tuple[int, bytes]]
) -> set[int]:
    """Inserts tasks and their payloads; the numbers of those whose queue is there."""
    inserted = {row[0] for row in tx.many(SQL.insert_tasks, tasks)}
    tx.many(SQL.insert_payloads, [payload for payload in payloads if payload[0] in inserted])
    return inserted


def available(
    tx: Transaction, queue_id: int, *, head: int, now: int, num_tasks: int
) -> list[AvailableRow]:
    """Tasks with head <= eta < now, in order of eta, then of insertion; locked on PostgreSQL."""
    found = tx.all(SQL.available_tasks, queue_id=queue_id, head=head, now=now, num_tasks=num_tasks)
    return [AvailableRow._make(row) for row in found]


def available_of_tag(
    tx: Transaction, queue_id: int, tag: str, *, now: int, num_tasks: int
) -> list[AvailableRow]:
    """The same among the tasks with this tag."""
    found = tx.all(
        SQL.available_tasks_of_tag, queue_id=queue_id, tag=tag, now=now, num_tasks=num_tasks
    )
    return [AvailableRow._make(row) for row in found]


def lease(tx: Transaction, leases: Sequence[tuple[int, int]]) -> dict[int, bytes]:
    """Moves the eta of (number, until); payloads by number."""
    return {row[0]: row[1] for row in tx.many(SQL.lease_tasks, leases)}


def renew(
    tx: Transaction, *, queue_id: int, number: int, until: int, lease_eta: int | None, now: int
) -> TaskRow | None:
    """Moves the eta of a leased task; None when the lease is over or not the one named."""
    row = tx.one(
        SQL.renew_lease,
        queue_id=queue_id,
        number=number,
        until=until,
        lease_eta=lease_eta,
        now=now,
    )
    return None if row is None else TaskRow._make(row)


def numbers_of_names(
    tx: Transaction, names: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """The numbers of the tasks that are there, by (queue_id, name)."""
    return {(row[0], row[1]): row[2] for row in tx.many(SQL.numbers_of_names, sorted(names))}


def lock_etas(tx: Transaction, numbers: Iterable[int]) -> dict[int, int]:
    """The etas of tasks, which nobody else changes until this transaction ends."""
    return {row[0]: row[1] for row in tx.many(SQL.lock_etas, [(n,) for n in sorted(numbers)])}


def delete(tx: Transaction, numbers: Iterable[int]) -> list[DeletedRow]:
    """Deletes tasks with their payloads; those that were there."""
    # In one order everywhere, so that two transactions cannot wait for each other.
    deleted = [
        DeletedRow._make(row)
        for row in tx.many(SQL.delete_tasks, [(number,) for number in sorted(numbers)])
    ]
    tx.many(SQL.delete_payloads, [(row.number,) for row in deleted])
    return deleted


def bury_names(tx: Transaction, names: Iterable[tuple[int, str, int]]) -> None:
    """Keeps (queue_id, name) taken until the instant given third."""
    tx.many(SQL.bury_names, sorted(names))


def record_changes(tx: Transaction, changes: Sequence[ChangeRow]) -> None:
    """Writes down what a group did."""
    tx.many(SQL.record_changes, changes)


def find_task(tx: Transaction, queue_id: int, number: int) -> TaskRow | None:
    """One task with its payload, or None."""
    row = tx.one(SQL.find_task, queue_id=queue_id, number=number)
    return None if row is None else TaskRow._make(row)


def list_tasks(tx: Transaction, queue_id: int, num_tasks: int) -> list[TaskRow]:
    """The first tasks by eta, leased or not, without their payloads."""
    found = tx.all(SQL.list_tasks, queue_id=queue_id, num_tasks=num_tasks)
    return [TaskRow._make(row) for row in found]


def tasks_after(
    tx: Transaction,
    queue_id: int,
    *,
    after: tuple[int, int],
    before: int,
    tag: str | None,
    num_tasks: int,
) -> list[OutlineRow]:
    """Tasks that come after (eta, number) and whose eta is less than `before`, in that order.

    Those with this tag only, if there is one.
    """
    eta, number = after
    among = {"queue_id": queue_id, "after_eta": eta, "after_number": number}
    if tag is None:
        found = tx.all(SQL.tasks_after, **among, num_tasks=num_tasks, before=before)
        return [OutlineRow._make(row) for row in found]
    found = tx.all(SQL.tasks_of_tag_after, **among, num_tasks=num_tasks, tag=tag)
    rows = (OutlineRow._make(row) for row in found)
    return [row for row in rows if row.eta < before]


def statistics(tx: Transaction, queue_id: int, *, minute_ago: int, hour_ago: int) -> Statistics:
    """Counts of one queue; instants in microseconds."""
    row = tx.one(SQL.statistics, queue_id=queue_id, minute_ago=minute_ago, hour_ago=hour_ago)
    assert row is not None  # a select without `from`
    return Statistics(*row)


def contents(tx: Transaction, queue_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """How many tasks, and bytes of payload, these queues hold, by their ids."""
    found = tx.many(SQL.contents, [(queue_id,) for queue_id in sorted(queue_ids)])
    return {row[0]: (row[1], row[2]) for row in found}


def oldest_etas(tx: Transaction, queue_ids: Iterable[int]) -> dict[int, int | None]:
    """The least eta of each queue's tasks by the queue's id; None where there is no task."""
    found = tx.many(SQL.oldest_etas, [(queue_id,) for queue_id in sorted(queue_ids)])
    return dict(found)


def state_counts(tx: Transaction, queue_id: int, *, now: int, most: int) -> StateCountsRow:
    """Tasks of one queue by state; the last three stop counting at `most`."""
    row = tx.one(SQL.state_counts, queue_id=queue_id, now=now, most=most)
    assert row is not None  # a sum of nothing is a row too
    return StateCountsRow._make(row)


def all_totals(tx: Transaction) -> list[QueueTotal]:
    """What each queue holds, in no order."""
    return [QueueTotal._make(row) for row in tx.all(SQL.all_totals)]


def stored_bytes(tx: Transaction, project_id: str) -> int:
    """The bytes of payload of all the project's tasks."""
    row = tx.one(SQL.stored_bytes, project_id=project_id)
    assert row is not None  # a sum of nothing is a row too
    return int(row[0])


def held(tx: Transaction, project_id: str) -> tuple[int, int]:
    """How many tasks, leased ones included, and bytes of payload the project's queues hold."""
    row = tx.one(SQL.held, project_id=project_id)
    assert row is not None  # likewise
    return int(row[0]), int(row[1])


def full_projects(tx: Transaction) -> list[str]:
    """Ids of projects whose tasks have as many bytes as allowed, or more."""
    return [row[0] for row in tx.all(SQL.full_projects)]


def take_changes(tx: Transaction, max_rows: int) -> list[ChangeRow]:
    """Takes the oldest changes away, to be added to the totals in this transaction."""
    return [ChangeRow._make(row) for row in tx.all(SQL.take_changes, max_rows=max_rows)]


def add_totals(tx: Transaction, totals: Iterable[tuple[int, int, int]]) -> None:
    """Adds (queue_id, tasks, bytes), each queue once."""
    tx.many(SQL.add_totals, sorted(totals))


def add_leases(tx: Transaction, leases: Iterable[tuple[int, int, int]]) -> None:
    """Adds (queue_id, second, leased), each second of a queue once."""
    tx.many(SQL.add_leases, sorted(leases))


def sweep_leases(tx: Transaction, before_second: int) -> int:
    """Forgets leases of long ago; how many rows went."""
    return tx.run(SQL.sweep_leases, before_second=before_second)


def sweep_names(tx: Transaction, now: int, max_rows: int) -> int:
    """Frees names whose tombstone has ended; how many went."""
    return tx.run(SQL.sweep_names, now=now, max_rows=max_rows)


def tasks_enqueued_before(tx: Transaction, queue_id: int, before: int, max_rows: int) -> list[int]:
    """Numbers of some tasks that were inserted at that instant or earlier."""
    found = tx.all(SQL.tasks_enqueued_before, queue_id=queue_id, before=before, max_rows=max_rows)
    return [row[0] for row in found]


def deleted_queue_with_tasks(tx: Transaction) -> int | None:
    """Id of a deleted queue whose tasks are still to be swept away; None: there is none."""
    row = tx.one(SQL.deleted_queue_with_tasks)
    return None if row is None else int(row[0])


def insert_queue(tx: Transaction, queue: Queue) -> int | None:
    """Inserts the queue and its ACL; its id, or None when the name is taken."""
    row = tx.one(
        SQL.insert_queue,
        project_id=queue.project_id,
        name=queue.name,
        now=queue.created_at,
        **_columns(queue),
    )
    if row is None:
        return None
    replace_acl(tx, row[0], queue.acl)
    return int(row[0])


def update_queue(tx: Transaction, queue: Queue) -> None:
    """Writes the queue's settings and ACL."""
    tx.run(SQL.update_queue, id=queue.id, **_columns(queue))
    replace_acl(tx, queue.id, queue.acl)


def pause(tx: Transaction, queue_id: int, now: int) -> None:
    """Marks it paused; the first instant of it stays."""
    tx.run(SQL.pause_queue, id=queue_id, now=now)


def resume(tx: Transaction, queue_id: int) -> None:
    """Marks it running."""
    tx.run(SQL.resume_queue, id=queue_id)


def delete_queue(tx: Transaction, queue_id: int, now: int) -> bool:
    """Marks it deleted; whether it was there."""
    return tx.run(SQL.delete_queue, id=queue_id, now=now) == 1


def find_queue(tx: Transaction, project_id: str, name: str) -> Queue | None:
    """A queue with its ACL, or None."""
    row = tx.one(SQL.find_queue, project_id=project_id, name=name)
    return None if row is None else _queues(tx, [row])[0]


def queues_for_file(tx: Transaction, project_id: str, names: Iterable[str]) -> list[Queue]:
    """A project's queues that a queue file is about, by name.

    Those that it names, and those that earlier files have declared: all others are left alone.
    """
    found = {row[0]: row for row in tx.all(SQL.queues_from_files, project_id=project_id)}
    named = tx.many(SQL.queues_named, [(project_id, name) for name in sorted(names)])
    found |= {row[0]: row for row in named}
    return sorted(_queues(tx, list(found.values())), key=lambda queue: queue.name)


def queues_after(
    tx: Transaction, project_id: str, *, after_name: str, prefix: str, num_queues: int
) -> list[Queue]:
    """A project's queues by name, from after that name on, that begin with the prefix."""
    found = tx.all(
        SQL.queues_after,
        project_id=project_id,
        after_name=after_name,
        prefix=prefix,
        num_queues=num_queues,
    )
    return _queues(tx, found)


def count_queues(tx: Transaction, project_id: str) -> int:
    """How many queues the project has."""
    row = tx.one(SQL.count_queues, project_id=project_id)
    assert row is not None  # a count of nothing is a row too
    return int(row[0])


def roles_of(tx: Transaction, project_id: str, email: str, *, most: int) -> list[tuple[str, Role]]:
    """Queues by name, each with a role that its ACL gives the address; at most `most`."""
    found = tx.all(SQL.roles_of, project_id=project_id, email=email, most=most)
    return [(name, role) for name, role in found]


def names_among(tx: Transaction, project_id: str, names: Sequence[str]) -> set[str]:
    """Those of the names that queues of the project have."""
    found = tx.many(SQL.names_among, [(project_id, name) for name in names])
    return {name for (name,) in found}


def extent_of_queues(tx: Transaction, project_id: str, *, most: int) -> tuple[int, int]:
    """Of a project's queues and roles the number, and how many queues of a file are not paused.

    Neither says more than `most`.
    """
    row = tx.one(SQL.extent_of_queues, project_id=project_id, most=most)
    assert row is not None  # likewise
    return int(row[0]), int(row[1])


def replace_acl(tx: Transaction, queue_id: int, acl: Acl) -> None:
    """Makes this the queue's whole ACL."""
    tx.run(SQL.clear_acl, queue_id=queue_id)
    lists = (("consumer", acl.consumers), ("producer", acl.producers), ("admin", acl.admins))
    tx.many(
        SQL.grant_role,
        [(queue_id, role, email) for role, emails in lists for email in sorted(emails)],
    )


def grant_role(tx: Transaction, queue_id: int, role: Role, email: str) -> None:
    """Adds one entry; nothing happens when it is there."""
    tx.many(SQL.grant_role, [(queue_id, role, email)])


def revoke_role(tx: Transaction, queue_id: int, role: Role, email: str) -> bool:
    """Takes one entry away; whether it was there."""
    return tx.run(SQL.revoke_role, queue_id=queue_id, role=role, email=email) == 1


def _columns(queue: Queue) -> dict[str, object]:
    push = queue.push
    return {
        "mode": queue.mode,
        "from_file": int(queue.from_file),
        "strict_leases": int(queue.strict_leases),
        "task_retry_limit": queue.task_retry_limit,
        "tombstone_seconds": queue.tombstone_seconds,
        "rate": push.rate,
        "bucket_size": push.bucket_size,
        "max_concurrent_requests": push.max_concurrent_requests,
        "target": push.target,
        "task_age_limit": push.task_age_limit,
        "min_backoff_seconds": push.min_backoff_seconds,
        "max_backoff_seconds": push.max_backoff_seconds,
        "max_doublings": push.max_doublings,
        "requests_per_second": queue.requests_per_second,
        "max_tasks": queue.max_tasks,
        "max_bytes": queue.max_bytes,
    }


def _queues(tx: Transaction, rows: Sequence[Row]) -> list[Queue]:
    """The queues in these rows, with their ACLs, which one statement fetches for all."""
    emails: dict[tuple[int, str], set[str]] = defaultdict(set)
    for queue_id, role, email in tx.many(SQL.acls_of, [(row[0],) for row in rows]):
        emails[queue_id, role].add(email)
    return [_queue(row, Acl(*(frozenset(emails[row[0], role]) for role in ROLES))) for row in rows]


def _queue(row: Row, acl: Acl) -> Queue:
    id_, project_id, name, mode, created_at, paused_at, from_file, strict, limit, tombstone = row[
        :10
    ]
    return Queue(
        id=id_,
        project_id=project_id,
        name=name,
        mode=mode,
        created_at=created_at,
        paused_at=paused_at,
        from_file=bool(from_file),
        strict_leases=bool(strict),
        task_retry_limit=limit,
        tombstone_seconds=tombstone,
        requests_per_second=row[18],
        max_tasks=row[19],
        max_bytes=row[20],
        push=PushPolicy(
            rate=row[10],
            bucket_size=row[11],
            max_concurrent_requests=row[12],
            target=row[13],
            task_age_limit=row[14],
            min_backoff_seconds=row[15],
            max_backoff_seconds=row[16],
            max_doublings=row[17],
        ),
        acl=acl,
    )
