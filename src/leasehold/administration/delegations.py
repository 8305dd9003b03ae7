"""Administration of delegation: service accounts that may act for all users of a domain.

Only the operator gives and takes this: it reaches people who have no part in the account's project.
"""

from leasehold.accounts import service_accounts
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.oauth2 import delegations, scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction


def add(
    tx: Transaction, now: int, actor: Actor, *, account_email: str, domain: str, scope: str
) -> Delegation:
    """Lets the account act for every user of the domain; `scope` is a space-separated list.

    Raises Forbidden for all but the operator, Invalid for the domain or the scopes, NotFound for
    the account, Conflict as `delegations.add`.
    """
    authority.require_operator(actor)
    made = delegations.add(tx, now, account_email=account_email, domain=domain, scope=scope)
    _record(tx, now, actor, "create", made, after=_description(made))
    return made


def remove(
    tx: Transaction, now: int, actor: Actor, *, account_email: str, domain: str
) -> Delegation:
    """Takes it back; tokens that were given by it end. Returns what it was.

    Raises Forbidden for all but the operator, Invalid for the domain, and NotFound for the account
    and for what it may not do.
    """
    authority.require_operator(actor)
    removed = delegations.remove(tx, now, account_email=account_email, domain=domain)
    _record(tx, now, actor, "delete", removed, before=_description(removed))
    return removed


def list_delegations(tx: Transaction, actor: Actor) -> list[Delegation]:
    """All of the server, by domain, then by account. Raises Forbidden for all but the operator."""
    authority.require_operator(actor)
    return delegations.list_delegations(tx)


def list_delegations_of(tx: Transaction, actor: Actor, *, project_id: str) -> list[Delegation]:
    """What the project's own accounts may do, in the same order, for its members. NotFound."""
    authority.require(tx, actor, project_id)
    return delegations.delegations_of(tx, project_id)


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    act: str,
    delegation: Delegation,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        now,
        actor,
        action=f"delegations.{act}",
        # In the log of the account's project, whose members shall know.
        project_id=service_accounts.require(tx, delegation.email).project_id,
        target=f"delegations/{delegation.domain}/{delegation.email}",
        before=before,
        after=after,
    )


def _description(delegation: Delegation) -> dict[str, object]:
    return {
        "domain": delegation.domain,
        "service_account": delegation.email,
        "scopes": [scope.url for scope in scopes.of(delegation.scopes)],
    }
