"""Registered clients: developers' applications, what they may do, and their secrets."""

import re
from dataclasses import replace
from typing import Final

from leasehold.accounts import configuration, projects
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.oauth2 import client_rows as rows
from leasehold.oauth2 import redirect_uris
from leasehold.oauth2.client_model import TYPES, Client, ClientSecret, NewClient, NewSecret
from leasehold.oauth2.shown_text import checked_name
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

MAX_CLIENTS = 100  # of one project
MAX_SECRETS = 2  # of one client at a time: the one that is used, and the one that replaces it
ID_SUFFIX = "apps.leasehold.internal"
EMAIL_SUFFIX = "clients.leasehold.internal"  # .internal is nobody's: no mail can go there
SECRET_PREFIX: Final = "lhs_"  # noqa: S105  # by which scanners know a secret that has leaked

_DIGEST_PURPOSE = "client secret"
_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 32
_SECRET_BYTES = 32
_ENDING_CHARACTERS = 4
_MAX_SECRET_ID = 2**63 - 1  # a larger number may be sent to no database
# Strangers name clients, and not every text may be sent to every database.
_ID = re.compile(rf"[a-z0-9]{{{_ID_LENGTH}}}\.{re.escape(ID_SUFFIX)}")


def create(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, new: NewClient
) -> tuple[Client, NewSecret | None]:
    """Registers a client; with its first secret, unless it is a browser client, which has none.

    Refresh tokens of a browser client rotate unless it is said otherwise, for it cannot prove who
    it is; those of the others last, as Google's do: its libraries share one file among hosts.

    Raises Invalid for what such a client cannot have, NotFound for the project, Conflict when the
    project has MAX_CLIENTS already.
    """
    client = _checked(_named(entropy, now, new))
    projects.lock(tx, new.project_id)
    if rows.count_clients(tx, new.project_id) >= MAX_CLIENTS:
        raise Conflict(
            f"{new.project_id} has {MAX_CLIENTS} clients: delete one first", field="project"
        )
    if not rows.insert_client(tx, client):
        raise Conflict("the new client's id is taken: try again", field="id")
    configuration.touch(tx)
    if client.type == "browser":
        return client, None
    return client, _insert_secret(tx, now, entropy, box, client)


def find(tx: Transaction, client_id: str) -> Client | None:
    """The client; None when there is none, or it was deleted."""
    return rows.client_by_id(tx, client_id) if is_client_id(client_id) else None


def require(tx: Transaction, client_id: str) -> Client:
    """The client that the caller named. Raises NotFound when there is none."""
    client = find(tx, client_id)
    if client is None:
        raise _unknown(client_id)
    return client


def require_of(tx: Transaction, project_id: str, client_id: str) -> Client:
    """The project's client that the caller named.

    Raises NotFound for another project's too: word for word as when there is none.
    """
    client = find(tx, client_id)
    if client is None or client.project_id != project_id:
        raise _unknown(client_id)
    return client


def find_to_change(tx: Transaction, client_id: str) -> Client:
    """The client, which nobody else changes until the commit. Raises NotFound."""
    if not is_client_id(client_id) or not rows.lock_client(tx, client_id):
        raise _unknown(client_id)
    return require(tx, client_id)


def clients_of(tx: Transaction, project_id: str) -> list[Client]:
    """The project's clients, by name. Raises NotFound when there is no such project."""
    projects.require(tx, project_id)
    return rows.clients_of(tx, project_id)


def change(tx: Transaction, client: Client) -> Client:
    """Writes name, URIs, origins and policy as they are in `client`; returns what was kept.

    Get it with `find_to_change`. Its id, project, type and address stay, whatever `client` says.
    Raises Invalid for what such a client cannot have, NotFound.
    """
    checked = _checked(client)
    if not rows.update_client(tx, checked):
        raise _unknown(client.id)
    configuration.touch(tx)
    return checked


def rename(tx: Transaction, client_id: str, name: str) -> Client:
    """Gives it another name, which people see. Raises Invalid, NotFound."""
    return change(tx, replace(find_to_change(tx, client_id), name=name))


def set_redirect_uris(tx: Transaction, client_id: str, uris: tuple[str, ...]) -> Client:
    """Puts these in place of its redirect URIs. Raises Invalid, NotFound."""
    return change(tx, replace(find_to_change(tx, client_id), redirect_uris=uris))


def delete(tx: Transaction, now: int, client_id: str) -> None:
    """Removes the client: its secrets, consents and tokens are good no longer. NotFound.

    A token of a client that is deleted is not good: whoever reads one looks at the client too.
    """
    if not is_client_id(client_id) or not rows.delete_client(tx, now, client_id):
        raise _unknown(client_id)
    configuration.touch(tx)


def secrets_of(tx: Transaction, client_id: str) -> list[ClientSecret]:
    """Its secrets that are good, oldest first; none for an unknown client."""
    return rows.secrets_of(tx, client_id) if find(tx, client_id) else []


