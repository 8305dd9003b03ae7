"""Administration of queues: made, listed, changed, granted, paused, purged and deleted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import msgspec
from msgspec import UNSET, UnsetType

from leasehold.accounts import projects
from leasehold.accounts.emails import normalize_email
from leasehold.administration import audit, authority, paging
from leasehold.administration.actor import Actor
from leasehold.administration.paging import Page
from leasehold.errors import Conflict
from leasehold.queues import configure, stats, sweep
from leasehold.queues.limits import check_queue_name
from leasehold.queues.model import Acl, Mode, Queue, Role, Statistics
from leasehold.queues.stats import StateCounts
from leasehold.storage.transaction import Transaction

MAX_QUEUES = 10_000  # of one project
MAX_ACL_ENTRIES = 1_000  # of one queue
MAX_PAGE_ENTRIES = 10_000  # of the ACLs of all queues on a page, more or less
QUEUES_AT_ONCE = 20  # that are read of a page before its ACLs are counted


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings to be written; one that is not given stays, or has its default in a new queue.

    None is no limit; units are those of `Queue`.
    """

    mode: Mode | UnsetType = UNSET
    strict_leases: bool | UnsetType = UNSET
    task_retry_limit: int | UnsetType | None = UNSET
    tombstone_seconds: int | UnsetType = UNSET
    requests_per_second: float | UnsetType | None = UNSET
    max_tasks: int | UnsetType | None = UNSET
    max_bytes: int | UnsetType | None = UNSET

    def written_to(self, queue: Queue) -> Queue:
        """The queue with these settings."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return replace(
            queue, **{name: value for name, value in given.items() if value is not UNSET}
        )


@dataclass(frozen=True, slots=True)
class QueueWithContents:
    """A queue, and what it holds at this moment."""

    queue: Queue
    tasks: int  # leased ones included
    bytes: int  # of payload
    oldest_eta: int | None  # microseconds; None when it is empty


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge that has begun: `purge_some` carries it out, step by step."""

    queue: Queue
    enqueued_until: int  # microseconds: tasks that are inserted later stay
    tasks: int  # that the queue held when it began


def create(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    name: str,
    settings: QueueSettings | None = None,
    acl: Acl | None = None,
) -> Queue:
    """Adds a queue: a pull queue unless the settings say otherwise.

    Raises NotFound for the project, Invalid for a name, setting or address, and Conflict when the
    name is taken or the project has MAX_QUEUES.
    """
    authority.require(tx, actor, project_id)
    projects.lock(tx, project_id)
    acl = _normalized(acl or Acl())
    check_acl_size(acl)
    plain = Queue(id=0, project_id=project_id, name=name, mode="pull", created_at=now, acl=acl)
    queue = configure.create(tx, (settings or QueueSettings()).written_to(plain))
    check_number_of_queues(tx, project_id)
    record(tx, now, actor, "create", queue, after=described(queue))
    return queue


def list_page(
    tx: Transaction,
    actor: Actor,
    *,
    project_id: str,
    prefix: str = "",
    page_size: int = paging.DEFAULT_SIZE,
    page_token: str = "",
) -> Page[QueueWithContents]:
    """The project's queues whose names begin with the prefix, by name; a page may be short.

    Raises NotFound for the project, Invalid for the prefix, the size or the token.
    """
    authority.require(tx, actor, project_id)
    paging.check_size(page_size)
    if prefix:
        check_queue_name(prefix)
    found, is_last = _some(tx, project_id, paging.key_in(page_token), prefix, page_size)
    held = stats.contents(tx, found)
    oldest = stats.oldest_etas(tx, found)
    items = [QueueWithContents(queue, *held[queue.id], oldest[queue.id]) for queue in found]
    return Page(items, "" if is_last else paging.token_after(found[-1].name))


def _some(
    tx: Transaction, project_id: str, after_name: str, prefix: str, page_size: int
) -> tuple[list[Queue], bool]:
    """A page of queues, and whether it is the last; it ends early when their ACLs are long."""
    found: list[Queue] = []
    is_last = False
    while not is_last and len(found) < page_size and _entries(found) < MAX_PAGE_ENTRIES:
        asked = min(QUEUES_AT_ONCE, page_size - len(found))
        after_name = found[-1].name if found else after_name
        some = configure.list_queues(
            tx, project_id, after_name=after_name, prefix=prefix, num_queues=asked + 1
        )
        found += some[:asked]
        is_last = len(some) <= asked
    return found, is_last


