"""Removing many tasks: the question before it, and small steps with a progress bar."""

from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from leasehold.cli import output
from leasehold.cli.database import repeat
from leasehold.errors import Error
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction


class NotConfirmed(Error):
    """The question was not answered with yes."""

    reason = "notConfirmed"


yes_option = click.option(
    "--yes", is_flag=True, help="Do not ask before tasks are destroyed: for scripts."
)


def tasks(count: int) -> str:
    """The count with its noun.

    >>> [tasks(count) for count in (0, 1, 1200)]
    ['0 tasks', '1 task', '1,200 tasks']
    """
    return f"{count:,} task" if count == 1 else f"{count:,} tasks"


def confirm(question: str, *, yes: bool) -> None:
    """Asks on stderr; NotConfirmed unless the answer is yes, or `yes` was said beforehand."""
    if yes:
        return
    try:
        is_confirmed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        is_confirmed = False
    if not is_confirmed:
        raise NotConfirmed("nothing was changed: answer y, or give --yes")


def remove_all(
    engine: Engine, remove_some: Callable[[Transaction, int], int], *, total: int, when_cut: str
) -> int:
    """Calls `remove_some` until nothing is left, each call a transaction; how many it removed.

    What was removed stays so when this is interrupted: then `when_cut` tells about the rest.
    """
    removed = 0
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("Removing tasks"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal or output.is_json_wanted(),
        transient=True,
    )
    try:
        with progress:
            bar = progress.add_task("", total=total)
            for count in repeat(engine, remove_some):
                removed += count
                progress.advance(bar, count)
    except (Error, KeyboardInterrupt):
        output.note(f"{tasks(removed)} of {total:,} were removed before this stopped; {when_cut}")
        raise
    return removed
