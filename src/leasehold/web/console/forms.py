"""What somebody typed into a form: read with care, and kept for the page that refuses it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from leasehold.errors import Conflict, Error, Invalid, Missing
from leasehold.web.account.page import status_of
from leasehold.web.oauth.form import Form

MAX_CHARACTERS = 1024  # of a field that does not say more
FILLED_FROM = "filled_from"  # the unseen field that says what the others held at first
_MAX_DIGITS = 19  # of a bigint
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

T = TypeVar("T", bound=str)

# What a form's fields hold at first: texts and numbers, whether a box is ticked, lines, boxes; None
# for an empty one.
Value: TypeAlias = str | float | bool | Sequence[str] | None
Stored: TypeAlias = Mapping[str, Value]


class ChangedMeanwhile(Conflict):
    """What a form was filled from was changed since, and saving the form would undo that."""

    reason = "changedMeanwhile"

    def __init__(self, stored: Stored, fields: Sequence[str]) -> None:
        super().__init__(
            "this was changed meanwhile by somebody else: what is stored now stands at the fields"
            " that differ. Save again to put yours in its place"
        )
        self.stored = stored
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's fields as they came, and what was wrong with them; empty where nothing came yet.

    Methods that read raise Invalid or Missing with the field's own name; templates show the
    message beside that field.
    """

    values: Form = field(default_factory=dict)
    problem: str = ""  # "": none
    at: str = ""  # the field that the problem is about; "": about none
    status: int = 200  # of the page that shows it
    filled_from: str = ""  # what FILLED_FROM is to hold
    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)  # meanwhile: as it is now

    def refused(self, error: Error, words: Mapping[str, str] | None = None) -> "Typed":
        """The same with its problem. `words`: a field of our errors, and its name in this form."""
        at = (words or {}).get(error.field, error.field)
        refused = replace(self, problem=error.message, at=at, status=status_of(error)[0])
        if not isinstance(error, ChangedMeanwhile):
            return refused
        changed = {name: _lines(error.stored[name]) for name in error.fields}
        return replace(refused, filled_from=_digests(error.stored), changed=changed)

    def filling(self, stored: Stored) -> "Typed":
        """For a page that shows what is stored to be changed; `must_be_unchanged` is its act's.

        While somebody mends what they typed, it stays what they first saw.
        """
        first = self.filled_from or self.shown(FILLED_FROM) or _digests(stored)
        return replace(self, filled_from=first)

    def must_be_unchanged(self, stored: Stored) -> None:
        """Raises ChangedMeanwhile if saving this would undo what was saved since it was filled.

        In the transaction that saves it. Fields of which the form does not say what they held are
        not compared; nor is it an undoing to save once more what is stored.
        """
        held = dict(pair.split(":", 1) for pair in self.shown(FILLED_FROM).split() if ":" in pair)
        undone = [
            name
            for name, value in stored.items()
            if held.get(name, _digest(value)) != _digest(value)
            and _lines(self.values.get(name)) != _lines(value)
        ]
        if undone:
            raise ChangedMeanwhile(stored, undone)

    def text(self, name: str, *, max_length: int = MAX_CHARACTERS) -> str:
        """The field without blanks around it; "" when it is absent."""
        return self.exactly(name, max_length=max_length).strip()

    def exactly(self, name: str, *, max_length: int = MAX_CHARACTERS) -> str:
        """The field as it was typed, with line ends as we write them."""
        values = self.values.get(name, [""])
        if len(values) > 1:
            raise Invalid("this field was sent more than once: send it once", field=name)
        text = values[0].replace("\r\n", "\n")
        if len(text) > max_length:
            raise Invalid(f"that is too long: {max_length:,} characters at most", field=name)
        if "\0" in text:
            raise Invalid("that holds a character which cannot be kept", field=name)
        return text

    def required(self, name: str, *, max_length: int = MAX_CHARACTERS) -> str:
        """The field, in which there must be something."""
        text = self.text(name, max_length=max_length)
        if not text:
            raise Missing("fill this in", field=name)
        return text

    def number(self, name: str) -> int | None:
        """A whole number, also with blanks or commas in it; None for an empty field."""
        text = self.text(name, max_length=50).replace(",", "").replace(" ", "")
        if not text:
            return None
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < _MAX_DIGITS):
            raise Invalid("that is not a whole number: use digits alone", field=name)
        return int(text)

    def decimal(self, name: str) -> float | None:
        """A number, maybe with a fraction, also with blanks or commas in it; None if empty."""
        text = self.text(name, max_length=50).replace(",", "").replace(" ", "")
        if not text:
            return None
        if not _DECIMAL.fullmatch(text):
            raise Invalid("that is not a number: write it like 12 or 0.5", field=name)
        return float(text)

    def one_of(self, name: str, choices: Sequence[T]) -> T:
        """One of these; what a page's own radio buttons and lists send is always one."""
        text = self.text(name)
        for choice in choices:
            if text == choice:
                return choice
        raise Invalid(f"choose one of {', '.join(choices)}", field=name)

    def ticked(self, name: str) -> bool:
        """Whether the box is ticked."""
        return bool(self.values.get(name))

    def several(self, name: str) -> list[str]:
        """The values of all ticked boxes of that name."""
        return list(self.values.get(name, []))

    def lines(self, name: str, *, max_length: int = 16_384) -> list[str]:
        """The lines of a large field that hold something, without blanks around them."""
        text = self.exactly(name, max_length=max_length)
        return [line.strip() for line in text.split("\n") if line.strip()]

    def must_be(self, expected: str, name: str = "typed") -> None:
        """Raises Invalid unless exactly this was typed, as confirmation pages ask for."""
        if self.text(name) != expected:
            raise Invalid(f"that is not {expected}: type it as it stands above", field=name)

    def shown(self, name: str, otherwise: object = "") -> str:
        """For templates: what the field is to hold, `otherwise` (None is "") at first."""
        if self.values:
            return self.values.get(name, [""])[0]
        return "" if otherwise is None else str(otherwise)

    def is_chosen(self, name: str, value: str, otherwise: object = "") -> bool:
        """For templates: whether this choice or box is marked; `otherwise`: at first."""
        if self.values:
            return value in self.values.get(name, [])
        return otherwise is True or value == otherwise

    def problem_at(self, name: str) -> str:
        """For templates: what is wrong with this field; "" when nothing is."""
        return self.problem if self.at == name else ""


def _lines(value: Value) -> tuple[str, ...]:
    """A field's value in a form in which what was typed and what is stored can be compared."""
    if value is None or value is False:
        return ()
    if value is True:
        return ("yes",)  # as parts.html sends a box that is ticked
    texts = [str(value)] if isinstance(value, str | int | float) else value
    return tuple(line.strip() for text in texts for line in text.splitlines() if line.strip())


def _digest(value: Value) -> str:
    return hashlib.sha256("\n".join(_lines(value)).encode("utf-8", "replace")).hexdigest()[:16]


def _digests(stored: Stored) -> str:
    """The fields and what they hold, short, like name:8f43 limit:e3b0."""
    return " ".join(f"{name}:{_digest(value)}" for name, value in stored.items())


NOTHING_TYPED = Typed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a page asks before it lets somebody destroy something."""

    title: str  # a question: Remove ada@example.com from shop?
    says: Sequence[str]  # what will happen, a paragraph each
    destroys: Sequence[tuple[str, object]] = ()  # what is lost, and how much of it
    button: str  # a verb: Remove the member
    back: str  # the path for who changes their mind
    typed: str = ""  # what one must type to go on; "": nothing
    hidden: Mapping[str, str] = field(default_factory=dict)  # fields that are sent unseen
