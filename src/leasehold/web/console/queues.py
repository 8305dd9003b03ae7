"""The queues of a project: a list that moves, and what to do while there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from leasehold.administration import apis, queues
from leasehold.administration.paging import Page
from leasehold.administration.queues import QueueWithContents
from leasehold.errors import Invalid
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import PREFIX
from leasehold.web.console import (
    one_queue,
    queue_acl,
    queue_file,
    queue_purge,
    queue_settings,
    tasks,
)
from leasehold.web.console.lists import PAGE, PAGE_SIZE, SEARCH, listing
from leasehold.web.console.queue_waiting import waited
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

_MAKE = """\
curl -X POST "{issuer}{prefix}projects/{project}/queues" \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"name": "my-queue"}}'
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of queues at one moment."""

    page: Page[QueueWithContents]
    now: int  # microseconds
    is_api_on: bool

    def waited(self, found: QueueWithContents) -> str:
        """For how long the queue's oldest task has been waiting; "": none waits."""
        return waited(found.oldest_eta, self.now)


async def show(visit: ProjectVisit) -> Response:
    search, token = visit.parameter(SEARCH).strip(), visit.parameter(PAGE)
    problem = ""
    try:
        found = await visit.read(_reader(visit, search, token))
    except Invalid as error:
        if not search:
            raise
        problem = error.message
        found = Found(Page([], ""), now=0, is_api_on=True)
    shown = listing(visit.visit, found.page)
    if visit.is_fragment:
        return visit.fragment("console/queues_now.html", found=found, queues=shown)
    return visit.page(
        "console/queues.html",
        status=400 if problem else 0,
        problem=problem,
        found=found,
        queues=shown,
        here=_here(visit),
        is_empty=not (shown.items or search or token),
        make_lines=_MAKE.format(
            issuer=visit.services.issuer, prefix=PREFIX, project=visit.project.id
        ),
    )


def _reader(visit: ProjectVisit, prefix: str, token: str) -> Callable[[Transaction, int], Found]:
    project_id = visit.project.id

    def read(tx: Transaction, now: int) -> Found:
        page = queues.list_page(
            tx,
            visit.actor,
            project_id=project_id,
            prefix=prefix,
            page_size=PAGE_SIZE,
            page_token=token,
        )
        is_on = apis.list_apis(tx, visit.actor, project_id=project_id)
        return Found(page, now, is_on["taskqueue"])

    return read


def _here(visit: ProjectVisit) -> str:
    """This page's own address, from which the list is fetched anew."""
    query = {name: visit.parameter(name) for name in (SEARCH, PAGE)}
    return visit.url("queues", **{name: value for name, value in query.items() if value})


GROUP = Group(
    title="Queues",
    path="queues",
    pages=(
        ProjectPage("queues", show=show),
        *queue_settings.PAGES,
        *one_queue.PAGES,
        *queue_acl.PAGES,
        *queue_purge.PAGES,
        *tasks.PAGES,
        *queue_file.PAGES,
    ),
)
