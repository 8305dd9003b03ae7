"""`leasehold client`: applications that ask people for access, and the files they are given."""

from collections.abc import Sequence
from pathlib import Path

import click

from leasehold.administration import clients
from leasehold.administration.clients import ClientChanges, RegisteredClient
from leasehold.cli import client_secrets_file, output
from leasehold.cli.arguments import project_option
from leasehold.cli.client_secrets_file import STDOUT, Made
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.issuer import checked_issuer
from leasehold.cli.removal import confirm
from leasehold.cli.secret_key_file import unlock_for_command
from leasehold.entropy import Entropy
from leasehold.oauth2.client_model import TYPES, Client, ClientSecret, ClientType, NewClient
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_MAX_SECRET_ID = 2**63 - 1

_client_argument = click.argument("client_id", metavar="CLIENT_ID")
_redirect_uri_option = click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where people come back to, exactly as the client will send it. Repeatable.",
)
_origin_option = click.option(
    "--javascript-origin",
    "javascript_origins",
    multiple=True,
    metavar="ORIGIN",
    help="Whose scripts may call the token endpoint, like https://app.example.com. Repeatable.",
)
_rotates_option = click.option(
    "--rotate-refresh-tokens/--lasting-refresh-tokens",
    "rotates",
    default=None,
    help="Whether a refresh token is replaced whenever it is used.  [default: only of browser"
    " clients]",
)


@click.group("client", cls=Group)
def command() -> None:
    """Register applications that ask people for access (OAuth 2.0)."""


@command.command()
@project_option
@click.option(
    "--type",
    "client_type",
    required=True,
    type=click.Choice(TYPES),
    help="Where it runs: on a server (web), on people's machines (installed), in a page (browser).",
)
@click.option("--name", required=True, help="What people are told that it is called.")
@_redirect_uri_option
@_origin_option
@_rotates_option
@click.option(
    "--client-credentials", is_flag=True, help="Let it get tokens for itself; only type web."
)
@click.option(
    "--implicit",
    is_flag=True,
    help="Let it use the implicit grant, where the server allows that at all; not type installed.",
)
@client_secrets_file.options
@existing
@output.json_option
def create(  # noqa: PLR0913  # click gives one for each option
    engine: Engine,
    project_id: str,
    client_type: ClientType,
    name: str,
    redirect_uris: tuple[str, ...],
    javascript_origins: tuple[str, ...],
    path: Path,
    issuer: str | None,
    *,
    rotates: bool | None,
    client_credentials: bool,
    implicit: bool,
    force: bool,
) -> None:
    r"""Register a client, and write the client_secrets.json that its developer needs.

    Google's client libraries read the file. It is the only copy of the secret. An installed client
    without --redirect-uri gets http://localhost and http://127.0.0.1, with any port.

    \b
    Examples:
      leasehold client create --project shop --type web --name "Photo printer" \
        --redirect-uri https://printer.example.com/callback --out printer.json
      leasehold client create --project shop --type installed --name "Shop tools" \
        --out client_secrets.json
    """
    new = NewClient(
        project_id=project_id,
        type=client_type,
        name=name,
        redirect_uris=redirect_uris,
        javascript_origins=javascript_origins,
        rotates=rotates,
        client_credentials=client_credentials,
        implicit=implicit,
    )
    issuer = checked_issuer(engine, issuer)
    box = unlock_for_command(engine)

    def make(tx: Transaction, now: int) -> Made:
        made = clients.create(tx, now, operator(), entropy=Entropy(), box=box, new=new)
        return made.client, made.secret

    def undo(tx: Transaction, now: int, made: Made) -> None:
        clients.delete(tx, now, operator(), project_id=project_id, client_id=made[0].id)

    client, secret = client_secrets_file.write(
        engine, path, issuer=issuer, force=force, make=make, undo=undo
    )
    _say(
        path,
        {**_value(client, (secret.secret,) if secret else ()), "file": str(path)},
        f"Client {client.name} of project {project_id} was registered: {client.id}",
        *_of_its_file(path, has_secret=secret is not None),
        f"Next: leasehold consent-screen show {project_id} shows what people are told.",
    )
    if client.type == "browser" and not client.javascript_origins:
        output.note(
            "pages cannot call the token endpoint yet: leasehold client set --javascript-origin"
        )


