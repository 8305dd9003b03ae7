"""What the structs of the administration API are made of, and how instants look on its wire."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, UnsetType

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid

EXACT = 2**53 - 1  # the largest integer that every reader of JSON reads as it is

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Instant = Annotated[datetime, Meta(tz=True, description="An instant, as RFC 3339 writes it.")]
Email = Annotated[str, Meta(max_length=320, description="An e-mail address; in any case.")]


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A body of a request or a reply. Members that the struct does not name are refused."""


class Nothing(Wire, frozen=True):
    """An object without members; an empty body stands for it."""


class Page(Wire, frozen=True):
    """What the query says of a long list that comes in pages."""

    page_size: Annotated[
        int, Meta(ge=1, le=1000, description="How many there are on a page at most.")
    ] = 100
    page_token: Annotated[
        str,
        Meta(max_length=2000, description="The nextPageToken of the page before; none: begin."),
    ] = ""


NextPage = Annotated[
    str, Meta(description="What to send as pageToken for the next page; empty on the last one.")
]


def instant(microseconds: int) -> datetime:
    """An instant of ours as the wire has it.

    >>> instant(1_700_000_000_000_000).isoformat()
    '2023-11-14T22:13:20+00:00'
    """
    return _EPOCH + timedelta(microseconds=microseconds)


def maybe_instant(microseconds: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if microseconds is None else instant(microseconds)


def microseconds(given: datetime, *, field: str) -> int:
    """An instant of the wire as we keep it; Invalid before 1970, when nothing was kept.

    >>> microseconds(instant(1_700_000_000_000_001), field="expires_at")
    1700000000000001
    """
    since = given - _EPOCH
    if since < timedelta(0):
        raise Invalid("an instant here is after the first of January 1970", field=field)
    return since // _MICROSECOND


def seconds_instant(seconds: int) -> datetime:
    """An instant that is kept in whole seconds."""
    return instant(seconds * MICROSECONDS)


def camel(name: str) -> str:
    """A field of ours in the wire's spelling.

    >>> [camel(name) for name in ("redirect_uris", "name", "")]
    ['redirectUris', 'name', '']
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def chosen(value: T | UnsetType) -> T | None:
    """A member of a change; None when it was not sent, so that all stays as it is."""
    return None if isinstance(value, UnsetType) else value
