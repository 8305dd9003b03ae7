"""APIs: which of them are on for a project."""

from typing import Annotated

from msgspec import Meta

from leasehold.administration import apis
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Wire

_PATH = "projects/{project}/apis"

Enabled = Annotated[bool, Meta(description="Whether it is on.")]


class ApiResource(Wire, frozen=True):
    """An API, and whether it is on for the project."""

    name: str
    enabled: Enabled


class ApiList(Wire, frozen=True):
    """Every API that a project can switch on."""

    apis: tuple[ApiResource, ...]


class PutApi(Wire, frozen=True):
    """Whether it is to be on."""

    enabled: Enabled


def list_(tx: Transaction, now: int, call: Call) -> ApiList:  # noqa: ARG001  # every method is given the time
    found = apis.list_apis(tx, call.actor, project_id=call.project)
    return ApiList(apis=tuple(ApiResource(name=name, enabled=on) for name, on in found.items()))


def put(tx: Transaction, now: int, call: Call) -> ApiResource:
    name, enabled = call.ids["api"], call.given(PutApi).enabled
    switch = apis.enable if enabled else apis.disable
    switch(tx, now, call.actor, project_id=call.project, api=name)
    return ApiResource(name=name, enabled=enabled)


METHODS = (
    Method(
        id="leasehold.apis.list",
        verb="GET",
        path=_PATH,
        description="Lists the APIs, and says which of them are on for the project.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ApiList,
        run=list_,
    ),
    Method(
        id="leasehold.apis.put",
        verb="PUT",
        path=f"{_PATH}/{{api}}",
        description="Switches an API on or off for the project.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=PutApi,
        response=ApiResource,
        run=put,
    ),
)
