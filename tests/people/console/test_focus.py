"""Who moves by keyboard is not moved: live parts, refused forms, menus, and narrow windows."""

import re

import pytest
from playwright.sync_api import Route, expect

from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.web.console import queue_purge
from tests.browser import HEIGHT, NARROW, NewPage
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.test_tasks import Shelf
from tests.people.console.test_usage import calls, charge
from tests.people.keyboard import focused, follows, goes, presses, skips_to, tabs_to, types
from tests.people.visitor import Visitor

LOOKED_AT = "htmx.trigger(document.body, 'looked-at')"
TASKS = f"{AT}/queues/resize/tasks"


@pytest.fixture
def shelf(owner: Visitor) -> Shelf:
    """A queue of Ada's project."""
    queue = Queue(id=0, project_id=SHOP, name="resize", mode="pull", created_at=1)
    return Shelf(owner.site, owner.site.do(lambda tx, _: configure.create(tx, queue)))


def look_again(visitor: Visitor) -> None:
    """The live parts are fetched anew, and have come."""
    with visitor.page.expect_response(re.compile("/now|/tasks|/queues")):
        visitor.page.evaluate(LOOKED_AT)


def holds_back(visitor: Visitor, pattern: str) -> list[Route]:
    """Requests that the page has made, and that have not come to the server yet."""
    held: list[Route] = []

    def hold(route: Route) -> None:  # Playwright takes no method of a list
        held.append(route)

    visitor.page.route(pattern, hold)
    return held


def test_a_live_part_leaves_the_focus_where_it_is(owner: Visitor, shelf: Shelf) -> None:
    (first,) = shelf.put(b"x")
    owner.opens(TASKS)
    skips_to(owner, "Tag")
    types(owner, "holi")
    shelf.put(b"y")
    look_again(owner)
    expect(owner.page.locator("tbody tr")).to_have_count(2)
    assert "Tag" == focused(owner)
    types(owner, "day")
    expect(owner.page.get_by_label("Tag")).to_have_value("holiday")

    tabs_to(owner, first)
    shelf.put(b"z")
    owner.page.evaluate(LOOKED_AT)  # asks for nothing: somebody is in the list
    assert first == focused(owner)
    expect(owner.page.locator("tbody tr")).to_have_count(2)
    goes(owner)

    owner.is_at(f"{TASKS}/{first}")


def test_a_live_part_that_was_asked_for_before_it_got_the_focus(
    owner: Visitor, shelf: Shelf
) -> None:
    (first,) = shelf.put(b"x")
    owner.opens(TASKS)
    asked = holds_back(owner, "**/tasks")
    with owner.page.expect_request("**/tasks"):
        owner.page.evaluate(LOOKED_AT)
    skips_to(owner, first)

    with owner.page.expect_response("**/tasks"):
        asked.pop().continue_()
    owner.page.evaluate("new Promise(requestAnimationFrame)")

    assert first == focused(owner)


def test_when_a_live_part_ends_reading_goes_on_at_what_it_says(
    owner: Visitor, shelf: Shelf
) -> None:
    (first,) = shelf.put(b"x")
    owner.opens(TASKS)
    asked = holds_back(owner, "**/tasks")
    with owner.page.expect_request("**/tasks"):
        owner.page.evaluate(LOOKED_AT)
    skips_to(owner, first)
    owner.page.context.clear_cookies()

    asked.pop().continue_()

    owner.sees("You are signed out: open the page again to sign in.")
    expect(owner.page.locator(".live")).to_be_focused()


def test_a_chart_that_is_drawn_anew_keeps_the_focus_of_its_legend(owner: Visitor) -> None:
    owner.site.do(calls(charge("lease")))
    owner.opens(f"{AT}/usage?span=hour&group=method")
    skips_to(owner, "taskqueue.tasks.lease")
    owner.site.do(calls(charge("insert"), charge("insert")))

    look_again(owner)

    expect(owner.page.locator("#over-time .legend button")).to_have_count(2)
    assert "taskqueue.tasks.lease" == focused(owner)


def test_a_problem_that_belongs_to_no_field_has_the_focus(owner: Visitor) -> None:
    owner.opens(f"{AT}/members")
    follows(owner, f"Remove … {BOB}")
    owner.page.context.request.post(
        owner.page.url, headers={"Sec-Fetch-Site": "same-origin"}, form={"x": ""}
    )
    owner.opens(f"{AT}/members/remove?email=ada@example.com")

    follows(owner, "Leave the project")

    expect(owner.page.get_by_role("alert")).to_be_focused()
    tabs_to(owner, "Leave the project")


def test_a_purge_that_is_done_is_read_from_its_beginning(
    owner: Visitor, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_purge, "AT_ONCE", 2)
    shelf.put(b"x", b"y", b"z")
    asked = holds_back(owner, "**/purge/rest")
    owner.opens(f"{AT}/queues/resize/purge")
    skips_to(owner, "Type resize to go on")
    types(owner, "resize")
    goes(owner)
    skips_to(owner, "Go on purging")

    asked.pop().continue_()

    owner.sees("resize is purged")
    expect(owner.page.locator("#purge")).to_be_focused()
    tabs_to(owner, "Back to the queue")


def test_on_a_phone_the_navigation_is_used_by_keyboard(owner: Visitor, new_page: NewPage) -> None:
    ada = Visitor(new_page(viewport={"width": NARROW, "height": HEIGHT}), owner.site)
    ada.has_signed_in()
    ada.opens(f"{AT}/members")
    tabs_to(ada, "Members")  # what is folded
    presses(ada, "Enter")
    tabs_to(ada, "Quotas")
    presses(ada, "Escape")
    assert "Members" == focused(ada)
    expect(ada.page.get_by_role("link", name="Quotas")).to_be_hidden()
    presses(ada, "Space")
    tabs_to(ada, "Settings")
    goes(ada)

    ada.is_at(f"{AT}/settings")
    skips_to(ada, "Storage limit (optional)")
