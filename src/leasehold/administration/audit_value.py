"""What was before and after, as text for an entry: small enough, whatever it was."""

from collections.abc import Mapping

from leasehold.administration.audit_chain import canonical

MAX_CHARACTERS = 64 * 1024  # of JSON in ASCII: before and after have so many each

_MOST_ITEMS = (1_000, 100, 10, 1)  # of each list and object: the first with which all of it fits
_CHARACTERS_OF_AN_ITEM = 100  # texts are shortened likewise


def bounded(value: Mapping[str, object]) -> str:
    """The value as canonical JSON; long lists and texts are cut, and say how much is left out."""
    text = canonical(value)
    for most in _MOST_ITEMS:
        if len(text) <= MAX_CHARACTERS:
            return text
        text = canonical(_shortened(value, most))
    return text if len(text) <= MAX_CHARACTERS else canonical({"left_out": "too much to keep"})


def _shortened(value: object, most: int) -> object:
    if isinstance(value, Mapping):
        kept = {key: _shortened(value[key], most) for key in sorted(value)[:most]}
        left_out = len(value) - len(kept)
        return {**kept, "": f"{left_out} more"} if left_out else kept
    if isinstance(value, list | tuple):
        items = [_shortened(item, most) for item in value[:most]]
        left_out = len(value) - len(items)
        return [*items, f"{left_out} more"] if left_out else items
    if isinstance(value, str):
        characters = most * _CHARACTERS_OF_AN_ITEM
        left_out = len(value) - characters
        return f"{value[:characters]}… {left_out} more characters" if left_out > 0 else value
    return value
