"""The `leasehold` command: its groups, and how an error looks on a terminal."""

import sys

import click

from leasehold import __version__
from leasehold.cli import serve
from leasehold.errors import Error


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="leasehold")
def command() -> None:
    """A task queue that can stand on the open internet."""


command.add_command(serve.command)


def main() -> None:
    """Runs the command; an error of ours is one line and status 1."""
    try:
        command()
    except Error as error:
        click.echo(f"leasehold: {error.message}", err=True)
        sys.exit(1)
