"""The decision: may this principal do this here? Allowed, or refused with a reason.

Scope and queue ACL must both allow. The order of the questions keeps what a stranger learns small:
who has no right in a project is told the same whether the project or the queue is there or not.
"""

from dataclasses import dataclass
from typing import Literal

from leasehold.access.directory import Place
from leasehold.access.principal import Principal
from leasehold.oauth2 import scopes
from leasehold.queues.model import Role

Reason = Literal[
    "insufficientPermissions", "forbidden", "accessNotConfigured", "notFound", "quotaExceeded"
]


@dataclass(frozen=True, slots=True)
class Need:
    """What a method demands."""

    api: str
    scopes: int  # any one of this mask
    role: Role


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and why; the surface words it."""

    reason: Reason


def decide(  # noqa: PLR0911  # one row for each reason
    principal: Principal,
    place: Place,
    need: Need,
    *,
    full_projects: frozenset[str] = frozenset(),
) -> Refused | None:
    """None when it is allowed. Into `full_projects`, by id, no tasks may be inserted."""
    project, queue = place.project, place.queue
    wanted = need.scopes
    if project is not None and project.legacy_scopes and need.role == "producer":
        wanted |= scopes.CONSUME  # as old documents say; the project's owner switched it on
    if not principal.scopes & wanted:
        return Refused("insufficientPermissions")
    if project is None:
        return Refused("forbidden")
    is_admin = principal.email in project.admins
    has_role = is_admin or (queue is not None and queue.acl.allows(principal.email, need.role))
    belongs = is_admin or principal.project_id == project.id
    if not has_role and not belongs:
        return Refused("forbidden")
    if need.api not in project.apis:
        return Refused("accessNotConfigured")
    if queue is None:
        return Refused("notFound")
    if not has_role:
        return Refused("forbidden")
    if need.role == "producer" and project.id in full_projects:
        return Refused("quotaExceeded")
    return None