@command.command("list")
@project_option
@existing
@output.json_option
def list_(engine: Engine, project_id: str) -> None:
    r"""List a project's clients.

    \b
    Example:
      leasehold client list --project shop
    """

    def run(tx: Transaction, _now: int) -> list[RegisteredClient]:
        return clients.list_clients(tx, operator(), project_id=project_id)

    output.listing(
        [_value(registered.client, registered.secrets) for registered in read(engine, run)],
        {"client": "Client id", "type": "Type", "name": "Name", "created_at": "Made"},
        nothing=f"Project {project_id} has no clients: leasehold client create makes one.",
    )


@command.command()
@_client_argument
@existing
@output.json_option
def show(engine: Engine, client_id: str) -> None:
    r"""Show a client's settings, and by their endings its secrets.

    \b
    Example:
      leasehold client show CLIENT_ID
    """

    def run(tx: Transaction, _now: int) -> output.Value:
        registered, consents = _found_with_consents(tx, client_id)
        return {**_value(registered.client, registered.secrets), "consents": consents}

    output.details(
        read(engine, run),
        {
            "client": "Client id",
            "project": "Project",
            "type": "Type",
            "name": "Name",
            "email": "Address, for ACLs",
            "redirect_uris": "Redirect URIs",
            "javascript_origins": "JavaScript origins",
            "refresh_tokens": "Refresh tokens",
            "client_credentials": "May act for itself",
            "implicit": "Implicit grant",
            "secrets": "Secrets",
            "consents": "People who said yes",
            "created_at": "Made",
        },
    )


@command.command("set")
@_client_argument
@click.option("--name", help="What people are told that it is called.")
@_redirect_uri_option
@_origin_option
@click.option("--no-javascript-origins", is_flag=True, help="Let scripts of no page call.")
@_rotates_option
@click.option(
    "--client-credentials/--no-client-credentials",
    default=None,
    help="Whether it may get tokens for itself; only type web.",
)
@click.option(
    "--implicit/--no-implicit",
    default=None,
    help="Whether it may use the implicit grant; not type installed.",
)
@existing
@output.json_option
def set_(
    engine: Engine,
    client_id: str,
    redirect_uris: tuple[str, ...],
    javascript_origins: tuple[str, ...],
    *,
    no_javascript_origins: bool,
    **settings: str | bool | None,
) -> None:
    r"""Change a client. The URIs, or the origins, that are given take the place of all old ones.

    \b
    Example:
      leasehold client set CLIENT_ID \
        --redirect-uri https://printer.example.com/callback \
        --redirect-uri https://printer.example.com/callback2
    """
    if javascript_origins and no_javascript_origins:
        raise click.UsageError("--javascript-origin and --no-javascript-origins exclude each other")
    are_origins_given = javascript_origins or no_javascript_origins
    changes = ClientChanges(
        redirect_uris=redirect_uris or None,
        javascript_origins=javascript_origins if are_origins_given else None,
        **settings,  # type: ignore[arg-type]  # each has its option's type
    )
    if changes == ClientChanges():
        raise click.UsageError("say what to change, for example --name 'Photo printer'")

    def run(tx: Transaction, now: int) -> RegisteredClient:
        actor = operator()
        return clients.update(
            tx,
            now,
            actor,
            project_id=clients.project_of(tx, actor, client_id),
            client_id=client_id,
            changes=changes,
        )

    registered = transact(engine, run)
    client = registered.client
    output.done(
        _value(client, registered.secrets), f"Client {client.name} was changed: {client.id}"
    )
    if redirect_uris or javascript_origins:
        output.note("its client_secrets.json has the old list: change it there too")


@command.command("rotate-secret")
@_client_argument
@client_secrets_file.options
@existing
@output.json_option
def rotate_secret(
    engine: Engine, client_id: str, path: Path, issuer: str | None, *, force: bool
) -> None:
    r"""Give a client a second secret, in a new file; the older one stays good until it is deleted.

    \b
    Example:
      leasehold client rotate-secret CLIENT_ID --out client_secrets_2.json
    """
    issuer = checked_issuer(engine, issuer)
    box = unlock_for_command(engine)

    def make(tx: Transaction, now: int) -> Made:
        actor = operator()
        project_id = clients.project_of(tx, actor, client_id)
        secret = clients.add_secret(
            tx,
            now,
            actor,
            entropy=Entropy(),
            box=box,
            project_id=project_id,
            client_id=client_id,
        )
        return _found(tx, client_id).client, secret

    def undo(tx: Transaction, now: int, made: Made) -> None:
        client, secret = made
        assert secret is not None  # `make` has made one
        clients.delete_secret(
            tx,
            now,
            operator(),
            project_id=client.project_id,
            client_id=client.id,
            secret_id=secret.secret.id,
        )

    client, secret = client_secrets_file.write(
        engine, path, issuer=issuer, force=force, make=make, undo=undo
    )
    assert secret is not None  # as above
    secrets = read(engine, lambda tx, _: _found(tx, client_id).secrets)
    older = [kept for kept in secrets if kept.id != secret.secret.id]
    _say(
        path,
        {**_value(client, secrets), "new_secret": secret.secret.id, "file": str(path)},
        f"Client {client.name} has a new secret, ending in {secret.secret.ending}"
        + ("." if path == STDOUT else f", in {path}."),
        *(
            f"Next: give the client the new file, then: leasehold client delete-secret {client.id}"
            f" {kept.id}  (ending in {kept.ending})"
            for kept in older
        ),
    )


