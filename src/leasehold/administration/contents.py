"""What is in a project, at one look: how many of each thing, and how far its first steps went."""

from dataclasses import dataclass

from leasehold.accounts import projects, service_accounts
from leasehold.administration import authority
from leasehold.administration.actor import Actor
from leasehold.errors import Invalid
from leasehold.oauth2 import clients
from leasehold.queues import configure, stats
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, reports

MAX_QUEUES_ASKED = 100  # for somebody who may lease; in a project with more, somebody may
_DAYS_LOOKED_BACK = 30


@dataclass(frozen=True, slots=True)
class Contents:
    """What a project holds."""

    queues: int
    stored_bytes: int  # payload of all tasks
    service_accounts: int
    account_keys: int
    clients: int
    api_keys: int
    members: int


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What was done of what leads from an empty project to a leased task."""

    has_api: bool
    has_queue: bool
    has_key: bool  # a service account with a key
    has_consumer: bool  # somebody is let in to a queue
    has_task: bool  # one was inserted lately, or is there
    has_lease: bool  # one was leased lately
    a_queue: str  # the name of one; "" when there is none
    an_account: str  # the e-mail address of one; "" when there is none

    @property
    def next(self) -> str:
        """The first that is to be done: api, queue, key, consumer, task or lease; "" when none."""
        done = {
            "api": self.has_api,
            "queue": self.has_queue,
            "key": self.has_key,
            "consumer": self.has_consumer,
            "task": self.has_task,
            "lease": self.has_lease,
        }
        return next((step for step, is_done in done.items() if not is_done), "")


@dataclass(frozen=True, slots=True)
class Today:
    """The calls since midnight in UTC, and what is stored.

    None: there are too many counts to add them up at once.
    """

    calls: int | None
    errors: int | None  # of these, those that were refused
    tasks: int  # in all queues, leased ones too


def count(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Contents:
    """How many of each. Raises NotFound, and Conflict for a deleted project."""
    authority.require(tx, actor, project_id)
    keys = api_keys.keys_of(tx, now, project_id)
    return Contents(
        queues=configure.count_queues(tx, project_id),
        stored_bytes=stats.stored_bytes(tx, project_id),
        service_accounts=len(service_accounts.list_accounts(tx, project_id)),
        account_keys=sum(service_accounts.count_keys(tx, project_id).values()),
        clients=len(clients.clients_of(tx, project_id)),
        api_keys=sum(key.deleted_at is None for key in keys),
        members=len(projects.list_members(tx, project_id)),
    )


def first_steps(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> FirstSteps:
    """How far they went. Raises NotFound, and Conflict for a deleted project."""
    authority.require(tx, actor, project_id)
    queues = configure.list_queues(
        tx, project_id, after_name="", prefix="", num_queues=MAX_QUEUES_ASKED
    )
    accounts = service_accounts.list_accounts(tx, project_id)
    return FirstSteps(
        has_api=projects.is_api_enabled(tx, project_id=project_id, api="taskqueue"),
        has_queue=bool(queues),
        has_key=bool(service_accounts.count_keys(tx, project_id)),
        has_consumer=any(queue.acl.consumers for queue in queues)
        or len(queues) == MAX_QUEUES_ASKED,
        has_task=_is_done(tx, now, project_id, "taskqueue.tasks.insert")
        or stats.held(tx, project_id)[0] > 0,
        has_lease=_is_done(tx, now, project_id, "taskqueue.tasks.lease"),
        a_queue=queues[0].name if queues else "",
        an_account=accounts[0].email if accounts else "",
    )


def today(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Today:
    """The calls of this day, and the tasks. Raises NotFound."""
    authority.require(tx, actor, project_id, deleted_too=True)
    tasks, _ = stats.held(tx, project_id)
    try:
        found = reports.report(tx, now, project_id, since=now, until=now + 1, period="day")
    except Invalid:
        return Today(None, None, tasks)
    return Today(
        sum(line.calls for line in found.lines), sum(line.errors for line in found.lines), tasks
    )


def _is_done(tx: Transaction, now: int, project_id: str, method: str) -> bool:
    return reports.is_done(tx, now, project_id, method=method, days=_DAYS_LOOKED_BACK)
