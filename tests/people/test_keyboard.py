"""Everything by keyboard alone, in a real browser: no mouse, and one sees where one is."""

from playwright.sync_api import expect

from tests.people.application import Shop
from tests.people.keyboard import presses, tabs_to, types
from tests.people.visitor import ADA, PASSWORD, SECURITY, Visitor
from tests.web.consenting import TASKQUEUE


def test_one_signs_in_and_answers_an_application(ada: Visitor, shop: Shop) -> None:
    ada.opens(shop.url(scope=f"{TASKQUEUE} email"))
    expect(ada.page.get_by_label("E-mail address")).to_be_focused()
    types(ada, ADA)
    tabs_to(ada, "Password")
    types(ada, PASSWORD)
    presses(ada, "Enter")
    ada.sees("Shop asks for access")

    tabs_to(ada, "Add, lease, change and delete tasks, and manage queues")
    presses(ada, "Space")
    tabs_to(ada, "Allow")
    presses(ada, "Enter")

    tokens = shop.redeems(shop.is_told(ada.page)["code"])
    assert "email" == tokens["scope"]


def test_enter_among_the_ticks_allows_nothing(ada: Visitor, shop: Shop) -> None:
    ada.has_signed_in()
    ada.opens(shop.url())
    tabs_to(ada, "Add, lease, change and delete tasks, and manage queues")

    presses(ada, "Enter")

    assert "access_denied" == shop.is_told(ada.page)["error"]


def test_one_removes_access_and_signs_out(ada: Visitor, shop: Shop) -> None:
    ada.has_signed_in()
    ada.opens(shop.url())
    ada.presses("Allow")
    shop.is_told(ada.page)
    ada.opens("/account/access")

    tabs_to(ada, "Remove access")
    presses(ada, "Enter")
    ada.sees("Access removed.")
    tabs_to(ada, "Sign out")
    presses(ada, "Enter")

    ada.sees("You are signed out.")


def test_one_unfolds_what_is_folded(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)
    ada.presses("Set up an app")
    ada.sees("Scan this with the app")

    tabs_to(ada, "You cannot scan it?")
    presses(ada, "Space")

    expect(ada.page.locator("#app-secret")).to_be_visible()


def test_the_first_stop_leads_past_the_menu(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)

    tabs_to(ada, "Skip to the content")
    expect(ada.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    presses(ada, "Enter")
    tabs_to(ada, "Current password")

    assert ada.page.url.endswith("#content")


def test_a_page_that_refuses_says_so_to_screen_readers(ada: Visitor) -> None:
    ada.opens("/signin")
    ada.gives_password("wrong")

    expect(ada.page.get_by_role("alert").first).to_contain_text("is wrong")
    expect(ada.page.get_by_label("Password", exact=True)).to_be_focused()
