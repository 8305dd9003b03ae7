"""Usage, as members of a project and operators may see it. Reading it is not audited."""

from collections.abc import Mapping, Sequence

from leasehold.administration import authority
from leasehold.administration.actor import Actor
from leasehold.storage.transaction import Transaction
from leasehold.usage import reports
from leasehold.usage.reports import Report, Split, StoredLine, StoredReport


def report(  # noqa: PLR0913  # what may be asked, each by its name
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    since: int,
    until: int,
    period: str,
    by: Sequence[str] = (),
    filters: Mapping[str, str] | None = None,
    latency: bool = False,
) -> Report:
    """The project's calls, as `usage.reports.report` tells them; instants in microseconds."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    return reports.report(
        tx,
        now,
        project.id,
        since=since,
        until=until,
        period=period,
        by=by,
        filters=filters,
        latency=latency,
    )


def stored(  # noqa: PLR0913  # likewise
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    since: int,
    until: int,
    period: str,
    by_queue: bool = False,
    queue: str | None = None,
) -> StoredReport:
    """What the project's queues held, as `usage.reports.stored` tells it."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    return reports.stored(
        tx,
        now,
        project.id,
        since=since,
        until=until,
        period=period,
        by_queue=by_queue,
        queue=queue,
    )


def split(  # noqa: PLR0913  # likewise
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    since: int,
    until: int,
    period: str,
    by: str = "",
    filters: Mapping[str, str] | None = None,
) -> Split:
    """The project's calls for charts, as `usage.reports.split` tells them."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    return reports.split(
        tx, now, project.id, since=since, until=until, period=period, by=by, filters=filters
    )


def largest(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    since: int,
    until: int,
    period: str,
) -> tuple[StoredLine, ...]:
    """The project's queues that held the most, as `usage.reports.largest` tells them."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    return reports.largest(tx, now, project.id, since=since, until=until, period=period)
