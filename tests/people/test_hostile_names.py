"""What strangers call themselves is text on our pages, and nothing else.

A script that ran, or was kept from running by the content security policy, is an error of the page
and fails the test; see tests/browser.py.
"""

import pytest
from playwright.sync_api import expect

from tests.browser import NewPage, virtual_authenticator
from tests.people.application import Shop
from tests.people.visitor import SECURITY, Visitor
from tests.running_server import RunningServer
from tests.web.consenting import in_production, make_client

SCRIPT = "<script>alert(1)</script>"
NAMES = [
    f"\"'>{SCRIPT}",
    "<img src=x onerror=alert(1)>",
    "</title></h1><form action=//evil.example>",
    "{{ 7 * 7 }} & <b>bold</b>",
    "חנות 3 (shop)",
]


def holds_no_markup(visitor: Visitor) -> None:
    """The page has the elements of its template alone."""
    for selector in ("script:not([src])", "img[onerror]", "main b", "form[action*=evil]"):
        expect(visitor.page.locator(selector)).to_have_count(0)


def named(site: RunningServer, callback: str, name: str) -> Shop:
    """An application that was registered under this name, by a project of this name."""
    in_production(site, name=name)
    return Shop(site, make_client(site, "web", callback, name=name), callback)


@pytest.mark.parametrize("name", NAMES)
def test_an_applications_name_is_shown_as_it_is(ada: Visitor, shop_url: str, name: str) -> None:
    shop = named(ada.site, f"{shop_url}/callback", name)
    ada.has_signed_in()

    ada.opens(shop.url())
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(f"{name} asks for access")
    assert f"{name} asks for access – Leasehold" == ada.page.title()
    holds_no_markup(ada)
    ada.presses("Allow")
    shop.is_told(ada.page)
    ada.opens("/account/access")

    ada.sees(f"{name} Not verified", f"{name}, of the project demo")
    holds_no_markup(ada)


def test_the_names_of_a_browser_and_of_a_passkey_are_shown_as_they_are(
    new_page: NewPage, site: RunningServer
) -> None:
    ada = Visitor(new_page(user_agent=SCRIPT), site)
    virtual_authenticator(ada.page)
    ada.signs_in()
    ada.opens(SECURITY)
    ada.types("Name of the new passkey", NAMES[0])

    ada.presses("Add a passkey")

    ada.sees("The passkey is added.", f"{SCRIPT} This browser", NAMES[0])
    holds_no_markup(ada)
    expect(ada.page.get_by_label("New name", exact=True)).to_have_value(NAMES[0])


@pytest.mark.parametrize("sent", [SCRIPT, "\u202egnihtemos", "javascript:alert(1)", "x" * 5000])
def test_what_a_refused_request_sent_is_shown_as_text(ada: Visitor, shop: Shop, sent: str) -> None:
    ada.opens(shop.url(client_id=sent))
    shown = ada.reads("#sent")
    holds_no_markup(ada)

    ada.opens(shop.url(redirect_uri=sent))

    assert shown == ada.reads("#sent")
    assert shown.removesuffix(" …") == sent[:300]
    holds_no_markup(ada)


@pytest.mark.parametrize("hint", NAMES[:3])
def test_whom_an_application_expects_is_shown_as_text(ada: Visitor, shop: Shop, hint: str) -> None:
    ada.has_signed_in()

    ada.opens(shop.url(login_hint=hint))

    ada.sees(f"It expects {hint}.")
    holds_no_markup(ada)


def test_a_hint_fills_the_sign_in_form_and_no_more(ada: Visitor, shop: Shop) -> None:
    hint = f'"{SCRIPT}@example.com'

    ada.opens(shop.url(login_hint=hint))

    assert hint == ada.page.get_by_label("E-mail address").input_value()
    holds_no_markup(ada)


def test_an_unknown_scope_is_not_repeated_to_the_application(ada: Visitor, shop: Shop) -> None:
    ada.opens(shop.url(scope=SCRIPT))

    told = shop.is_told(ada.page)
    assert "invalid_scope" == told["error"]
    assert "<" not in told["error_description"]
