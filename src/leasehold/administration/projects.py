"""Administration of projects: made, changed, switched off and on, deleted and had back."""

from collections.abc import Callable
from dataclasses import dataclass

from leasehold.accounts import projects, users
from leasehold.accounts.model import Project, User
from leasehold.administration import audit, authority, paging, rows
from leasehold.administration.actor import Actor
from leasehold.administration.paging import Page
from leasehold.errors import Conflict, Forbidden, Missing
from leasehold.storage.transaction import Transaction

MAX_OWNED = 100  # projects of one person, deleted ones too; an operator may give them more


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanges:
    """What is to be another way; None leaves it as it is."""

    legacy_scopes: bool | None = None
    total_storage_limit: int | None = None  # bytes of all its tasks; 0: no limit


def create(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, owner: str | None = None
) -> Project:
    """Adds a project. It is owned by the person who asks, or by whom an operator names.

    Raises Forbidden for who is no person, Conflict for one who owns MAX_OWNED already, and
    Invalid, NotFound and Conflict as `accounts.projects.create`.
    """
    email = _operators_choice(owner) if actor.is_operator else _self(tx, actor, owner).email
    project = projects.create(tx, now, project_id=project_id, owner_email=email)
    owned_by = [member.email for member in projects.list_members(tx, project_id)]
    audit.record(
        tx,
        now,
        actor,
        action="projects.create",
        project_id=project_id,
        target=_target(project_id),
        before=None,
        after={**_value(project), "owners": owned_by},
    )
    return project


def get(tx: Transaction, actor: Actor, *, project_id: str) -> Project:
    """The project. Raises NotFound."""
    return authority.require(tx, actor, project_id, deleted_too=True)


def list_projects(
    tx: Transaction,
    actor: Actor,
    *,
    search: str = "",
    page_size: int = paging.DEFAULT_SIZE,
    page_token: str = "",
) -> Page[Project]:
    """Those in which the actor has a part, for an operator all; by id, deleted ones too.

    `search` is a part of their ids. Raises Invalid for the size or the token.
    """
    paging.check_size(page_size)
    after_id, most = paging.key_in(page_token), page_size + 1
    if actor.is_operator:
        ids = rows.project_ids(tx, search=search, after_id=after_id, most=most)
    elif actor.kind == "person":
        ids = rows.project_ids_of(tx, actor.name, search=search, after_id=after_id, most=most)
    else:
        ids = []
    page = paging.page_of(ids, page_size, lambda project_id: project_id)
    return Page([projects.require(tx, found) for found in page.items], page.next_page_token)


def change(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, changes: ProjectChanges
) -> Project:
    """Changes settings; the project as it is now. Raises NotFound, and Invalid for the limit."""

    def apply() -> None:
        if changes.legacy_scopes is not None:
            allowed = changes.legacy_scopes
            projects.set_legacy_scopes(tx, project_id=project_id, allowed=allowed)
        if changes.total_storage_limit is not None:
            limit = changes.total_storage_limit or None
            projects.set_total_storage_limit(tx, project_id=project_id, limit=limit)

    return _changed(tx, now, actor, "projects.change", project_id, apply, role="admin")


def disable(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Project:
    """Switches the project off, for owners; again is no error. Raises NotFound, Forbidden."""
    return _changed(
        tx,
        now,
        actor,
        "projects.disable",
        project_id,
        lambda: projects.disable(tx, now, project_id, by_operator=actor.is_operator),
    )


def enable(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Project:
    """Switches it on again, for owners; again is no error.

    Raises NotFound, and Forbidden also for owners when the operator switched it off.
    """
    project = authority.require(tx, actor, project_id, "owner")
    if project.disabled_by_operator and not actor.is_operator:
        raise Forbidden(f"the operator of this server switched {project_id} off: ask them")
    return _changed(
        tx, now, actor, "projects.enable", project_id, lambda: projects.enable(tx, project_id)
    )


def delete(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Project:
    """Ends it, for owners, who may have it back for `accounts.projects.UNDELETE_DAYS`.

    Raises NotFound, Forbidden, and Conflict when it was deleted before.
    """
    return _changed(
        tx,
        now,
        actor,
        "projects.delete",
        project_id,
        lambda: projects.delete(tx, now, project_id),
        deleted_too=True,
    )


def undelete(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> Project:
    """Takes a deletion back. Raises NotFound, Forbidden, and Conflict when it is too late."""
    return _changed(
        tx,
        now,
        actor,
        "projects.undelete",
        project_id,
        lambda: projects.undelete(tx, now, project_id),
        deleted_too=True,
    )


def _changed(
    tx: Transaction,
    now: int,
    actor: Actor,
    action: str,
    project_id: str,
    apply: Callable[[], None],
    *,
    role: authority.Role = "owner",
    deleted_too: bool = False,
) -> Project:
    projects.lock(tx, project_id)  # first: who loses their role meanwhile has lost it
    before = authority.require(tx, actor, project_id, role, deleted_too=deleted_too)
    apply()
    after = projects.require(tx, project_id)
    if before != after:
        audit.record(
            tx,
            now,
            actor,
            action=action,
            project_id=project_id,
            target=_target(project_id),
            before=_value(before),
            after=_value(after),
        )
    return after


def _operators_choice(owner: str | None) -> str:
    if owner is None:
        raise Missing("say whose project it is", field="owner")
    return owner


def _self(tx: Transaction, actor: Actor, owner: str | None) -> User:
    if actor.kind != "person":
        raise Forbidden("only people and operators make projects, for somebody must own them")
    if owner is not None and owner != actor.name:
        raise Forbidden("who makes a project owns it: make the other person owner afterwards")
    user = users.hold(tx, users.require(tx, actor.name).id)  # one after the other, to be counted
    if user is None:
        raise Forbidden("your account is disabled")
    if rows.count_owned(tx, user.id) >= MAX_OWNED:
        raise Conflict(f"you own {MAX_OWNED} projects: an operator can make more", field="project")
    return user


def _target(project_id: str) -> str:
    return f"projects/{project_id}"


def _value(project: Project) -> dict[str, object]:
    return {
        "legacy_scopes": project.legacy_scopes,
        "total_storage_limit": project.total_storage_limit,
        "disabled": project.disabled_at is not None,
        "disabled_by_operator": project.disabled_by_operator,
        "deleted": project.deleted_at is not None,
    }
