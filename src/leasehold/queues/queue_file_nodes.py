"""The small tree that both forms of a queue file become: values and where they stand.

Lines count from 1; keys have their YAML spelling, whatever the form.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    line: int
    text: str  # "" means there is no value


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their values."""

    line: int
    members: tuple[tuple[Scalar, "Value"], ...]  # key, value; a key may occur twice


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    items: tuple["Value", ...]


Value = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written, so that a message can show what to write."""

    spell: Callable[[str], str]  # a key's spelling here, given its YAML spelling
    member: str  # a template of {key} and {value}
    entry: str  # the same, of a list
