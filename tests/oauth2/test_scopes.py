"""Scopes: the four that there are, as text and as bits."""

import pytest

from leasehold.oauth2 import scopes
from tests.oauth2.world import refusal

ALL = " ".join(scope.url for scope in scopes.SCOPES)


def test_there_are_four_scopes_with_a_bit_each() -> None:
    assert [1, 2, 4, 8] == [scope.bit for scope in scopes.SCOPES]
    assert [
        "https://www.googleapis.com/auth/taskqueue",
        "https://www.googleapis.com/auth/taskqueue.consumer",
        "https://www.googleapis.com/auth/cloud-taskqueue",
        "https://www.googleapis.com/auth/cloud-taskqueue.consumer",
    ] == ALL.split()


def test_the_cloud_scopes_are_for_service_accounts_only() -> None:
    assert [False, False, True, True] == [s.service_accounts_only for s in scopes.SCOPES]


def test_text_and_mask_are_two_forms_of_one_set() -> None:
    for mask in range(1, 16):
        assert mask == scopes.mask(scopes.text(mask))


def test_order_repetition_and_spaces_do_not_matter() -> None:
    backwards = "  ".join(reversed(ALL.split()))

    assert 15 == scopes.mask(f" {backwards} {ALL}\n")


@pytest.mark.parametrize(
    "text", ["", "  ", "taskqueue", f"{ALL} openid", ALL.upper(), "a" * 50_000]
)
def test_unknown_scopes_and_none_at_all_are_refused_with_the_known_ones(text: str) -> None:
    code, description = refusal(lambda: scopes.mask(text))

    assert "invalid_scope" == code
    assert ALL in description
    assert len(description) < 400
