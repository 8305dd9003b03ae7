"""`leasehold audit verify`: proves that nobody changed the audit log, or says where they did."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from leasehold.administration import audit, audit_chain
from leasehold.administration.audit_chain import Entry, Head, Verdict
from leasehold.cli import output
from leasehold.cli.audit_file import entries_of
from leasehold.cli.audit_options import HEAD
from leasehold.cli.database import open_existing, operator, read, read_each
from leasehold.cli.database import option as database_option
from leasehold.errors import Error
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction


class Broken(Error):
    """An entry of the audit log is not as it was written."""

    reason = "auditLogBroken"


@click.command()
@click.option(
    "--known",
    type=HEAD,
    metavar="NUMBER:HASH",
    help="What this printed earlier: it must still be in the log.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False),
    help="Verify what `audit export` printed instead of the database.",
)
@database_option
@output.json_option
def verify(database: str, known: Head | None, path: str | None) -> None:
    r"""Prove that no entry was changed, removed, inserted or put elsewhere.

    Else it says which is the first bad entry, and exits with 1. Note what this prints where nobody
    who can write to the database can: with --known it proves that the log was not written anew.

    \b
    Examples:
      leasehold audit verify
      leasehold audit verify --file audit.jsonl
      leasehold audit verify --known "$(tail -n 1 /mnt/elsewhere/heads)"
    """
    if path is None:
        verdict = _verify_database(database, known)
    else:
        verdict = audit_chain.verify(entries_of(path), None, known=known, begins_at=None)
    if verdict.is_whole:
        output.done(_value(verdict), *_sentences(verdict))
        return
    if output.is_json_wanted():
        output.done(_value(verdict))
    raise Broken(f"the audit log is broken: {verdict.problem}")


def with_bar(pages: Iterable[list[Entry]], heading: str, among: range) -> Iterator[list[Entry]]:
    """The same pages; a bar on a terminal shows how far the reader is among the numbers."""
    console = Console(stderr=True)
    progress = Progress(
        TextColumn(heading),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal or output.is_json_wanted(),
        transient=True,
    )
    with progress:
        bar = progress.add_task("", total=len(among))
        for page in pages:
            yield page
            progress.advance(bar, audit.CHAIN_PAGE)


def _verify_database(address: str, known: Head | None) -> Verdict:
    engine = open_existing(address)
    head = read(engine, lambda tx, _: audit.head(tx, operator()))
    among = range(1, head.number + 1)
    pages = with_bar(_pages(engine, among), "Verifying", among)
    return audit_chain.verify((entry for page in pages for entry in page), head, known=known)


def _pages(engine: Engine, among: range) -> Iterator[list[Entry]]:
    """All entries that there are; where a page is empty, all else is missing too, or forged."""
    yield from read_each(engine, _reads([audit.BEFORE_FIRST]))
    for page in read_each(engine, _reads(audit.pages(among))):
        if not page:
            return
        yield page
    yield from read_each(engine, [partial(audit.past_head, actor=operator())])


def _reads(parts: Iterable[range]) -> Iterator[Callable[[Transaction], list[Entry]]]:
    for part in parts:
        yield partial(audit.chain, actor=operator(), among=part)


def _sentences(verdict: Verdict) -> list[str]:
    if not verdict.count:
        return ["There are no entries yet."]
    return [
        f"Entries {verdict.first} to {verdict.last.number} are as they were written.",
        f"To note where nobody can change it: {verdict.last}",
    ]


def _value(verdict: Verdict) -> output.Value:
    return {
        "whole": verdict.is_whole,
        "entries": verdict.count,
        "first": verdict.first,
        "head": str(verdict.last),
        "bad": verdict.bad,
        "problem": verdict.problem,
    }
