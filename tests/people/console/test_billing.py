"""Billing in the console: a project's bills by month, what they are made of, and their files."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing as bills
from leasehold.usage import billing_export, billing_rows, ledger, price_sheet
from leasehold.usage.charge import Charge
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE, GB_DAY
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import RunningServer
from tests.usage.stored import Stored, store

BILLING = f"{AT}/billing"
OLD = "old-shop"
DAY = 86_400
DEARER = replace(EXAMPLE, operations_price=Decimal("12.34"), free_operations=Decimal(10))


def running(site: RunningServer) -> Month:
    return Month.at(site.clock.now())


def before(month: Month) -> Month:
    return Month.at((month.starts - 1) * MICROSECONDS)


def calls(tx: Transaction, at: int, times: int, method: str, project_id: str = SHOP) -> None:
    """So many calls that were done at an instant."""
    charge = Charge(project_id, "taskqueue", f"taskqueue.tasks.{method}", "worker", "", "w@x.y", 1)
    ledger.record(tx, at, [(charge, None)] * times)


def stores(tx: Transaction, month: Month, queues: Mapping[str, int], project_id: str) -> None:
    """So many bytes in each queue for the whole first day of the month."""
    store(
        tx,
        [
            Stored("day", month.starts, project_id, name, size * DAY, DAY, size, 1)
            for name, size in queues.items()
        ],
    )


def gets(visitor: Visitor, path: str) -> tuple[int, Mapping[str, str], str]:
    """What a request with the visitor's cookies is answered, unseen."""
    answer = visitor.page.context.request.get(visitor.site.url + path, max_redirects=0)
    return answer.status, answer.headers, answer.text()


def set_prices(site: RunningServer) -> None:
    month = running(site)
    site.do(lambda tx, now: price_sheet.put(tx, now, from_month=month, sheet=DEARER, set_by="root"))


def has_old_shop(site: RunningServer) -> tuple[Month, Month]:
    """A project of the month before the last one, with usage of then; the months after it."""
    last = before(running(site))
    first = before(last)

    def make(tx: Transaction, _now: int) -> None:
        projects.create(tx, first.starts * MICROSECONDS, project_id=OLD, owner_email=ADA)
        calls(tx, first.starts * MICROSECONDS, 3, "lease", OLD)
        stores(tx, first, {"resize": 10**9}, OLD)
        since = billing_rows.marks(tx).sampled_until
        billing_rows.move_sampled_until(tx, since=since, until=max(since, first.ends))

    site.do(make)
    return first, last


def test_without_prices_there_is_usage_and_the_way_to_prices(owner: Visitor) -> None:
    owner.opens(BILLING)

    owner.sees("Still open", "There is no price sheet for this month", "Operations", "Storage")
    month = running(owner.site).next
    owner.sees(f"leasehold billing price-sheet set prices.toml --from {month}")
    owner.sees_no("Total")
    is_in_order(owner.page, "console-billing-free")


def test_the_running_month_is_shown_line_by_line_to_the_cent(admin: Visitor) -> None:
    site = admin.site
    set_prices(site)
    month = running(site)
    queues = {f"queue-{number:02}": number * 10**9 for number in range(25)}

    def use(tx: Transaction, now: int) -> None:
        calls(tx, now, 1_500, "insert")
        calls(tx, now, 700, "lease")
        stores(tx, month, queues, SHOP)

    site.do(use)
    admin.opens(BILLING)

    # 2,190 operations that are not free, and 270 of 300 GB-days
    admin.sees("Total so far", "EUR 3.78", "EUR 2.70", "EUR 1.08", "2,200", "300 GB-days")
    admin.sees("EUR 12.34 per 10,000", "EUR 0.004 per GB-day")
    admin.sees("queue-24", "15 more queues", "105")
    admin.sees_no("queue-14")
    expect(admin.page.locator("#chart tbody tr").first).to_contain_text("tasks.insert")
    is_in_order(admin.page, "console-billing")