def secrets_of_project(tx: Transaction, project_id: str) -> dict[str, list[ClientSecret]]:
    """By the id of each client that has any: its secrets that are good, oldest first."""
    return rows.secrets_of_project(tx, project_id)


def add_secret(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, client_id: str
) -> NewSecret:
    """One more secret; the older one stays good, so that the client can change over.

    Raises NotFound, Invalid for a browser client, and Conflict when it has MAX_SECRETS already.
    """
    client = find_to_change(tx, client_id)
    if client.type == "browser":
        raise Invalid("a browser client has no secret: everybody could read it", field="type")
    kept = rows.secrets_of(tx, client_id)
    if len(kept) >= MAX_SECRETS:
        raise Conflict(
            f"the client has {MAX_SECRETS} secrets: delete the older one (id {kept[0].id}, ending"
            f" in {kept[0].ending}) first",
            field="secret",
        )
    secret = _insert_secret(tx, now, entropy, box, client)
    configuration.touch(tx)
    return secret


def delete_secret(tx: Transaction, now: int, client_id: str, secret_id: int) -> None:
    """Removes a secret, the last one too; tokens that were given for it end. NotFound."""
    find_to_change(tx, client_id)
    is_possible = 0 < secret_id <= _MAX_SECRET_ID
    if not is_possible or not rows.delete_secret(tx, now, client_id=client_id, secret_id=secret_id):
        raise NotFound(
            f"the client has no secret {secret_id}: look at its list of secrets", field="secret"
        )
    configuration.touch(tx)


def count_consents(tx: Transaction, client_id: str) -> int:
    """How many people have said yes to the client, and not taken it back."""
    return rows.count_consents(tx, client_id) if is_client_id(client_id) else 0


def secret_digest(box: SecretBox, secret: str) -> bytes:
    """By what a secret is recognised."""
    return box.keyed_digest(_DIGEST_PURPOSE, secret)


def is_client_id(text: str) -> bool:
    """Whether a client could have this id; anything else need not be looked for."""
    return _ID.fullmatch(text) is not None


def email_of(client_id: str, project_id: str) -> str:
    """The address by which ACLs name a client; a project's domain comes after the project.

    >>> email_of("0123456789abcdef", "example.com:shop")
    '0123456789ab@shop.example.com.clients.leasehold.internal'
    """
    domain, _, project = project_id.rpartition(":")
    return "@".join([client_id[:12], ".".join(filter(None, [project, domain, EMAIL_SUFFIX]))])


def _named(entropy: Entropy, now: int, new: NewClient) -> Client:
    client_id = _new_id(entropy)
    uris = new.redirect_uris
    if new.type == "installed" and not uris:
        uris = redirect_uris.LOOPBACK
    return Client(
        client_id,
        new.project_id,
        new.type,
        new.name,
        email_of(client_id, new.project_id),
        uris,
        new.javascript_origins,
        rotates=new.type == "browser" if new.rotates is None else new.rotates,
        client_credentials=new.client_credentials,
        implicit=new.implicit,
        created_at=now,
    )


def _checked(client: Client) -> Client:
    if client.type not in TYPES:
        raise Invalid(f"a client's type is one of {', '.join(TYPES)}", field="type")
    _check_policy(client)
    uris = redirect_uris.checked_uris(client.type, client.redirect_uris)
    if not uris and not client.client_credentials:
        raise Invalid(
            f"a {client.type} client needs a redirect URI, to which its users come back",
            field="redirect_uris",
        )
    if client.javascript_origins and client.type == "installed":
        raise Invalid("an installed client has no JavaScript origins", field="javascript_origins")
    return replace(
        client,
        name=checked_name(client.name, what="a client"),
        redirect_uris=uris,
        javascript_origins=redirect_uris.checked_origins(client.javascript_origins),
    )


def _check_policy(client: Client) -> None:
    if client.client_credentials and not client.is_confidential:
        # RFC 6749 §4.4: only for clients that can keep a secret.
        raise Invalid(
            f"a client of type {client.type} cannot get tokens for itself: anybody could"
            " pretend to be it; register one of type web, or a service account",
            field="client_credentials",
        )
    if client.implicit and client.type == "installed":
        raise Invalid("the implicit grant is for clients in browsers", field="implicit")


def _insert_secret(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, client: Client
) -> NewSecret:
    text = SECRET_PREFIX + entropy.url_safe(_SECRET_BYTES)
    secret = rows.insert_secret(
        tx,
        now,
        client_id=client.id,
        digest=secret_digest(box, text),
        ending=text[-_ENDING_CHARACTERS:],
    )
    return NewSecret(secret, text)


def _new_id(entropy: Entropy) -> str:
    number = int.from_bytes(entropy.bytes(_ID_LENGTH))  # far more than 36**32: nearly even
    characters = []
    for _ in range(_ID_LENGTH):
        number, place = divmod(number, len(_ID_CHARACTERS))
        characters.append(_ID_CHARACTERS[place])
    return f"{''.join(characters)}.{ID_SUFFIX}"


def _unknown(client_id: str) -> NotFound:
    return NotFound(f"there is no client {client_id[:100]!r}", field="client")
