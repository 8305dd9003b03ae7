"""A project's first page: what is in it, what was called today, and what to do next."""

from dataclasses import dataclass

from starlette.responses import Response

from leasehold.administration import contents, quotas
from leasehold.administration.contents import Contents, FirstSteps, Today
from leasehold.storage.transaction import Transaction
from leasehold.usage.quotas import Quota
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

# What people call the quotas that are counted for the whole project.
QUOTA_NAMES = {"calls_per_day": "Calls per day", "calls_per_minute": "Calls per minute"}

_CONNECT = """\
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build

url = "{issuer}/discovery/v1/apis/taskqueue/v1beta2/rest"
key = Credentials.from_service_account_file("key.json")
key = key.with_scopes(["https://www.googleapis.com/auth/taskqueue"])
key = key.with_subject(key.service_account_email)
api = build("taskqueue", "v1beta2", credentials=key, discoveryServiceUrl=url)
tasks = api.tasks()
"""
_INSERT = """\
body = {{"queueName": "{queue}", "payloadBase64": "aGVsbG8="}}
print(tasks.insert(project="{project}", taskqueue="{queue}", body=body).execute())
"""
_LEASE = """\
leased = tasks.lease(project="{project}", taskqueue="{queue}", numTasks=1, leaseSecs=60)
print(leased.execute())
"""


@dataclass(frozen=True, slots=True)
class Now:
    """What moves while somebody looks."""

    today: Today
    quotas: list[tuple[str, Quota]]  # with the words for it


async def show(visit: ProjectVisit) -> Response:
    if visit.project.deleted_at is not None:
        return visit.page("console/overview_deleted.html")
    held, steps, now = await visit.read(lambda tx, now: _everything(tx, now, visit))
    return visit.page(
        "console/overview.html",
        held=held,
        steps=steps,
        now=now,
        insert_lines=_lines(_CONNECT + _INSERT, visit, steps),
        lease_lines=_lines(_LEASE, visit, steps),
    )


async def show_now(visit: ProjectVisit) -> Response:
    now = await visit.read(lambda tx, now: _now(tx, now, visit))
    return visit.fragment("console/overview_now.html", now=now)


def _lines(template: str, visit: ProjectVisit, steps: FirstSteps) -> str:
    """To be copied; names of projects and queues need no quoting."""
    queue = steps.a_queue or "my-queue"
    return template.format(issuer=visit.services.issuer, project=visit.project.id, queue=queue)


def _everything(tx: Transaction, now: int, visit: ProjectVisit) -> tuple[Contents, FirstSteps, Now]:
    project_id = visit.project.id
    return (
        contents.count(tx, now, visit.actor, project_id=project_id),
        contents.first_steps(tx, now, visit.actor, project_id=project_id),
        _now(tx, now, visit),
    )


def _now(tx: Transaction, now: int, visit: ProjectVisit) -> Now:
    project_id, settings = visit.project.id, visit.services.settings
    found = quotas.list_quotas(tx, now, visit.actor, project_id=project_id, settings=settings)
    return Now(
        contents.today(tx, now, visit.actor, project_id=project_id),
        [(QUOTA_NAMES[quota.name], quota) for quota in found if quota.drawn is not None],
    )


GROUP = Group(
    title="Overview",
    path="overview",
    pages=(
        ProjectPage("overview", show=show),
        ProjectPage("overview/now", show=show_now),
    ),
)
