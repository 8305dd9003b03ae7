"""The page of clients with access, in a real browser: who may do what, and taking it back."""

import pytest

from tests.people.application import Shop
from tests.people.visitor import ADA, PASSWORD, SECURITY, Visitor
from tests.web.consenting import TASKQUEUE, make_client

ACCESS = "/account/access"
QUEUE = "demo/taskqueues/q"


@pytest.fixture
def allowed(ada: Visitor) -> Visitor:
    """Ada, who is signed in and may use a queue."""
    ada.site.queue_for(ADA)
    ada.has_signed_in()
    return ada


def tokens_for(ada: Visitor, shop: Shop) -> dict[str, str]:
    ada.opens(shop.url(access_type="offline", scope=f"{TASKQUEUE} email"))
    ada.presses("Allow")
    return shop.redeems(shop.is_told(ada.page)["code"])


def test_the_page_lists_each_client_with_what_it_may_do_and_when_it_did(
    allowed: Visitor, shop: Shop
) -> None:
    tokens_for(allowed, shop)
    allowed.site.clock.advance(2 * 86_400)

    allowed.opens(ACCESS)

    allowed.sees(
        "Shop Not verified",
        "Shop worker, of the project demo",
        "Add, lease, change and delete tasks, and manage queues",
        "See your e-mail address",
        "Allowed2 days ago",
        "Last used2 days ago",
    )


def test_who_has_let_nobody_in_reads_what_the_page_is_for(ada: Visitor) -> None:
    ada.has_signed_in()

    ada.opens(ACCESS)

    ada.sees("No application has access to your account.")


def test_a_client_whose_access_is_removed_is_refused_from_the_next_request_on(
    allowed: Visitor, shop: Shop
) -> None:
    tokens = tokens_for(allowed, shop)
    token = tokens["access_token"]
    assert 200 == allowed.site.call("GET", QUEUE, token=token).status_code
    allowed.opens(ACCESS)

    allowed.presses("Remove access")

    allowed.sees("Access removed.", "No application has access to your account.")
    assert 401 == allowed.site.call("GET", QUEUE, token=token).status_code
    assert "invalid_grant" == shop.refreshes(tokens["refresh_token"])["error"]


def test_removed_access_is_asked_for_again(allowed: Visitor, shop: Shop) -> None:
    tokens_for(allowed, shop)
    allowed.opens(ACCESS)
    allowed.presses("Remove access")
    allowed.sees("Access removed.")

    allowed.opens(shop.url())

    allowed.sees("Shop asks for access")
    allowed.sees_no("Already allowed")


def test_the_other_client_keeps_its_access(allowed: Visitor, shop: Shop, shop_url: str) -> None:
    callback = f"{shop_url}/callback"
    client = make_client(allowed.site, "web", callback, name="Night shift")
    other = Shop(allowed.site, client, callback)
    tokens_for(allowed, shop)
    kept = tokens_for(allowed, other)["access_token"]
    allowed.opens(ACCESS)
    card = allowed.page.locator("section", has_text="Shop worker")

    card.get_by_role("button", name="Remove access").click()

    allowed.sees("Access removed.", "Night shift")
    assert 200 == allowed.site.call("GET", QUEUE, token=kept).status_code


def changes_password(ada: Visitor) -> None:
    with ada.page.expect_navigation():  # the page before may say the same
        ada.presses("Change the password")
    ada.sees("Your password is changed.")


def test_a_new_password_ends_what_was_given_to_clients_unless_one_says_otherwise(
    allowed: Visitor, shop: Shop
) -> None:
    token = tokens_for(allowed, shop)["access_token"]
    allowed.opens(SECURITY)
    allowed.types("Current password", PASSWORD)
    allowed.types("New password", "another long password")
    allowed.page.get_by_label("Also end the access of all applications.").uncheck()
    changes_password(allowed)
    assert 200 == allowed.site.call("GET", QUEUE, token=token).status_code
    allowed.types("Current password", "another long password")
    allowed.types("New password", PASSWORD)

    changes_password(allowed)

    assert 401 == allowed.site.call("GET", QUEUE, token=token).status_code
    allowed.opens(ACCESS)
    allowed.sees("No application has access to your account.")
