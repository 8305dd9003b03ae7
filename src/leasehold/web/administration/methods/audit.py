"""The audit log: who did what in a project, from where, and how it was before and after."""

from typing import Annotated, Any

from msgspec import Meta

from leasehold.administration import audit
from leasehold.administration.audit import Search
from leasehold.administration.audit_chain import Entry
from leasehold.administration.audit_export import COLUMNS, csv_cells, csv_line, value_of
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Csv, Method
from leasehold.web.administration.wire import (
    Instant,
    NextPage,
    Page,
    Wire,
    instant,
    microseconds,
)

_PATH = "projects/{project}/audit"


class AuditEntry(Wire, frozen=True):
    """What somebody did."""

    number: Annotated[str, Meta(description="Counts the acts on the whole server.")]
    at: Instant
    actor_kind: Annotated[str, Meta(description="operator, person or service_account.")]
    actor: Annotated[str, Meta(description="E-mail address, or an operator's name.")]
    client_id: Annotated[str, Meta(description="By which client; empty: console or command line.")]
    address: Annotated[str, Meta(description="Where from.")]
    action: Annotated[str, Meta(description="queues.create, for example.")]
    project: str
    target: Annotated[str, Meta(description="What was acted upon: queues/resize, for example.")]
    before: Annotated[Any, Meta(description="How it was; null: there was nothing.")]
    after: Annotated[Any, Meta(description="How it is; null: there is nothing any more.")]
    previous_hash: Annotated[str, Meta(description="Of the entry before, whoever's it is.")]
    hash: Annotated[str, Meta(description="SHA-256 of all above.")]


class AuditLog(Wire, frozen=True):
    """Some of the entries, newest first. A page may be empty and yet not be the last."""

    entries: tuple[AuditEntry, ...]
    next_page_token: NextPage


class SearchAudit(Page, frozen=True):
    """Which entries are wanted."""

    actor: Annotated[str, Meta(max_length=500, description="Who did it; none: anybody.")] = ""
    action: Annotated[
        str,
        Meta(
            max_length=200, description="What it begins with, like queues. with its dot; none: any."
        ),
    ] = ""
    target: Annotated[str, Meta(max_length=500, description="On what; none: anything.")] = ""
    since: Annotated[Instant | None, Meta(description="Not before this instant.")] = None
    until: Annotated[Instant | None, Meta(description="Before this instant.")] = None


def list_(tx: Transaction, now: int, call: Call) -> AuditLog | Csv:  # noqa: ARG001  # every method is given the time
    asked = call.asked(SearchAudit)
    wanted = Search(
        actor=asked.actor.lower(),
        action=asked.action,
        target=asked.target,
        since=None if asked.since is None else microseconds(asked.since, field="since"),
        until=None if asked.until is None else microseconds(asked.until, field="until"),
    )
    found = audit.search(
        tx,
        call.actor,
        project_id=call.project,
        wanted=wanted,
        page_size=asked.page_size,
        page_token=asked.page_token,
    )
    if call.wants_csv:
        lines = [csv_line(COLUMNS), *(csv_line(csv_cells(entry)) for entry in found.items)]
        return Csv("".join(f"{line}\n" for line in lines))
    return AuditLog(
        entries=tuple(map(_resource, found.items)), next_page_token=found.next_page_token
    )


def get(tx: Transaction, now: int, call: Call) -> AuditEntry:  # noqa: ARG001  # as above
    found = audit.get(tx, call.actor, project_id=call.project, number=call.number("entry"))
    return _resource(found)


def _resource(entry: Entry) -> AuditEntry:
    value = value_of(entry)
    return AuditEntry(
        number=str(entry.number),
        at=instant(entry.at),
        actor_kind=entry.actor_kind,
        actor=entry.actor,
        client_id=entry.client_id,
        address=entry.address,
        action=entry.action,
        project=entry.project_id,
        target=entry.target,
        before=value["before"],
        after=value["after"],
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )


METHODS = (
    Method(
        id="leasehold.audit.list",
        verb="GET",
        path=_PATH,
        description="Searches the project's audit log for what was done, by whom and when.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=SearchAudit,
        request=None,
        response=AuditLog,
        has_csv=True,
        run=list_,
    ),
    Method(
        id="leasehold.audit.get",
        verb="GET",
        path=f"{_PATH}/{{entry}}",
        description="Shows one entry of the project's audit log with what it changed.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=AuditEntry,
        run=get,
    ),
)