def _entries(queues: Iterable[Queue]) -> int:
    return sum(
        len(emails)
        for queue in queues
        for emails in (queue.acl.consumers, queue.acl.producers, queue.acl.admins)
    )


def get(tx: Transaction, actor: Actor, *, project_id: str, name: str) -> Queue:
    """The queue with its settings and ACL. Raises NotFound for project and queue, Invalid."""
    authority.require(tx, actor, project_id)
    return configure.find(tx, project_id, name)


def roles_of(
    tx: Transaction, actor: Actor, *, project_id: str, email: str, most: int
) -> list[tuple[str, Role]]:
    """What the project's queues let the address do: a queue's name and a role, by name.

    The first `most` of them. Raises NotFound for the project.
    """
    authority.require(tx, actor, project_id)
    return configure.roles_of(tx, project_id, email.lower(), most=most)


def names_among(
    tx: Transaction, actor: Actor, *, project_id: str, names: Collection[str]
) -> set[str]:
    """Those of the names that queues of the project have. Raises NotFound, and Invalid for one."""
    authority.require(tx, actor, project_id)
    for name in names:
        check_queue_name(name)
    return configure.names_among(tx, project_id, sorted(names))


def statistics(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, name: str
) -> Statistics:
    """What the queue holds and gave out lately. Raises as `get` does."""
    return stats.statistics(tx, now, get(tx, actor, project_id=project_id, name=name))


def state_counts(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, name: str
) -> StateCounts:
    """How many of its tasks are available, leased and delayed. Raises as `get` does."""
    return stats.state_counts(tx, now, get(tx, actor, project_id=project_id, name=name))


def change(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    name: str,
    settings: QueueSettings,
) -> Queue:
    """Writes the settings that are given; the queue as it is then. Raises as `get` does."""
    before = _find_to_change(tx, actor, project_id, name)
    after = settings.written_to(before)
    if after != before:
        configure.change(tx, after)
        record_change(tx, now, actor, before, after)
    return after


def grant(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    name: str,
    role: Role,
    email: str,
) -> Queue:
    """Gives somebody a role on the queue; again is no error. The queue as it is then.

    Raises as `get` does, Invalid for role and address, Conflict at MAX_ACL_ENTRIES.
    """
    queue = _find_to_change(tx, actor, project_id, name)
    email = normalize_email(email)
    configure.grant(tx, queue, role, email)
    after = configure.find(tx, project_id, name)
    check_acl_size(after.acl)
    if after != queue:
        record(tx, now, actor, "grant", queue, after={"role": role, "email": email})
    return after


def revoke(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    name: str,
    role: Role,
    email: str,
) -> Queue:
    """Takes somebody's role on the queue away; the queue as it is then.

    The address is any text: a queue file may have named what is no address here. Raises as `get`
    does, Invalid for the role, and NotFound when they do not have it.
    """
    queue = _find_to_change(tx, actor, project_id, name)
    email = email.lower()
    configure.revoke(tx, queue, role, email)
    record(tx, now, actor, "revoke", queue, before={"role": role, "email": email})
    return configure.find(tx, project_id, name)


def pause(tx: Transaction, now: int, actor: Actor, *, project_id: str, name: str) -> Queue:
    """Nothing is leased until it is resumed; again is no error. Raises as `get` does."""
    queue = _find_to_change(tx, actor, project_id, name)
    if queue.paused_at is None:
        configure.pause(tx, now, queue)
        record_pause(tx, now, actor, queue)
    return configure.find(tx, project_id, name)


def resume(tx: Transaction, now: int, actor: Actor, *, project_id: str, name: str) -> Queue:
    """Its tasks are given out again; one that runs is no error. Raises as `get` does."""
    queue = _find_to_change(tx, actor, project_id, name)
    if queue.paused_at is not None:
        configure.resume(tx, queue)
        record(tx, now, actor, "resume", queue, before={"paused": True}, after={"paused": False})
    return configure.find(tx, project_id, name)


