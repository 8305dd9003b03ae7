"""Quotas: what a project may spend, who said so, and why."""

from typing import Annotated, Literal

from msgspec import Meta

from leasehold.administration import quotas
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.usage.quotas import Override, Quota
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Instant, Wire, instant

_PATH = "projects/{project}/quotas"
_ONE = f"{_PATH}/{{quota}}"


class QuotaOverride(Wire, frozen=True):
    """What somebody gave a project instead of what it had."""

    limit: Annotated[int | None, Meta(description="Null: no limit.")]
    set_by: str
    set_at: Instant
    why: str


class QuotaResource(Wire, frozen=True):
    """A quota of a project, as it is now."""

    name: str
    seconds: Annotated[int, Meta(description="Of its window.")]
    default: Annotated[int | None, Meta(description="Of every project; null: no limit.")]
    operator: Annotated[QuotaOverride | None, Meta(description="In place of the default.")]
    project: Annotated[QuotaOverride | None, Meta(description="At most this, by its own admins.")]
    effective: Annotated[int | None, Meta(description="What holds; null: no limit.")]
    decided_by: Literal["default", "operator", "project"]
    drawn: Annotated[
        int | None,
        Meta(description="By the servers, of the running window; null: counted for each user."),
    ]
    window_ends: Instant


class QuotaList(Wire, frozen=True):
    """Every quota of the project."""

    quotas: tuple[QuotaResource, ...]


class PutQuota(Wire, frozen=True):
    """A limit that a project sets itself: less than it was given."""

    limit: Annotated[int, Meta(ge=1, le=10**12, description="Calls in a window.")]
    why: Annotated[str, Meta(max_length=500, description="The reason, for those who come later.")]


def list_(tx: Transaction, now: int, call: Call) -> QuotaList:
    return QuotaList(quotas=tuple(map(_resource, _all(tx, now, call))))


def put(tx: Transaction, now: int, call: Call) -> QuotaResource:
    given, name = call.given(PutQuota), call.ids["quota"]
    quotas.set_limit(
        tx,
        now,
        call.actor,
        project_id=call.project,
        quota=name,
        most=given.limit,
        why=given.why,
        settings=call.services.settings,
    )
    return next(_resource(quota) for quota in _all(tx, now, call) if quota.name == name)


def remove(tx: Transaction, now: int, call: Call) -> None:
    quotas.remove(tx, now, call.actor, project_id=call.project, quota=call.ids["quota"])


def _all(tx: Transaction, now: int, call: Call) -> list[Quota]:
    settings = call.services.settings
    return quotas.list_quotas(tx, now, call.actor, project_id=call.project, settings=settings)


def _resource(quota: Quota) -> QuotaResource:
    return QuotaResource(
        name=quota.name,
        seconds=quota.seconds,
        default=quota.default,
        operator=_override(quota.operator),
        project=_override(quota.project),
        effective=quota.effective,
        decided_by=quota.decided_by,
        drawn=quota.drawn,
        window_ends=instant(quota.window_ends),
    )


def _override(override: Override | None) -> QuotaOverride | None:
    if override is None:
        return None
    return QuotaOverride(
        limit=override.most,
        set_by=override.set_by,
        set_at=instant(override.set_at),
        why=override.why,
    )


METHODS = (
    Method(
        id="leasehold.quotas.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's limits and how much of each is used.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=QuotaList,
        run=list_,
    ),
    Method(
        id="leasehold.quotas.put",
        verb="PUT",
        path=_ONE,
        description="Limits the project to less than the server's operator allows it.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=PutQuota,
        response=QuotaResource,
        words={"most": "limit"},
        run=put,
    ),
    Method(
        id="leasehold.quotas.remove",
        verb="DELETE",
        path=_ONE,
        description="Removes a limit that the project has set itself, so that the server's applies"
        " again.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=remove,
    ),
)
