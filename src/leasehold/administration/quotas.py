"""Administration of quotas: operators give projects more or less, projects take less."""

from leasehold.accounts import projects
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.usage import quotas
from leasehold.usage.quotas import Override, Quota, Source


def list_quotas(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, settings: Settings
) -> list[Quota]:
    """The project's quotas. Raises NotFound as `authority.require`."""
    authority.require(tx, actor, project_id)
    return quotas.list_quotas(tx, now, project_id=project_id, settings=settings)


def set_limit(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    quota: str,
    most: int | None,
    why: str,
    settings: Settings,
) -> Override:
    """Sets a limit, as the operator or as the project, whichever the actor is; None: no limit.

    Raises NotFound as `authority.require`, Invalid as `quotas.set_override`.
    """
    authority.require(tx, actor, project_id)
    projects.lock(tx, project_id)
    source = source_of(actor)
    before = quotas.find_override(tx, project_id=project_id, quota=quota, source=source)
    after = quotas.set_override(
        tx,
        now,
        project_id=project_id,
        quota=quota,
        source=source,
        most=most,
        set_by=actor.name,
        why=why,
        settings=settings,
    )
    audit.record(
        tx,
        now,
        actor,
        action="quotas.set",
        project_id=project_id,
        target=f"quotas/{quota}",
        before=_recorded(before),
        after=_recorded(after),
    )
    return after


def remove(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    quota: str,
    source: Source | None = None,
) -> None:
    """Takes a limit back; an operator may also take the project's own back (`source`).

    None is the actor's own. Raises NotFound as `authority.require` and when there is no such
    limit, Invalid for an unknown quota, Forbidden for who would take the operator's back.
    """
    authority.require(tx, actor, project_id)
    projects.lock(tx, project_id)
    source = source or source_of(actor)
    if source == "operator":
        authority.require_operator(actor)
    before = quotas.find_override(tx, project_id=project_id, quota=quota, source=source)
    quotas.remove_override(tx, project_id=project_id, quota=quota, source=source)
    audit.record(
        tx,
        now,
        actor,
        action="quotas.remove",
        project_id=project_id,
        target=f"quotas/{quota}",
        before=_recorded(before),
        after=None,
    )


def source_of(actor: Actor) -> Source:
    """As whom the actor speaks."""
    return "operator" if actor.is_operator else "project"


def _recorded(override: Override | None) -> dict[str, object] | None:
    if override is None:
        return None
    return {"source": override.source, "limit": override.most, "why": override.why}
