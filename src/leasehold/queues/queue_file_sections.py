"""The sections of a queue file: a map's known keys, and their values in the right shape."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from leasehold.queues.queue_file_nodes import Form, Mapping, Scalar, Sequence, Value
from leasehold.queues.queue_file_problems import SHOWN_CHARACTERS, Report, quoted
from leasehold.queues.queue_file_values import Wrong

T = TypeVar("T")

Section = dict[str, tuple[int, Value]]  # key to the key's line and its value

EXAMPLES = {"name": "my-queue", "user_email": "worker@example.com"}
NOTHING = Scalar(0, "")


def is_given(section: Section, key: str) -> bool:
    """A key without a value says nothing, as in App Engine's own reader."""
    _, value = section.get(key, (0, NOTHING))
    return not (isinstance(value, Scalar) and not value.text)


class SectionReader:
    """Takes the tree apart, and reports what is not as it must be, spelt as in the file's form."""

    def __init__(self, report: Report, form: Form) -> None:
        self._report = report
        self._form = form
        self._spell = form.spell

    def section(self, value: Value, what: str, known: tuple[str, ...], *, line: int = 0) -> Section:
        """The known members of a map; `line` is told when the value itself has none."""
        section: Section = {}
        if isinstance(value, Sequence) or (isinstance(value, Scalar) and value.text):
            keys = ", ".join(map(self._spell, known))
            self._report.add(value.line or line, f"{what} must be a map with the keys {keys}")
        if isinstance(value, Mapping):
            for key, member in value.members:
                self._add_member(section, key, member, known)
        return section

    def _add_member(
        self, section: Section, key: Scalar, member: Value, known: tuple[str, ...]
    ) -> None:
        shown = quoted(self._spell(key.text))
        if key.text not in known:
            self._report.add(key.line, f"{shown} is not a key here: {self._suggestion(key, known)}")
        elif key.text in section:
            first, _ = section[key.text]
            self._report.add(key.line, f"{shown} was given in line {first} already: keep one")
        else:
            section[key.text] = (key.line, member)

    def _suggestion(self, key: Scalar, known: tuple[str, ...]) -> str:
        # Cut, because difflib is slow on long words.
        wanted = key.text[:SHOWN_CHARACTERS].replace("-", "_").lower()
        close = get_close_matches(wanted, known, n=1)
        if close:
            return f"did you mean {self._spell(close[0])}?"
        return f"use one of {', '.join(map(self._spell, known))}"

    def items(self, section: Section, key: str, entry_key: str) -> tuple[Value, ...]:
        """The entries of a list; none when it is absent, empty or not a list."""
        if not is_given(section, key):
            return ()
        line, value = section[key]
        if isinstance(value, Sequence):
            return value.items
        entry = self._form.entry.format(key=self._spell(entry_key), value=EXAMPLES[entry_key])
        self._report.add(line, f"{self._spell(key)} must be a list of entries such as {entry}")
        return ()

    def scalar(self, section: Section, key: str, read: Callable[[str], T]) -> T | None:
        """The value of `key` as `read` gives it; None when it is absent, empty or wrong."""
        if not is_given(section, key):
            return None
        line, value = section[key]
        shown = self._spell(key)
        if not isinstance(value, Scalar):
            self._report.add(line, f"{shown} must be one value, not a list or a map")
            return None
        try:
            return read(value.text)
        except Wrong as wrong:
            self._report.add(value.line, f"{shown}: {quoted(value.text)} is not {wrong}")
            return None