def test_months_with_usage_are_offered_and_final_ones_say_so(owner: Visitor) -> None:
    first, last = has_old_shop(owner.site)
    owner.opens(f"/console/{OLD}/billing")
    months = owner.page.get_by_label("Month")
    expect(months.locator("option")).to_have_count(2)

    months.select_option(str(first))
    owner.presses("Show")

    owner.sees("Final", "3")
    expect(months).to_have_value(str(first))
    is_in_order(owner.page, "console-billing-final")
    owner.opens(f"/console/{OLD}/billing?month={last}")
    expect(months).to_have_value(str(last))


def test_months_that_cannot_be_are_refused_beside_the_picker(owner: Visitor) -> None:
    month = running(owner.site)
    owner.site.do(lambda tx, _: billing_rows.move_swept_before(tx, month.starts))
    for asked, status, problem in [
        ("soon", 400, "A month is written like 2026-11"),
        ("2026-13", 400, "A month is written like 2026-11"),
        ("1969-12", 400, "A month is written like 2026-11"),
        ("<b>x</b>", 400, "A month is written like 2026-11"),
        (f"{month}&month={month}", 400, "sent more than once"),
        (str(before(month)), 404, "is no longer kept"),
        (str(month.next), 400, f"{month.next} has not begun"),
    ]:
        answer = owner.opens(f"{BILLING}?month={asked}")

        assert status == answer.status, asked
        owner.sees(problem)
        expect(owner.page.get_by_label("Month")).to_have_attribute("aria-invalid", "true")
        for file in ("csv", "json"):
            assert status == gets(owner, f"{BILLING}/{file}?month={asked}")[0]
    is_in_order(owner.page, "console-billing-refused")
    owner.site.do(lambda tx, _: billing_rows.move_swept_before(tx, month.starts + 1))
    assert 404 == owner.opens(BILLING).status
    owner.sees(f"The usage of {month}, or some of it, is no longer kept")
    expect(owner.page.get_by_label("Month")).to_have_value(str(month))


def test_the_files_are_those_of_the_command_line(owner: Visitor) -> None:
    first, _ = has_old_shop(owner.site)
    bill = owner.site.do(lambda tx, now: bills.bill(tx, now, project_id=OLD, month=first))
    path = f"/console/{OLD}/billing"

    status, headers, text = gets(owner, f"{path}/csv?month={first}")

    assert (200, billing_export.to_csv([bill])) == (status, text)
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert f"attachment; filename*=utf-8''{OLD}-{first}.csv" == headers["content-disposition"]
    _, headers, text = gets(owner, f"{path}/json?month={first}")
    assert json.dumps([billing_export.to_value(bill)], indent=2) + "\n" == text
    assert headers["content-type"] == "application/json"
    _, _, text = gets(owner, f"{path}/csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {str(running(owner.site))} == {row["month"] for row in rows}


def test_the_links_lead_to_the_month_that_is_shown(owner: Visitor) -> None:
    first, _ = has_old_shop(owner.site)
    owner.opens(f"/console/{OLD}/billing?month={first}")

    with owner.page.expect_download() as download:
        owner.follows("Download as CSV")

    assert f"{OLD}-{first}.csv" == download.value.suggested_filename


def test_names_of_queues_are_shown_as_text(owner: Visitor) -> None:
    queues = dict.fromkeys([*NAMES, "x" * 500], GB_DAY // 86_400)
    owner.site.do(lambda tx, _: stores(tx, running(owner.site), queues, SHOP))

    owner.opens(BILLING)

    owner.sees(*NAMES)
    holds_no_markup(owner)
    is_in_order(owner.page, "console-billing-names")


def test_a_deleted_projects_bill_is_still_there(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    assert 200 == owner.opens(BILLING).status
    assert 200 == gets(owner, f"{BILLING}/csv")[0]
