"""Queues: made, changed, paused, purged, deleted, and applied from a queue file."""

from typing import Annotated, Literal, cast

from msgspec import UNSET, Meta, UnsetType

from leasehold.administration import queue_files, queues
from leasehold.administration.queues import Purge, QueueSettings, QueueWithContents
from leasehold.oauth2 import scopes
from leasehold.queues import queue_file
from leasehold.queues.configure import Step
from leasehold.queues.model import Acl, Mode, Queue
from leasehold.queues.queue_file import QueueFile
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import After, Aside, Call, Method
from leasehold.web.administration.wire import (
    Instant,
    NextPage,
    Nothing,
    Page,
    Wire,
    instant,
    maybe_instant,
)

MAX_FILE = 128 * 1024  # characters: more than what may be in one takes

_PATH = "projects/{project}/queues"
_ONE = f"{_PATH}/{{queue}}"

QueueName = Annotated[
    str, Meta(max_length=100, description="1 to 100 letters, digits and hyphens.")
]
ModeChoice = Annotated[
    Mode, Meta(description="Workers lease the tasks of a pull queue; push queues send theirs.")
]
Strict = Annotated[
    bool, Meta(description="Whether a task may be deleted only while a lease of it runs.")
]
RetryLimit = Annotated[
    int,
    Meta(ge=0, le=2**31 - 1, description="Leases until a task is dropped; 0 and null: no limit."),
]
Tombstones = Annotated[
    int,
    Meta(
        ge=0,
        le=10 * 366 * 86_400,
        description="Seconds for which the name of a deleted task stays taken.",
    ),
]
Rate = Annotated[
    float, Meta(ge=0, le=1_000_000, description="Calls per second that name it; null: no limit.")
]
MaxTasks = Annotated[
    int, Meta(ge=0, le=10**12, description="Tasks that it may hold; null: no limit.")
]
MaxBytes = Annotated[
    int, Meta(ge=0, le=10**15, description="Bytes of payload that it may hold; null: no limit.")
]
Addresses = Annotated[
    tuple[Annotated[str, Meta(max_length=320)], ...],
    Meta(max_length=1000, description="E-mail addresses, also of service accounts and clients."),
]


class AclResource(Wire, frozen=True):
    """Who may use a queue. An admin may do all that the others may."""

    consumers: Addresses = ()
    producers: Addresses = ()
    admins: Addresses = ()


class PushResource(Wire, frozen=True):
    """How a push queue sends its tasks; null: App Engine's default holds."""

    rate: Annotated[float | None, Meta(description="Tasks per second; 0 sends none.")]
    bucket_size: int | None
    max_concurrent_requests: int | None
    target: str | None
    task_age_limit: Annotated[int | None, Meta(description="Seconds.")]
    min_backoff_seconds: float | None
    max_backoff_seconds: float | None
    max_doublings: int | None


class QueueResource(Wire, frozen=True):
    """A queue as it is configured."""

    name: str
    project: str
    mode: ModeChoice
    created_at: Instant
    paused_at: Annotated[Instant | None, Meta(description="Null: its tasks are given out.")]
    from_file: Annotated[bool, Meta(description="Whether a queue file declares it.")]
    strict_leases: Strict
    task_retry_limit: RetryLimit | None
    tombstone_seconds: Tombstones
    requests_per_second: Rate | None
    max_tasks: MaxTasks | None
    max_bytes: MaxBytes | None
    push: PushResource
    acl: AclResource


class ListedQueue(Wire, frozen=True):
    """A queue and what it holds at this moment."""

    queue: QueueResource
    tasks: Annotated[int, Meta(description="Leased ones included.")]
    bytes: Annotated[int, Meta(description="Of payload.")]


class QueueList(Wire, frozen=True):
    """Some of the project's queues, by name."""

    queues: tuple[ListedQueue, ...]
    next_page_token: NextPage


class QueueStatistics(Wire, frozen=True):
    """What a queue holds and gave out."""

    total_tasks: Annotated[int, Meta(description="Leased ones included.")]
    total_bytes: Annotated[int, Meta(description="Of payload.")]
    oldest_eta: Annotated[Instant | None, Meta(description="Null: the queue is empty.")]
    leased_last_minute: Annotated[int, Meta(description="Leases in the last 60 seconds.")]
    leased_last_hour: Annotated[int, Meta(description="Leases in the last 3600 seconds.")]


class ListQueues(Page, frozen=True):
    """Which queues are listed."""

    prefix: Annotated[
        str, Meta(max_length=100, description="What their names begin with; none: any.")
    ] = ""


class CreateQueue(Wire, frozen=True):
    """A queue that is to be made; what is left out has its default."""

    name: QueueName
    mode: ModeChoice = "pull"
    strict_leases: Strict | UnsetType = UNSET
    task_retry_limit: RetryLimit | UnsetType | None = UNSET
    tombstone_seconds: Tombstones | UnsetType = UNSET
    requests_per_second: Rate | UnsetType | None = UNSET
    max_tasks: MaxTasks | UnsetType | None = UNSET
    max_bytes: MaxBytes | UnsetType | None = UNSET
    acl: AclResource | UnsetType = UNSET


