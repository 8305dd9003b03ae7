"""`leasehold queue`: queues, their settings, who may use them, and what they hold."""

from functools import partial

import click
from msgspec import UNSET
from msgspec.structs import replace

from leasehold.administration import paging, queues
from leasehold.administration.queues import Purge, QueueSettings, QueueWithContents
from leasehold.cli import output
from leasehold.cli.arguments import EMAIL, project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.queue_apply import apply
from leasehold.cli.queue_settings import if_given, settings_options
from leasehold.cli.queue_value import LABELS, queue_value
from leasehold.cli.removal import confirm, remove_all, tasks, yes_option
from leasehold.queues.model import ROLES, Acl, Mode, Queue, Role, Statistics
from leasehold.settings import from_environment
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_name_argument = click.argument("name", metavar="QUEUE")
_role_option = click.option(
    "--role",
    required=True,
    type=click.Choice(ROLES),
    help="Consumers lease and delete tasks, producers insert them, admins do everything.",
)


@click.group("queue", cls=Group)
def command() -> None:
    """Make queues, grant roles on them, and look after tasks."""


@command.command()
@_name_argument
@project_option
@click.option(
    "--mode",
    type=click.Choice(["pull", "push"]),
    default="pull",
    show_default=True,
    help="Whether tasks are leased by workers (pull) or sent to them (push).",
)
@settings_options
@click.option("--strict-leases", is_flag=True, help="Delete tasks only while a lease runs.")
@click.option(
    "--consumer",
    "consumers",
    multiple=True,
    type=EMAIL,
    help="Who may lease and delete tasks: a user's or service account's address. Repeatable.",
)
@click.option(
    "--producer", "producers", multiple=True, type=EMAIL, help="Who may insert tasks. Repeatable."
)
@click.option("--admin", "admins", multiple=True, type=EMAIL, help="Who may do all. Repeatable.")
@existing
@output.json_option
def create(
    engine: Engine,
    name: str,
    project_id: str,
    mode: Mode,
    settings: QueueSettings,
    *,
    strict_leases: bool,
    **emails: tuple[str, ...],
) -> None:
    r"""Make a queue. Owners and admins of the project may use it without being named.

    Names of its deleted tasks stay taken for a week, unless --tombstone-seconds or the variable
    LEASEHOLD_TOMBSTONE_SECONDS says otherwise.

    \b
    Example:
      leasehold queue create resize --project shop --retry-limit 5 \
        --consumer worker@shop.iam.leasehold.internal --producer web@example.com
    """
    if settings.tombstone_seconds is UNSET:
        settings = replace(settings, tombstone_seconds=from_environment().tombstone_seconds)
    settings = replace(settings, mode=mode, strict_leases=strict_leases)
    acl = Acl(**{role: frozenset(found) for role, found in emails.items()})

    def run(tx: Transaction, now: int) -> Queue:
        return queues.create(
            tx, now, operator(), project_id=project_id, name=name, settings=settings, acl=acl
        )

    output.done(
        queue_value(transact(engine, run)),
        f"Queue {name} of project {project_id} was made: {mode}, and open for use.",
        f"Next: leasehold queue grant {name} --project {project_id} --role consumer EMAIL",
    )


@command.command()
@_name_argument
@project_option
@existing
@output.json_option
def show(engine: Engine, name: str, project_id: str) -> None:
    r"""Show a queue's settings and who may use it.

    \b
    Example:
      leasehold queue show resize --project shop
    """

    def run(tx: Transaction, _now: int) -> Queue:
        return queues.get(tx, operator(), project_id=project_id, name=name)

    output.details(queue_value(read(engine, run)), LABELS)


@command.command("list")
@project_option
@click.option("--prefix", default="", help="Only queues whose names begin so.")
@existing
@output.json_option
def list_(engine: Engine, project_id: str, prefix: str) -> None:
    r"""List a project's queues by name, and how many tasks they hold.

    \b
    Examples:
      leasehold queue list --project shop
      leasehold queue list --project shop --prefix mail-
    """
    found = read(engine, partial(_all, project_id=project_id, prefix=prefix))
    nothing = f"Project {project_id} has no queues: leasehold queue create makes one."
    output.listing(
        [{**queue_value(each.queue), "tasks": each.tasks, "bytes": each.bytes} for each in found],
        {"queue": "Queue", "mode": "Mode", "state": "State", "tasks": "Tasks"},
        nothing=f"No queue of project {project_id} begins with {prefix}." if prefix else nothing,
    )


