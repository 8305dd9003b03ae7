"""Partial responses: `fields=items(id,tag),kind` keeps those members of a reply and no others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Optional

from leasehold.errors import Invalid

MAX_SELECTOR_CHARACTERS = 10_000
MAX_DEPTH = 20  # names from the root to the innermost member

# Names and what may stand below them; None is a leaf. An array has its element's shape.
Shape = Mapping[str, Optional["Shape"]]

_TOKEN = re.compile(r"[,()/]|[^,()/]+")
_SHOWN_CHARACTERS = 100
_WILDCARD = "*"
_END = ""
_NOT_A_NAME = frozenset(("(", ")", ",", "/", _END))


class InvalidFieldSelection(Invalid):
    """The selector cannot be read, or names a member that this reply never has."""

    reason = "invalidParameter"

    def __init__(self, path: str) -> None:
        shown = path if len(path) <= _SHOWN_CHARACTERS else f"{path[:_SHOWN_CHARACTERS]}..."
        super().__init__(f"Invalid field selection {shown}", field="fields")


@dataclass(slots=True)
class _Members:
    """What is selected at one level. `whole` means: this and everything below it."""

    whole: bool = False
    below: dict[str, "_Members"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked selector, to be applied to any number of replies of its shape."""

    _root: _Members

    def apply(self, value: dict[str, object]) -> dict[str, object]:
        """A copy of `value` with the selected members only, in the order of `value`.

        Parents of a selected member stay, without their other members; an array is
        selected from element by element. `value` itself is left as it was.
        """
        return _selected_object(value, [self._root])


def parse(selector: str, shape: Shape) -> Selection:
    """The members that `selector` names; where it names one twice, both selections hold.

    Raises InvalidFieldSelection past the limits above; for a name that `shape` does not
    have, with that name's path; for bad syntax ("" included), with the selector as far as
    it could be read. Source: Google APIs, partial response.

    >>> task = {"id": None, "tag": None, "payloadBase64": None}
    >>> selection = parse("items(id,tag)", {"kind": None, "items": task})
    >>> selection.apply({"kind": "k", "items": [{"id": "a", "tag": "t", "payloadBase64": ""}]})
    {'items': [{'id': 'a', 'tag': 't'}]}
    """
    if len(selector) > MAX_SELECTOR_CHARACTERS:
        raise InvalidFieldSelection(selector)
    return Selection(_Reader(selector).read(shape))


@dataclass(frozen=True, slots=True)
class _Level:
    """A place in the tree being built, and what the shape allows there."""

    path: tuple[str, ...]
    members: _Members
    shapes: tuple[Shape, ...]  # none below a leaf; several below a wildcard


class _Reader:
    """Reads `list = path *("," path)` and `path = name ["/" path / "(" list ")"]`."""

    def __init__(self, selector: str) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(selector), _END]
        self._position = 0

    def read(self, shape: Shape) -> _Members:
        root = _Members()
        self._list(_Level((), root, (shape,)))
        if not self._skip(_END):
            self._refuse_syntax()
        return root

    def _list(self, level: _Level) -> None:
        self._path(level)
        while self._skip(","):
            self._path(level)

    def _path(self, level: _Level) -> None:
        # Every call goes one name deeper, so MAX_DEPTH bounds the recursion too.
        inner = _below(level, self._name())
        if self._skip("/"):
            self._path(inner)
        elif self._skip("("):
            self._list(inner)
            if not self._skip(")"):
                self._refuse_syntax()
        else:
            inner.members.whole = True

    def _name(self) -> str:
        token = self._tokens[self._position]
        if token in _NOT_A_NAME:
            self._refuse_syntax()
        self._position += 1
        return token

    def _skip(self, token: str) -> bool:
        is_next = self._tokens[self._position] == token
        self._position += is_next
        return is_next

    def _refuse_syntax(self) -> NoReturn:
        raise InvalidFieldSelection("".join(self._tokens[: self._position + 1]))


def _below(level: _Level, name: str) -> _Level:
    path = (*level.path, name)
    found = [
        shape[key]
        for shape in level.shapes
        for key in (shape if name == _WILDCARD else (name,))
        if key in shape
    ]
    if not found or len(path) > MAX_DEPTH:
        raise InvalidFieldSelection("/".join(path))
    # Wildcards after one another meet the same shapes again: each counts once.
    shapes = {id(shape): shape for shape in found if shape is not None}
    members = level.members.below.setdefault(name, _Members())
    return _Level(path, members, tuple(shapes.values()))


def _selected_object(value: dict[str, object], chosen: list[_Members]) -> dict[str, object]:
    """`chosen` has what was named for this place: by name, by wildcard, or by both."""
    selected: dict[str, object] = {}
    for name, member in value.items():
        below = [
            members.below[key]
            for members in chosen
            for key in (name, _WILDCARD)
            if key in members.below
        ]
        if any(members.whole for members in below):
            selected[name] = member
        elif below and isinstance(member, dict):
            selected[name] = _selected_object(member, below)
        elif below and isinstance(member, list):
            selected[name] = _selected_elements(member, below)
    return selected


def _selected_elements(values: list[object], chosen: list[_Members]) -> list[object]:
    return [_selected_object(value, chosen) for value in values if isinstance(value, dict)]
