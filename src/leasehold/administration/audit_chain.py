"""The audit log's chain: each entry's hash covers the entry and the hash before it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

NO_HASH = ""  # before the first entry


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did. Numbers begin with 1 and have no gap."""

    number: int
    at: int  # microseconds since the Unix epoch; never before the entry before
    actor_kind: str  # one of actor.Kind
    actor: str
    client_id: str  # "": by the console or the command line
    address: str
    action: str  # queues.create, for example
    project_id: str  # "": about no project
    target: str  # queues/resize, for example
    before: str | None  # JSON; None: there was nothing
    after: str | None  # JSON; None: there is nothing any more
    hash: str  # 64 hexadecimal digits
    previous_hash: str  # of the entry before; NO_HASH for the first


@dataclass(frozen=True, slots=True)
class Head:
    """An entry's number and hash, which stand for everything up to it; 0 and NO_HASH: nothing."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


NOTHING = Head(0, NO_HASH)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: how many entries are as they were written, and the first that is not."""

    count: int
    first: int  # the first entry's number; 0 when there is none
    last: Head  # the last good entry
    bad: int | None = None  # the number of the first bad entry; None: there is none
    problem: str = ""  # what is wrong, in a sentence

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.bad is None


def verify(
    entries: Iterable[Entry],
    head: Head | None,
    *,
    known: Head | None = None,
    begins_at: int | None = 1,
) -> Verdict:
    """Follows the chain, and stops at the first entry that is not as it was written.

    `entries` in the order in which they are kept, none of them held here. `head` is where the
    chain must end (None: anywhere), `known` one that was noted earlier, and must be passed.
    `begins_at` None takes the first entry's word for what was before it: for a part of a chain.
    """
    count, first, at, last = 0, 0, 0, NOTHING
    for entry in entries:
        if count == 0:
            first = entry.number
            last = NOTHING if begins_at else Head(entry.number - 1, entry.previous_hash)
        fault = _fault(entry, last, at, head=head, known=known)
        if fault is not None:
            return Verdict(count, first, last, *fault)
        count, at, last = count + 1, entry.at, Head(entry.number, entry.hash)
    fault = _fault_at_end(first, last, head=head, known=known)
    return Verdict(count, first, last, *(fault or ()))


def canonical(value: object) -> str:
    r"""The one spelling of a value as JSON, in ASCII. ValueError for what JSON cannot hold.

    >>> canonical({"b": [1, None], "a": "\x00"})
    '{"a":"\\u0000","b":[1,null]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_of(entry: Entry) -> str:
    """The hash that the entry must have; the one that it has is not looked at.

    SHA-256 of the canonical JSON of all its columns and the hash before: no two entries are
    spelled alike.
    """
    columns = asdict(entry)
    del columns["hash"]
    return hashlib.sha256(canonical(columns).encode()).hexdigest()


Fault = tuple[int, str]  # the number of the first bad entry, and what is wrong


def _fault(
    entry: Entry, last: Head, at: int, *, head: Head | None, known: Head | None
) -> Fault | None:
    return _fault_in_order(entry.number, last.number, head) or _fault_in_entry(
        entry, last, at, known
    )


def _fault_in_order(number: int, last: int, head: Head | None) -> Fault | None:
    expected = last + 1
    if head is not None and last == head.number < number:
        return number, f"entry {number} was put after the end: the head says {head.number}"
    if number > expected:
        return expected, f"entry {expected} is missing: entry {number} is in its place"
    if number < expected:
        return number, f"entry {number} was inserted, or is out of order: {expected} should be here"
    return None


def _fault_in_entry(entry: Entry, last: Head, at: int, known: Head | None) -> Fault | None:
    number = entry.number
    if entry.previous_hash != last.hash or entry.hash != hash_of(entry):
        return number, f"entry {number} is not as it was written, or the one before it is not"
    if entry.at < at:
        return number, f"entry {number} is older than the one before it"
    if known is not None and number == known.number and entry.hash != known.hash:
        return number, f"entry {number} is not the one that was noted: the log was written anew"
    return None


def _fault_at_end(first: int, last: Head, *, head: Head | None, known: Head | None) -> Fault | None:
    if head is not None and last.number < head.number:
        missing = last.number + 1
        return missing, f"entry {missing} is missing: the head says that there are {head.number}"
    if head is not None and last != head:
        return last.number, f"entry {last.number} is not the one that the head was made for"
    if known is not None and last.number < known.number:
        return last.number + 1, f"the log ends with {last.number}, but {known.number} was noted"
    if known is not None and known.number < first:
        return known.number, f"entry {known.number}, which was noted, is not among these"
    return None
