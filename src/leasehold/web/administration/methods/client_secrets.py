"""Client secrets: a client has one, and two while it changes over."""

from leasehold.administration import clients
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.methods.clients import MadeSecret, Secret, made_secret, secret
from leasehold.web.administration.wire import Nothing, Wire

_PATH = "projects/{project}/clients/{client}/secrets"


class SecretList(Wire, frozen=True):
    """The client's secrets that are good, oldest first."""

    secrets: tuple[Secret, ...]


def list_(tx: Transaction, now: int, call: Call) -> SecretList:  # noqa: ARG001  # every method is given the time
    found = clients.get(tx, call.actor, project_id=call.project, client_id=call.ids["client"])
    return SecretList(secrets=tuple(map(secret, found.secrets)))


def create(tx: Transaction, now: int, call: Call) -> MadeSecret:
    new = clients.add_secret(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        box=call.services.secret_box,
        project_id=call.project,
        client_id=call.ids["client"],
    )
    return made_secret(new)


def delete(tx: Transaction, now: int, call: Call) -> None:
    clients.delete_secret(
        tx,
        now,
        call.actor,
        project_id=call.project,
        client_id=call.ids["client"],
        secret_id=call.number("secret"),
    )


METHODS = (
    Method(
        id="leasehold.clientSecrets.list",
        verb="GET",
        path=_PATH,
        description="Lists a client's secrets: when each was made and its last characters.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=SecretList,
        run=list_,
    ),
    Method(
        id="leasehold.clientSecrets.create",
        verb="POST",
        path=_PATH,
        description="Adds a second secret to a client, which this reply alone holds, while the"
        " first one stays good.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=MadeSecret,
        run=create,
    ),
    Method(
        id="leasehold.clientSecrets.delete",
        verb="DELETE",
        path=f"{_PATH}/{{secret}}",
        description="Deletes one of a client's secrets and ends the tokens that the client got for"
        " itself with it.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
)
