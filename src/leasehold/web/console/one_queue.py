"""One queue: what it holds at this moment, how it is set, and how programs use it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from leasehold.administration import apis, queues
from leasehold.errors import Error
from leasehold.queues.model import Queue, Statistics
from leasehold.queues.stats import StateCounts
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import size
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.queue_waiting import exactly, waited
from leasehold.web.console.shell import ProjectPage, ProjectVisit

SHOWN_OF_ACL = 3  # addresses of each role; the others are on a page of their own

_LOST = (
    "The queue is gone at once, with its tasks, its settings and its access list. Nobody can have"
    " them back."
)
_CURL = """\
# TOKEN: an access token with the scope https://www.googleapis.com/auth/taskqueue
QUEUE="{issuer}/taskqueue/v1beta2/projects/{project}/taskqueues/{queue}"

curl -X POST "$QUEUE/tasks" -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{{"queueName": "{queue}", "payloadBase64": "aGVsbG8="}}'

curl -X POST "$QUEUE/tasks/lease?numTasks=1&leaseSecs=60" \\
  -H "Authorization: Bearer $TOKEN" -d ""
"""
_WORKER = """\
import base64
import time

from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build

url = "{issuer}/discovery/v1/apis/taskqueue/v1beta2/rest"
key = Credentials.from_service_account_file("key.json")
key = key.with_scopes(["https://www.googleapis.com/auth/taskqueue"])
key = key.with_subject(key.service_account_email)
api = build("taskqueue", "v1beta2", credentials=key, discoveryServiceUrl=url)
tasks = api.tasks()
queue = {{"project": "{project}", "taskqueue": "{queue}"}}

while True:
    found = tasks.lease(**queue, numTasks=10, leaseSecs=60).execute()
    for task in found.get("items", []):
        print(base64.b64decode(task["payloadBase64"]))  # do the work here
        tasks.delete(**queue, task=task["id"]).execute()
    if not found.get("items"):
        time.sleep(1)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What the queue holds at one moment."""

    now: int  # microseconds
    queue: Queue
    statistics: Statistics
    states: StateCounts

    @property
    def waited(self) -> str:
        """For how long its oldest task has been waiting; "": none waits."""
        return waited(self.statistics.oldest_eta, self.now)


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    held, is_api_on = await visit.read(lambda tx, now: _everything(tx, now, visit))
    queue = held.queue
    roles = [("Consumers", queue.acl.consumers), ("Producers", queue.acl.producers)]
    return visit.page(
        "console/queue.html",
        typed=typed,
        queue=queue,
        held=held,
        is_api_on=is_api_on,
        names_stay=exactly(queue.tombstone_seconds),
        roles=[(title, _some(emails)) for title, emails in [*roles, ("Admins", queue.acl.admins)]],
        curl_lines=_lines(_CURL, visit, queue),
        worker_lines=_lines(_WORKER, visit, queue),
    )


async def show_now(visit: ProjectVisit) -> Response:
    held = await visit.read(lambda tx, now: _held(tx, now, visit))
    return visit.fragment("console/queue_now.html", held=held)


async def pause(visit: ProjectVisit) -> Response:
    return await _done(visit, queues.pause, "{name} is paused: nothing is leased from it.")


async def resume(visit: ProjectVisit) -> Response:
    return await _done(visit, queues.resume, "{name} is resumed: its tasks are leased again.")


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    held = await visit.read(lambda tx, now: _statistics(tx, now, visit))
    name = visit.segment("queue")
    return visit.confirm(
        Confirmation(
            title=f"Delete {name}?",
            says=[
                _LOST,
                "Calls that name it are refused from the next request on.",
            ],
            destroys=[("Tasks", held.total_tasks), ("Payload", size(held.total_bytes))],
            button="Delete the queue",
            back=visit.url("queues", name),
            typed=name if held.total_tasks else "",
        ),
        typed,
    )


async def delete(visit: ProjectVisit) -> Response:
    typed, name = visit.typed(), visit.segment("queue")
    try:
        held = await visit.read(lambda tx, now: _statistics(tx, now, visit))
        if held.total_tasks:  # maybe since the page asked
            typed.must_be(name)
        await visit.write(
            lambda tx, now: queues.delete(
                tx, now, visit.actor, project_id=visit.project.id, name=name
            )
        )
    except Error as error:
        return await ask_to_delete(visit, typed.refused(error))
    return visit.go("queues", note=f"The queue {name} is deleted.")


async def _done(visit: ProjectVisit, act: Callable[..., Queue], note: str) -> Response:
    name = visit.segment("queue")
    try:
        await visit.write(partial(_act, visit=visit, act=act))
    except Error as error:
        return await show(visit, visit.typed().refused(error))
    return visit.go("queues", name, note=note.format(name=name))


def _act(tx: Transaction, now: int, *, visit: ProjectVisit, act: Callable[..., Queue]) -> Queue:
    return act(tx, now, visit.actor, project_id=visit.project.id, name=visit.segment("queue"))


def _everything(tx: Transaction, now: int, visit: ProjectVisit) -> tuple[Held, bool]:
    held = _held(tx, now, visit)
    is_on = apis.list_apis(tx, visit.actor, project_id=visit.project.id)
    return held, is_on["taskqueue"]


def _held(tx: Transaction, now: int, visit: ProjectVisit) -> Held:
    project_id, name = visit.project.id, visit.segment("queue")
    queue = queues.get(tx, visit.actor, project_id=project_id, name=name)
    states = queues.state_counts(tx, now, visit.actor, project_id=project_id, name=name)
    return Held(now, queue, _statistics(tx, now, visit), states)


def _statistics(tx: Transaction, now: int, visit: ProjectVisit) -> Statistics:
    name = visit.segment("queue")
    return queues.statistics(tx, now, visit.actor, project_id=visit.project.id, name=name)


def _some(emails: Collection[str]) -> tuple[list[str], int]:
    """The first addresses, and how many there are besides."""
    shown = sorted(emails)[:SHOWN_OF_ACL]
    return shown, len(emails) - len(shown)


def _lines(template: str, visit: ProjectVisit, queue: Queue) -> str:
    """To be copied; names of projects and queues need no quoting."""
    return template.format(issuer=visit.services.issuer, project=visit.project.id, queue=queue.name)


PAGES = (
    ProjectPage("queues/{queue}", show=show),
    ProjectPage("queues/{queue}/now", show=show_now),
    ProjectPage("queues/{queue}/pause", act=pause),
    ProjectPage("queues/{queue}/resume", act=resume),
    ProjectPage("queues/{queue}/delete", show=ask_to_delete, act=delete),
)
