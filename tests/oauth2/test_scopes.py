"""Scopes: those that there are, as text and as bits."""

import pytest

from leasehold.oauth2 import scopes
from tests.oauth2.world import refusal

ALL = " ".join(scope.url for scope in scopes.SCOPES)


def test_each_scope_has_a_bit_of_its_own() -> None:
    assert [1 << position for position in range(12)] == sorted(scope.bit for scope in scopes.SCOPES)
    assert [
        "https://www.googleapis.com/auth/taskqueue",
        "https://www.googleapis.com/auth/taskqueue.consumer",
        "https://www.googleapis.com/auth/cloud-taskqueue",
        "https://www.googleapis.com/auth/cloud-taskqueue.consumer",
        "leasehold.admin",
        "leasehold.admin.readonly",
        "openid",
        "email",
        "profile",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/userinfo.profile",
        "offline_access",
    ] == ALL.split()


def test_the_cloud_scopes_are_for_service_accounts_only() -> None:
    only = [scope.bit for scope in scopes.SCOPES if scope.service_accounts_only]

    assert [scopes.CLOUD_TASKQUEUE, scopes.CLOUD_CONSUMER] == only


def test_text_and_mask_are_two_forms_of_one_set() -> None:
    for mask in range(1, 4096):
        assert mask == scopes.mask(scopes.text(mask))


def test_order_repetition_and_spaces_do_not_matter() -> None:
    backwards = "  ".join(reversed(ALL.split()))

    assert 4095 == scopes.mask(f" {backwards} {ALL}\n")


@pytest.mark.parametrize(
    "text", ["", "  ", "taskqueue", f"{ALL} opened", ALL.upper(), "a" * 50_000]
)
def test_unknown_scopes_and_none_at_all_are_refused_with_the_known_ones(text: str) -> None:
    code, description = refusal(lambda: scopes.mask(text))

    assert "invalid_scope" == code
    assert ALL in description
    assert len(description) < 700
