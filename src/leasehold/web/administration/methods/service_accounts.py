"""Service accounts: programs' accounts, each with keys that prove who it is."""

from typing import Annotated

from msgspec import Meta

from leasehold.accounts.model import ServiceAccount
from leasehold.administration import service_accounts
from leasehold.administration.service_accounts import AccountWithKeys
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Instant, Nothing, Wire, instant, maybe_instant

_PATH = "projects/{project}/serviceAccounts"


class ServiceAccountResource(Wire, frozen=True):
    """A program's account."""

    email: Annotated[str, Meta(description="What ACLs name.")]
    project: str
    name: str
    client_id: Annotated[str, Meta(description="21 digits, by which others know it.")]
    created_at: Instant
    disabled_at: Annotated[Instant | None, Meta(description="Null: it may get and use tokens.")]
    keys: Annotated[int, Meta(description="How many keys are good for it.")]


class ServiceAccountList(Wire, frozen=True):
    """The project's accounts, disabled ones too, by name."""

    service_accounts: tuple[ServiceAccountResource, ...]


class CreateServiceAccount(Wire, frozen=True):
    """An account that is to be made."""

    name: Annotated[
        str,
        Meta(
            max_length=63,
            description="Lower-case letters, digits and hyphens; a letter comes first.",
        ),
    ]


def list_(tx: Transaction, now: int, call: Call) -> ServiceAccountList:  # noqa: ARG001  # every method is given the time
    found = service_accounts.list_accounts(tx, call.actor, project_id=call.project)
    return ServiceAccountList(service_accounts=tuple(map(_resource, found)))


def create(tx: Transaction, now: int, call: Call) -> ServiceAccountResource:
    made = service_accounts.create(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        project_id=call.project,
        name=call.given(CreateServiceAccount).name,
    )
    return _resource(AccountWithKeys(made, 0))


def get(tx: Transaction, now: int, call: Call) -> ServiceAccountResource:  # noqa: ARG001  # as above
    return _found(tx, call)


def delete(tx: Transaction, now: int, call: Call) -> None:
    service_accounts.delete(tx, now, call.actor, project_id=call.project, email=call.ids["account"])


def disable(tx: Transaction, now: int, call: Call) -> ServiceAccountResource:
    service_accounts.disable(
        tx, now, call.actor, project_id=call.project, email=call.ids["account"]
    )
    return _found(tx, call)


def enable(tx: Transaction, now: int, call: Call) -> ServiceAccountResource:
    service_accounts.enable(tx, now, call.actor, project_id=call.project, email=call.ids["account"])
    return _found(tx, call)


def _found(tx: Transaction, call: Call) -> ServiceAccountResource:
    return _resource(
        service_accounts.get(tx, call.actor, project_id=call.project, email=call.ids["account"])
    )


def _resource(found: AccountWithKeys) -> ServiceAccountResource:
    account: ServiceAccount = found.account
    return ServiceAccountResource(
        email=account.email,
        project=account.project_id,
        name=account.name,
        client_id=account.id,
        created_at=instant(account.created_at),
        disabled_at=maybe_instant(account.disabled_at),
        keys=found.keys,
    )


METHODS = (
    Method(
        id="leasehold.serviceAccounts.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's service accounts.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ServiceAccountList,
        run=list_,
    ),
    Method(
        id="leasehold.serviceAccounts.create",
        verb="POST",
        path=_PATH,
        description="Makes a service account, which has no keys as yet.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=CreateServiceAccount,
        response=ServiceAccountResource,
        run=create,
    ),
    Method(
        id="leasehold.serviceAccounts.get",
        verb="GET",
        path=f"{_PATH}/{{account}}",
        description="Shows a service account.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ServiceAccountResource,
        run=get,
    ),
    Method(
        id="leasehold.serviceAccounts.delete",
        verb="DELETE",
        path=f"{_PATH}/{{account}}",
        description="Deletes a service account with its keys and tokens.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
    Method(
        id="leasehold.serviceAccounts.disable",
        verb="POST",
        path=f"{_PATH}/{{account}}:disable",
        description="Switches a service account off and ends its tokens.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=ServiceAccountResource,
        run=disable,
    ),
    Method(
        id="leasehold.serviceAccounts.enable",
        verb="POST",
        path=f"{_PATH}/{{account}}:enable",
        description="Switches a service account on again: its keys are good, its earlier tokens"
        " are not.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=ServiceAccountResource,
        run=enable,
    ),
)