class UpdateQueue(Wire, frozen=True):
    """What is to be another way; what is left out stays."""

    mode: ModeChoice | UnsetType = UNSET
    strict_leases: Strict | UnsetType = UNSET
    task_retry_limit: RetryLimit | UnsetType | None = UNSET
    tombstone_seconds: Tombstones | UnsetType = UNSET
    requests_per_second: Rate | UnsetType | None = UNSET
    max_tasks: MaxTasks | UnsetType | None = UNSET
    max_bytes: MaxBytes | UnsetType | None = UNSET


class PurgedQueue(Wire, frozen=True):
    """What a purge has done."""

    tasks: Annotated[
        int, Meta(description="That the queue held when it began; later ones were left.")
    ]


class ApplyQueueFile(Wire, frozen=True):
    """A queue.yaml or queue.xml as App Engine has them."""

    file: Annotated[str, Meta(max_length=MAX_FILE, description="Its text.")]
    file_name: Annotated[
        str,
        Meta(max_length=200, description="By which errors name it; XML if it ends in .xml."),
    ] = "queue.yaml"
    preview: Annotated[bool, Meta(description="Whether to tell only what would be done.")] = False


class QueueStep(Wire, frozen=True):
    """What is done to one queue."""

    action: Literal["create", "change", "pause", "keep"]
    queue: str
    changes: Annotated[tuple[str, ...], Meta(description="Sentences for a person.")]


class AppliedQueueFile(Wire, frozen=True):
    """What was done, or would be, in the order of the file."""

    preview: bool
    steps: tuple[QueueStep, ...]
    total_storage_limit: Annotated[
        int | None, Meta(description="That the file gives the project, in bytes; null: none.")
    ]


def list_(tx: Transaction, now: int, call: Call) -> QueueList:  # noqa: ARG001  # every method is given the time
    asked = call.asked(ListQueues)
    found = queues.list_page(
        tx,
        call.actor,
        project_id=call.project,
        prefix=asked.prefix,
        page_size=asked.page_size,
        page_token=asked.page_token,
    )
    return QueueList(queues=tuple(map(_listed, found.items)), next_page_token=found.next_page_token)


def create(tx: Transaction, now: int, call: Call) -> QueueResource:
    given = call.given(CreateQueue)
    acl = AclResource() if isinstance(given.acl, UnsetType) else given.acl
    made = queues.create(
        tx,
        now,
        call.actor,
        project_id=call.project,
        name=given.name,
        settings=_settings(given),
        acl=Acl(frozenset(acl.consumers), frozenset(acl.producers), frozenset(acl.admins)),
    )
    return resource(made)


def get(tx: Transaction, now: int, call: Call) -> QueueResource:  # noqa: ARG001  # as above
    return resource(queues.get(tx, call.actor, project_id=call.project, name=call.ids["queue"]))


def statistics(tx: Transaction, now: int, call: Call) -> QueueStatistics:
    found = queues.statistics(tx, now, call.actor, project_id=call.project, name=call.ids["queue"])
    return QueueStatistics(
        total_tasks=found.total_tasks,
        total_bytes=found.total_bytes,
        oldest_eta=maybe_instant(found.oldest_eta),
        leased_last_minute=found.leased_last_minute,
        leased_last_hour=found.leased_last_hour,
    )


def update(tx: Transaction, now: int, call: Call) -> QueueResource:
    changed = queues.change(
        tx,
        now,
        call.actor,
        project_id=call.project,
        name=call.ids["queue"],
        settings=_settings(call.given(UpdateQueue)),
    )
    return resource(changed)


def delete(tx: Transaction, now: int, call: Call) -> None:
    queues.delete(tx, now, call.actor, project_id=call.project, name=call.ids["queue"])


def pause(tx: Transaction, now: int, call: Call) -> QueueResource:
    return resource(
        queues.pause(tx, now, call.actor, project_id=call.project, name=call.ids["queue"])
    )


def resume(tx: Transaction, now: int, call: Call) -> QueueResource:
    return resource(
        queues.resume(tx, now, call.actor, project_id=call.project, name=call.ids["queue"])
    )


def purge(tx: Transaction, now: int, call: Call) -> Purge:
    return queues.begin_purge(tx, now, call.actor, project_id=call.project, name=call.ids["queue"])


def apply(tx: Transaction, now: int, call: Call) -> AppliedQueueFile:
    given = call.given(ApplyQueueFile)
    file = cast(QueueFile, call.made)
    queue_files.check_effort(tx, call.actor, project_id=call.project, file=file)
    carry_out = queue_files.preview if given.preview else queue_files.apply
    steps = carry_out(
        tx,
        now,
        call.actor,
        project_id=call.project,
        file=file,
        tombstone_seconds=call.services.settings.tombstone_seconds,
    )
    return AppliedQueueFile(
        preview=given.preview,
        steps=tuple(map(_step, steps)),
        total_storage_limit=file.total_storage_limit,
    )


