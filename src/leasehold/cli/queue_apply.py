"""`leasehold queue apply`: makes a project's queues what a queue.yaml or queue.xml says."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path

import click

from leasehold.accounts.projects import canonical_project_id
from leasehold.administration import queue_files
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.errors import Invalid
from leasehold.queues import queue_file
from leasehold.queues.configure import Step
from leasehold.queues.queue_file import QueueFile
from leasehold.settings import from_environment
from leasehold.storage.engine import Engine

_DONE = {
    "create": "made",
    "change": "changed",
    "pause": "paused",
    "keep": "kept",
}


@click.command()
@click.argument("file", metavar="FILE")
@project_option
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@existing
@output.json_option
def apply(engine: Engine, file: str, project_id: str, *, dry_run: bool) -> None:
    r"""Make a project's queues what a file says.

    FILE is a queue.yaml or queue.xml as App Engine has them; - is standard input.

    All of it happens, or nothing. A queue that an earlier file declared and this one does not is
    paused, and keeps its tasks. Queues that were made otherwise are left alone.

    \b
    Examples:
      leasehold queue apply queue.yaml --project shop --dry-run
      leasehold queue apply queue.yaml --project shop
    """
    declared = _parsed(file)
    if declared.application and canonical_project_id(declared.application) != project_id:
        output.note(f"the file is for {declared.application}, and is applied to {project_id}")
    run, act = (read, queue_files.preview) if dry_run else (transact, queue_files.apply)
    steps = run(
        engine,
        partial(
            act,
            actor=operator(),
            project_id=project_id,
            file=declared,
            tombstone_seconds=from_environment().tombstone_seconds,
        ),
    )
    _show(steps, declared, project_id, dry_run=dry_run)


def _parsed(file: str) -> QueueFile:
    data = _read(file)
    name = file
    if file == "-":
        # No YAML of a queue file begins so.
        name = "stdin.xml" if data.lstrip().startswith(b"<") else "stdin"
    return queue_file.parse(data, file_name=name)


def _read(file: str) -> bytes:
    most = queue_file.MAX_FILE_BYTES + 1
    if file == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from error


def _show(steps: list[Step], declared: QueueFile, project_id: str, *, dry_run: bool) -> None:
    values: list[output.Value] = [
        {"action": step.action, "queue": step.queue.name, "changes": _changes(step)}
        for step in steps
    ]
    if output.is_json_wanted():
        value = {"project": project_id, "dry_run": dry_run, "steps": values}
        output.done({**value, "total_storage_limit": declared.total_storage_limit})
        return
    output.listing(
        values,
        {"action": "Action", "queue": "Queue", "changes": "What changes"},
        nothing="The file declares no queue.",
    )
    if declared.total_storage_limit is not None:
        click.echo(f"Storage limit of the project: {declared.total_storage_limit:,} bytes")
    click.echo(_outcome(steps, project_id, dry_run=dry_run))


def _changes(step: Step) -> list[str]:
    if step.action == "change" and not step.changes:
        return ["declared by the file from now on"]
    return list(step.changes)


def _outcome(steps: list[Step], project_id: str, *, dry_run: bool) -> str:
    if dry_run:
        return "Nothing was changed yet: leave --dry-run out to do this."
    counts = Counter(_DONE[step.action] for step in steps)
    words = ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing to do"
    return f"Queues of project {project_id}: {words}."
