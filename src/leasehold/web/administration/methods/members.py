"""Members: the people who own a project, and those who administer it with them."""

from typing import Annotated, Literal

from msgspec import Meta

from leasehold.accounts.model import Member
from leasehold.administration import members
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Wire

_PATH = "projects/{project}/members"
_ONE = f"{_PATH}/{{email}}"

Role = Annotated[
    Literal["owner", "admin"],
    Meta(description="Both administer the project; only owners change members, or delete it."),
]


class MemberResource(Wire, frozen=True):
    """A person's part in a project."""

    email: Annotated[str, Meta(description="Lower case.")]
    role: Role


class MemberList(Wire, frozen=True):
    """The project's members, by e-mail address."""

    members: tuple[MemberResource, ...]


class PutMember(Wire, frozen=True):
    """What a person is to be."""

    role: Role


def list_(tx: Transaction, now: int, call: Call) -> MemberList:  # noqa: ARG001  # every method is given the time
    found = members.list_members(tx, call.actor, project_id=call.project)
    return MemberList(members=tuple(map(_resource, found)))


def put(tx: Transaction, now: int, call: Call) -> MemberResource:
    role = call.given(PutMember).role
    return _resource(
        members.put(
            tx, now, call.actor, project_id=call.project, email=call.ids["email"], role=role
        )
    )


def remove(tx: Transaction, now: int, call: Call) -> None:
    members.remove(tx, now, call.actor, project_id=call.project, email=call.ids["email"])


def _resource(member: Member) -> MemberResource:
    role: Literal["owner", "admin"] = "owner" if member.role == "owner" else "admin"
    return MemberResource(email=member.email, role=role)


METHODS = (
    Method(
        id="leasehold.members.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's members and their roles.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=MemberList,
        run=list_,
    ),
    Method(
        id="leasehold.members.put",
        verb="PUT",
        path=_ONE,
        description="Makes a person a member of the project, or changes the role that they have in"
        " it.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=PutMember,
        response=MemberResource,
        run=put,
    ),
    Method(
        id="leasehold.members.remove",
        verb="DELETE",
        path=_ONE,
        description="Removes a member from the project, unless it is the last owner.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=None,
        response=None,
        run=remove,
    ),
)
