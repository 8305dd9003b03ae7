"""Credentials and the consent screen by keyboard alone, from opening the page to the end."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser import NewPage
from tests.oauth2.registration.pictures import png
from tests.people.console.conftest import AT
from tests.people.keyboard import (
    follows,
    goes,
    is_refused,
    presses,
    replaces,
    skips_to,
    tabs_to,
    types,
)
from tests.people.visitor import Visitor

CALLBACK = "https://app.example.com/callback"
TESTER = "grace@example.com"


@pytest.fixture
def ada(new_page: NewPage, owner: Visitor) -> Visitor:
    """Ada with her project, at a browser that lets pages write to the clipboard."""
    ada = Visitor(new_page(permissions=["clipboard-read", "clipboard-write"]), owner.site)
    ada.has_signed_in()
    return ada


def copies_the_secret(visitor: Visitor) -> str:
    """By the first such button of the page."""
    skips_to(visitor, "Copy")
    presses(visitor, "Enter")
    expect(visitor.page.get_by_role("status").last).to_have_text("Copied")
    return str(visitor.page.evaluate("navigator.clipboard.readText()"))


def downloads(visitor: Visitor) -> dict[str, object]:
    """What the page's file holds."""
    link = visitor.page.get_by_role("link", name=re.compile("^Download"))
    tabs_to(visitor, link.inner_text())
    with visitor.page.expect_download() as begun:
        presses(visitor, "Enter")
    found: dict[str, object] = json.loads(begun.value.path().read_text())
    return found


def test_a_service_account_gets_a_key_and_is_switched_off_and_deleted(ada: Visitor) -> None:
    ada.opens(f"{AT}/credentials")
    follows(ada, "New service account")
    skips_to(ada, "Name")
    types(ada, "Worker!")
    goes(ada)
    is_refused(ada, "Name", "A service account's name has 1 to 63")
    replaces(ada, "worker")
    goes(ada)
    follows(ada, "Make a key")
    copied = json.loads(copies_the_secret(ada))
    assert copied == downloads(ada)
    tabs_to(ada, "I have kept it")
    goes(ada)

    follows(ada, f"Delete … {copied['private_key_id']}")
    follows(ada, "Delete the key")
    ada.sees("It has none yet.")
    follows(ada, "Switch off …")
    follows(ada, "Switch the account off")
    follows(ada, "Switch the account on")
    ada.sees("worker is on again.")
    follows(ada, "Delete …")
    skips_to(ada, "Type worker to go on")
    types(ada, "worker")
    goes(ada)

    ada.sees("No service accounts yet")


def test_a_client_is_registered_changed_and_deleted(ada: Visitor) -> None:
    ada.opens(f"{AT}/credentials")
    follows(ada, "New client")
    follows(ada, "On a server")
    skips_to(ada, "Name")
    types(ada, "Printer")
    tabs_to(ada, "Redirect URIs")
    types(ada, "http://app.example.com/callback")
    tabs_to(ada, "Register the client")
    goes(ada)
    is_refused(ada, "Redirect URIs", "http:// is only for")
    replaces(ada, CALLBACK)
    tabs_to(ada, "Register the client")
    goes(ada, "Space")
    ada.sees("Printer is registered")
    secret = copies_the_secret(ada)
    assert secret in json.dumps(downloads(ada))

    tabs_to(ada, "I have kept it")
    goes(ada)
    follows(ada, "Add a secret")
    ada.sees("A new secret for Printer")
    follows(ada, "I have kept it")
    follows(ada, f"End … {secret[-4:]}")
    follows(ada, "End the secret")
    skips_to(ada, "Name")
    replaces(ada, "Photo printer")
    goes(ada)
    ada.sees("The client is saved.")
    follows(ada, "Delete …")
    follows(ada, "Delete the client")

    ada.sees("Photo printer is deleted.")


def test_an_api_key_is_made_rotated_deleted_and_had_back(ada: Visitor) -> None:
    ada.opens(f"{AT}/credentials")
    follows(ada, "New API key")
    skips_to(ada, "Name")
    types(ada, "Printing house")
    tabs_to(ada, "Expires on (optional)")
    types(ada, "12312030")
    tabs_to(ada, "Addresses (optional)")
    types(ada, "example.com")
    tabs_to(ada, "Task Queue")
    presses(ada, "Space")
    tabs_to(ada, "Make the key")
    goes(ada)
    is_refused(ada, "Addresses (optional)", "example.com")
    replaces(ada, "203.0.113.0/24")
    tabs_to(ada, "Make the key")
    goes(ada)
    assert copies_the_secret(ada) == ada.reads(".once code")

    tabs_to(ada, "I have kept it")
    goes(ada)
    expect(ada.page.get_by_label("Expires on")).to_have_value("2030-12-31")
    expect(ada.page.get_by_label("Task Queue")).to_be_checked()
    follows(ada, "Make a second string")
    follows(ada, "Make the string")
    follows(ada, "I have kept it")
    follows(ada, "Delete …")
    follows(ada, "Delete the key")
    ada.sees("Printing house is deleted.")
    follows(ada, "Undelete the key")

    ada.sees("Printing house is good again.")


def test_the_consent_screen_is_filled_in_and_published(ada: Visitor) -> None:
    ada.opens(f"{AT}/consent-screen")
    skips_to(ada, "Name")
    replaces(ada, "Photo printer")
    expect(ada.page.locator(".preview")).to_contain_text("Photo printer asks for access")
    tabs_to(ada, "Home page (optional)")
    types(ada, "http://printer.example.com/")
    goes(ada)
    is_refused(ada, "Home page (optional)", "begins with https://")
    replaces(ada, "https://printer.example.com/")
    tabs_to(ada, "Testing")
    presses(ada, "ArrowDown")
    goes(ada)
    ada.sees("The consent screen is saved.", "Published: everybody who has an account can be asked")

    skips_to(ada, "Picture")
    with ada.page.expect_file_chooser() as chooser:
        presses(ada, "Enter")
    chooser.value.set_files({"name": "logo.png", "mimeType": "image/png", "buffer": png()})
    tabs_to(ada, "Upload the logo")
    goes(ada)
    ada.sees("The logo is saved.")
    skips_to(ada, "Another picture")
    with ada.page.expect_file_chooser():
        presses(ada, "Space")


def test_testers_are_added_and_removed(ada: Visitor) -> None:
    ada.opens(f"{AT}/consent-screen")
    follows(ada, "Add testers")
    skips_to(ada, "E-mail address")
    types(ada, TESTER)
    goes(ada)
    ada.sees(f"{TESTER} is a tester now.")
    follows(ada, f"Remove … {TESTER}")
    follows(ada, "Remove the tester")

    ada.sees(f"{TESTER} is no tester any more.")
