"""The server's URL as commands find it: they write it into files and links."""

import click

from leasehold.accounts import installation
from leasehold.cli.database import read
from leasehold.errors import Invalid
from leasehold.storage.engine import Engine

option = click.option(
    "--issuer",
    envvar="LEASEHOLD_ISSUER",
    show_envvar=True,
    metavar="URL",
    help="URL by which programs and browsers reach the server.  "
    "[default: the one that the server on this database was started with]",
)


def checked_issuer(engine: Engine, given: str | None) -> str:
    """The URL that was given, or that of the server on this database. Raises Invalid."""
    issuer = given or read(engine, lambda tx, _: installation.get(tx, "issuer"))
    if issuer is None:
        raise Invalid(
            "no server was started on this database yet, so its URL is unknown: give it with"
            " --issuer, for example --issuer https://tasks.example.com"
        )
    if not issuer.startswith(("http://", "https://")):
        raise Invalid("--issuer is a URL like https://tasks.example.com")
    return issuer
