"""Bills: exact, computed anew to the same cent from their own export, and final when all is in."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound, Unavailable
from leasehold.usage import billing, billing_export, billing_rows, storage
from leasehold.usage.billing import Detail, Line
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE, GB_DAY, PriceSheet
from tests.usage.meter import Meter, metering

CENT = PriceSheet("EUR", Decimal(100), Decimal(0), Decimal("0.01"), Decimal(0))  # one a call

PROJECTS = (f"project-{n}" for n in count())


@pytest.fixture
def meter(database_url: str) -> Iterator[Meter]:
    with metering(database_url) as made:
        yield made


def lines(operations: int, byte_seconds: int) -> tuple[Line, Line]:
    return Line("operations", operations, ()), Line("storage", byte_seconds, ())


def amounts(operations: int, byte_seconds: int, sheet: PriceSheet) -> list[str]:
    priced = billing.price(lines(operations, byte_seconds), sheet)
    return [str(line.charged.amount) for line in priced if line.charged]


def test_a_bill_has_operations_by_method_and_storage_by_queue(meter: Meter) -> None:
    meter.price("2026-11", CENT)
    meter.holds("resize", size=10**9)
    meter.sample()
    meter.call("insert", times=3)
    meter.call("lease", times=2, cost=10)
    meter.at("2026-11-04 12:00").sample()

    bill = meter.bill("2026-11")

    operations, stored = bill.lines
    assert operations.details == (Detail("taskqueue/insert", 3), Detail("taskqueue/lease", 20))
    assert stored.details == (Detail("resize", GB_DAY),)
    assert operations.charged
    assert stored.charged
    assert (operations.charged.amount, stored.charged.amount) == (Decimal("0.23"), Decimal("0.01"))
    assert (bill.total, bill.currency, str(bill.prices_from)) == (Decimal("0.24"), "EUR", "2026-11")


def test_usage_counts_once_whether_or_not_it_was_folded(meter: Meter) -> None:
    meter.call(times=3)
    before = meter.bill("2026-11")
    meter.fold()
    after = meter.bill("2026-11")
    meter.call(times=4)

    assert before == after
    assert meter.bill("2026-11").lines[0].quantity == 7


def test_refused_calls_cost_nothing(meter: Meter) -> None:
    meter.call(times=2)
    meter.call(times=5, outcome=Unavailable("not now"))
    meter.fold()
    meter.call(times=5, outcome=NotFound("no such task"))

    assert meter.bill("2026-11").lines[0].quantity == 2


def test_a_month_is_from_midnight_to_midnight_in_utc(meter: Meter) -> None:
    for instant in ("2026-10-31 23:59:59", "2026-11-01 00:00", "2026-11-30 23:59:59"):
        meter.at(instant).call()
    meter.fold()
    meter.at("2026-12-01 00:00").call()

    months = [meter.bill(month).lines[0].quantity for month in ("2026-10", "2026-11", "2026-12")]

    assert months == [1, 2, 1]


def test_storage_of_a_whole_month_is_counted_to_the_second(meter: Meter) -> None:
    meter.at("2026-10-31 12:00").holds(size=10**9)
    meter.sample()

    meter.at("2026-12-05 00:00").sample()

    assert meter.bill("2026-11").lines[1].quantity == 30 * GB_DAY


def test_storage_beyond_a_bigint_is_added_up_exactly(meter: Meter) -> None:
    size = 2**46 + 7  # bytes: more than 2^62 byte-seconds in each whole day
    meter.at("2026-11-01 00:00").sample()
    meter.holds(size=size)
    meter.at("2026-11-01 00:01").sample()
    meter.at("2026-11-11 00:01").sample()

    stored = meter.bill("2026-11").lines[1]

    assert stored.quantity == 10 * 86_400 * size > 2**63
    assert stored.details == (Detail("resize", stored.quantity),)


def test_months_with_usage_are_known_until_they_are_swept(meter: Meter) -> None:
    july = int(datetime(2026, 7, 9, tzinfo=UTC).timestamp()) * MICROSECONDS
    meter.at("2026-08-03 12:00").call()
    meter.at("2026-09-03 12:00").call(outcome=Unavailable("no"))
    meter.at("2026-10-03 12:00").holds(size=1)
    meter.sample()
    meter.at("2026-10-03 12:01").sample()
    meter.at("2026-11-03 12:00").fold()

    def months() -> list[str]:
        operation = partial(billing.used_months, project_id="shop", since=july)
        return list(map(str, meter.do(operation)))

    assert months() == ["2026-11", "2026-10", "2026-08"]
    swept = Month(2026, 8).starts + 1
    meter.do(lambda tx, _: billing_rows.move_swept_before(tx, swept))
    assert months() == ["2026-11", "2026-10"]


def test_what_is_free_costs_nothing_and_the_next_one_does() -> None:
    sheet = PriceSheet("EUR", Decimal(10_000), Decimal(5), Decimal(1), Decimal("0.5"))

    assert amounts(5, GB_DAY // 2, sheet) == ["0.00", "0.00"]
    assert amounts(6, GB_DAY, sheet) == ["1.00", "0.50"]
    assert amounts(0, 0, sheet) == ["0.00", "0.00"]


@pytest.mark.parametrize(
    ("currency", "exact", "rounded"),
    [
        ("EUR", "0.125", "0.12"),
        ("EUR", "0.135", "0.14"),
        ("EUR", "0.1250001", "0.13"),
        ("JPY", "2.5", "2"),
        ("JPY", "3.5", "4"),
        ("KWD", "0.0005", "0.000"),
        ("KWD", "0.0015", "0.002"),
    ],
)
def test_each_line_is_rounded_half_to_even(currency: str, exact: str, rounded: str) -> None:
    sheet = PriceSheet(currency, Decimal(exact), Decimal(0), Decimal(exact), Decimal(0))

    assert amounts(10_000, GB_DAY, sheet) == [rounded, rounded]


def test_amounts_stay_exact_however_large() -> None:
    sheet = PriceSheet(
        "EUR", Decimal("999999999999.999999999999"), Decimal(0), Decimal(0), Decimal(0)
    )  # as long as a price may be

    amount = amounts(2**63 - 1, 0, sheet)[0]

    exact = Fraction(2**63 - 1) * Fraction(sheet.operations_price) / 10_000
    assert Fraction(amount) == Fraction(round(exact * 100), 100)


def test_without_a_price_sheet_usage_is_shown_and_nothing_is_asked_for(meter: Meter) -> None:
    meter.call()
    meter.price("2026-12")

    bill = meter.bill("2026-11")

    assert (bill.lines[0].quantity, bill.lines[0].charged) == (1, None)
    assert (bill.total, bill.currency, bill.prices_from) == (None, "", None)


def test_a_project_without_usage_has_a_bill_of_nothing(meter: Meter) -> None:
    meter.price("2026-11")

    assert meter.bill("2026-11", "empty").total == 0
    assert meter.bills("2026-11") == []


def test_a_month_that_runs_is_preliminary_and_says_as_of_when(meter: Meter) -> None:
    meter.sample()

    assert meter.bill("2026-11").preliminary_at == meter.now


def test_a_month_is_final_once_its_last_calls_and_its_storage_are_in(meter: Meter) -> None:
    meter.sample()

    states = []
    for instant in ("2026-11-30 23:00", "2026-12-01 00:30", "2026-12-01 01:00"):
        meter.at(instant)
        before = meter.bill("2026-11").preliminary_at is None
        meter.sample()
        states.append((before, meter.bill("2026-11").preliminary_at is None))

    assert states == [(False, False), (False, False), (True, True)]


def test_a_month_is_not_final_while_nobody_has_counted_its_storage(meter: Meter) -> None:
    meter.holds(size=10**9)
    meter.sample()

    meter.at("2027-02-01 00:00")

    assert meter.bill("2026-11").preliminary_at == meter.now


def test_a_month_that_has_not_begun_has_no_bill(meter: Meter) -> None:
    with pytest.raises(Invalid, match="2026-12 has not begun"):
        meter.bill("2026-12")
    with pytest.raises(Invalid, match="2026-12 has not begun"):
        meter.bills("2026-12")


def test_a_month_whose_usage_was_swept_has_no_bill_rather_than_a_smaller_one(meter: Meter) -> None:
    meter.call(times=2)
    meter.fold()
    meter.at("2027-01-02 00:00")
    sweep = partial(storage.sweep_storage, limit=100, keep_hours_days=10)

    meter.do(partial(sweep, keep_days_days=62))  # from November 1 on
    whole = meter.bill("2026-11").lines[0].quantity
    meter.do(partial(sweep, keep_days_days=61))

    assert whole == 2
    for ask in (meter.bill, meter.bills):
        with pytest.raises(NotFound, match=r"usage of 2026-11.* is no longer kept"):
            ask("2026-11")
    assert meter.bill("2026-12").lines[0].quantity == 0


def used(meter: Meter) -> None:
    """Three projects; the last days of November are over."""
    meter.price("2026-11", EXAMPLE)
    meter.totals = [("shop", "resize", 2, 77 * 10**9 + 1), ("shop", "Mail", 1, 3), ("b", "q", 1, 7)]
    meter.sample()
    meter.call("taskqueue.tasks.lease", times=3, cost=123_457)
    meter.call("taskqueue.tasks.insert", times=2, cost=5)
    meter.call(project_id="example.com:app", cost=1_000_000)
    meter.fold()
    meter.at("2026-12-02 00:00").sample()


def export(meter: Meter) -> tuple[str, str]:
    bills = meter.bills("2026-11")
    return billing_export.to_csv(bills), json.dumps([billing_export.to_value(b) for b in bills])


def test_two_exports_of_a_month_that_is_over_are_identical(meter: Meter) -> None:
    used(meter)
    first = export(meter)

    meter.at("2027-01-15 08:00").call(times=9)
    meter.price("2027-02", CENT)
    meter.sample()

    assert export(meter) == first
    assert [bill.project_id for bill in meter.bills("2026-11")] == ["b", "example.com:app", "shop"]


def test_anybody_can_compute_the_bill_anew_from_the_csv(meter: Meter) -> None:
    used(meter)

    records = list(csv.DictReader(io.StringIO(export(meter)[0])))

    for project in ("b", "example.com:app", "shop"):
        of_project = [record for record in records if record["project"] == project]
        total = Fraction(0)
        for line in (record for record in of_project if record["row"] == "line"):
            parts = [r for r in of_project if (r["row"], r["item"]) == ("usage", line["item"])]
            quantity = sum(int(part["quantity"]) for part in parts)
            billable = max(Fraction(0), quantity - Fraction(line["free"]))
            amount = round(billable * Fraction(line["price"]) / int(line["per"]), 2)
            assert int(line["quantity"]) == quantity
            assert Fraction(line["amount"]) == amount
            total += amount
        assert [Fraction(r["amount"]) for r in of_project if r["row"] == "total"] == [total]
    assert {"1.35", "8.35", "9.70"} <= {record["amount"] for record in records}


def test_the_json_has_the_same_and_every_number_as_text(meter: Meter) -> None:
    used(meter)

    *_, shop = json.loads(export(meter)[1])

    assert (shop["project"], shop["month"], shop["preliminary_at"]) == ("shop", "2026-11", None)
    assert [part["name"] for part in shop["lines"][1]["usage"]] == ["Mail", "resize"]
    assert shop["lines"][0] == {
        "item": "operations",
        "unit": "operation",
        "quantity": "370381",
        "usage": [
            {"name": "taskqueue/taskqueue.tasks.insert", "quantity": "10"},
            {"name": "taskqueue/taskqueue.tasks.lease", "quantity": "370371"},
        ],
        "free": "100000",
        "price": "0.05",
        "per": "10000",
        "amount": "1.35",
    }
    total = sum(Fraction(line["amount"]) for line in shop["lines"])
    assert Fraction(shop["total"]) == total


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 5), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_splitting_the_traffic_among_credentials_never_changes_the_total(
    meter: Meter, calls: list[tuple[str, int, bool]]
) -> None:
    one, many = next(PROJECTS), next(PROJECTS)
    with_a_price(meter)

    for credential, times, folds in calls:
        meter.call(times=times, cost=7, project_id=one)
        meter.call(times=times, cost=7, project_id=many, credential=credential)
        if folds:
            meter.fold()

    bills = [meter.bill("2026-11", project_id) for project_id in (one, many)]
    assert bills[0].lines == bills[1].lines
    assert bills[0].total == bills[1].total == Decimal(sum(7 * n for _, n, _ in calls)) / 100


def with_a_price(meter: Meter) -> None:
    if meter.bill("2026-11").currency == "":
        meter.price("2026-11", CENT)


price = st.decimals(0, 1_000, places=6)
quantity = st.integers(0, 2**63)


@given(
    sheet=st.builds(
        PriceSheet,
        currency=st.sampled_from(["EUR", "JPY", "KWD"]),
        operations_price=price,
        free_operations=st.integers(0, 10**9).map(Decimal),
        storage_price=price,
        free_gb_days=price,
    ),
    usage=st.tuples(quantity, quantity),
    more=st.tuples(quantity, quantity),
)
def test_more_usage_never_lowers_a_bill(
    sheet: PriceSheet, usage: tuple[int, int], more: tuple[int, int]
) -> None:
    less = [Decimal(amount) for amount in amounts(*usage, sheet)]
    greater = [Decimal(amount) for amount in amounts(usage[0] + more[0], usage[1] + more[1], sheet)]

    assert all(a <= b for a, b in zip(less, greater, strict=True))
    assert all(amount >= 0 for amount in less)