def delete(tx: Transaction, now: int, actor: Actor, *, project_id: str, name: str) -> Queue:
    """The queue is gone at once and its name free; a chore sweeps its tasks away. What it was.

    Raises as `get` does.
    """
    queue = _find_to_change(tx, actor, project_id, name)
    tasks, size = stats.contents(tx, [queue])[queue.id]
    configure.delete(tx, now, queue)
    held = {"tasks": tasks, "bytes": size}
    record(tx, now, actor, "delete", queue, before=described(queue) | held)
    return queue


def begin_purge(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    name: str,
    enqueued_until: int | None = None,
) -> Purge:
    """Writes down that the queue is purged, and of how many tasks; `purge_some` does it.

    None: of all that were inserted up to now (microseconds). Raises as `get` does.
    """
    queue = get(tx, actor, project_id=project_id, name=name)
    tasks, size = stats.contents(tx, [queue])[queue.id]
    if tasks:
        record(tx, now, actor, "purge", queue, before={"tasks": tasks, "bytes": size})
    return Purge(queue, now if enqueued_until is None else enqueued_until, tasks)


def purge_some(tx: Transaction, now: int, purge: Purge) -> int:
    """Destroys some tasks of a purge, leased ones too; how many. To be called until it is 0.

    Names stay taken as if the tasks were deleted. Cut short, another purge goes on.
    """
    return sweep.purge_some(
        tx,
        now,
        purge.queue.id,
        before=purge.enqueued_until,
        tombstone_seconds=purge.queue.tombstone_seconds,
    )


def sweep_some(tx: Transaction, now: int, deleted: Queue) -> int:
    """Removes some tasks of a queue that `delete` returned, ahead of the chore; how many."""
    return sweep.purge_some(tx, now, deleted.id, before=now, tombstone_seconds=0)


def check_number_of_queues(tx: Transaction, project_id: str) -> None:
    """Conflict when the project has more than MAX_QUEUES; to be asked after they were made."""
    if configure.count_queues(tx, project_id) > MAX_QUEUES:
        raise Conflict(f"{project_id} has {MAX_QUEUES} queues: delete one first", field="queue")


def check_acl_size(acl: Acl) -> None:
    """Conflict when more than MAX_ACL_ENTRIES roles are given."""
    if len(acl.consumers) + len(acl.producers) + len(acl.admins) > MAX_ACL_ENTRIES:
        raise Conflict(f"a queue's ACL has at most {MAX_ACL_ENTRIES} entries", field="email")


def described(queue: Queue) -> dict[str, object]:
    """Its settings and ACL for the audit log; of the push settings those that are set."""
    push = {name: value for name, value in asdict(queue.push).items() if value is not None}
    return {
        "mode": queue.mode,
        "paused": queue.paused_at is not None,
        "from_file": queue.from_file,
        **{name: getattr(queue, name) for name in QueueSettings.__struct_fields__},
        "push": push,
        "consumers": sorted(queue.acl.consumers),
        "producers": sorted(queue.acl.producers),
        "admins": sorted(queue.acl.admins),
    }


def record(
    tx: Transaction,
    now: int,
    actor: Actor,
    act: str,
    queue: Queue,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Writes an act on a queue down."""
    audit.record(
        tx,
        now,
        actor,
        action=f"queues.{act}",
        project_id=queue.project_id,
        target=f"queues/{queue.name}",
        before=before,
        after=after,
    )


def record_change(tx: Transaction, now: int, actor: Actor, before: Queue, after: Queue) -> None:
    """Writes down what is different now."""
    old, new = described(before), described(after)
    changed = [name for name in new if old[name] != new[name]]
    record(
        tx,
        now,
        actor,
        "change",
        after,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )


def record_pause(tx: Transaction, now: int, actor: Actor, queue: Queue) -> None:
    """Writes down that a queue is paused."""
    record(tx, now, actor, "pause", queue, before={"paused": False}, after={"paused": True})


def _find_to_change(tx: Transaction, actor: Actor, project_id: str, name: str) -> Queue:
    authority.require(tx, actor, project_id)
    return configure.find_to_change(tx, project_id, name)


def _normalized(acl: Acl) -> Acl:
    return Acl(
        *(
            frozenset(normalize_email(email) for email in emails)
            for emails in (acl.consumers, acl.producers, acl.admins)
        )
    )
