"""Usage in the console: what was called, by time and by anything; charts, tables and files."""

import csv
import io
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from leasehold.usage.ledger import Refusal
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.console.test_shell import asks
from tests.people.visitor import Visitor

WORKER = "worker@photo-shop.iam.leasehold.internal"
HOSTILE = "<script>alert(1)</script>@example.com"
USAGE = f"{AT}/usage"
HOUR = 3_600 * MICROSECONDS


@pytest.fixture
def busy(owner: Visitor) -> Visitor:
    """Ada, whose project was called in each of the last five hours."""
    now = owner.site.clock.now()
    for hours in range(5):
        owner.site.do(called(now - hours * HOUR))
    return owner


def called(at: int) -> Callable[[Transaction, int], None]:
    """Nine leases by a worker, one of them refused, and two inserts by a person with a bad name."""
    lease = Charge(SHOP, "taskqueue", "taskqueue.tasks.lease", "1001", "", WORKER, 1)
    insert = Charge(SHOP, "taskqueue", "taskqueue.tasks.insert", "1002", "", HOSTILE, 1)
    calls = [(lease, None)] * 8 + [(lease, Refusal("notFound"))] + [(insert, None)] * 2
    return lambda tx, _: ledger.record(tx, at, calls)


def figure(visitor: Visitor, title: str) -> str:
    """A number at the head of the report."""
    return visitor.page.locator("dt", has_text=title).locator("xpath=..").locator("dd").inner_text()


def test_where_nothing_was_called_it_says_what_makes_calls_appear(owner: Visitor) -> None:
    owner.opens(USAGE)

    owner.sees("No calls in this time", "curl -H")
    is_in_order(owner.page, "console-usage-empty")


def test_calls_and_refusals_are_counted_and_drawn(busy: Visitor) -> None:
    busy.opens(USAGE)

    assert ("55", "5 9.1 %") == (figure(busy, "Calls"), figure(busy, "Refused"))
    expect(busy.page.locator("#over-time canvas")).to_be_visible()
    busy.page.locator("#reasons").get_by_text("As a table").click()
    expect(busy.page.locator("#reasons th", has_text="notFound").first).to_be_visible()
    is_in_order(busy.page, "console-usage")


def test_a_row_leads_to_its_calls_alone_and_a_chip_back(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?group=method")
    is_in_order(busy.page, "console-usage-by-method")

    busy.page.get_by_role("rowheader").get_by_role("link", name="taskqueue.tasks.insert").click()

    busy.sees("Method: taskqueue.tasks.insert")
    assert "10" == figure(busy, "Calls")
    busy.page.locator(".chips a").first.click()
    busy.sees("notFound")
    assert "55" == figure(busy, "Calls")


def test_who_called_is_shown_as_text(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?group=email")

    busy.sees(HOSTILE)
    is_in_order(busy.page, "console-usage-by-user")


def test_a_time_of_ones_own_is_kept_when_it_is_wrong(busy: Visitor) -> None:
    answer = busy.opens(f"{USAGE}?span=own&since=2026-13-45&until=&period=hour")

    assert 400 == answer.status
    expect(busy.page.locator("[name=since]")).to_have_value("2026-13-45")
    expect(busy.page.locator(".wrong")).to_be_visible()
    is_in_order(busy.page, "console-usage-refused")


def test_from_after_to_is_refused(busy: Visitor) -> None:
    status, _ = asks(
        busy, "GET", f"{SHOP}/usage?span=own&since=2026-02-02&until=2026-02-01&period=day", {}
    )

    assert 400 == status


def test_the_file_has_what_the_page_has(busy: Visitor) -> None:
    status, text = asks(busy, "GET", f"{SHOP}/usage/files/calls.csv?span=day&group=method", {})

    rows = list(csv.DictReader(io.StringIO(text)))
    assert 200 == status
    assert 55 == sum(int(row["calls"]) for row in rows)
    assert {"taskqueue.tasks.lease", "taskqueue.tasks.insert"} == {row["method"] for row in rows}


def test_new_calls_appear_without_reloading(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?span=hour")
    before = int(figure(busy, "Calls"))
    busy.site.do(called(busy.site.clock.now()))

    busy.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    number = busy.page.locator("dt", has_text="Calls").first.locator("xpath=..").locator("dd")
    expect(number).to_have_text(str(before + 11))


def test_what_was_stored_has_a_page(busy: Visitor) -> None:
    busy.opens(f"{USAGE}/stored")

    is_in_order(busy.page, "console-usage-stored")
