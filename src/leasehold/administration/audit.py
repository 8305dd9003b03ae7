"""The audit log: writes down every administrative act, and finds what was written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from leasehold.administration import audit_chain, authority, paging, rows
from leasehold.administration.actor import Actor
from leasehold.administration.audit_chain import Entry, Head
from leasehold.administration.audit_value import bounded
from leasehold.administration.paging import Page
from leasehold.errors import NotFound, Unavailable
from leasehold.storage.transaction import Transaction

MAX_TEXT_CHARACTERS = 500  # of a target, say; all of ours are far shorter
MOST_LOOKED_AT = 10_000  # entries for one page of a search: it bounds how long others wait
MAX_PAGE_BYTES = 2 * 2**20  # of what was before and after: a page ends early beyond it
CHAIN_PAGE = 500  # entries that are read at once

_ENDLESS = 2**62  # past every number and every instant
BEFORE_FIRST = range(-_ENDLESS, 1)  # numbers that no entry has
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which entries are wanted; "" and None leave it open."""

    actor: str = ""
    action: str = ""  # what it begins with: `queues.` is every act on queues
    target: str = ""
    since: int | None = None  # microseconds since the Unix epoch
    until: int | None = None  # likewise, and before this instant


EVERYTHING = Search()


def record(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    action: str,
    project_id: str,
    target: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
) -> None:
    """Appends an entry, in the transaction of the act; writers take turns until the commit.

    `before` and `after` are plain values that JSON can hold, without any secret; None when there
    was, or is, nothing. What is too long is shortened. `project_id` is "" for what is about none.
    """
    turn = rows.advance_head(tx, now)
    if turn is None:
        raise _headless()
    number, at, previous_hash = turn
    entry = Entry(
        number=number,
        at=at,
        actor_kind=actor.kind,
        actor=_storable(actor.name),
        client_id=_storable(actor.client_id),
        address=_storable(actor.address),
        action=_storable(action),
        project_id=_storable(project_id),
        target=_storable(target),
        before=None if before is None else bounded(before),
        after=None if after is None else bounded(after),
        hash=audit_chain.NO_HASH,
        previous_hash=previous_hash,
    )
    rows.append(tx, replace(entry, hash=audit_chain.hash_of(entry)))


def search(
    tx: Transaction,
    actor: Actor,
    *,
    project_id: str | None,
    wanted: Search = EVERYTHING,
    page_size: int = paging.DEFAULT_SIZE,
    page_token: str = "",
) -> Page[Entry]:
    """The project's entries, newest first; those of all and of none for an operator (None).

    A page may be short, or empty, and yet name a next one: not more than MOST_LOOKED_AT entries
    are looked at, and not much more than MAX_PAGE_BYTES are on it. Raises NotFound and Forbidden
    as `authority.require`, and Invalid.
    """
    paging.check_size(page_size)
    lowest, below = _numbers(tx, actor, project_id, wanted)
    below = min(below, paging.number_in(page_token) or below)
    found = _found(tx, project_id, wanted, lowest, below, most=page_size + 1)
    numbers = _fitting(found[:page_size])
    items = rows.entries_by_number(tx, numbers)
    if len(numbers) < len(found):
        return Page(items, paging.token_after(str(numbers[-1])))
    rest = rows.end_of_look(tx, project_id, lowest=lowest, below=below, most=MOST_LOOKED_AT)
    return Page(items, "" if rest is None else paging.token_after(str(rest)))


def get(tx: Transaction, actor: Actor, *, project_id: str | None, number: int) -> Entry:
    """One entry. Raises NotFound, and of another project's entry the same."""
    _check(tx, actor, project_id)
    entry = rows.entry_by_number(tx, number) if 0 < number < _ENDLESS else None
    if entry is None or (project_id is not None and entry.project_id != project_id):
        raise NotFound(f"there is no entry {number} in the audit log", field="number")
    return entry


def pages(among: range) -> Iterator[range]:
    """The numbers in steps of a page."""
    for first in range(among.start, among.stop, CHAIN_PAGE):
        yield range(first, min(among.stop, first + CHAIN_PAGE))


