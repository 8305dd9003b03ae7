"""`leasehold api`: the APIs that a project has switched on."""

import click

from leasehold.accounts.projects import APIS
from leasehold.administration import apis
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction


@click.group("api", cls=Group)
def command() -> None:
    """Switch APIs on or off for a project."""


@command.command()
@click.argument("api", type=click.Choice(APIS))
@project_option
@existing
@output.json_option
def enable(engine: Engine, project_id: str, api: str) -> None:
    r"""Switch an API on. Running servers notice within a second.

    \b
    Example:
      leasehold api enable taskqueue --project shop
    """
    transact(
        engine, lambda tx, now: apis.enable(tx, now, operator(), project_id=project_id, api=api)
    )
    output.done(
        {"api": api, "project": project_id, "enabled": True},
        f"API {api} is on for project {project_id}.",
        f"Next: leasehold queue create QUEUE --project {project_id}",
    )


@command.command()
@click.argument("api", type=click.Choice(APIS))
@project_option
@existing
@output.json_option
def disable(engine: Engine, project_id: str, api: str) -> None:
    r"""Switch an API off: requests of this project are refused until it is on again.

    \b
    Example:
      leasehold api disable taskqueue --project shop
    """
    transact(
        engine, lambda tx, now: apis.disable(tx, now, operator(), project_id=project_id, api=api)
    )
    output.done(
        {"api": api, "project": project_id, "enabled": False},
        f"API {api} is off for project {project_id}; its queues and tasks stay.",
    )


@command.command("list")
@project_option
@existing
@output.json_option
def list_(engine: Engine, project_id: str) -> None:
    r"""List the APIs, and whether they are on for a project.

    \b
    Example:
      leasehold api list --project shop
    """

    def states(tx: Transaction, _now: int) -> list[output.Value]:
        switches = apis.list_apis(tx, operator(), project_id=project_id)
        return [{"api": api, "enabled": is_on} for api, is_on in switches.items()]

    output.listing(
        read(engine, states), {"api": "API", "enabled": "On"}, nothing="There are no APIs."
    )
