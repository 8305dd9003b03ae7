"""From a query and a body to the structs that a method declares; errors name the field."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from leasehold.errors import Invalid, Missing
from leasehold.web.administration.wire import Wire
from leasehold.web.api.wire import NotJson

W = TypeVar("W", bound=Wire)

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_SHOWN_CHARACTERS = 100


def read_query(kind: type[W], parameters: Mapping[str, str]) -> W:
    """The method's own parameters. Raises Invalid, for those that it does not have too."""
    try:
        given = msgspec.convert(dict(parameters), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, what="parameter") from None
    except (ValueError, OverflowError) as error:  # seconds that lie beyond the year 9999, say
        raise Invalid(f"Invalid value of a parameter: {error}") from None
    _check_texts(given)
    return given


def read_body(kind: type[W], body: bytes) -> W:
    """The body. Raises NotJson for what is not JSON, Invalid for what should not be in it."""
    try:
        given = msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(error, what="field") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson("Parse Error: the body is not JSON", detail=str(error)) from None
    if b"\\u0000" in body:
        _check_texts(given)
    return given


def _refusal(error: msgspec.ValidationError, *, what: str) -> Invalid:
    text = str(error)
    place = _PLACE.search(text)
    path = place["place"] if place else ""
    text = _PLACE.sub("", text)
    if missing := _MISSING.match(text):
        name = _joined(path, missing["name"])
        return Missing(f"Required {what} {name} not specified.", field=name)
    if unknown := _UNKNOWN.match(text):
        name = _joined(path, unknown["name"])
        return Invalid(f"There is no {what} {name} here: leave it out.", field=name)
    where = f" of {path}" if path else ""
    return Invalid(f"Invalid value{where}: {text[:1].lower()}{text[1:]}", field=_shown(path))


def _joined(path: str, name: str) -> str:
    return _shown(f"{path}.{name}" if path else name)


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..."


def _check_texts(given: Wire) -> None:
    """Not every database can keep U+0000."""
    for name, value in msgspec.to_builtins(given).items():
        if any("\0" in text for text in _texts(value)):
            raise Invalid(f"{name} holds a NUL character, which cannot be kept", field=name)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, member in value.items():
                yield name
                yield from _texts(member)
        case list() | tuple():
            for member in value:
                yield from _texts(member)
