"""Administration of clients: a project's applications, their settings and their secrets."""

from dataclasses import asdict, dataclass, field, replace

from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.errors import Conflict
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import Client, ClientSecret, NewClient, NewSecret
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client, and what is known of its secrets: never their texts."""

    client: Client
    secrets: tuple[ClientSecret, ...]  # those that are good, oldest first


@dataclass(frozen=True, slots=True)
class MadeClient:
    """A new client, at the one moment at which its secret's text is known."""

    client: Client
    secret: NewSecret | None = field(repr=False)  # None: a browser client has none


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanges:
    """What is to be another way; None leaves it as it is, and () removes all."""

    name: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    javascript_origins: tuple[str, ...] | None = None
    rotates: bool | None = None
    client_credentials: bool | None = None
    implicit: bool | None = None

    def made_to(self, client: Client) -> Client:
        """The client as it is to be."""
        return replace(client, **{k: v for k, v in asdict(self).items() if v is not None})


def create(
    tx: Transaction, now: int, actor: Actor, *, entropy: Entropy, box: SecretBox, new: NewClient
) -> MadeClient:
    """Registers a client of `new.project_id`, with its first secret if its type has secrets.

    Raises NotFound and Forbidden as `authority.require`, Invalid and Conflict as `clients.create`.
    """
    authority.require(tx, actor, new.project_id)
    client, secret = clients.create(tx, now, entropy, box, new)
    audit.record(
        tx,
        now,
        actor,
        action="clients.create",
        project_id=client.project_id,
        target=_target(client),
        before=None,
        after=_description(client) | {"secrets": [secret.secret.id] if secret else []},
    )
    return MadeClient(client, secret)


def list_clients(tx: Transaction, actor: Actor, *, project_id: str) -> list[RegisteredClient]:
    """The project's clients, by name: at most `clients.MAX_CLIENTS`. Raises NotFound."""
    authority.require(tx, actor, project_id)
    secrets = clients.secrets_of_project(tx, project_id)
    return [
        RegisteredClient(client, tuple(secrets.get(client.id, ())))
        for client in clients.clients_of(tx, project_id)
    ]


def get(tx: Transaction, actor: Actor, *, project_id: str, client_id: str) -> RegisteredClient:
    """The client. Raises NotFound, in the same words for one of another project."""
    authority.require(tx, actor, project_id)
    return _registered(tx, clients.require_of(tx, project_id, client_id))


def count_consents(tx: Transaction, actor: Actor, *, project_id: str, client_id: str) -> int:
    """How many people have said yes to it, and not taken it back. Raises NotFound."""
    authority.require(tx, actor, project_id)
    return clients.count_consents(tx, clients.require_of(tx, project_id, client_id).id)


def project_of(tx: Transaction, actor: Actor, client_id: str) -> str:
    """The id of the client's project, for the operator, who may name a client by its id alone.

    Raises Forbidden for everybody else, NotFound.
    """
    authority.require_operator(actor)
    return clients.require(tx, client_id).project_id


def explorer_path(project_id: str) -> str:
    """The page of the console to which a project's API explorer is answered."""
    return f"/console/{project_id}/explorer/authorized"


def is_explorer(client: Client) -> bool:
    """Whether it is the API explorer: answered there alone, and by codes alone."""
    (uri, *others) = client.redirect_uris or ("",)
    return (
        client.type == "browser"
        and uri.endswith(explorer_path(client.project_id))
        and not (others or client.javascript_origins or client.implicit)
    )


def update(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    client_id: str,
    changes: ClientChanges,
) -> RegisteredClient:
    """Changes what is given: the lists of URIs and origins take the place of the whole old ones.

    Raises NotFound, Invalid for what such a client cannot have, and Conflict for the explorer.
    """
    before = _find_to_change(tx, actor, project_id, client_id)
    if is_explorer(before):
        # Who administers this project could otherwise have answers sent elsewhere that its other
        # members allowed to a page of ours, for all of their projects.
        raise Conflict(
            "this is the API explorer, which stays as it is: delete it, and it registers itself"
            " again when somebody authorizes it",
            field="client",
        )
    after = clients.change(tx, changes.made_to(before))
    if after != before:
        old, new = _description(before), _description(after)
        different = [key for key in new if old[key] != new[key]]
        audit.record(
            tx,
            now,
            actor,
            action="clients.update",
            project_id=project_id,
            target=_target(after),
            before={key: old[key] for key in different},
            after={key: new[key] for key in different},
        )
    return _registered(tx, after)


def delete(tx: Transaction, now: int, actor: Actor, *, project_id: str, client_id: str) -> Client:
    """Removes the client: its secrets, consents and tokens end. Returns what it was. NotFound."""
    client = _find_to_change(tx, actor, project_id, client_id)
    secrets = clients.secrets_of(tx, client.id)
    clients.delete(tx, now, client.id)
    audit.record(
        tx,
        now,
        actor,
        action="clients.delete",
        project_id=project_id,
        target=_target(client),
        before=_description(client) | {"secrets": [secret.id for secret in secrets]},
        after=None,
    )
    return client


def add_secret(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    entropy: Entropy,
    box: SecretBox,
    project_id: str,
    client_id: str,
) -> NewSecret:
    """One more secret; the older one stays good, so that the client can change over.

    Raises NotFound, Invalid for a browser client, Conflict when it has `clients.MAX_SECRETS`.
    """
    client = _find_to_change(tx, actor, project_id, client_id)
    secret = clients.add_secret(tx, now, entropy, box, client.id)
    audit.record(
        tx,
        now,
        actor,
        action="clients.secrets.create",
        project_id=project_id,
        target=_target(client),
        before=None,
        after={"secret": secret.secret.id},
    )
    return secret


def delete_secret(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, client_id: str, secret_id: int
) -> RegisteredClient:
    """Removes a secret, the last one too; what was given for it ends. Raises NotFound."""
    client = _find_to_change(tx, actor, project_id, client_id)
    clients.delete_secret(tx, now, client.id, secret_id)
    audit.record(
        tx,
        now,
        actor,
        action="clients.secrets.delete",
        project_id=project_id,
        target=_target(client),
        before={"secret": secret_id},
        after=None,
    )
    return _registered(tx, client)


def _find_to_change(tx: Transaction, actor: Actor, project_id: str, client_id: str) -> Client:
    authority.require(tx, actor, project_id)
    # Its project never changes, so this may be asked before the client is locked.
    return clients.find_to_change(tx, clients.require_of(tx, project_id, client_id).id)


def _registered(tx: Transaction, client: Client) -> RegisteredClient:
    return RegisteredClient(client, tuple(clients.secrets_of(tx, client.id)))


def _target(client: Client) -> str:
    return f"clients/{client.id}"


def _description(client: Client) -> dict[str, object]:
    return {
        "type": client.type,
        "name": client.name,
        "email": client.email,
        "redirect_uris": list(client.redirect_uris),
        "javascript_origins": list(client.javascript_origins),
        "rotates": client.rotates,
        "client_credentials": client.client_credentials,
        "implicit": client.implicit,
    }
