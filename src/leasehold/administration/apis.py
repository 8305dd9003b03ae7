"""Administration of APIs: which of them are on for a project."""

from leasehold.accounts import projects
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.storage.transaction import Transaction


def list_apis(tx: Transaction, actor: Actor, *, project_id: str) -> dict[str, bool]:
    """Every API that there is, and whether it is on. Raises NotFound."""
    authority.require(tx, actor, project_id, deleted_too=True)
    return {api: _is_on(tx, project_id, api) for api in projects.APIS}


def enable(tx: Transaction, now: int, actor: Actor, *, project_id: str, api: str) -> None:
    """Switches an API on; again is no error. Raises NotFound, and Invalid for an unknown API."""
    projects.lock(tx, project_id)
    authority.require(tx, actor, project_id)
    was_on = _is_on(tx, project_id, api)
    projects.enable_api(tx, now, project_id=project_id, api=api)
    _record(tx, now, actor, "apis.enable", project_id, api, was_on=was_on, is_on=True)


def disable(tx: Transaction, now: int, actor: Actor, *, project_id: str, api: str) -> None:
    """Switches an API off; again is no error. Raises NotFound, and Invalid for an unknown API."""
    projects.lock(tx, project_id)
    authority.require(tx, actor, project_id)
    was_on = _is_on(tx, project_id, api)
    projects.disable_api(tx, project_id=project_id, api=api)
    _record(tx, now, actor, "apis.disable", project_id, api, was_on=was_on, is_on=False)


def _is_on(tx: Transaction, project_id: str, api: str) -> bool:
    return projects.is_api_enabled(tx, project_id=project_id, api=api)


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    action: str,
    project_id: str,
    api: str,
    *,
    was_on: bool,
    is_on: bool,
) -> None:
    if was_on == is_on:
        return
    audit.record(
        tx,
        now,
        actor,
        action=action,
        project_id=project_id,
        target=f"apis/{api}",
        before={"enabled": was_on},
        after={"enabled": is_on},
    )
