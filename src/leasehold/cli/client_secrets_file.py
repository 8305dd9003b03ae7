"""Writing client_secrets.json: a client's secret goes into a file, and nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from leasehold.cli import issuer as server_issuer
from leasehold.cli.database import transact
from leasehold.cli.private_file import private_file
from leasehold.oauth2.client_file import client_file_text
from leasehold.oauth2.client_model import Client, NewSecret
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

STDOUT = Path("-")

F = TypeVar("F", bound=Callable[..., None])
Made = tuple[Client, NewSecret | None]


def options(function: F) -> F:
    """Where the file is to go, and which server it is to name: `path`, `issuer` and `force`."""
    for option in (
        click.option("--force", is_flag=True, help="Replace the file if it is there already."),
        server_issuer.option,
        click.option(
            "--out",
            "path",
            required=True,
            metavar="FILE",
            type=click.Path(path_type=Path, allow_dash=True),
            help="Where to write client_secrets.json; only its owner may read the file. - prints"
            " it instead.",
        ),
    ):
        function = option(function)
    return function


def write(
    engine: Engine,
    path: Path,
    *,
    issuer: str,
    force: bool,
    make: Callable[[Transaction, int], Made],
    undo: Callable[[Transaction, int, Made], None],
) -> Made:
    """What `make` has made, once its file is safely on the disk; when that fails, nothing is made.

    `undo` is called when the file cannot take its name after the commit.
    """
    if path == STDOUT:
        made = transact(engine, make)
        click.echo(_text(made, issuer), nl=False)
        return made
    committed: list[Made] = []
    try:
        with private_file(path, overwrite=force) as write_text:

            def make_and_write(tx: Transaction, now: int) -> Made:
                made = make(tx, now)
                write_text(_text(made, issuer))  # before the commit: no file, no secret
                return made

            committed.append(transact(engine, make_and_write))
    except BaseException:
        if committed:
            transact(engine, lambda tx, now: undo(tx, now, committed[0]))
        raise
    return committed[0]


def _text(made: Made, issuer: str) -> str:
    client, secret = made
    return client_file_text(client, secret.text if secret else None, issuer)
