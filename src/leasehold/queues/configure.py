"""Configuring: queues are made, changed, paused and deleted, one by one or from a queue file."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

from leasehold.accounts import projects
from leasehold.accounts.configuration import touch
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.queues import rows
from leasehold.queues.limits import MAX_RETRY_LIMIT, check_queue_limits, check_queue_name
from leasehold.queues.model import ROLES, Acl, PushPolicy, Queue, Role
from leasehold.queues.queue_file import QueueDeclaration, QueueFile
from leasehold.storage.transaction import Transaction

Action = Literal["create", "change", "pause", "keep"]


@dataclass(frozen=True, slots=True)
class Step:
    """What applying a queue file does to one queue; `changes` are sentences for a person."""

    action: Action
    queue: Queue  # as it will be
    changes: tuple[str, ...] = ()
    before: Queue | None = None  # None: it is not there yet


def find(tx: Transaction, project_id: str, name: str) -> Queue:
    """The queue; NotFound when the project has none of this name, Invalid for the name."""
    check_queue_name(name)
    queue = rows.find_queue(tx, project_id, name)
    if queue is None:
        raise NotFound(f"project {project_id} has no queue {name!r}")
    return queue


def find_to_change(tx: Transaction, project_id: str, name: str) -> Queue:
    """The queue, which nobody else changes through here until the commit; NotFound as `find`."""
    projects.lock(tx, project_id)
    return find(tx, project_id, name)


def list_queues(
    tx: Transaction, project_id: str, *, after_name: str, prefix: str, num_queues: int
) -> list[Queue]:
    """Some of the project's queues, by name: those after a name, and of those the first."""
    return rows.queues_after(
        tx, project_id, after_name=after_name, prefix=prefix, num_queues=num_queues
    )


def count_queues(tx: Transaction, project_id: str) -> int:
    """How many queues the project has."""
    return rows.count_queues(tx, project_id)


def roles_of(tx: Transaction, project_id: str, email: str, *, most: int) -> list[tuple[str, Role]]:
    """What ACLs of the project's queues give the address: a queue's name and a role, by name.

    The first `most` of them. Takes longer with every queue, some ten milliseconds with 10,000.
    """
    return rows.roles_of(tx, project_id, email, most=most)


def names_among(tx: Transaction, project_id: str, names: Sequence[str]) -> set[str]:
    """Those of the names, which are names of queues, that queues of the project have."""
    return rows.names_among(tx, project_id, names)


def extent_of_queues(tx: Transaction, project_id: str, *, most: int) -> tuple[int, int]:
    """How much a queue file has to do with: queues and roles, and queues that it may pause.

    Neither number is more than `most`, however many there are.
    """
    return rows.extent_of_queues(tx, project_id, most=most)


def create(tx: Transaction, queue: Queue) -> Queue:
    """The queue with its id; Conflict when the name is taken. `queue.id` is not looked at."""
    made = _insert(tx, queue)
    touch(tx)
    return made


def _insert(tx: Transaction, queue: Queue) -> Queue:
    _check(queue)
    queue_id = rows.insert_queue(tx, queue)
    if queue_id is None:
        raise Conflict(
            f"project {queue.project_id} already has a queue {queue.name}", field="queue"
        )
    return replace(queue, id=queue_id)


def change(tx: Transaction, queue: Queue) -> None:
    """Writes a queue's settings and ACL as they are in `queue`."""
    _update(tx, queue)
    touch(tx)


def _update(tx: Transaction, queue: Queue) -> None:
    _check(queue)
    rows.update_queue(tx, queue)


def _check(queue: Queue) -> None:
    check_queue_name(queue.name)
    limit = queue.task_retry_limit
    if limit is not None and not 0 <= limit <= MAX_RETRY_LIMIT:
        raise Invalid(
            f"a retry limit has 0 (none) to {MAX_RETRY_LIMIT} leases, not {limit}",
            field="task_retry_limit",
        )
    if not 0 <= queue.tombstone_seconds <= 10 * 366 * 86_400:
        raise Invalid(
            "names stay taken for 0 seconds to ten years after a task was deleted",
            field="tombstone_seconds",
        )
    check_queue_limits(queue.requests_per_second, queue.max_tasks, queue.max_bytes)


def pause(tx: Transaction, now: int, queue: Queue) -> None:
    """Nothing is leased from it until it is resumed; tasks may still be inserted and deleted."""
    rows.pause(tx, queue.id, now)
    touch(tx)


def resume(tx: Transaction, queue: Queue) -> None:
    """Tasks are given out again."""
    rows.resume(tx, queue.id)
    touch(tx)


def delete(tx: Transaction, now: int, queue: Queue) -> None:
    """The queue is gone at once and its name free; its tasks are swept away afterwards."""
    rows.delete_queue(tx, queue.id, now)
    touch(tx)


def grant(tx: Transaction, queue: Queue, role: Role, email: str) -> None:
    """Gives a role on the queue to the owner of an e-mail address (lower case)."""
    _check_role(role)
    rows.grant_role(tx, queue.id, role, email)
    touch(tx)


def revoke(tx: Transaction, queue: Queue, role: Role, email: str) -> None:
    """Takes the role away; NotFound when it was not given."""
    _check_role(role)
    if not rows.revoke_role(tx, queue.id, role, email):
        raise NotFound(f"{email} is not a {role} of queue {queue.name}")
    touch(tx)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"a queue has the roles {', '.join(ROLES)}, not {role!r}")


