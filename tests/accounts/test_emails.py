"""E-mail addresses: which pass, and how they are spelled afterwards."""

import pytest

from leasehold.accounts.emails import normalize_email
from leasehold.errors import Invalid


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.L+queue@EXAMPLE.com\n", "ada.l+queue@example.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_kept_in_lower_case_without_spaces_around_it(text: str, email: str) -> None:
    assert email == normalize_email(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.com", "ada@", "a b@example.com", "ada@example..com", "ada@-x.com"),
        *("ada@example.com\0", "ada@example.com, eve@example.com", "\u0430da@example.com"),
        *("ada@" + "a." * 126 + "com", "\ud800@example.com", "a" * 65 + "@example.com"),
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid, match=r"ada@example\.com"):
        normalize_email(text)


@pytest.mark.parametrize("text", ["\u212aate@example.com", "kate@e\u212aample.com"])
def test_a_letter_that_only_becomes_ascii_in_lower_case_is_refused(text: str) -> None:
    """The sign of the unit kelvin is the one such letter: its lower case is k."""
    with pytest.raises(Invalid):
        normalize_email(text)
