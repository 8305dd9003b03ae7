"""Where people go on after signing in: nowhere but here."""

import pytest

from leasehold.errors import Invalid
from leasehold.web.account.continue_to import continue_to
from tests.web.account.person import ELSEWHERE


@pytest.mark.parametrize(
    "path", ["/account", "/o/oauth2/v2/auth?client_id=1&redirect_uri=https%3A%2F%2Fshop.example"]
)
def test_a_path_of_this_server_is_taken(path: str) -> None:
    assert continue_to(path) == path


def test_nothing_means_the_account() -> None:
    assert continue_to("") == "/account"


@pytest.mark.parametrize("text", ELSEWHERE)
def test_another_site_in_any_disguise_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="another site"):
        continue_to(text)


def test_an_endless_path_is_refused() -> None:
    with pytest.raises(Invalid):
        continue_to("/" + "a" * 20_000)