def plan(
    existing: Sequence[Queue],
    file: QueueFile,
    *,
    project_id: str,
    tombstone_seconds: int,
    now: int,
) -> list[Step]:
    """What applying the file means, in the file's order, then what it no longer names.

    As App Engine did: a queue that an earlier file declared and this one does not is paused, never
    deleted: somebody may be inserting into it. Queues made otherwise are left alone.
    """
    by_name = {queue.name: queue for queue in existing}
    steps = []
    for declared in file.queues:
        before = by_name.pop(declared.name, None)
        after = _declared_queue(declared, before, project_id, tombstone_seconds, now)
        steps.append(_step(before, after, resume_paused=bool(file.resume_paused_queues)))
    steps.extend(_step_for_undeclared(left, now) for left in by_name.values() if left.from_file)
    return steps


def apply(tx: Transaction, now: int, steps: Sequence[Step]) -> None:
    """Carries a plan out."""
    is_changed = False
    for step in steps:
        match step.action:
            case "create":
                _insert(tx, step.queue)
            case "change":
                _update(tx, step.queue)
                if step.queue.paused_at is None:
                    rows.resume(tx, step.queue.id)
            case "pause":
                rows.pause(tx, step.queue.id, now)
            case "keep":
                continue
        is_changed = True
    if is_changed:
        touch(tx)  # once: each time would leave PostgreSQL another version of its one row


def plan_file(
    tx: Transaction, now: int, file: QueueFile, *, project_id: str, tombstone_seconds: int
) -> list[Step]:
    """What `apply_file` would do at this moment, and refuses what that would."""
    steps = plan(
        rows.queues_for_file(tx, project_id, {declared.name for declared in file.queues}),
        file,
        project_id=project_id,
        tombstone_seconds=tombstone_seconds,
        now=now,
    )
    for step in steps:
        if step.action in {"create", "change"}:
            _check(step.queue)
    if file.total_storage_limit is not None:
        projects.check_storage_limit(file.total_storage_limit)
    return steps


def apply_file(
    tx: Transaction, now: int, file: QueueFile, *, project_id: str, tombstone_seconds: int
) -> list[Step]:
    """Makes the project's queues what the file says, and its storage limit if the file has one.

    What was done, in the order of `plan`. Raises NotFound for the project.
    """
    projects.lock(tx, project_id)
    steps = plan_file(tx, now, file, project_id=project_id, tombstone_seconds=tombstone_seconds)
    apply(tx, now, steps)
    if file.total_storage_limit is not None:
        projects.set_total_storage_limit(tx, project_id=project_id, limit=file.total_storage_limit)
    return steps


def _declared_queue(
    declared: QueueDeclaration, before: Queue | None, project_id: str, tombstone: int, now: int
) -> Queue:
    base = before or Queue(
        id=0,
        project_id=project_id,
        name=declared.name,
        mode=declared.mode,
        created_at=now,
        tombstone_seconds=tombstone,
    )
    return replace(
        base,
        mode=declared.mode,
        from_file=True,
        task_retry_limit=declared.task_retry_limit,
        push=PushPolicy(
            **{setting.name: getattr(declared, setting.name) for setting in fields(PushPolicy)}
        ),
        # Admins have no place in a queue file, so a file does not take them away.
        acl=Acl(
            frozenset(declared.consumer_emails),
            frozenset(declared.producer_emails),
            base.acl.admins,
        ),
    )


def _step(before: Queue | None, after: Queue, *, resume_paused: bool) -> Step:
    if before is None:
        return Step("create", after, tuple(_differences(None, after)))
    changes = list(_differences(before, after))
    if before.paused_at is not None and resume_paused:
        after = replace(after, paused_at=None)
        changes.append("resumed")
    if not changes and before.from_file:
        return Step("keep", after, before=before)
    return Step("change", after, tuple(changes), before)


def _step_for_undeclared(queue: Queue, now: int) -> Step:
    if queue.paused_at is not None:
        return Step("keep", queue, ("it is not in the file, and paused already",), queue)
    after = replace(queue, paused_at=now)
    return Step("pause", after, ("it is not in the file any more",), queue)


def _differences(before: Queue | None, after: Queue) -> list[str]:
    old = _settings(before) if before else {}
    new = _settings(after)
    changes = []
    for name, value in new.items():
        was = old.get(name, _UNSET)
        if value == was or (before is None and value in (None, "-", False)):
            continue
        changes.append(f"{name} {_word(value)}" + ("" if before is None else f", was {_word(was)}"))
    return changes


_UNSET = object()


def _word(value: object) -> str:
    return "not set" if value is None else str(value)


def _settings(queue: Queue) -> dict[str, object]:
    """What a queue file decides about a queue, in the file's own words."""
    return {
        "mode": queue.mode,
        "task_retry_limit": queue.task_retry_limit,
        **{setting.name: getattr(queue.push, setting.name) for setting in fields(PushPolicy)},
        "user_email": ", ".join(sorted(queue.acl.consumers)) or "-",
        "writer_email": ", ".join(sorted(queue.acl.producers)) or "-",
    }
