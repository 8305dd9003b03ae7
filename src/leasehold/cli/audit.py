"""`leasehold audit`: what administrators did, and whether anybody changed what was written down."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import click

from leasehold.administration import audit, paging
from leasehold.administration.audit import Search
from leasehold.administration.audit_chain import Entry, Head
from leasehold.administration.audit_export import COLUMNS, csv_cells, csv_line, line_of, value_of
from leasehold.administration.paging import Page
from leasehold.cli import output
from leasehold.cli.audit_options import search_options
from leasehold.cli.audit_verify import verify, with_bar
from leasehold.cli.database import existing, operator, read, read_each
from leasehold.cli.group import Group
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

_LARGEST = 2**62

_csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")


@click.group("audit", cls=Group)
def command() -> None:
    """Show what administrators did, and prove that nobody changed what was written down."""


@command.command("list")
@search_options
@click.option(
    "--most",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many; the newest of them.",
)
@click.option("--before", type=click.IntRange(1, _LARGEST), help="Only entries of lower numbers.")
@_csv_option
@existing
@output.json_option
def list_(
    engine: Engine,
    project_id: str | None,
    wanted: Search,
    *,
    most: int,
    before: int | None,
    as_csv: bool,
) -> None:
    r"""List what was done, newest first.

    \b
    Examples:
      leasehold audit list --project shop --since 7d
      leasehold audit list --actor ada@example.com --action queues. --csv
    """
    _check_form(as_csv=as_csv)
    entries, has_more = _newest(engine, project_id, wanted, most=most, before=before)
    if as_csv:
        _print_csv([entries])
        return
    output.listing(
        [_value(entry) for entry in entries],
        {
            "number": "Number",
            "at": "When",
            "actor": "Who",
            "action": "Action",
            "project_id": "Project",
            "target": "Target",
        },
        nothing="Nothing of that kind was done.",
    )
    if has_more and entries:
        output.note(f"there are older ones: --before {entries[-1].number}, or --most")


@command.command()
@click.argument("number", type=click.IntRange(1, _LARGEST))
@existing
@output.json_option
def show(engine: Engine, number: int) -> None:
    r"""Show one entry: who, what, from where, and how it was before and after.

    \b
    Example:
      leasehold audit show 17
    """

    def run(tx: Transaction, _now: int) -> Entry:
        return audit.get(tx, operator(), project_id=None, number=number)

    output.details(
        _value(read(engine, run)),
        {
            "number": "Number",
            "at": "When",
            "actor": "Who",
            "actor_kind": "Who is a",
            "client_id": "By client",
            "address": "From",
            "action": "Action",
            "project_id": "Project",
            "target": "Target",
            "before": "Before",
            "after": "After",
            "hash": "Hash",
        },
    )


@command.command()
@search_options
@click.option("--from", "first", type=click.IntRange(1, _LARGEST), help="The first number.")
@click.option("--to", "last", type=click.IntRange(1, _LARGEST), help="The last number.")
@_csv_option
@existing
@output.json_option
def export(
    engine: Engine,
    project_id: str | None,
    wanted: Search,
    *,
    first: int | None,
    last: int | None,
    as_csv: bool,
) -> None:
    r"""Print entries, oldest first, a line of JSON for each (--csv: of CSV).

    All of a time or of a range of numbers can be proved elsewhere, with `leasehold audit verify
    --file`; a selection by project, actor, action or target cannot.

    \b
    Examples:
      leasehold audit export > audit.jsonl
      leasehold audit export --since 2026-11-01 --until 2026-12-01 > 2026-11.jsonl
    """
    _check_form(as_csv=as_csv)
    among = read(
        engine,
        lambda tx, _: audit.numbers(tx, operator(), project_id=project_id, wanted=wanted),
    )
    among = range(
        max(among.start, first or 1), min(among.stop, _LARGEST if last is None else last + 1)
    )
    pages = read_each(engine, _export_pages(project_id, wanted, among))
    print_all = _print_csv if as_csv else _print_lines
    last_entry = print_all(with_bar(pages, "Exporting", among))
    if last_entry is not None:
        noted = Head(last_entry.number, last_entry.hash)
        output.note(f"the last of them, to note for `leasehold audit verify --known`: {noted}")


command.add_command(verify)


def _check_form(*, as_csv: bool) -> None:
    if as_csv and output.is_json_wanted():
        raise click.UsageError("--csv and --json exclude each other")


def _newest(
    engine: Engine, project_id: str | None, wanted: Search, *, most: int, before: int | None
) -> tuple[list[Entry], bool]:
    """The newest entries that are wanted, and whether there are more."""
    found: list[Entry] = []
    token = paging.token_after(str(before)) if before else ""
    while True:
        page = read(engine, partial(_page, project_id=project_id, wanted=wanted, token=token))
        found += page.items
        token = page.next_page_token
        if len(found) >= most or not token:
            return found[:most], bool(token) or len(found) > most


def _page(
    tx: Transaction, _now: int, *, project_id: str | None, wanted: Search, token: str
) -> Page[Entry]:
    return audit.search(tx, operator(), project_id=project_id, wanted=wanted, page_token=token)


def _export_pages(
    project_id: str | None, wanted: Search, among: range
) -> Iterator[Callable[[Transaction], list[Entry]]]:
    for part in audit.pages(among):
        yield partial(
            audit.export_page,
            actor=operator(),
            project_id=project_id,
            wanted=wanted,
            among=part,
        )


def _print_lines(pages: Iterable[list[Entry]]) -> Entry | None:
    last = None
    for page in pages:
        for last in page:
            click.echo(line_of(last))
    return last


def _print_csv(pages: Iterable[list[Entry]]) -> Entry | None:
    click.echo(csv_line(COLUMNS))
    last = None
    for page in pages:
        for last in page:
            click.echo(csv_line(csv_cells(last)))
    return last


def _value(entry: Entry) -> output.Value:
    value = value_of(entry)
    return value if output.is_json_wanted() else {**value, "at": _instant(entry.at)}


def _instant(at: int) -> object:
    try:
        return output.instant(at)
    except (OverflowError, ValueError):  # somebody changed it: `verify` says so
        return at
