"""The APIs of a project: switched on and off, saying what that does."""

from starlette.responses import Response

from leasehold.administration import apis, contents
from leasehold.errors import Error, NotFound
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

TITLES = {"taskqueue": "Task Queue"}


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found = await visit.read(
        lambda tx, _: apis.list_apis(tx, visit.actor, project_id=visit.project.id)
    )
    return visit.page("console/apis.html", typed=typed, apis=found, titles=TITLES)


async def switch_on(visit: ProjectVisit) -> Response:
    api = _api(visit)
    try:
        await visit.write(
            lambda tx, now: apis.enable(tx, now, visit.actor, project_id=visit.project.id, api=api)
        )
    except Error as error:
        return await show(visit, visit.typed().refused(error))
    return visit.go("apis", note=f"{TITLES[api]} is on: its queues are served from now on.")


async def ask(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    api = _api(visit)
    held = await visit.read(
        lambda tx, now: contents.count(tx, now, visit.actor, project_id=visit.project.id)
    )
    return visit.confirm(
        Confirmation(
            title=f"Switch {TITLES[api]} off for {visit.project.id}?",
            says=[
                "Every call to the queues of the project is refused from the next request on.",
                "Nothing is deleted: tasks stay, leases run out. On again, all goes on.",
            ],
            destroys=[("Queues that stop", held.queues)],
            button="Switch it off",
            back=visit.url("apis"),
        ),
        typed,
    )


async def switch_off(visit: ProjectVisit) -> Response:
    api = _api(visit)
    try:
        await visit.write(
            lambda tx, now: apis.disable(tx, now, visit.actor, project_id=visit.project.id, api=api)
        )
    except Error as error:
        return await ask(visit, visit.typed().refused(error))
    return visit.go("apis", note=f"{TITLES[api]} is off: calls are refused from now on.")


def _api(visit: ProjectVisit) -> str:
    api = visit.segment("api")
    if api not in TITLES:
        raise NotFound(f"there is no API {api[:50]!r}")
    return api


GROUP = Group(
    title="APIs",
    path="apis",
    pages=(
        ProjectPage("apis", show=show),
        ProjectPage("apis/{api}/on", act=switch_on),
        ProjectPage("apis/{api}/off", show=ask, act=switch_off),
    ),
)
