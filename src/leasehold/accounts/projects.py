"""Projects: their ids, their members, and the APIs that are switched on for them."""

import re

from leasehold.accounts import configuration, rows, users
from leasehold.accounts.model import Member, Project
from leasehold.clock import MICROSECONDS
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction

APIS = ("taskqueue",)  # what a project can switch on
ROLES = ("owner", "admin")  # both administer; only an owner cannot all be removed
MAX_STORAGE_LIMIT = 2**62  # bytes; sums of it still fit a bigint
UNDELETE_DAYS = 30  # in which a deleted project may be had back

_UNDELETE_MICROSECONDS = UNDELETE_DAYS * 86_400 * MICROSECONDS

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PROJECT_ID = re.compile(rf"(?:(?=[^:]{{1,253}}:){_LABEL}(?:\.{_LABEL})+:)?[a-z][a-z0-9-]{{0,62}}")
_PARTITION = re.compile(r"[a-z0-9]~")


def canonical_project_id(text: str) -> str:
    """The id without the partition prefix that App Engine's clients may put before it.

    Only strips; whether what is left names a project is another question.

    >>> [canonical_project_id(text) for text in ("s~app", "e~example.com:app", "app")]
    ['app', 'example.com:app', 'app']
    """
    prefix = _PARTITION.match(text)
    return text[prefix.end() :] if prefix else text


def is_project_id(text: str) -> bool:
    """Whether a project could have this id; anything else need not be looked for."""
    return _PROJECT_ID.fullmatch(text) is not None


def check_project_id(text: str) -> None:
    """Raises Invalid, saying what is allowed, for what cannot be a project's id."""
    if not is_project_id(text):
        raise Invalid(
            "a project id has 1 to 63 lower-case letters, digits and hyphens and begins with a"
            " letter; a domain may stand before it, as in example.com:app",
            field="project",
        )


def create(tx: Transaction, now: int, *, project_id: str, owner_email: str) -> Project:
    """Adds a project with one owner and every API switched off.

    Raises Invalid for the id, NotFound for the owner, Conflict when the id is taken.
    """
    check_project_id(project_id)
    owner = users.require(tx, owner_email)
    if not rows.insert_project(tx, now, project_id):
        raise Conflict(f"there is already a project {project_id}", field="project")
    rows.put_member(tx, project_id, user_id=owner.id, role="owner")
    configuration.touch(tx)
    return Project(project_id, now, legacy_scopes=False, total_storage_limit=None)


def find(tx: Transaction, project_id: str) -> Project | None:
    """The project of exactly this id (`canonical_project_id` first); None when there is none."""
    return rows.project_by_id(tx, project_id) if is_project_id(project_id) else None


def require(tx: Transaction, project_id: str) -> Project:
    """The project that the caller named. Raises NotFound when there is none."""
    project = find(tx, project_id)
    if project is None:
        raise _unknown(project_id)
    return project


def lock(tx: Transaction, project_id: str) -> None:
    """Lets changes of one project take turns until the commit. Raises NotFound."""
    if not is_project_id(project_id) or not rows.lock_project(tx, project_id):
        raise _unknown(project_id)


def list_projects(tx: Transaction) -> list[Project]:
    """Every project, by id."""
    return rows.all_projects(tx)


def list_projects_of(tx: Transaction, email: str) -> list[Project]:
    """The projects in which the user has a part, by id. Raises NotFound for an unknown user."""
    return rows.projects_of_user(tx, users.require(tx, email).id)


def disable(tx: Transaction, now: int, project_id: str, *, by_operator: bool = False) -> None:
    """Switches the project off: no queue is served, no token or key good. Raises NotFound.

    `by_operator` is remembered, also of a project that is off already: see
    `administration.projects.enable`.
    """
    if not is_project_id(project_id) or not rows.disable_project(
        tx, now, project_id, by_operator=by_operator
    ):
        raise _unknown(project_id)
    configuration.touch(tx)


def enable(tx: Transaction, project_id: str) -> None:
    """Switches it on again; tokens that have not expired are good again. Raises NotFound."""
    if not is_project_id(project_id) or not rows.enable_project(tx, project_id):
        raise _unknown(project_id)
    configuration.touch(tx)


def delete(tx: Transaction, now: int, project_id: str) -> None:
    """Ends the project as `disable` does; for `UNDELETE_DAYS` it can be had back.

    Its id stays taken for ever. Raises NotFound, and Conflict when it was deleted before.
    """
    require(tx, project_id)
    if not rows.delete_project(tx, now, project_id):
        raise Conflict(f"project {project_id} is deleted already", field="project")
    configuration.touch(tx)


