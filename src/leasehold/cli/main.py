"""The `leasehold` command: its groups, and what it says of itself."""

import io
import sys

import click

from leasehold import __version__
from leasehold.cli import (
    api,
    audit,
    billing,
    client,
    consent_screen,
    delegation,
    demo,
    key,
    project,
    queue,
    quota,
    secret_key,
    serve,
    service_account,
    task,
    usage,
    user,
)
from leasehold.cli.group import RootGroup

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=RootGroup, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="leasehold")
def command() -> None:
    r"""A task queue that can stand on the open internet.

    Workers anywhere lease tasks over HTTPS, each with a credential of its own. Every command
    works directly on the database, also while a server runs on it.

    \b
    From nothing to a server and a worker's key:
      leasehold user create ada@example.com
      leasehold project create shop --owner ada@example.com
      leasehold api enable taskqueue --project shop
      leasehold service-account create worker --project shop \
        --issuer http://127.0.0.1:8080 --key-file worker.json
      leasehold queue create resize --project shop \
        --consumer worker@shop.iam.leasehold.internal
      leasehold serve
    """


for part in (
    serve,
    demo,
    user,
    project,
    api,
    queue,
    task,
    service_account,
    client,
    consent_screen,
    delegation,
    key,
    quota,
    usage,
    billing,
    audit,
    secret_key,
):
    command.add_command(part.command)


def main() -> None:
    """Runs the command. Text that the terminal cannot show is escaped, never an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    command(prog_name="leasehold")