@command.command("delete-secret")
@_client_argument
@click.argument("secret_id", type=click.IntRange(1, _MAX_SECRET_ID))
@existing
@output.json_option
def delete_secret(engine: Engine, client_id: str, secret_id: int) -> None:
    r"""Delete one secret of a client. `leasehold client show` lists them with their numbers.

    \b
    Example:
      leasehold client delete-secret CLIENT_ID 7
    """

    def run(tx: Transaction, now: int) -> RegisteredClient:
        actor = operator()
        return clients.delete_secret(
            tx,
            now,
            actor,
            project_id=clients.project_of(tx, actor, client_id),
            client_id=client_id,
            secret_id=secret_id,
        )

    registered = transact(engine, run)
    client = registered.client
    output.done(
        _value(client, registered.secrets),
        f"Secret {secret_id} of client {client.name} was deleted; what was given for it has ended.",
    )
    if not registered.secrets:
        output.note(f"it has no secret now: leasehold client rotate-secret {client.id} makes one")


@command.command()
@_client_argument
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@existing
@output.json_option
def delete(engine: Engine, client_id: str, *, yes: bool) -> None:
    r"""Delete a client: its secrets, the consents that people gave it, and all its tokens end.

    \b
    Example:
      leasehold client delete CLIENT_ID
    """
    registered, consents = read(engine, lambda tx, _: _found_with_consents(tx, client_id))
    client = registered.client
    confirm(
        f"Delete client {client.name} of project {client.project_id}, with its secrets,"
        f" {_consents(consents)} and all its tokens?",
        yes=yes,
    )
    transact(
        engine,
        lambda tx, now: clients.delete(
            tx, now, operator(), project_id=client.project_id, client_id=client.id
        ),
    )
    output.done(
        {"client": client.id, "project": client.project_id, "deleted": True},
        f"Client {client.name} was deleted; its secrets and tokens are good no longer.",
        f"Queues that name it still do: leasehold queue revoke … {client.email}",
    )


def _found(tx: Transaction, client_id: str) -> RegisteredClient:
    """The client that the command names by its id alone. Raises NotFound."""
    actor = operator()
    project_id = clients.project_of(tx, actor, client_id)
    return clients.get(tx, actor, project_id=project_id, client_id=client_id)


def _found_with_consents(tx: Transaction, client_id: str) -> tuple[RegisteredClient, int]:
    """The same, and how many people have said yes to it."""
    found = _found(tx, client_id)
    return found, clients.count_consents(
        tx, operator(), project_id=found.client.project_id, client_id=client_id
    )


def _of_its_file(path: Path, *, has_secret: bool) -> list[str]:
    """What there is to say of it; nothing when it was printed."""
    if path == STDOUT:
        return []
    if not has_secret:
        return [f"Its client_secrets.json is {path}; it has no secret."]
    return [f"Its client_secrets.json is {path}."]


def _say(path: Path, value: output.Value, *sentences: str) -> None:
    """What was done; on stderr when the file itself has gone to stdout."""
    if path != STDOUT:
        output.done(value, *sentences)
        return
    for sentence in sentences:
        output.note(sentence)


def _consents(count: int) -> str:
    return "one consent" if count == 1 else f"{count:,} consents"


def _value(client: Client, secrets: Sequence[ClientSecret]) -> output.Value:
    return {
        "client": client.id,
        "project": client.project_id,
        "type": client.type,
        "name": client.name,
        "email": client.email,
        "redirect_uris": list(client.redirect_uris),
        "javascript_origins": list(client.javascript_origins),
        "refresh_tokens": "rotating" if client.rotates else "lasting",
        "client_credentials": client.client_credentials,
        "implicit": client.implicit,
        "secrets": [
            {
                "id": secret.id,
                "ending": secret.ending,
                "created_at": output.instant(secret.created_at),
            }
            for secret in secrets
        ],
        "created_at": output.instant(client.created_at),
    }