def undelete(tx: Transaction, now: int, project_id: str) -> None:
    """Takes a deletion back. Raises NotFound, and Conflict when it is not deleted or too late."""
    require(tx, project_id)
    deleted_after = now - _UNDELETE_MICROSECONDS
    if not rows.undelete_project(tx, project_id, deleted_after=deleted_after):
        raise Conflict(
            f"project {project_id} is not deleted, or was more than {UNDELETE_DAYS} days ago",
            field="project",
        )
    configuration.touch(tx)


def find_to_sweep(tx: Transaction, now: int) -> str | None:
    """A project that cannot be undeleted any more and has not been emptied; None: no such."""
    return rows.project_to_sweep(tx, deleted_before=now - _UNDELETE_MICROSECONDS)


def forget_members(tx: Transaction, project_id: str) -> None:
    """The last step of emptying a deleted project: nobody sees it any more."""
    rows.delete_members(tx, project_id)
    configuration.touch(tx)


def list_members(tx: Transaction, project_id: str) -> list[Member]:
    """Its members, disabled users too, by e-mail address."""
    return rows.members_of(tx, project_id)


def add_member(tx: Transaction, *, project_id: str, email: str, role: str) -> None:
    """Gives a user a role in the project, in place of an earlier one.

    Raises Invalid for an unknown role, NotFound for the project or the user, and Conflict when
    this would leave the project without an owner.
    """
    if role not in ROLES:
        raise Invalid(f"a role is one of {', '.join(ROLES)}, not {role!r}", field="role")
    lock(tx, project_id)
    rows.put_member(tx, project_id, user_id=users.require(tx, email).id, role=role)
    _check_that_an_owner_is_left(tx, project_id)
    configuration.touch(tx)


def remove_member(tx: Transaction, *, project_id: str, email: str) -> None:
    """Takes the user's role away.

    Raises NotFound for the project, or when the user has no part in it, and Conflict when this
    would leave the project without an owner.
    """
    lock(tx, project_id)
    if not rows.delete_member(tx, project_id, user_id=users.require(tx, email).id):
        raise NotFound(f"{email} is not a member of {project_id}", field="email")
    _check_that_an_owner_is_left(tx, project_id)
    configuration.touch(tx)


def enable_api(tx: Transaction, now: int, *, project_id: str, api: str) -> None:
    """Switches an API on; again is no error. Raises Invalid for an unknown API, NotFound."""
    _check_api(api)
    lock(tx, project_id)
    rows.enable_api(tx, now, project_id, api=api)
    configuration.touch(tx)


def disable_api(tx: Transaction, *, project_id: str, api: str) -> None:
    """Switches an API off; again is no error. Raises Invalid for an unknown API, NotFound."""
    _check_api(api)
    lock(tx, project_id)
    rows.disable_api(tx, project_id, api=api)
    configuration.touch(tx)


def is_api_enabled(tx: Transaction, *, project_id: str, api: str) -> bool:
    """Whether the API is switched on; never for an unknown project."""
    return (
        api in APIS and is_project_id(project_id) and rows.is_api_enabled(tx, project_id, api=api)
    )


def switched_on(tx: Transaction, project_id: str) -> frozenset[str] | None:
    """The APIs that are on for it; None when the project itself is off, deleted or not there."""
    return rows.switched_on(tx, project_id)


def set_legacy_scopes(tx: Transaction, *, project_id: str, allowed: bool) -> None:
    """Whether taskqueue.consumer may insert too, as old documents say. Raises NotFound."""
    if not rows.set_legacy_scopes(tx, project_id, allowed=allowed):
        raise _unknown(project_id)
    configuration.touch(tx)


def set_total_storage_limit(tx: Transaction, *, project_id: str, limit: int | None) -> None:
    """The bytes that all its tasks may take; None is no limit. Raises Invalid, NotFound."""
    check_storage_limit(limit)
    if not rows.set_total_storage_limit(tx, project_id, limit):
        raise _unknown(project_id)
    configuration.touch(tx)


def check_storage_limit(limit: int | None) -> None:
    """Invalid unless it is a number of bytes that can be meant; None is no limit."""
    if limit is not None and not 0 < limit <= MAX_STORAGE_LIMIT:
        raise Invalid(
            "the storage limit is a positive number of bytes, or none", field="total_storage_limit"
        )


def _check_that_an_owner_is_left(tx: Transaction, project_id: str) -> None:
    # After the change, for raising undoes it; the project's row is locked until the commit.
    if rows.count_owners(tx, project_id) == 0:
        raise Conflict(
            f"project {project_id} needs an owner: make another user owner first", field="email"
        )


def _check_api(api: str) -> None:
    if api not in APIS:
        raise Invalid(f"there is no API {api!r}: the known ones are {', '.join(APIS)}", field="api")


def _unknown(project_id: str) -> NotFound:
    return NotFound(f"there is no project {project_id!r}", field="project")
