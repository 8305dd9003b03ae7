"""`leasehold task`: single tasks of a queue, looked at and put right by hand."""

import base64
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from leasehold.administration import paging, tasks
from leasehold.administration.paging import Page
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.clock import MICROSECONDS, Clock
from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.queues import task_id
from leasehold.queues.limits import MAX_TASK_BYTES
from leasehold.queues.model import Task
from leasehold.queues.read import TaskOutline, TaskState, state_of
from leasehold.queues.task_id import TaskIds
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

SHOWN_BYTES = 4_096  # of a payload that is no text; --json shows all of it

Command = Callable[..., None]

_id_argument = click.argument("name", metavar="TASK")
_LABELS = {
    "task": "Task",
    "queue": "Queue",
    "project": "Project",
    "state": "State",
    "eta": "Eta",
    "enqueued_at": "Inserted",
    "retry_count": "Leases so far",
    "tag": "Tag",
    "payload_bytes": "Bytes of payload",
}


class _Instant(click.ParamType[int]):
    name = "instant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Microseconds since the Unix epoch; UTC where nothing else is said."""
        try:
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return round(moment.timestamp() * MICROSECONDS)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant: write 2026-11-21T09:30:00Z", param, ctx)


@click.group("task", cls=Group)
def command() -> None:
    """Look at single tasks, insert, delete and release them."""


def _on_a_queue(run: Command) -> Command:
    """Adds the options that every command here has."""
    queue_option = click.option("--queue", required=True, metavar="QUEUE", help="The queue's name.")
    return project_option(queue_option(existing(output.json_option(run))))


@command.command("list")
@click.option("--tag", help="Only tasks with this tag.")
@click.option(
    "--state",
    type=click.Choice(get_args(TaskState)),
    help="Only tasks that may be leased, that are leased, or whose first eta is still to come.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, paging.MAX_SIZE),
    default=paging.DEFAULT_SIZE,
    show_default=True,
    help="How many at most.",
)
@click.option("--page-token", default="", help="Go on where an earlier list ended.")
@_on_a_queue
def list_(
    engine: Engine,
    project_id: str,
    queue: str,
    tag: str | None,
    state: TaskState | None,
    limit: int,
    page_token: str,
) -> None:
    r"""List tasks, the one that is leased next first, without their payloads.

    \b
    Examples:
      leasehold task list --project shop --queue resize
      leasehold task list --project shop --queue resize --state leased --tag night
    """

    def run(tx: Transaction, now: int) -> Page[TaskOutline]:
        return tasks.list_page(
            tx,
            now,
            operator(),
            ids=_ids(tx),
            project_id=project_id,
            queue=queue,
            tag=tag,
            state=state,
            page_size=limit,
            page_token=page_token,
        )

    page = read(engine, run)
    values = [_outline_value(task) for task in page.items]
    if output.is_json_wanted():
        output.done({"tasks": values, "next_page_token": page.next_page_token})
        return
    headings = {
        "task": "Task",
        "state": "State",
        "eta": "Eta",
        "retry_count": "Leases",
        "tag": "Tag",
        "payload_bytes": "Bytes",
    }
    output.listing(values, headings, nothing=f"No such tasks in queue {queue}.")
    if page.next_page_token:
        output.note(f"there may be more: --page-token {page.next_page_token}")


@command.command()
@_id_argument
@_on_a_queue
def show(engine: Engine, name: str, project_id: str, queue: str) -> None:
    r"""Show a task with its payload. It is not leased by that.

    \b
    Example:
      leasehold task show thumbnail-17 --project shop --queue resize
    """

    def run(tx: Transaction, now: int) -> tuple[Task, int]:
        found = tasks.get(
            tx, operator(), ids=_ids(tx), project_id=project_id, queue=queue, task_id=name
        )
        return found, now

    task, now = read(engine, run)
    output.details(_value(task, project_id, queue, now), _LABELS)
    if not output.is_json_wanted():
        click.echo(f"\n{_payload_text(task.payload or b'')}")