def _all(tx: Transaction, _now: int, *, project_id: str, prefix: str) -> list[QueueWithContents]:
    list_page = partial(
        queues.list_page,
        tx,
        operator(),
        project_id=project_id,
        prefix=prefix,
        page_size=paging.MAX_SIZE,
    )
    page = list_page()
    found = list(page.items)
    while page.next_page_token:
        page = list_page(page_token=page.next_page_token)
        found += page.items
    return found


@command.command("set")
@_name_argument
@project_option
@click.option("--mode", type=click.Choice(["pull", "push"]), help="Leased by workers, or sent.")
@settings_options
@click.option(
    "--strict-leases/--no-strict-leases",
    default=None,
    help="Whether tasks may be deleted only while a lease runs.",
)
@existing
@output.json_option
def set_(
    engine: Engine,
    name: str,
    project_id: str,
    mode: Mode | None,
    settings: QueueSettings,
    *,
    strict_leases: bool | None,
) -> None:
    r"""Change a queue's settings; those that are not given stay.

    \b
    Examples:
      leasehold queue set resize --project shop --retry-limit 3 --strict-leases
      leasehold queue set resize --project shop --max-tasks 100000 --requests-per-second none
    """
    settings = replace(settings, mode=if_given(mode), strict_leases=if_given(strict_leases))
    if settings == QueueSettings():
        raise click.UsageError("say what to change, for example --retry-limit 3")

    def run(tx: Transaction, now: int) -> Queue:
        return queues.change(
            tx, now, operator(), project_id=project_id, name=name, settings=settings
        )

    queue = transact(engine, run)
    output.done(queue_value(queue), f"Queue {name} was changed; it holds for the next request.")
    if queue.from_file:
        output.note("a queue file declares this queue: change it there too, or it comes back")


@command.command()
@_name_argument
@project_option
@_role_option
@click.argument("email", type=EMAIL)
@existing
@output.json_option
def grant(engine: Engine, name: str, project_id: str, role: Role, email: str) -> None:
    r"""Let a user or service account use a queue.

    \b
    Example:
      leasehold queue grant resize --project shop --role producer web@example.com
    """

    def run(tx: Transaction, now: int) -> Queue:
        return queues.grant(
            tx, now, operator(), project_id=project_id, name=name, role=role, email=email
        )

    output.done(queue_value(transact(engine, run)), f"{email} is a {role} of queue {name}.")


@command.command()
@_name_argument
@project_option
@_role_option
@click.argument("email")  # any text: a queue file may have named what is no address here
@existing
@output.json_option
def revoke(engine: Engine, name: str, project_id: str, role: Role, email: str) -> None:
    r"""Take a role on a queue away.

    \b
    Example:
      leasehold queue revoke resize --project shop --role producer web@example.com
    """

    def run(tx: Transaction, now: int) -> Queue:
        return queues.revoke(
            tx, now, operator(), project_id=project_id, name=name, role=role, email=email
        )

    value = queue_value(transact(engine, run))
    output.done(value, f"{email} is no longer a {role} of queue {name}.")


@command.command()
@_name_argument
@project_option
@existing
@output.json_option
def pause(engine: Engine, name: str, project_id: str) -> None:
    r"""Let nothing be leased until the queue is resumed. Tasks may still be inserted.

    \b
    Example:
      leasehold queue pause resize --project shop
    """

    def run(tx: Transaction, now: int) -> Queue:
        return queues.pause(tx, now, operator(), project_id=project_id, name=name)

    output.done(
        queue_value(transact(engine, run)),
        f"Queue {name} is paused: no task is leased from it; tasks may be inserted and deleted.",
        f"Next: leasehold queue resume {name} --project {project_id}",
    )


