"""What an act changed, field by field: made for people from what the audit log has of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

MOST_FIELDS = 500  # of an entry; the file that can be downloaded has all of them

_DEPTH = 4  # of objects within objects; what lies deeper is one value

Kind = Literal["added", "removed", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Part:
    """A value, or an item of a list."""

    text: str
    is_other: bool  # than on the other side


@dataclass(frozen=True, slots=True)
class Change:
    """A field as it was and as it is; None: it was not there."""

    field: str  # with points between the names of objects within objects; "": all there is
    kind: Kind
    before: Sequence[Part] | None
    after: Sequence[Part] | None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that an entry tells."""

    different: Sequence[Change]
    same: Sequence[Change]
    left_out: int  # fields that are too many to show


def changes_of(before: str | None, after: str | None) -> Changes:
    """The changes between two texts that are JSON, as far as nobody meddled with them.

    >>> changes_of('{"paused":false}', '{"paused":true}').different
    (Change(field='paused', kind='changed', before=(Part(text='no', is_other=True),), \
after=(Part(text='yes', is_other=True),)),)
    """
    found = list(_compared("", _value(before), _value(after), depth=0))
    shown = found[:MOST_FIELDS]
    return Changes(
        tuple(change for change in shown if change.kind != "same"),
        tuple(change for change in shown if change.kind == "same"),
        len(found) - len(shown),
    )


class _Nothing:
    """Where a field is not there."""


_NOTHING = _Nothing()


def _value(text: str | None) -> object:
    if text is None:
        return _NOTHING
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _compared(field: str, before: object, after: object, *, depth: int) -> Iterator[Change]:
    sides = [side for side in (before, after) if not isinstance(side, _Nothing)]
    if depth < _DEPTH and any(sides) and all(isinstance(side, dict) for side in sides):
        old = before if isinstance(before, dict) else {}
        new = after if isinstance(after, dict) else {}
        for name in sorted({*old, *new}):
            inner = f"{field}.{name}" if field else name
            yield from _compared(
                inner, old.get(name, _NOTHING), new.get(name, _NOTHING), depth=depth + 1
            )
    elif sides:
        yield _change(field, before, after)


def _change(field: str, before: object, after: object) -> Change:
    old, new = _texts(before), _texts(after)
    return Change(field, _kind(before, after), _parts(old, new), _parts(new, old))


def _kind(before: object, after: object) -> Kind:
    if isinstance(before, _Nothing):
        return "added"
    if isinstance(after, _Nothing):
        return "removed"
    return "same" if before == after else "changed"


def _parts(texts: Sequence[str] | None, others: Sequence[str] | None) -> Sequence[Part] | None:
    if texts is None:
        return None
    there = frozenset(others or ())
    return tuple(Part(text, text not in there) for text in texts)


def _texts(value: object) -> Sequence[str] | None:
    """The value as lines: of a list each item has one."""
    if isinstance(value, _Nothing):
        return None
    if isinstance(value, list) and value:
        return [_text(item) for item in value]
    return [_text(value)]


def _text(value: object) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value:
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
