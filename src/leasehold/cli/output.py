"""What commands print: sentences and tables for people, one JSON document for scripts."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table

from leasehold.cli.table import fitted, paragraph, plain_table
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, NotFound, Unavailable
from leasehold.queues.queue_file import QueueFileInvalid

WIDE = 1_000  # columns of what is not a terminal: a line that is cut there would be lost
_DETAIL_CHARACTERS = 300  # of what a database said, on one line
_WANTED = "leasehold.json"  # in the context: whether --json was given

Value = Mapping[str, object]


def _remember(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click calls it so
    ctx.meta[_WANTED] = value


json_option = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    is_eager=True,
    help="Print one JSON document instead, and errors as a line of JSON on stderr.",
)


def is_json_wanted() -> bool:
    """Whether the command that runs was given --json."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_WANTED))


def instant(microseconds: int | None) -> datetime | None:
    """An instant as it goes into a value; None stays None."""
    if microseconds is None:
        return None
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def done(value: Value, *sentences: str) -> None:
    """Says what was done and what to do next; with --json `value` instead."""
    if is_json_wanted():
        _print_json(value)
    else:
        for sentence in sentences:
            click.echo(sentence)


def details(value: Value, labels: Mapping[str, str]) -> None:
    """Shows one thing, a line for each key of `labels`; with --json all of `value`."""
    if is_json_wanted():
        _print_json(value)
        return
    _print([paragraph([line for key in labels for line in _lines(labels[key], value[key])])])


def _lines(label: str, value: object) -> list[tuple[str, str]]:
    """Of a list of things each has a line, which tells what is known of it."""
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return [(label, _text(value))]
    known = [{key: part for key, part in item.items() if part is not None} for item in value]
    return [("" if place else label, _text(item)) for place, item in enumerate(known)]


def listing(values: Sequence[Value], headings: Mapping[str, str], *, nothing: str) -> None:
    """Shows a table with a column for each key of `headings`, or says `nothing`.

    With --json a list of all of the `values`.
    """
    if is_json_wanted():
        _print_json(values)
    elif values:
        _print_rows(values, headings)
    else:
        click.echo(nothing)


def _print_rows(values: Sequence[Value], headings: Mapping[str, str]) -> None:
    rows = [{key: _text(value[key]) for key in headings} for value in values]
    numbers = {key for key in headings if type(values[0][key]) is int}
    if sys.stdout.isatty():
        _print(list(fitted(rows, headings, numbers, Console().width)))
    else:
        _print([plain_table(rows, headings, numbers)])


def note(sentence: str) -> None:
    """Something to know beside the outcome, on stderr; nothing with --json."""
    if not is_json_wanted():
        click.echo(f"leasehold: {sentence}", err=True)


def fail(error: Error, *, reason: str = "") -> None:
    """Says on stderr what went wrong, in one line; each fault of a queue file has its own."""
    if is_json_wanted():
        click.echo(json.dumps({"error": _error_value(error, reason)}), err=True)
    elif isinstance(error, QueueFileInvalid):
        click.echo(error.message, err=True)
    else:
        click.echo(f"leasehold: {_explained(error)}", err=True)


def _error_value(error: Error, reason: str) -> dict[str, object]:
    value: dict[str, object] = {"reason": reason or error.reason, "message": _explained(error)}
    if isinstance(error, QueueFileInvalid):
        value["problems"] = [
            {"line": problem.line, "message": problem.message} for problem in error.problems
        ]
    return value


def _explained(error: Error) -> str:
    if isinstance(error, NotFound) and error.field == "project":
        return f"{error.message}: see `leasehold project list`"
    # Who runs commands has no log to look into: what the database said helps, and is no secret.
    if not isinstance(error, Unavailable) or not error.detail:
        return error.message
    detail = " ".join(error.detail.split())[:_DETAIL_CHARACTERS]
    return f"{error.message} ({detail})"


def _text(value: object) -> str:
    return _printable(_words(value))


def _words(value: object) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list):
        between = "; " if isinstance(value[0], dict) else ", "
        return between.join(_words(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item)}" for key, item in value.items())
    return str(value)


def _printable(text: str) -> str:
    # A queue file may hold escape sequences, which must not reach the terminal.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _print(tables: Sequence[Table]) -> None:
    """With an empty line between two."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as captured:
        for place, table in enumerate(tables):
            console.print(*([""] if place else []), table, sep="\n")
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, default=_json_form))


def _json_form(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
