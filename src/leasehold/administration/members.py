"""Administration of members: who owns a project, and who administers it with them."""

from leasehold.accounts import projects
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import Member
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.errors import Conflict
from leasehold.storage.transaction import Transaction

MAX_MEMBERS = 500  # of one project


def list_members(tx: Transaction, actor: Actor, *, project_id: str) -> list[Member]:
    """Its members, disabled people too, by e-mail address. Raises NotFound."""
    authority.require(tx, actor, project_id, deleted_too=True)
    return projects.list_members(tx, project_id)


def put(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str, role: str
) -> Member:
    """Gives somebody a role, in place of an earlier one; for owners.

    Raises NotFound and Forbidden as `authority.require`, NotFound for an unknown person, Invalid
    for the role, and Conflict when no owner, or more than MAX_MEMBERS, would be left.
    """
    projects.lock(tx, project_id)  # first: who loses their role meanwhile has lost it
    authority.require(tx, actor, project_id, "owner")
    before = _find(tx, project_id, email)
    projects.add_member(tx, project_id=project_id, email=email, role=role)
    if before is None and len(projects.list_members(tx, project_id)) > MAX_MEMBERS:
        raise Conflict(f"{project_id} has {MAX_MEMBERS} members: remove one first", field="email")
    after = _find(tx, project_id, email)
    assert after is not None  # just added, in this transaction
    if before != after:
        _record(tx, now, actor, "members.put", project_id, before, after)
    return after


def remove(tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str) -> None:
    """Takes somebody's role away; for owners.

    Raises NotFound and Forbidden as `authority.require`, NotFound when they have none, and
    Conflict when no owner would be left.
    """
    projects.lock(tx, project_id)  # first: who loses their role meanwhile has lost it
    authority.require(tx, actor, project_id, "owner")
    before = _find(tx, project_id, email)
    projects.remove_member(tx, project_id=project_id, email=email)
    _record(tx, now, actor, "members.remove", project_id, before, None)


def _find(tx: Transaction, project_id: str, email: str) -> Member | None:
    spelled = normalize_email(email)
    for member in projects.list_members(tx, project_id):
        if member.email == spelled:
            return member
    return None


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    action: str,
    project_id: str,
    before: Member | None,
    after: Member | None,
) -> None:
    member = after or before
    audit.record(
        tx,
        now,
        actor,
        action=action,
        project_id=project_id,
        target=f"members/{member.email if member else ''}",
        before={"role": before.role} if before else None,
        after={"role": after.role} if after else None,
    )
