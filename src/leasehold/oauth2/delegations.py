"""Domain-wide delegation: a service account may act for the users of a domain, within scopes."""

import re

from leasehold.accounts import configuration, projects, service_accounts
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.oauth2 import client_rows as rows
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction

MAX_DELEGATIONS = 500  # of all the accounts of one project

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ACCOUNT_ID = re.compile(r"[0-9]{21}")


def add(tx: Transaction, now: int, *, account_email: str, domain: str, scope: str) -> Delegation:
    """Lets the account act for every user whose address ends in @ and this very domain.

    `scope` is a space-separated list. Raises Invalid for the domain or the scopes, NotFound for
    the account, and Conflict when it may act for that domain already, or the accounts of its
    project have MAX_DELEGATIONS.
    """
    domain = normalize_domain(domain)
    granted = scopes.mask(scope)
    account = service_accounts.require(tx, account_email)
    projects.lock(tx, account.project_id)
    if len(delegations_of(tx, account.project_id)) >= MAX_DELEGATIONS:
        raise Conflict(
            f"the accounts of {account.project_id} have {MAX_DELEGATIONS} delegations: remove one"
            " first",
            field="domain",
        )
    delegation_id = rows.insert_delegation(
        tx, now, service_account_id=account.id, domain=domain, granted=granted
    )
    if delegation_id is None:
        raise Conflict(
            f"{account.email} may act for users of {domain} already: to change the scopes, remove"
            " that first",
            field="domain",
        )
    configuration.touch(tx)
    return Delegation(delegation_id, domain, account.id, account.email, granted, created_at=now)


def remove(tx: Transaction, now: int, *, account_email: str, domain: str) -> Delegation:
    """Takes it back; tokens that were given by it are good no longer. Raises Invalid, NotFound."""
    domain = normalize_domain(domain)
    account = service_accounts.require(tx, account_email)
    found = find(tx, account.id, domain)
    if found is None or not rows.delete_delegation(
        tx, now, service_account_id=account.id, domain=domain
    ):
        raise NotFound(f"{account.email} may not act for users of {domain}", field="domain")
    configuration.touch(tx)
    return found


def list_delegations(tx: Transaction) -> list[Delegation]:
    """All of them, by domain, then by account; none of accounts that were deleted."""
    return rows.all_delegations(tx)


def delegations_of(tx: Transaction, project_id: str) -> list[Delegation]:
    """Those of the project's accounts, in the same order; none for an unknown project."""
    return rows.delegations_of_project(tx, project_id) if projects.is_project_id(project_id) else []


def find(tx: Transaction, service_account_id: str, domain: str) -> Delegation | None:
    """What lets the account act for users of the domain, in lower case; None when nothing does."""
    if not _ACCOUNT_ID.fullmatch(service_account_id) or not _DOMAIN.fullmatch(domain):
        return None
    return rows.delegation_by_account(tx, service_account_id=service_account_id, domain=domain)


def normalize_domain(text: str) -> str:
    """The domain in lower case. Raises Invalid for what comes after the @ of no address.

    >>> normalize_domain(" Example.com ")
    'example.com'
    """
    domain = text.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise Invalid(
            "that is not a domain: write what comes after the @ of the users' addresses, like"
            " example.com",
            field="domain",
        )
    return domain
