"""`leasehold project`: projects, which own queues, and the people who administer them."""

from functools import partial

import click

from leasehold.accounts.model import Member, Project
from leasehold.accounts.projects import ROLES, UNDELETE_DAYS
from leasehold.administration import apis, members, paging, projects
from leasehold.administration.projects import ProjectChanges
from leasehold.cli import output
from leasehold.cli.arguments import EMAIL, project_argument
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.removal import confirm, yes_option
from leasehold.queues import configure
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_STATES = {"active": "on", "disabled": "off"}  # as sentences say it


@click.group("project", cls=Group)
def command() -> None:
    """Make projects; name their owners and admins; switch them off, or end them."""


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
        project = projects.create(tx, now, operator(), project_id=project_id, owner=owner)
        return _value(tx, project)

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
    output.listing(
        _all_values(engine),
        {
            "project": "Project",
            "owners": "Owners",
            "apis": "APIs",
            "created_at": "Made",
            "state": "State",
        },
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
    output.details(
        read(engine, lambda tx, _: _found(tx, project_id)),
        {
            "project": "Project",
            "state": "State",
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
    type=click.Choice(ROLES),
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

    def run(tx: Transaction, now: int) -> output.Value:
        members.put(tx, now, operator(), project_id=project_id, email=email, role=role)
        return _found(tx, project_id)

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

    def run(tx: Transaction, now: int) -> output.Value:
        members.remove(tx, now, operator(), project_id=project_id, email=email)
        return _found(tx, project_id)

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
@click.option(
    "--total-storage-limit",
    type=click.IntRange(min=0),
    metavar="BYTES",
    help="How much all its tasks may take; 0 is no limit.",
)
@existing
@output.json_option
def set_(
    engine: Engine, project_id: str, *, legacy_scopes: bool | None, total_storage_limit: int | None
) -> None:
    r"""Change a project's settings.

    \b
    Examples:
      leasehold project set shop --legacy-scopes
      leasehold project set shop --total-storage-limit 10000000000
    """
    changes = ProjectChanges(legacy_scopes=legacy_scopes, total_storage_limit=total_storage_limit)
    if changes == ProjectChanges():
        raise click.UsageError(
            "say what to change: --legacy-scopes, --no-legacy-scopes or --total-storage-limit"
        )

    def run(tx: Transaction, now: int) -> output.Value:
        return _value(
            tx, projects.change(tx, now, operator(), project_id=project_id, changes=changes)
        )

    output.done(transact(engine, run), *_sentences(project_id, changes))


@command.command()
@project_argument
@existing
@output.json_option
def disable(engine: Engine, project_id: str) -> None:
    r"""Switch a project off: its queues and credentials are refused. Nothing is lost.

    \b
    Example:
      leasehold project disable shop
    """

    def run(tx: Transaction, now: int) -> output.Value:
        return _value(tx, projects.disable(tx, now, operator(), project_id=project_id))

    output.done(
        transact(engine, run),
        f"Project {project_id} is off; its queues and tasks stay.",
        f"On again: leasehold project enable {project_id}",
    )


@command.command()
@project_argument
@existing
@output.json_option
def enable(engine: Engine, project_id: str) -> None:
    r"""Switch a project on again. Tokens that have not expired are good again.

    \b
    Example:
      leasehold project enable shop
    """

    def run(tx: Transaction, now: int) -> output.Value:
        return _value(tx, projects.enable(tx, now, operator(), project_id=project_id))

    output.done(transact(engine, run), f"Project {project_id} is on.")


@command.command()
@project_argument
@yes_option
@existing
@output.json_option
def delete(engine: Engine, project_id: str, *, yes: bool) -> None:
    r"""End a project, with its queues, clients, accounts and keys. Its id is never free again.

    All of it is refused at once, and there to be had back for 30 days: leasehold project undelete.

    \b
    Example:
      leasehold project delete shop
    """
    queues = read(engine, lambda tx, _: _count_queues(tx, project_id))
    confirm(
        f"Delete project {project_id} with its {queues}, clients, service accounts and keys?",
        yes=yes,
    )

    def run(tx: Transaction, now: int) -> output.Value:
        return _value(tx, projects.delete(tx, now, operator(), project_id=project_id))

    output.done(
        transact(engine, run),
        f"Project {project_id} was deleted: nothing of it is served any more.",
        f"Within {UNDELETE_DAYS} days you have it back with: leasehold project undelete"
        f" {project_id}",
    )


@command.command()
@project_argument
@existing
@output.json_option
def undelete(engine: Engine, project_id: str) -> None:
    r"""Have a deleted project back as it was, within 30 days.

    \b
    Example:
      leasehold project undelete shop
    """

    def run(tx: Transaction, now: int) -> output.Value:
        return _value(tx, projects.undelete(tx, now, operator(), project_id=project_id))

    value = transact(engine, run)
    output.done(value, f"Project {project_id} is back; it is {_STATES[str(value['state'])]}.")


def _sentences(project_id: str, changes: ProjectChanges) -> list[str]:
    sentences = []
    if changes.legacy_scopes is not None:
        may = "may insert tasks too" if changes.legacy_scopes else "may no longer insert tasks"
        sentences.append(f"In project {project_id} the scope taskqueue.consumer {may}.")
    if changes.total_storage_limit is not None:
        limit = changes.total_storage_limit
        most = f"at most {limit:,} bytes" if limit else "as many bytes as there are"
        sentences.append(f"All tasks of project {project_id} may take {most}.")
    return sentences


def _all_values(engine: Engine) -> list[output.Value]:
    values: list[output.Value] = []
    token = ""
    while True:
        more, token = read(engine, partial(_values, page_token=token))
        values += more
        if not token:
            return values


def _values(tx: Transaction, _now: int, *, page_token: str) -> tuple[list[output.Value], str]:
    page = projects.list_projects(tx, operator(), page_size=paging.MAX_SIZE, page_token=page_token)
    return [_value(tx, project) for project in page.items], page.next_page_token


def _count_queues(tx: Transaction, project_id: str) -> str:
    project = projects.get(tx, operator(), project_id=project_id)
    count = configure.count_queues(tx, project.id)
    return "1 queue" if count == 1 else f"{count:,} queues"


def _found(tx: Transaction, project_id: str) -> output.Value:
    return _value(tx, projects.get(tx, operator(), project_id=project_id))


def _value(tx: Transaction, project: Project) -> output.Value:
    found = members.list_members(tx, operator(), project_id=project.id)
    switches = apis.list_apis(tx, operator(), project_id=project.id)
    return {
        "project": project.id,
        "state": _state(project),
        "owners": _emails(found, "owner"),
        "admins": _emails(found, "admin"),
        "apis": [api for api, is_on in switches.items() if is_on],
        "legacy_scopes": project.legacy_scopes,
        "total_storage_limit": project.total_storage_limit,
        "created_at": output.instant(project.created_at),
        "disabled_at": output.instant(project.disabled_at),
        "disabled_by_operator": project.disabled_by_operator,
        "deleted_at": output.instant(project.deleted_at),
    }


def _state(project: Project) -> str:
    if project.deleted_at is not None:
        return "deleted"
    return "active" if project.disabled_at is None else "disabled"


def _emails(found: list[Member], role: str) -> list[str]:
    return [member.email for member in found if member.role == role]
