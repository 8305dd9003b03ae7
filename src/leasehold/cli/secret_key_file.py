"""The secret key file as commands find it: what opens sealed secrets and makes keyed digests."""

from dataclasses import replace
from pathlib import Path

import click

from leasehold.accounts import secret_key
from leasehold.cli import database
from leasehold.entropy import Entropy
from leasehold.settings import Settings, from_environment
from leasehold.storage.engine import Engine
from leasehold.storage.secret_box import SecretBox, default_path


def unlock(engine: Engine, settings: Settings) -> SecretBox:
    """The box of the database's key file, which is made when the database has none yet.

    Raises NotFound, Conflict and Invalid as `secret_key.unlock` does.
    """
    path = path_of(settings)
    return database.transact(engine, lambda tx, _: secret_key.unlock(tx, path, Entropy()))


def path_of(settings: Settings) -> Path:
    """Where the file is, or is to be made."""
    return Path(settings.secret_key_file or default_path(settings.database))


def unlock_for_command(engine: Engine) -> SecretBox:
    """The same in a command that has the option `--database`."""
    return unlock(engine, _settings_of_command())


def path_for_command() -> Path:
    """Where the file is, in such a command."""
    return path_of(_settings_of_command())


def _settings_of_command() -> Settings:
    address = str(click.get_current_context().params["database"])
    return replace(from_environment(), database=address)
