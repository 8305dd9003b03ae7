"""Credentials: how programs prove who they are, and what project a call is charged to."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from leasehold.administration import api_keys, clients, delegations, service_accounts
from leasehold.administration.api_keys import KeyDetails
from leasehold.administration.clients import RegisteredClient
from leasehold.administration.service_accounts import AccountWithKeys
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction
from leasehold.usage.api_keys import MAX_KEYS
from leasehold.web.console import api_keys as api_key_pages
from leasehold.web.console import clients as client_pages
from leasehold.web.console import delegations as delegation_pages
from leasehold.web.console import service_accounts as service_account_pages
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

SHOWN = 3  # of each kind; all of them are on pages of their own


@dataclass(frozen=True, slots=True)
class Found:
    """All of each kind: there are some hundred at most."""

    accounts: list[AccountWithKeys]
    clients: list[RegisteredClient]
    keys: Sequence[KeyDetails]
    delegations: list[Delegation]


async def show(visit: ProjectVisit) -> Response:
    found = await visit.read(lambda tx, now: _found(tx, now, visit))
    return visit.page("console/credentials.html", most=SHOWN, found=found)


def _found(tx: Transaction, now: int, visit: ProjectVisit) -> Found:
    actor, project_id = visit.actor, visit.project.id
    return Found(
        service_accounts.list_accounts(tx, actor, project_id=project_id),
        clients.list_clients(tx, actor, project_id=project_id),
        api_keys.list_keys(tx, now, actor, project_id=project_id, page_size=MAX_KEYS).items,
        delegations.list_delegations_of(tx, actor, project_id=project_id),
    )


GROUP = Group(
    title="Credentials",
    path="credentials",
    pages=(
        ProjectPage("credentials", show=show),
        *service_account_pages.PAGES,
        *client_pages.PAGES,
        *api_key_pages.PAGES,
        *delegation_pages.PAGES,
    ),
)
