"""Entries of the audit log outside the database: as values of JSON, lines of JSON and of CSV."""

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import msgspec

from leasehold.administration.audit_chain import Entry, canonical
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.usage.spreadsheet import as_text

COLUMNS = Entry.__match_args__

MAX_LINE_CHARACTERS = 1024 * 1024  # of JSON: several times the longest that is written

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 253_402_300_800 * MICROSECONDS  # the first instant that has no date


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of an export."""

    number: int
    at: str | int
    actor_kind: str
    actor: str
    client_id: str
    address: str
    action: str
    project_id: str
    target: str
    before: dict[str, object] | str | None
    after: dict[str, object] | str | None
    previous_hash: str
    hash: str


def value_of(entry: Entry) -> dict[str, object]:
    """The entry as JSON can hold it: `at` as text, what was before and after as objects."""
    return {
        **asdict(entry),
        "at": _time(entry.at),
        "before": _object(entry.before),
        "after": _object(entry.after),
    }


def line_of(entry: Entry) -> str:
    """The entry as a line of JSON, of which `entry_in` makes the entry again."""
    return canonical(value_of(entry))


def entry_in(line: str) -> Entry:
    """The entry in a line of an export. Raises Invalid when it holds none."""
    try:
        value = json.loads(line, object_pairs_hook=_without_doubles)
        read = msgspec.convert(value, _Line)
        return Entry(
            **{
                **msgspec.structs.asdict(read),
                "at": _instant(read.at),
                "before": _text(read.before),
                "after": _text(read.after),
            }
        )
    except (ValueError, OverflowError, RecursionError) as error:
        raise Invalid("it is not an entry of an audit log") from error


def csv_line(cells: tuple[object, ...]) -> str:
    """A line of CSV. A cell that a spreadsheet would run as a formula gets a ' before it.

    >>> csv_line(("number", 1, "=1+1", None))
    "number,1,'=1+1,"
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([as_text(cell) for cell in cells])
    return text.getvalue()


def csv_cells(entry: Entry) -> tuple[object, ...]:
    """The entry's cells, in the order of COLUMNS."""
    values = {**asdict(entry), "at": _time(entry.at)}
    return tuple(values[column] for column in COLUMNS)


def _time(at: int) -> str | int:
    # Whoever changed an entry may have made an instant that has no date: it is shown as it is.
    if not 0 <= at < _LAST_YEAR:
        return at
    when = _EPOCH + timedelta(microseconds=at)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(time: str | int) -> int:
    if isinstance(time, int):
        return time
    return (datetime.fromisoformat(time).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _object(text: str | None) -> object:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _text(value: dict[str, object] | str | None) -> str | None:
    return canonical(value) if isinstance(value, dict) else value


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is given twice")
    return value
