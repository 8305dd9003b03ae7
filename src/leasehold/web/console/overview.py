"""A project's first page: what is in it, what was called today, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from leasehold.administration import audit, contents, quotas, usage
from leasehold.administration.audit_chain import Entry
from leasehold.administration.contents import Contents, FirstSteps, Today
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.storage.transaction import Transaction
from leasehold.usage.quotas import Quota
from leasehold.web.console.charts import Bar, Chart
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

# What people call the quotas that are counted for the whole project.
QUOTA_NAMES = {"calls_per_day": "Calls per day", "calls_per_minute": "Calls per minute"}

NEWEST = 5  # entries of the audit log
_HOURS = 24
_HOUR = 3_600 * MICROSECONDS

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
    hours: Chart | None  # the calls of the last 24. None: there are too many to add them up


@dataclass(frozen=True, slots=True)
class Everything:
    """What the page shows."""

    held: Contents
    steps: FirstSteps
    now: Now
    newest: Sequence[Entry]  # of the audit log, newest first


async def show(visit: ProjectVisit) -> Response:
    if visit.project.deleted_at is not None:
        return visit.page("console/overview_deleted.html")
    found = await visit.read_aside(lambda tx, now: _everything(tx, now, visit))
    return visit.page(
        "console/overview.html",
        held=found.held,
        steps=found.steps,
        now=found.now,
        newest=found.newest,
        insert_lines=_lines(_CONNECT + _INSERT, visit, found.steps),
        lease_lines=_lines(_LEASE, visit, found.steps),
    )


async def show_now(visit: ProjectVisit) -> Response:
    now = await visit.read_aside(lambda tx, now: _now(tx, now, visit))
    return visit.fragment("console/overview_now.html", now=now, is_fresh=True)


def _lines(template: str, visit: ProjectVisit, steps: FirstSteps) -> str:
    """To be copied; names of projects and queues need no quoting."""
    queue = steps.a_queue or "my-queue"
    return template.format(issuer=visit.services.issuer, project=visit.project.id, queue=queue)


def _everything(tx: Transaction, now: int, visit: ProjectVisit) -> Everything:
    project_id = visit.project.id
    return Everything(
        contents.count(tx, now, visit.actor, project_id=project_id),
        contents.first_steps(tx, now, visit.actor, project_id=project_id),
        _now(tx, now, visit),
        audit.search(tx, visit.actor, project_id=project_id, page_size=NEWEST).items,
    )


def _now(tx: Transaction, now: int, visit: ProjectVisit) -> Now:
    project_id, settings = visit.project.id, visit.services.settings
    found = quotas.list_quotas(tx, now, visit.actor, project_id=project_id, settings=settings)
    return Now(
        contents.today(tx, now, visit.actor, project_id=project_id),
        [(QUOTA_NAMES[quota.name], quota) for quota in found if quota.drawn is not None],
        _hours(tx, now, visit),
    )


def _hours(tx: Transaction, now: int, visit: ProjectVisit) -> Chart | None:
    try:
        found = usage.report(
            tx,
            now,
            visit.actor,
            project_id=visit.project.id,
            since=max(0, now - (_HOURS - 1) * _HOUR),
            until=now + 1,
            period="hour",
        )
    except Invalid:
        return None
    return Chart(
        title="Calls in the last 24 hours",
        of="Hour",
        series=("Done", "Refused"),
        bars=[
            Bar((line.calls - line.errors, line.errors), starts=line.starts * MICROSECONDS)
            for line in found.lines
        ],
        times=found.times,
    )


GROUP = Group(
    title="Overview",
    path="overview",
    pages=(
        ProjectPage("overview", show=show),
        ProjectPage("overview/now", show=show_now),
    ),
)
