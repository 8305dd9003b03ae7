"""A project's quotas: what holds, who said so, how much is used, and how to have less."""

from starlette.responses import Response

from leasehold.administration import quotas
from leasehold.errors import Error, Invalid, Missing, NotFound
from leasehold.usage.quotas import MAX_LIMIT, MAX_WHY, Quota
from leasehold.web.account.look import amount
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.overview import QUOTA_NAMES
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

NAMES = {**QUOTA_NAMES, "calls_per_user": "Calls of each user"}
WINDOWS = {
    "calls_per_day": "in a day",
    "calls_per_minute": "in a minute",
    "calls_per_user": "in 100 seconds",
}


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found = await _quotas(visit)
    return visit.page(
        "console/quotas.html", typed=typed, quotas=found, names=NAMES, windows=WINDOWS
    )


async def show_now(visit: ProjectVisit) -> Response:
    return visit.fragment("console/quotas_now.html", quotas=await _quotas(visit), names=NAMES)


async def show_one(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    quota = await _quota(visit)
    given = quota.default if quota.operator is None else quota.operator.most
    return visit.page(
        "console/quota.html",
        typed=typed,
        quota=quota,
        name=NAMES[quota.name],
        window=WINDOWS[quota.name],
        given=given,
        line="" if given is None else _operators_line(visit, quota.name, _wished(typed, given)),
        max_why=MAX_WHY,
    )


async def lower(visit: ProjectVisit) -> Response:
    """Sets the project's own limit, or another one in its place."""
    typed = visit.typed()
    quota = await _quota(visit)
    try:
        most = typed.number("limit")
        if most is None:
            raise Missing("fill this in", field="limit")
        why = typed.required("why")
        await visit.write(
            lambda tx, now: quotas.set_limit(
                tx,
                now,
                visit.actor,
                project_id=visit.project.id,
                quota=quota.name,
                most=most,
                why=why,
                settings=visit.services.settings,
            )
        )
    except Error as error:
        return await show_one(visit, typed.refused(error))
    note = f"{NAMES[quota.name]}: {amount(most)} at most from now on."
    return visit.go("quotas", note=note)


async def put_back(visit: ProjectVisit) -> Response:
    """Takes the project's own limit back."""
    quota = await _quota(visit)
    try:
        await visit.write(
            lambda tx, now: quotas.remove(
                tx, now, visit.actor, project_id=visit.project.id, quota=quota.name
            )
        )
    except Error as error:
        return await show(visit, visit.typed().refused(error))
    return visit.go("quotas", note=f"{NAMES[quota.name]}: what the server gives holds again.")


async def _quotas(visit: ProjectVisit) -> list[Quota]:
    return await visit.read(
        lambda tx, now: quotas.list_quotas(
            tx,
            now,
            visit.actor,
            project_id=visit.project.id,
            settings=visit.services.settings,
        )
    )


async def _quota(visit: ProjectVisit) -> Quota:
    """That of the path. Raises NotFound."""
    name = visit.segment("quota")
    for quota in await _quotas(visit):
        if quota.name == name:
            return quota
    raise NotFound(f"there is no quota {name!r}")


def _wished(typed: Typed, given: int) -> int:
    """What the operator might be asked for: what was typed where it is more than they gave."""
    try:
        most = typed.number("limit") or 0
    except Invalid:
        most = 0
    return min(MAX_LIMIT, most if most > given else 2 * given)


def _operators_line(visit: ProjectVisit, quota: str, most: int) -> str:
    return f'leasehold quota set {quota} {most} --project {visit.project.id} --why "what for"'


GROUP = Group(
    title="Quotas",
    path="quotas",
    pages=(
        ProjectPage("quotas", show=show),
        ProjectPage("quotas/now", show=show_now),
        ProjectPage("quotas/{quota}", show=show_one, act=lower),
        ProjectPage("quotas/{quota}/back", act=put_back),
    ),
)
