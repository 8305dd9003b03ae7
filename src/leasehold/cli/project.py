"""`leasehold project`: projects, which own queues, and the people who administer them."""

from functools import partial

import click

from leasehold.accounts import projects
from leasehold.accounts.model import Member, Project
from leasehold.cli import output
from leasehold.cli.arguments import EMAIL, project_argument
from leasehold.cli.database import existing, read, transact
from leasehold.cli.group import Group
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction


@click.group("project", cls=Group)
def command() -> None:
    """Make projects; name their owners and admins."""


@command.command()
@project_argument
@click.option("--owner", required=True, type=EMAIL, help="The user who owns it.")
@existing
@output.json_option
def create(engine: Engine, project_id: str, owner: str) -> None:
    r"""Make a project. Its APIs are off until `leasehold api enable` switches them on.

    \b
    Example:
      leasehold project create shop --owner ada@example.com
    """

    def run(tx: Transaction, now: int) -> output.Value:
        projects.create(tx, now, project_id=project_id, owner_email=owner)
        return _value(tx, projects.require(tx, project_id))

    output.done(
        transact(engine, run),
        f"Project {project_id} was made; {owner} owns it.",
        f"Next: leasehold api enable taskqueue --project {project_id}",
    )


@command.command("list")
@existing
@output.json_option
def list_(engine: Engine) -> None:
    r"""List all projects.

    \b
    Example:
      leasehold project list
    """
    values = read(engine, lambda tx, _: [_value(tx, p) for p in projects.list_projects(tx)])
    output.listing(
        values,
        {"project": "Project", "owners": "Owners", "apis": "APIs", "created_at": "Made"},
        nothing="There is no project yet: leasehold project create PROJECT --owner EMAIL.",
    )


@command.command()
@project_argument
@existing
@output.json_option
def show(engine: Engine, project_id: str) -> None:
    r"""Show a project's members, APIs and settings.

    \b
    Example:
      leasehold project show shop
    """
    value = read(engine, lambda tx, _: _value(tx, projects.require(tx, project_id)))
    output.details(
        value,
        {
            "project": "Project",
            "owners": "Owners",
            "admins": "Admins",
            "apis": "APIs that are on",
            "legacy_scopes": "Legacy scopes",
            "total_storage_limit": "Storage limit in bytes",
            "created_at": "Made",
        },
    )


@command.command("add-member")
@project_argument
@click.argument("email", type=EMAIL)
@click.option(
    "--role",
    required=True,
    type=click.Choice(projects.ROLES),
    help="Both administer the project; one owner always stays.",
)
@existing
@output.json_option
def add_member(engine: Engine, project_id: str, email: str, role: str) -> None:
    r"""Give a user a role in a project, in place of an earlier one.

    \b
    Example:
      leasehold project add-member shop eve@example.com --role admin
    """

    def run(tx: Transaction, _now: int) -> output.Value:
        projects.add_member(tx, project_id=project_id, email=email, role=role)
        return _value(tx, projects.require(tx, project_id))

    value = transact(engine, run)
    output.done(value, f"User {email} is {role} of project {project_id}.")


@command.command("remove-member")
@project_argument
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def remove_member(engine: Engine, project_id: str, email: str) -> None:
    r"""Take a user's role in a project away. The last owner cannot be removed.

    \b
    Example:
      leasehold project remove-member shop eve@example.com
    """

    def run(tx: Transaction, _now: int) -> output.Value:
        projects.remove_member(tx, project_id=project_id, email=email)
        return _value(tx, projects.require(tx, project_id))

    output.done(
        transact(engine, run),
        f"User {email} has no part in project {project_id} any more.",
        "Roles on single queues are apart from this: leasehold queue revoke takes them away.",
    )


@command.command("set")
@project_argument
@click.option(
    "--legacy-scopes/--no-legacy-scopes",
    default=None,
    help="Whether the scope taskqueue.consumer may insert tasks too, as old documents say.",
)
@existing
@output.json_option
def set_(engine: Engine, project_id: str, *, legacy_scopes: bool | None) -> None:
    r"""Change a project's settings.

    \b
    Example:
      leasehold project set shop --legacy-scopes
    """
    if legacy_scopes is None:
        raise click.UsageError("say what to change: --legacy-scopes or --no-legacy-scopes")

    def run(tx: Transaction, _now: int) -> output.Value:
        projects.set_legacy_scopes(tx, project_id=project_id, allowed=bool(legacy_scopes))
        return _value(tx, projects.require(tx, project_id))

    may = "may insert tasks too" if legacy_scopes else "may no longer insert tasks"
    output.done(
        transact(engine, run), f"In project {project_id} the scope taskqueue.consumer {may}."
    )


def _value(tx: Transaction, project: Project) -> output.Value:
    members = projects.list_members(tx, project.id)
    is_on = partial(projects.is_api_enabled, tx, project_id=project.id)
    return {
        "project": project.id,
        "owners": _emails(members, "owner"),
        "admins": _emails(members, "admin"),
        "apis": [api for api in projects.APIS if is_on(api=api)],
        "legacy_scopes": project.legacy_scopes,
        "total_storage_limit": project.total_storage_limit,
        "created_at": output.instant(project.created_at),
    }


def _emails(members: list[Member], role: str) -> list[str]:
    return [member.email for member in members if member.role == role]
