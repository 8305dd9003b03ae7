"""The server's URL as commands find it: they write it into files and links."""

import re

import click

from leasehold.accounts import installation
from leasehold.cli.database import read
from leasehold.errors import Invalid
from leasehold.storage.engine import Engine

_HOST = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]"
_URL = re.compile(rf"https?://(?:{_HOST})(?::[0-9]{{1,5}})?/?")

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
    return as_issuer(issuer)


def as_issuer(url: str) -> str:
    """The URL without a slash at its end. Raises Invalid for what clients would not find.

    Our pages and endpoints are at the root of their host, and browsers write hosts in lower case.
    """
    if not _URL.fullmatch(url):
        raise Invalid(
            f"--issuer or LEASEHOLD_ISSUER is a URL like https://tasks.example.com, not {url!r}:"
            " http or https, the host in lower case, perhaps a port, and nothing after it"
        )
    return url.rstrip("/")
