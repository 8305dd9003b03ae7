"""All projects in which somebody has a part, and the making of a new one."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leasehold.accounts.projects import canonical_project_id
from leasehold.administration import projects
from leasehold.errors import Error
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.lists import PAGE, PAGE_SIZE, SEARCH, listing
from leasehold.web.console.shell import HOME, Console, ConsoleVisit, project_url

NEW = f"{HOME}/new"
FIRST_PAGE = "overview"


def routes(console: Console) -> list[Route]:
    """The pages of no project, and the short address of each."""
    return [
        console.route(HOME, show=_show),
        console.route(NEW, show=_show_new, act=_make),
        Route(f"{HOME}/{{project}}", _to_first_page),
    ]


async def _show(visit: ConsoleVisit) -> Response:
    search = visit.parameter(SEARCH).strip().lower()
    token = visit.parameter(PAGE)
    found = await visit.read(
        lambda tx, _: projects.list_projects(
            tx, visit.actor, search=search, page_size=PAGE_SIZE, page_token=token
        )
    )
    is_empty = not (found.items or search or token)
    return visit.page(
        "console/projects.html", projects=listing(visit.visit, found), is_empty=is_empty
    )


async def _show_new(visit: ConsoleVisit, typed: Typed = NOTHING_TYPED) -> Response:
    return visit.page("console/new.html", typed=typed)


async def _make(visit: ConsoleVisit) -> Response:
    typed = visit.typed()
    try:
        project_id = typed.required("id", max_length=320)
        await visit.write(
            lambda tx, now: projects.create(tx, now, visit.actor, project_id=project_id)
        )
    except Error as error:
        return await _show_new(visit, typed.refused(error, {"project": "id"}))
    return visit.go_to(project_url(project_id, FIRST_PAGE), note=f"{project_id} is yours.")


async def _to_first_page(request: Request) -> Response:
    """From what people type; the page itself asks who they are."""
    project_id = canonical_project_id(request.path_params["project"])
    return RedirectResponse(
        project_url(project_id, FIRST_PAGE), 303, headers={"Cache-Control": "no-store"}
    )