@command.command()
@_name_argument
@project_option
@existing
@output.json_option
def resume(engine: Engine, name: str, project_id: str) -> None:
    r"""Give tasks of a paused queue out again.

    \b
    Example:
      leasehold queue resume resize --project shop
    """

    def run(tx: Transaction, now: int) -> Queue:
        return queues.resume(tx, now, operator(), project_id=project_id, name=name)

    output.done(
        queue_value(transact(engine, run)), f"Queue {name} is running: its tasks are leased again."
    )


@command.command()
@_name_argument
@project_option
@yes_option
@existing
@output.json_option
def purge(engine: Engine, name: str, project_id: str, *, yes: bool) -> None:
    r"""Destroy all tasks of a queue, leased ones too. The queue stays.

    Only tasks that are there when this starts. It may be interrupted, and run again to go on.

    \b
    Example:
      leasehold queue purge resize --project shop
    """
    held = partial(_held, project_id=project_id, name=name)
    total, started_at = read(engine, held)
    question = f"Destroy the {tasks(total)} of queue {name} of project {project_id}?"
    confirm(question, yes=yes or total == 0)

    def begin(tx: Transaction, now: int) -> Purge:
        return queues.begin_purge(
            tx, now, operator(), project_id=project_id, name=name, enqueued_until=started_at
        )

    purge = transact(engine, begin)
    removed = remove_all(
        engine,
        partial(queues.purge_some, purge=purge),
        total=total,
        when_cut="run the same command again to go on",
    )
    output.done(
        {"queue": name, "project": project_id, "tasks_removed": removed},
        f"{tasks(removed)} of queue {name} destroyed.",
        f"Names of deleted tasks stay taken for {purge.queue.tombstone_seconds} s.",
    )


@command.command()
@_name_argument
@project_option
@yes_option
@existing
@output.json_option
def delete(engine: Engine, name: str, project_id: str, *, yes: bool) -> None:
    r"""Delete a queue with all its tasks. Its name is free at once.

    \b
    Example:
      leasehold queue delete resize --project shop
    """
    total, _ = read(engine, partial(_held, project_id=project_id, name=name))
    confirm(f"Delete queue {name} of project {project_id} with its {tasks(total)}?", yes=yes)

    def run(tx: Transaction, now: int) -> Queue:
        return queues.delete(tx, now, operator(), project_id=project_id, name=name)

    deleted = transact(engine, run)
    removed = remove_all(
        engine,
        partial(queues.sweep_some, deleted=deleted),
        total=total,
        when_cut="the queue is gone, and a server on this database removes the rest",
    )
    output.done(
        {"queue": name, "project": project_id, "tasks_removed": removed},
        f"Queue {name} of project {project_id} was deleted, and {tasks(removed)} with it.",
    )


@command.command("stats")
@_name_argument
@project_option
@existing
@output.json_option
def statistics(engine: Engine, name: str, project_id: str) -> None:
    r"""Show what a queue holds and how much was leased lately.

    \b
    Example:
      leasehold queue stats resize --project shop
    """

    def run(tx: Transaction, now: int) -> Statistics:
        return queues.statistics(tx, now, operator(), project_id=project_id, name=name)

    found = read(engine, run)
    output.details(
        {
            "queue": name,
            "project": project_id,
            "total_tasks": found.total_tasks,
            "total_bytes": found.total_bytes,
            "oldest_eta": output.instant(found.oldest_eta),
            "leased_last_minute": found.leased_last_minute,
            "leased_last_hour": found.leased_last_hour,
        },
        {
            "total_tasks": "Tasks, leased ones included",
            "total_bytes": "Bytes of payload",
            "oldest_eta": "First eta",
            "leased_last_minute": "Leased in the last minute",
            "leased_last_hour": "Leased in the last hour",
        },
    )


def _held(tx: Transaction, now: int, *, project_id: str, name: str) -> tuple[int, int]:
    """How many tasks the queue holds, and when that was so."""
    found = queues.statistics(tx, now, operator(), project_id=project_id, name=name)
    return found.total_tasks, now


command.add_command(apply)
