"""`leasehold secret-key`: a new key in place of one that is lost, or that others may know."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from leasehold.accounts import configuration, secret_key
from leasehold.cli import output
from leasehold.cli.database import existing, transact
from leasehold.cli.group import Group
from leasehold.cli.removal import confirm
from leasehold.cli.secret_key_file import path_for_command
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, OutcomeUnknown
from leasehold.oauth2 import lost_key as oauth2_lost_key
from leasehold.sign_in import lost_key as sign_in_lost_key
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import lost_key as usage_lost_key

_QUESTION = (
    "Are all servers stopped? Everybody is signed out, authenticator apps and recovery codes are"
    " switched off, and client secrets, API keys' strings, refresh tokens and ID tokens end."
    " Replace the key?"
)


@click.group("secret-key", cls=Group)
def command() -> None:
    """Look after the key that encrypts the secrets in the database."""


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@existing
@output.json_option
def replace(engine: Engine, *, yes: bool) -> None:
    r"""Make a new secret key file, because the old one is lost or others may know it.

    What was kept with the old key ends: browser sessions, authenticator apps, recovery codes, links
    by mail, client secrets, the strings of API keys, refresh tokens, and the keys that sign ID
    tokens. Passwords, passkeys, service accounts' keys, queues and tasks stay as they are. A file
    that is still there is kept beside the new one, with .old added to its name. Stop all servers
    first.

    \b
    Example:
      leasehold secret-key replace
    """
    path = path_for_command()
    confirm(_QUESTION, yes=yes)
    with _put_aside(path):
        value = transact(engine, lambda tx, now: _replace(tx, now, path))
    output.done(
        value,
        f"{path} holds the new key; back it up, but not together with the database.",
        "Next: leasehold client rotate-secret CLIENT_ID for each web and installed client",
        "      leasehold key rotate KEY_ID for each API key",
    )


@contextmanager
def _put_aside(path: Path) -> Iterator[None]:
    """The old file has another name from then on; its own again when the change fails."""
    aside = path.with_name(f"{path.name}.old")
    if aside.exists():
        raise Conflict(f"{aside} is there from an earlier time: move it away first")
    try:
        path.rename(aside)
    except FileNotFoundError:
        pass  # it is lost
    except OSError as error:
        raise Invalid(f"{path} cannot be renamed: {error.strerror}") from error
    try:
        yield
    except OutcomeUnknown:
        raise  # either file may be the right one: both stay
    except BaseException:
        path.unlink(missing_ok=True)
        if aside.exists():
            aside.rename(path)
        raise


def _replace(tx: Transaction, now: int, path: Path) -> dict[str, object]:
    people = sign_in_lost_key.forget(tx, now)
    clients = oauth2_lost_key.forget(tx, now)
    key_strings = usage_lost_key.forget(tx, now)
    secret_key.forget(tx)
    secret_key.unlock(tx, path, Entropy())
    configuration.touch(tx)
    return {
        "secret_key_file": str(path),
        "browser_sessions_ended": people.browser_sessions,
        "authenticator_apps_switched_off": people.authenticator_apps,
        "client_secrets_ended": clients.client_secrets,
        "refresh_tokens_ended": clients.refresh_tokens,
        "api_key_strings_ended": key_strings,
    }
