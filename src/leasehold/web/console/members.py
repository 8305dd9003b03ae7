"""The members of a project: who owns it, and who administers it with them."""

from starlette.responses import Response

from leasehold.accounts.emails import normalize_email
from leasehold.accounts.projects import ROLES
from leasehold.administration import members
from leasehold.errors import Error, NotFound
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.shell import HOME, Group, ProjectPage, ProjectVisit

MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the brackets
TITLES = {"owner": "Owner", "admin": "Admin"}

_STILL_LET_IN = (
    "Queues that name this address on their own access list still let it in: look there too."
)


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found = await visit.read(
        lambda tx, _: members.list_members(tx, visit.actor, project_id=visit.project.id)
    )
    return visit.page("console/members.html", typed=typed, members=found, titles=TITLES)


async def put(visit: ProjectVisit) -> Response:
    """Adds somebody, or gives a member another role."""
    typed = visit.typed()
    try:
        email = typed.required("email", max_length=MAX_EMAIL)
        role = typed.one_of("role", ROLES)
        member = await visit.write(
            lambda tx, now: members.put(
                tx, now, visit.actor, project_id=visit.project.id, email=email, role=role
            )
        )
    except Error as error:
        if typed.ticked("is_change"):  # a button of the list: it has no field of its own
            return await show(visit, NOTHING_TYPED.refused(error, {"email": ""}))
        return await show(visit, typed.refused(error))
    return visit.go("members", note=f"{member.email} is {_a(member.role)} now.")


async def ask(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    email = normalize_email(visit.parameter("email"))
    found = await visit.read(
        lambda tx, _: members.list_members(tx, visit.actor, project_id=visit.project.id)
    )
    if all(member.email != email for member in found):
        raise NotFound(f"{email} is not a member of {visit.project.id}")
    return visit.confirm(_confirmation(visit, email), typed)


async def remove(visit: ProjectVisit) -> Response:
    email = normalize_email(visit.parameter("email"))
    try:
        await visit.write(
            lambda tx, now: members.remove(
                tx, now, visit.actor, project_id=visit.project.id, email=email
            )
        )
    except Error as error:
        return await ask(visit, visit.typed().refused(error))
    if email == visit.actor.name:
        return visit.go_to(HOME, note=f"You have no part in {visit.project.id} any more.")
    return visit.go("members", note=f"{email} has no part in {visit.project.id} any more.")


def _confirmation(visit: ProjectVisit, email: str) -> Confirmation:
    is_self = email == visit.actor.name
    says = (
        "You leave the project: you see nothing of it any more, and only another owner can let"
        " you in again."
        if is_self
        else "They see nothing of the project any more, and cannot change it."
    )
    return Confirmation(
        title=f"Leave {visit.project.id}?" if is_self else f"Remove {email}?",
        says=[says, _STILL_LET_IN],
        button="Leave the project" if is_self else "Remove the member",
        back=visit.url("members"),
    )


def _a(role: str) -> str:
    return f"an {role}"  # both begin with a vowel


GROUP = Group(
    title="Members",
    path="members",
    pages=(
        ProjectPage("members", show=show, act=put),
        ProjectPage("members/remove", show=ask, act=remove),
    ),
)
