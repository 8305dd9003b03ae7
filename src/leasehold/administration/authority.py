"""Who may administer what: members their projects, operators everything.

A project in which somebody has no part is not there for them: the same error, word for word.
"""

from typing import Literal

from leasehold.accounts import projects, users
from leasehold.accounts.model import Project
from leasehold.administration.actor import Actor
from leasehold.errors import Conflict, Forbidden, NotFound
from leasehold.storage.transaction import Transaction

Role = Literal["admin", "owner"]


def require(
    tx: Transaction,
    actor: Actor,
    project_id: str,
    role: Role = "admin",
    *,
    deleted_too: bool = False,
) -> Project:
    """The project, if the actor may act in it; an owner may do what an admin may.

    Raises NotFound when there is no such project or the actor has no part in it, Forbidden for an
    admin where only an owner will do, and Conflict for a deleted one unless that does not matter.
    """
    project = projects.find(tx, project_id)
    held = None if project is None else _held(tx, actor, project_id)
    if project is None or held is None:
        raise NotFound(f"there is no project {project_id!r}", field="project")
    if role == "owner" and held != "owner":
        raise Forbidden(f"only an owner of {project_id} may do this")
    if project.deleted_at is not None and not deleted_too:
        raise Conflict(f"project {project_id} is deleted: undelete it first", field="project")
    return project


def _held(tx: Transaction, actor: Actor, project_id: str) -> str | None:
    return "owner" if actor.is_operator else role_of(tx, actor, project_id)


def require_operator(actor: Actor) -> None:
    """Raises Forbidden for everybody who has not the database itself."""
    if not actor.is_operator:
        raise Forbidden("only the operator of this server may do this, by the command line")


def role_of(tx: Transaction, actor: Actor, project_id: str) -> str | None:
    """The actor's role among the project's members; None for others, and for who is disabled."""
    for member in projects.list_members(tx, project_id):
        if member.email == actor.name and actor.kind == "person":
            user = users.find_by_id(tx, member.user_id)
            return member.role if user is not None and user.is_active else None
    return None
