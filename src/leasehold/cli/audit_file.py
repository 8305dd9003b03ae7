"""A file that `leasehold audit export` wrote, read again entry by entry."""

from collections.abc import Iterator

from leasehold.administration.audit_chain import Entry
from leasehold.administration.audit_export import MAX_LINE_CHARACTERS, entry_in
from leasehold.errors import Invalid, NotFound


def entries_of(path: str) -> Iterator[Entry]:
    """Its entries in order; never more than a line is held.

    Raises NotFound for a file that cannot be read, and Invalid, with the line's number, for a line
    that holds no entry.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # iterated, line by line
            number = 0
            while line := file.readline(MAX_LINE_CHARACTERS):
                number += 1
                yield _entry_in(line, path, number)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not a text file") from error


def _entry_in(line: str, path: str, number: int) -> Entry:
    try:
        return entry_in(line)
    except Invalid as refusal:
        raise Invalid(
            f"line {number} of {path} was changed, or cut: {refusal.message}"
        ) from refusal
