"""Administration by queue files: a project's queues become what a queue.yaml or queue.xml says."""

from leasehold.accounts.model import Project
from leasehold.administration import audit, authority, queues
from leasehold.administration.actor import Actor
from leasehold.administration.queues import MAX_QUEUES
from leasehold.errors import Conflict
from leasehold.queues import configure
from leasehold.queues.configure import Step
from leasehold.queues.queue_file import QueueFile
from leasehold.storage.transaction import Transaction

# What a server does for one file while others wait. The command line does any.
MAX_THERE = 10_000  # queues and roles on them that the project has already
MAX_WRITTEN = 500  # queues and roles that the file names, or queues that it pauses


def check_effort(tx: Transaction, actor: Actor, *, project_id: str, file: QueueFile) -> None:
    """Raises Conflict when the file, or the project, is more than a server does in one go."""
    authority.require(tx, actor, project_id)
    named = sum(1 + len(q.consumer_emails) + len(q.producer_emails) for q in file.queues)
    there, running = configure.extent_of_queues(tx, project_id, most=MAX_THERE + 1)
    if there > MAX_THERE or max(named, running) > MAX_WRITTEN:
        raise Conflict(
            f"a server applies files of at most {MAX_WRITTEN} queues and roles, to projects of at"
            f" most {MAX_THERE}: apply this one by the command line",
            field="file",
        )


def preview(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    file: QueueFile,
    tombstone_seconds: int,
) -> list[Step]:
    """What `apply` would do at this moment, and refuses what that would; changes nothing."""
    authority.require(tx, actor, project_id)
    steps = configure.plan_file(
        tx, now, file, project_id=project_id, tombstone_seconds=tombstone_seconds
    )
    _check(steps, configure.count_queues(tx, project_id) + _made(steps))
    return steps


def apply(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    file: QueueFile,
    tombstone_seconds: int,
) -> list[Step]:
    """Does what the file says: all of it, or nothing. What was done, in the order of the file.

    Each queue that changes has an entry in the audit log, and so has the storage limit.
    `tombstone_seconds` is for the queues that are made. Raises NotFound for the project, Invalid
    for a setting, and Conflict for too many queues or roles on one.
    """
    project = authority.require(tx, actor, project_id)
    steps = configure.apply_file(
        tx, now, file, project_id=project_id, tombstone_seconds=tombstone_seconds
    )
    _check(steps, configure.count_queues(tx, project_id))
    for step in steps:
        _record_step(tx, now, actor, step)
    _record_limit(tx, now, actor, project, file.total_storage_limit)
    return steps


def _made(steps: list[Step]) -> int:
    return sum(step.action == "create" for step in steps)


def _check(steps: list[Step], number_of_queues: int) -> None:
    if _made(steps) and number_of_queues > MAX_QUEUES:
        raise Conflict(f"a project has at most {MAX_QUEUES} queues", field="queue")
    for step in steps:
        queues.check_acl_size(step.queue.acl)


def _record_step(tx: Transaction, now: int, actor: Actor, step: Step) -> None:
    match step.action, step.before:
        case "keep", _:
            pass
        case "pause", _:
            queues.record_pause(tx, now, actor, step.queue)
        case _, None:
            queues.record(tx, now, actor, "create", step.queue, after=queues.described(step.queue))
        case _, before:
            queues.record_change(tx, now, actor, before, step.queue)


def _record_limit(
    tx: Transaction, now: int, actor: Actor, project: Project, limit: int | None
) -> None:
    if limit is None or limit == project.total_storage_limit:
        return
    audit.record(
        tx,
        now,
        actor,
        action="projects.setStorageLimit",
        project_id=project.id,
        target=f"projects/{project.id}",
        before={"total_storage_limit": project.total_storage_limit},
        after={"total_storage_limit": limit},
    )