def numbers(
    tx: Transaction, actor: Actor, *, project_id: str | None, wanted: Search = EVERYTHING
) -> range:
    """The numbers among which such entries are, for `export_page`: in order, from the oldest."""
    lowest, below = _numbers(tx, actor, project_id, wanted)
    last = min(_head(tx).number, rows.last_number(tx))  # somebody may have changed one of them
    return range(max(lowest, 1), max(1, min(below, last + 1)))


def export_page(
    tx: Transaction, actor: Actor, *, project_id: str | None, wanted: Search, among: range
) -> list[Entry]:
    """The wanted entries among these numbers, oldest first: of at most CHAIN_PAGE numbers."""
    _check(tx, actor, project_id)
    below = min(among.stop, among.start + CHAIN_PAGE)
    found = _found(tx, project_id, wanted, among.start, below, most=CHAIN_PAGE)
    return rows.entries_by_number(tx, [number for number, _ in found])[::-1]


def head(tx: Transaction, actor: Actor) -> Head:
    """Where the chain ends. For operators, as the next three: the chain is of all projects."""
    authority.require_operator(actor)
    return _head(tx)


def chain(tx: Transaction, actor: Actor, *, among: range) -> list[Entry]:
    """The first CHAIN_PAGE entries among these numbers, as they are kept and in order."""
    authority.require_operator(actor)
    return rows.entries_among(tx, first=among.start, below=among.stop, most=CHAIN_PAGE)


def past_head(tx: Transaction, actor: Actor) -> list[Entry]:
    """An entry that no head leads to, if there is one: nobody but a forger writes such a one."""
    authority.require_operator(actor)
    entry = rows.entry_past_head(tx)
    return [] if entry is None else [entry]


def _check(tx: Transaction, actor: Actor, project_id: str | None) -> None:
    if project_id is None:
        authority.require_operator(actor)
    else:
        authority.require(tx, actor, project_id, deleted_too=True)


def _numbers(
    tx: Transaction, actor: Actor, project_id: str | None, wanted: Search
) -> tuple[int, int]:
    """The lowest number that is wanted, and the one after the highest."""
    _check(tx, actor, project_id)
    lowest = 0 if wanted.since is None else _first_since(tx, wanted.since)
    below = _ENDLESS if wanted.until is None else _first_since(tx, wanted.until)
    return lowest, below


def _first_since(tx: Transaction, at: int) -> int:
    # Entries are in the order of their instants: what is before an instant is before a number.
    number = rows.first_since(tx, max(-_ENDLESS, min(at, _ENDLESS)))
    return _ENDLESS if number is None else number


def _found(
    tx: Transaction, project_id: str | None, wanted: Search, lowest: int, below: int, *, most: int
) -> list[tuple[int, int]]:
    """Their numbers and sizes, newest first."""
    return rows.found(
        tx,
        project_id,
        actor=_storable(wanted.actor),
        action=_storable(wanted.action),
        target=_storable(wanted.target),
        lowest=lowest,
        below=below,
        most_looked_at=MOST_LOOKED_AT,
        most=most,
    )


def _fitting(found: Sequence[tuple[int, int]]) -> list[int]:
    """The numbers of those that come on one page; of those that there are, at least one."""
    numbers = []
    size = 0
    for number, bytes_of_it in found:
        if size > MAX_PAGE_BYTES:
            break
        numbers.append(number)
        size += bytes_of_it
    return numbers


def _head(tx: Transaction) -> Head:
    heads = rows.heads(tx)
    if len(heads) != 1:
        raise _headless()
    return heads[0]


def _headless() -> Unavailable:
    return Unavailable(
        "the audit log has lost its head: somebody removed it from the table audit_head, and"
        " nothing can be administered until it is put back from a backup"
    )


def _storable(text: str) -> str:
    """Without what a database cannot hold as text: NUL, and halves of surrogate pairs."""
    if not text.isascii() or "\0" in text:
        text = "".join("\N{REPLACEMENT CHARACTER}" if _is_odd(c) else c for c in text)
    return text if len(text) <= MAX_TEXT_CHARACTERS else f"{text[: MAX_TEXT_CHARACTERS - 1]}…"


def _is_odd(character: str) -> bool:
    return character == "\0" or ord(character) in _SURROGATES
