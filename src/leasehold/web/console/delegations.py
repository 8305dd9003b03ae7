"""Delegations: service accounts of the project that may act for the users of a domain."""

from starlette.responses import Response

from leasehold.accounts.service_accounts import email_of
from leasehold.administration import delegations, service_accounts
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction
from leasehold.web.console.lists import listing, part
from leasehold.web.console.shell import ProjectPage, ProjectVisit

_ADD = """\
leasehold delegation add {email} \\
  --domain example.com --scope {scope}
"""


async def show(visit: ProjectVisit) -> Response:
    found, email = await visit.read(lambda tx, _: _found(tx, visit))
    page = part(visit.visit, found, lambda each: f"{each.domain} {each.email}")
    return visit.page(
        "console/delegations.html",
        delegations=listing(visit.visit, page),
        is_empty=not found,
        scopes_of=_scopes_of,
        line=_ADD.format(email=email, scope=scopes.text(scopes.CONSUMER)),
    )


def _scopes_of(delegation: Delegation) -> list[str]:
    """Their URLs without what begins nearly all of them."""
    return [scope.url.removeprefix(scopes.PREFIX) for scope in scopes.of(delegation.scopes)]


def _found(tx: Transaction, visit: ProjectVisit) -> tuple[list[Delegation], str]:
    """All of them, and the account that the line to copy names."""
    project_id = visit.project.id
    accounts = service_accounts.list_accounts(tx, visit.actor, project_id=project_id)
    return (
        delegations.list_delegations_of(tx, visit.actor, project_id=project_id),
        accounts[0].account.email if accounts else email_of(project_id, "worker"),
    )


PAGES = (ProjectPage("delegations", show=show),)
