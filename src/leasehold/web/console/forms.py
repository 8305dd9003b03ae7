"""What somebody typed into a form: read with care, and kept for the page that refuses it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from leasehold.errors import Error, Invalid, Missing
from leasehold.web.account.page import status_of
from leasehold.web.oauth.form import Form

MAX_CHARACTERS = 1024  # of a field that does not say more
_MAX_DIGITS = 19  # of a bigint
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

T = TypeVar("T", bound=str)


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

    def refused(self, error: Error, words: Mapping[str, str] | None = None) -> "Typed":
        """The same with its problem. `words`: a field of our errors, and its name in this form."""
        at = (words or {}).get(error.field, error.field)
        return replace(self, problem=error.message, at=at, status=status_of(error)[0])

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
