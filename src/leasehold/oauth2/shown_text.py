"""Text that one person writes and others are shown: names without anything that cannot be seen."""

import unicodedata

from leasehold.errors import Invalid

MAX_NAME_CHARACTERS = 80

# Control, format (bidirectional overrides, zero width), surrogate, private, unassigned; line ends.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs without any ink


def checked_name(text: str, *, what: str) -> str:
    """The name in normal form C, with single spaces; `what` it is the name of is for the refusal.

    Raises Invalid when it is empty or too long, or holds what nobody can see.

    >>> checked_name("  Photo  printer ", what="a client")
    'Photo printer'
    """
    if len(text) > 4 * MAX_NAME_CHARACTERS or not all(map(_is_visible, text)):
        raise _refusal(what)
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise _refusal(what)
    return name


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _REFUSED and character not in _LOOK_EMPTY


def _refusal(what: str) -> Invalid:
    return Invalid(
        f"the name of {what} has 1 to {MAX_NAME_CHARACTERS} characters, none of which is a control"
        " character, invisible, or changes the direction of writing",
        field="name",
    )
