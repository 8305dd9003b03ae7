"""Pages of long lists: a token says after which one the next page begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from leasehold.errors import Invalid

DEFAULT_SIZE = 100
MAX_SIZE = 1_000
MAX_TOKEN_CHARACTERS = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. It may be short, or empty, though a token says that there is more."""

    items: Sequence[T]
    next_page_token: str  # "": this is the last page


def check_size(page_size: int) -> None:
    """Raises Invalid unless a page can have so many."""
    if not 1 <= page_size <= MAX_SIZE:
        raise Invalid(f"a page has 1 to {MAX_SIZE} of them", field="page_size")


def token_after(key: str) -> str:
    """The token of the page after the one whose last has this key.

    >>> token_after("shop"), key_in(token_after("shop")), key_in("")
    ('c2hvcA', 'shop', '')
    """
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_in(token: str) -> str:
    """The key that the token holds, "" for "". Raises Invalid for what never was one of ours."""
    try:
        key = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unknown() from None
    if len(token) > MAX_TOKEN_CHARACTERS or not key.isprintable():
        raise _unknown()
    return key


def number_in(token: str) -> int | None:
    """The same where keys are numbers; None for ""."""
    key = key_in(token)
    if key and not (key.isascii() and key.isdecimal() and len(key) < 19):  # a bigint
        raise _unknown()
    return int(key) if key else None


def page_of(found: Sequence[T], page_size: int, key: Callable[[T], str]) -> Page[T]:
    """A page of what was found by asking for one more than fits it."""
    items = found[:page_size]
    return Page(items, token_after(key(items[-1])) if len(found) > page_size else "")


def _unknown() -> Invalid:
    return Invalid("a page's token is nextPageToken of the page before", field="page_token")
