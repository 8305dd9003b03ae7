"""Passkeys in a real browser, whose machine has an authenticator built in."""

from playwright.sync_api import expect

from tests.browser import PageErrors, virtual_authenticator
from tests.people.visitor import SECURITY, Visitor


def adds_passkey(ada: Visitor, name: str = "Work laptop") -> None:
    ada.opens(SECURITY)
    ada.types("Name of the new passkey", name)
    ada.presses("Add a passkey")
    ada.sees("The passkey is added.")


def test_a_passkey_signs_in_without_anything_to_type(ada: Visitor) -> None:
    authenticator = virtual_authenticator(ada.page)
    ada.has_signed_in()
    adds_passkey(ada)
    ada.signs_out()

    ada.presses("Use a passkey")

    ada.is_at("/account/access")
    (credential,) = authenticator.credentials()
    assert "localhost" == credential["rpId"]
    ada.opens(SECURITY)
    ada.sees("Work laptop", "last used")


def test_a_passkey_leads_to_where_one_wanted(ada: Visitor) -> None:
    virtual_authenticator(ada.page)
    ada.has_signed_in()
    adds_passkey(ada)
    ada.signs_out()
    ada.opens(SECURITY)

    ada.presses("Use a passkey")

    ada.is_at(SECURITY)


def test_a_passkey_is_the_second_factor_too(ada: Visitor) -> None:
    virtual_authenticator(ada.page)
    ada.has_app()
    adds_passkey(ada)
    ada.signs_out()

    ada.presses("Use a passkey")

    ada.is_at("/account/access")


def test_a_passkey_is_renamed(ada: Visitor) -> None:
    virtual_authenticator(ada.page)
    ada.has_signed_in()
    adds_passkey(ada)

    ada.unfolds("Rename")
    ada.types("New name", "Old laptop")
    ada.presses("Save the name")

    ada.sees("The passkey has its new name.", "Old laptop")
    assert ["Old laptop"] == ada.page.locator("#passkeys-title ~ .rows strong").all_inner_texts()


def test_a_passkey_that_was_removed_signs_nobody_in(ada: Visitor, page_errors: PageErrors) -> None:
    virtual_authenticator(ada.page)
    ada.has_signed_in()
    adds_passkey(ada)
    ada.presses("Remove the passkey Work laptop")
    ada.sees("The passkey is removed")
    ada.signs_out()

    ada.presses("Use a passkey")

    expect(ada.page.locator("#passkey-problem")).not_to_be_empty()
    assert not ada.is_signed_in()
    page_errors.expect("401")


def test_a_device_that_does_not_recognise_its_owner_adds_nothing(ada: Visitor) -> None:
    authenticator = virtual_authenticator(ada.page)
    authenticator.set_user(verified=False)
    ada.has_signed_in()
    ada.opens(SECURITY)

    ada.presses("Add a passkey")

    expect(ada.page.locator("#passkey-problem")).to_contain_text("Nothing was done")
    assert [] == authenticator.credentials()


def test_a_device_has_one_passkey_for_an_account(ada: Visitor) -> None:
    authenticator = virtual_authenticator(ada.page)
    ada.has_signed_in()
    adds_passkey(ada)

    ada.presses("Add a passkey")

    expect(ada.page.locator("#passkey-problem")).to_contain_text("has a passkey")
    assert 1 == len(authenticator.credentials())


def test_adding_a_passkey_wants_a_fresh_sign_in(ada: Visitor) -> None:
    virtual_authenticator(ada.page)
    ada.has_signed_in()
    ada.site.clock.advance(20 * 60)
    ada.opens(SECURITY)

    ada.follows("Add a passkey")
    ada.confirms()

    ada.is_at(SECURITY)
    ada.presses("Add a passkey")
    ada.sees("The passkey is added.")
