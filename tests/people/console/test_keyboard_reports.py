"""Quotas, reports, bills, the audit log and the explorer by keyboard alone, to the end."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import NewPage
from tests.people.console.conftest import AT, SHOP
from tests.people.console.test_audit import write_many
from tests.people.console.test_billing import OLD, has_old_shop
from tests.people.console.test_explorer import make_queue
from tests.people.console.test_usage import calls, charge
from tests.people.keyboard import (
    focused,
    follows,
    goes,
    is_refused,
    presses,
    replaces,
    skips_to,
    tabs_back_to,
    tabs_to,
    types,
)
from tests.people.visitor import ADA, Visitor

LEASE = "taskqueue.tasks.lease"


def downloads(visitor: Visitor, name: str) -> str:
    """What a link of the page hands out."""
    skips_to(visitor, name)
    with visitor.page.expect_download() as begun:
        presses(visitor, "Enter")
    return begun.value.path().read_text()


def test_a_limit_is_lowered_and_set_back(owner: Visitor) -> None:
    owner.opens(f"{AT}/quotas")
    follows(owner, "Lower Calls per day")
    skips_to(owner, "Limit")
    types(owner, "few")
    tabs_to(owner, "Why")
    types(owner, "We need no more.")
    goes(owner)
    is_refused(owner, "Limit", "That is not a whole number")
    replaces(owner, "900")
    goes(owner)
    owner.sees("Calls per day: 900 at most from now on.")
    follows(owner, "Set back Calls per day")

    owner.sees("what the server gives holds again")


def test_a_report_is_turned_about_and_followed(owner: Visitor) -> None:
    owner.site.do(calls(charge("lease"), charge("lease"), charge("insert")))
    owner.opens(f"{AT}/usage")
    follows(owner, "7 days")
    follows(owner, "Method")
    button = owner.page.get_by_role("button", name=LEASE)
    expect(button).to_have_attribute("aria-pressed", "true")
    skips_to(owner, LEASE)
    presses(owner, "Space")
    expect(button).to_have_attribute("aria-pressed", "false")
    tabs_to(owner, "As a table: Calls by method")
    presses(owner, "Enter")
    expect(owner.page.locator("#over-time table")).to_be_visible()
    tabs_to(owner, LEASE)  # its row
    goes(owner)
    owner.sees(f"Method: {LEASE}")

    assert "2" == downloads(owner, "CSV").splitlines()[-1].split(",")[1]
    owner.page.reload()
    follows(owner, f"Method: {LEASE} (remove)")
    follows(owner, "Storage")

    owner.sees("Nothing was stored in this time")


def test_the_bill_of_another_month_is_chosen(owner: Visitor) -> None:
    first, _ = has_old_shop(owner.site)
    owner.opens(f"/console/{OLD}/billing")
    skips_to(owner, "Month")
    presses(owner, "End")
    tabs_to(owner, "Show")
    goes(owner)

    owner.sees("Final")
    assert str(first) in downloads(owner, "Download as CSV")


def test_the_audit_log_is_searched_and_an_entry_opened(owner: Visitor) -> None:
    owner.site.do(write_many)
    owner.opens(f"{AT}/audit")
    follows(owner, "Older entries")
    follows(owner, "Back to the newest")
    skips_to(owner, "Search")
    presses(owner, "Enter")
    tabs_to(owner, "What")
    tabs_to(owner, "Who")
    types(owner, ADA)
    goes(owner)
    entry = owner.page.locator("tbody a").first.inner_text()
    follows(owner, " ".join(entry.split()))

    owner.sees("The hash is computed from all of this entry")


@pytest.fixture
def explorer(new_page: NewPage, owner: Visitor) -> Visitor:
    """Ada, whose project has a queue, at a browser that lets pages write to the clipboard."""
    owner.site.do(make_queue)
    ada = Visitor(new_page(permissions=["clipboard-read", "clipboard-write"]), owner.site)
    ada.has_signed_in()
    return ada


def authorizes(visitor: Visitor) -> None:
    """Gives the explorer what its page asks for."""
    skips_to(visitor, "Authorize")
    goes(visitor)
    visitor.sees(f"{SHOP} asks for access")
    tabs_to(visitor, "Allow")
    goes(visitor)
    visitor.sees("The explorer has access now.")


def test_a_method_is_found_and_run_and_its_lines_are_copied(explorer: Visitor) -> None:
    explorer.opens(f"{AT}/explorer")
    skips_to(explorer, "Search the methods")
    types(explorer, "v1beta2 insert")
    goes(explorer)
    follows(explorer, "tasks.insert")
    authorizes(explorer)
    body = " ".join(explorer.reads("label[for=body]").split())
    skips_to(explorer, body)
    replaces(explorer, "{")
    tabs_to(explorer, "Run")
    presses(explorer, "Enter")
    is_refused(explorer, body, "That is not JSON")
    replaces(explorer, '{"payloadBase64": "aGVsbG8="}')
    tabs_to(explorer, "Run")
    presses(explorer, "Enter")
    expect(explorer.page.locator("#status")).to_have_text(re.compile("^200 OK"))
    assert "Run" == focused(explorer)

    tabs_to(explorer, "Body of the answer")
    tabs_to(explorer, "Copy")
    presses(explorer, "Enter")
    assert "curl" in explorer.page.evaluate("navigator.clipboard.readText()")
    tabs_to(explorer, "Copy")
    presses(explorer, "Space")
    explorer.page.wait_for_function(
        "navigator.clipboard.readText().then((text) => text.includes('import'))"
    )
    tabs_back_to(explorer, "Remove access")
    goes(explorer)

    explorer.sees("The explorer asks you before it acts for you")


def test_what_destroys_asks_and_takes_a_no(explorer: Visitor) -> None:
    explorer.opens(f"{AT}/explorer/leasehold.v1/queues.delete")
    authorizes(explorer)
    skips_to(explorer, "Run …")
    presses(explorer, "Enter")
    expect(explorer.page.get_by_role("button", name="Cancel")).to_be_focused()
    presses(explorer, "Escape")
    expect(explorer.page.get_by_role("dialog")).to_be_hidden()
    assert "Run …" == focused(explorer)
    presses(explorer, "Space")
    expect(explorer.page.get_by_role("dialog")).to_be_visible()
    tabs_back_to(explorer, "Run it")
    presses(explorer, "Enter")

    explorer.sees("204 No Content")
    assert "Run …" == focused(explorer)