@command.command()
@click.option("--payload", help="What the task holds, as text.")
@click.option("--payload-file", metavar="FILE", help="The same from a file; - is standard input.")
@click.option("--id", "name", help="Its id, which is taken once; without it the server makes one.")
@click.option("--tag", help="What it is grouped by.")
@click.option("--eta", type=_Instant(), help="When it may be leased first: 2026-11-21T09:30:00Z.")
@_on_a_queue
def insert(
    engine: Engine,
    project_id: str,
    queue: str,
    payload: str | None,
    payload_file: str | None,
    **properties: object,
) -> None:
    r"""Insert a task.

    \b
    Examples:
      leasehold task insert --project shop --queue resize --payload '{"photo": 17}'
      leasehold task insert --project shop --queue resize --payload-file - < photo.json
    """
    body = _payload(payload, payload_file)

    def run(tx: Transaction, now: int) -> Task:
        return tasks.insert(
            tx,
            now,
            operator(),
            ids=_ids(tx),
            project_id=project_id,
            queue=queue,
            payload=body,
            **properties,  # type: ignore[arg-type]  # each has its option's type
        )

    task = transact(engine, run)
    output.done(
        _value(task, project_id, queue, Clock().now()),
        f"Task {task.id} was inserted into queue {queue} of project {project_id}.",
    )


@command.command()
@_id_argument
@_on_a_queue
def delete(engine: Engine, name: str, project_id: str, queue: str) -> None:
    r"""Delete a task, leased or not. Its id stays taken for a while.

    \b
    Example:
      leasehold task delete thumbnail-17 --project shop --queue resize
    """

    def run(tx: Transaction, now: int) -> Task:
        return tasks.delete(
            tx, now, operator(), ids=_ids(tx), project_id=project_id, queue=queue, task_id=name
        )

    task = transact(engine, run)
    output.done(
        {"task": task.id, "queue": queue, "project": project_id, "deleted": True},
        f"Task {task.id} of queue {queue} was deleted.",
    )


@command.command()
@_id_argument
@_on_a_queue
def release(engine: Engine, name: str, project_id: str, queue: str) -> None:
    r"""Make a task available now: its lease ends, or its eta need not come first.

    \b
    Example:
      leasehold task release thumbnail-17 --project shop --queue resize
    """

    def run(tx: Transaction, now: int) -> Task:
        return tasks.release(
            tx, now, operator(), ids=_ids(tx), project_id=project_id, queue=queue, task_id=name
        )

    task = transact(engine, run)
    output.done(
        _value(task, project_id, queue, Clock().now()),
        f"Task {task.id} of queue {queue} is available.",
    )


def _ids(tx: Transaction) -> TaskIds:
    return task_id.load(tx, Entropy())


def _payload(text: str | None, file: str | None) -> bytes:
    if (text is None) == (file is None):
        raise click.UsageError("give the payload: --payload TEXT or --payload-file FILE")
    if text is not None:
        return os.fsencode(text)  # the very bytes that were given
    most = MAX_TASK_BYTES + 1  # enough to be refused
    if file == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(str(file)).open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a path with a NUL
        raise Invalid(f"{file!r} cannot be read: {error}") from error


def _outline_value(task: TaskOutline) -> output.Value:
    return {
        "task": task.id,
        "state": task.state,
        "eta": output.instant(task.eta),
        "enqueued_at": output.instant(task.enqueued_at),
        "retry_count": task.retry_count,
        "tag": task.tag,
        "payload_bytes": task.payload_bytes,
    }


def _value(task: Task, project_id: str, queue: str, now: int) -> output.Value:
    payload = task.payload or b""
    return {
        "task": task.id,
        "queue": queue,
        "project": project_id,
        "state": state_of(task.eta, task.retry_count, now),
        "eta": output.instant(task.eta),
        "enqueued_at": output.instant(task.enqueued_at),
        "retry_count": task.retry_count,
        "tag": task.tag,
        "payload_bytes": len(payload),
        "payload": _text(payload),
        "payload_base64": base64.b64encode(payload).decode(),
    }


def _text(payload: bytes) -> str | None:
    """The payload if it is text; None for other bytes."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\n\r\t" for c in text) else None


def _payload_text(payload: bytes) -> str:
    """For a person: text as it is, other bytes as base64."""
    text = _text(payload)
    if text is None:
        shown = base64.encodebytes(payload[:SHOWN_BYTES]).decode().rstrip("\n")
        rest = len(payload) - SHOWN_BYTES
        return shown if rest <= 0 else f"{shown}\n(in base64; {rest:,} bytes more: --json)"
    # A carriage return would let one line hide another.
    return text.replace("\r\n", "\n").replace("\r", "\N{REPLACEMENT CHARACTER}")
