"""Delegations: what lets a project's service accounts act for all users of a domain.

They are given and taken by the server's operator alone, by the command line.
"""

from typing import Annotated

from msgspec import Meta

from leasehold.administration import delegations
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Instant, Wire, instant


class DelegationResource(Wire, frozen=True):
    """A service account's right to act for the users of a domain."""

    domain: Annotated[str, Meta(description="What comes after the @ of the users' addresses.")]
    service_account: Annotated[str, Meta(description="E-mail address of the account.")]
    scopes: tuple[str, ...]
    created_at: Instant


class DelegationList(Wire, frozen=True):
    """What the project's accounts may do, by domain, then by account."""

    delegations: tuple[DelegationResource, ...]


def list_(tx: Transaction, now: int, call: Call) -> DelegationList:  # noqa: ARG001  # every method is given the time
    found = delegations.list_delegations_of(tx, call.actor, project_id=call.project)
    return DelegationList(delegations=tuple(map(_resource, found)))


def _resource(delegation: Delegation) -> DelegationResource:
    return DelegationResource(
        domain=delegation.domain,
        service_account=delegation.email,
        scopes=tuple(scope.url for scope in scopes.of(delegation.scopes)),
        created_at=instant(delegation.created_at),
    )


METHODS = (
    Method(
        id="leasehold.delegations.list",
        verb="GET",
        path="projects/{project}/delegations",
        description="Lists which of the project's service accounts may act for the users of which"
        " domain, as the server's operator has allowed.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=DelegationList,
        run=list_,
    ),
)
