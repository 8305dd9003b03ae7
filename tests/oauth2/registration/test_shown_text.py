"""Names that people type and others are shown."""

import pytest

from leasehold.errors import Invalid
from leasehold.oauth2.shown_text import checked_name

GOOD = [
    "Printer",
    "Ada's <b>printer</b> & co.",
    "Größe",
    "写真プリンター",
    "مطبعة",
    "a" * 80,
    "🖨 x",
]

BAD = {
    "nothing": "",
    "spaces": " \u3000 ",
    "too long": "a" * 81,
    "far too long": "a" * 10**6,
    "NUL": "a\0b",
    "line end": "a\nb",
    "escape": "a\x1b[31m",
    "line separator": "a\u2028b",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2066b",
    "right-to-left mark": "a\u200fb",
    "zero-width space": "Goo\u200bgle",
    "soft hyphen": "Goo\u00adgle",
    "byte order mark": "\ufeffa",
    "tag": "a\U000e0041",
    "filler": "\u3164",
    "surrogate": "a\udc00",
    "private use": "a\ue000",
    "unassigned": "a\U000e0fff",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_name_in_any_language_is_taken_as_it_is(name: str) -> None:
    assert name == checked_name(name, what="a client")


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_what_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="the name of a client") as refused:
        checked_name(name, what="a client")

    assert "name" == refused.value.field


def test_equal_names_are_equal_text() -> None:
    assert checked_name("  Gro\u0308ße\u00a0 x ", what="a client") == "Größe x"
