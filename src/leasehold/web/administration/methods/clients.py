"""Clients: the applications that a project registered, which ask people for access."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from leasehold.administration import clients
from leasehold.administration.clients import ClientChanges, RegisteredClient
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import ClientSecret, ClientType, NewClient, NewSecret
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Instant, Wire, chosen, instant

_PATH = "projects/{project}/clients"

Name = Annotated[str, Meta(max_length=200, description="What people are told who asks them.")]
Uris = Annotated[
    tuple[str, ...],
    Meta(max_length=50, description="The addresses to which people may be sent back."),
]
Origins = Annotated[
    tuple[str, ...], Meta(max_length=50, description="The origins of its pages with scripts.")
]
Rotates = Annotated[bool, Meta(description="Whether a refresh token is replaced by each use.")]
ForItself = Annotated[bool, Meta(description="Whether it may get tokens for itself.")]
Implicit = Annotated[bool, Meta(description="Whether it may use the implicit grant.")]


class Secret(Wire, frozen=True):
    """What is known of a client's secret, which is not the secret itself."""

    id: Annotated[str, Meta(description="Its number.")]
    ending: Annotated[str, Meta(description="Its last characters, by which people tell it.")]
    created_at: Instant


class MadeSecret(Wire, frozen=True):
    """A new secret. It is shown this once."""

    id: Annotated[str, Meta(description="Its number.")]
    secret: Annotated[str, Meta(description="What the client sends as client_secret.")]
    ending: Annotated[str, Meta(description="Its last characters, by which people tell it.")]
    created_at: Instant


class ClientResource(Wire, frozen=True):
    """An application as its developer registered it."""

    id: Annotated[str, Meta(description="What it sends as client_id.")]
    project: str
    type: ClientType
    name: Name
    email: Annotated[str, Meta(description="What an ACL names when it acts for itself.")]
    redirect_uris: Uris
    javascript_origins: Origins
    rotates: Rotates
    client_credentials: ForItself
    implicit: Implicit
    created_at: Instant
    secrets: tuple[Secret, ...]


class ClientList(Wire, frozen=True):
    """The project's clients, by name."""

    clients: tuple[ClientResource, ...]


class CreateClient(Wire, frozen=True):
    """A client that is to be registered."""

    type: ClientType
    name: Name
    redirect_uris: Uris = ()
    javascript_origins: Origins = ()
    rotates: Annotated[
        bool | None,
        Meta(
            description="Whether a refresh token is replaced by each use; null: as is usual for"
            " the type."
        ),
    ] = None
    client_credentials: ForItself = False
    implicit: Implicit = False


class MadeClient(Wire, frozen=True):
    """A new client. Its secret is shown this once."""

    client: ClientResource
    secret: Annotated[
        MadeSecret | None, Meta(description="Null for a browser client, which has none.")
    ]


class UpdateClient(Wire, frozen=True):
    """What is to be another way; what is left out stays, and a list replaces the old one."""

    name: Name | UnsetType = UNSET
    redirect_uris: Uris | UnsetType = UNSET
    javascript_origins: Origins | UnsetType = UNSET
    rotates: Rotates | UnsetType = UNSET
    client_credentials: ForItself | UnsetType = UNSET
    implicit: Implicit | UnsetType = UNSET


def list_(tx: Transaction, now: int, call: Call) -> ClientList:  # noqa: ARG001  # every method is given the time
    found = clients.list_clients(tx, call.actor, project_id=call.project)
    return ClientList(clients=tuple(map(_resource, found)))


def create(tx: Transaction, now: int, call: Call) -> MadeClient:
    given = call.given(CreateClient)
    made = clients.create(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        box=call.services.secret_box,
        new=NewClient(
            project_id=call.project,
            type=given.type,
            name=given.name,
            redirect_uris=given.redirect_uris,
            javascript_origins=given.javascript_origins,
            rotates=given.rotates,
            client_credentials=given.client_credentials,
            implicit=given.implicit,
        ),
    )
    secrets = (made.secret.secret,) if made.secret else ()
    return MadeClient(
        client=_resource(RegisteredClient(made.client, secrets)),
        secret=made_secret(made.secret) if made.secret else None,
    )


def get(tx: Transaction, now: int, call: Call) -> ClientResource:  # noqa: ARG001  # as above
    found = clients.get(tx, call.actor, project_id=call.project, client_id=call.ids["client"])
    return _resource(found)


def update(tx: Transaction, now: int, call: Call) -> ClientResource:
    given = call.given(UpdateClient)
    changes = ClientChanges(
        name=chosen(given.name),
        redirect_uris=chosen(given.redirect_uris),
        javascript_origins=chosen(given.javascript_origins),
        rotates=chosen(given.rotates),
        client_credentials=chosen(given.client_credentials),
        implicit=chosen(given.implicit),
    )
    changed = clients.update(
        tx,
        now,
        call.actor,
        project_id=call.project,
        client_id=call.ids["client"],
        changes=changes,
    )
    return _resource(changed)


def delete(tx: Transaction, now: int, call: Call) -> None:
    clients.delete(tx, now, call.actor, project_id=call.project, client_id=call.ids["client"])


def made_secret(new: NewSecret) -> MadeSecret:
    """A secret at the moment at which it is made."""
    known = new.secret
    return MadeSecret(
        id=str(known.id),
        secret=new.text,
        ending=known.ending,
        created_at=instant(known.created_at),
    )


def secret(known: ClientSecret) -> Secret:
    """What is known of a secret afterwards."""
    return Secret(id=str(known.id), ending=known.ending, created_at=instant(known.created_at))


def _resource(found: RegisteredClient) -> ClientResource:
    client = found.client
    return ClientResource(
        id=client.id,
        project=client.project_id,
        type=client.type,
        name=client.name,
        email=client.email,
        redirect_uris=client.redirect_uris,
        javascript_origins=client.javascript_origins,
        rotates=client.rotates,
        client_credentials=client.client_credentials,
        implicit=client.implicit,
        created_at=instant(client.created_at),
        secrets=tuple(map(secret, found.secrets)),
    )


METHODS = (
    Method(
        id="leasehold.clients.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's OAuth clients.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ClientList,
        run=list_,
    ),
    Method(
        id="leasehold.clients.create",
        verb="POST",
        path=_PATH,
        description="Registers an OAuth client and makes its secret, which this reply alone holds.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=CreateClient,
        response=MadeClient,
        run=create,
    ),
    Method(
        id="leasehold.clients.get",
        verb="GET",
        path=f"{_PATH}/{{client}}",
        description="Shows an OAuth client.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ClientResource,
        run=get,
    ),
    Method(
        id="leasehold.clients.patch",
        verb="PATCH",
        path=f"{_PATH}/{{client}}",
        description="Changes an OAuth client's name, redirect URIs, JavaScript origins or"
        " switches.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=UpdateClient,
        response=ClientResource,
        run=update,
    ),
    Method(
        id="leasehold.clients.delete",
        verb="DELETE",
        path=f"{_PATH}/{{client}}",
        description="Deletes an OAuth client with its secrets, its tokens and the consents that"
        " people gave it.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
)
