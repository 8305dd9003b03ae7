"""A request and a reply as the API's handlers see them: no ASGI, no sockets."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import msgspec

from leasehold.errors import Invalid

MAX_PARAMETERS = 100
MAX_FORM = 64 * 1024  # bytes of a query that comes in the body: a head has no more either

Headers = dict[bytes, bytes]


class Request(msgspec.Struct, frozen=True):
    """One request, of its own or of a batch."""

    verb: str
    path: str  # as sent: percent-encoded
    query: str  # likewise
    headers: Headers  # lower-case names
    read_body: Callable[[int], Awaitable[bytes]]  # at most so many bytes, decompressed
    address: Callable[[], str]  # where it came from: "unknown" if nobody can tell


class Reply(msgspec.Struct, frozen=True):
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class TooLarge(Invalid):
    """The body is larger than this method takes."""

    reason = "uploadTooLarge"


def parse_parameters(text: str) -> dict[str, str]:
    """Parameters of a query or a form; Invalid when one is given twice or there are too many."""
    if not text:
        return {}
    pairs = _decoded_pairs(text) if "%" in text or "+" in text else _plain_pairs(text)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"parameter {twice} is given more than once", field=twice)
    return parameters


def _plain_pairs(text: str) -> list[tuple[str, str]]:
    """What most clients send needs no decoding, and splitting it takes a third of the time."""
    if text.count("&") >= MAX_PARAMETERS:
        raise _too_many()
    parts = (part.partition("=") for part in text.split("&") if part)
    return [(name, value) for name, _, value in parts]


def _decoded_pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"
        )
    except UnicodeDecodeError:
        raise Invalid("the parameters are not UTF-8") from None
    except ValueError:
        raise _too_many() from None


def _too_many() -> Invalid:
    return Invalid(f"more than {MAX_PARAMETERS} parameters")