def resource(queue: Queue) -> QueueResource:
    """A queue as the wire has it."""
    push = queue.push
    return QueueResource(
        name=queue.name,
        project=queue.project_id,
        mode=queue.mode,
        created_at=instant(queue.created_at),
        paused_at=maybe_instant(queue.paused_at),
        from_file=queue.from_file,
        strict_leases=queue.strict_leases,
        task_retry_limit=queue.task_retry_limit,
        tombstone_seconds=queue.tombstone_seconds,
        requests_per_second=queue.requests_per_second,
        max_tasks=queue.max_tasks,
        max_bytes=queue.max_bytes,
        push=PushResource(
            rate=push.rate,
            bucket_size=push.bucket_size,
            max_concurrent_requests=push.max_concurrent_requests,
            target=push.target,
            task_age_limit=push.task_age_limit,
            min_backoff_seconds=push.min_backoff_seconds,
            max_backoff_seconds=push.max_backoff_seconds,
            max_doublings=push.max_doublings,
        ),
        acl=acl_resource(queue.acl),
    )


def acl_resource(acl: Acl) -> AclResource:
    """An ACL as the wire has it."""
    return AclResource(
        consumers=tuple(sorted(acl.consumers)),
        producers=tuple(sorted(acl.producers)),
        admins=tuple(sorted(acl.admins)),
    )


def _listed(found: QueueWithContents) -> ListedQueue:
    return ListedQueue(queue=resource(found.queue), tasks=found.tasks, bytes=found.bytes)


def _settings(given: CreateQueue | UpdateQueue) -> QueueSettings:
    return QueueSettings(**{name: getattr(given, name) for name in QueueSettings.__struct_fields__})


def _step(step: Step) -> QueueStep:
    return QueueStep(action=step.action, queue=step.queue.name, changes=step.changes)


def _authorized(tx: Transaction, now: int, call: Call) -> object:  # noqa: ARG001  # as above
    """Before a file is read, which may take long: whether the project is the caller's."""
    return queues.list_page(tx, call.actor, project_id=call.project, page_size=1)


def _parsed(call: Call) -> QueueFile:
    given = call.given(ApplyQueueFile)
    return queue_file.parse(given.file, file_name=given.file_name)


def _purge_step(tx: Transaction, now: int, begun: object) -> int:
    return queues.purge_some(tx, now, cast(Purge, begun))


def _purged(begun: object) -> PurgedQueue:
    return PurgedQueue(tasks=cast(Purge, begun).tasks)


METHODS = (
    Method(
        id="leasehold.queues.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's queues and says how much each of them holds.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=ListQueues,
        request=None,
        response=QueueList,
        run=list_,
    ),
    Method(
        id="leasehold.queues.create",
        verb="POST",
        path=_PATH,
        description="Makes a queue: a pull queue, unless the mode says otherwise.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=CreateQueue,
        response=QueueResource,
        words={"queue": "name"},
        run=create,
    ),
    Method(
        id="leasehold.queues.apply",
        verb="POST",
        path=f"{_PATH}:apply",
        description="Makes the project's queues what a queue file says, all of it or nothing, and"
        " pauses a queue that an earlier file declared and this one does not.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=ApplyQueueFile,
        response=AppliedQueueFile,
        aside=Aside(_authorized, _parsed),
        run=apply,
    ),
    Method(
        id="leasehold.queues.get",
        verb="GET",
        path=_ONE,
        description="Shows a queue with its settings and its access list.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=QueueResource,
        run=get,
    ),
    Method(
        id="leasehold.queues.statistics",
        verb="GET",
        path=f"{_ONE}/statistics",
        description="Counts the tasks that a queue holds and those that it gave out lately.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=QueueStatistics,
        run=statistics,
    ),
    Method(
        id="leasehold.queues.patch",
        verb="PATCH",
        path=_ONE,
        description="Changes a queue's settings.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=UpdateQueue,
        response=QueueResource,
        run=update,
    ),
    Method(
        id="leasehold.queues.delete",
        verb="DELETE",
        path=_ONE,
        description="Deletes a queue with its tasks.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
    Method(
        id="leasehold.queues.pause",
        verb="POST",
        path=f"{_ONE}:pause",
        description="Pauses a queue: nothing is leased from it until it is resumed.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=QueueResource,
        run=pause,
    ),
    Method(
        id="leasehold.queues.resume",
        verb="POST",
        path=f"{_ONE}:resume",
        description="Resumes a paused queue.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=QueueResource,
        run=resume,
    ),
    Method(
        id="leasehold.queues.purge",
        verb="POST",
        path=f"{_ONE}:purge",
        description="Destroys all tasks that are in a queue now, leased ones too.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=PurgedQueue,
        run=purge,
        after=After(_purge_step, _purged),
    ),
)
