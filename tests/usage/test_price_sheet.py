"""Price sheets: read strictly, kept exactly, and fixed once their month has begun."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.errors import Conflict, Invalid
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows, price_sheet
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE, PriceSheet, parse, to_toml
from tests.usage.meter import Meter, metering

DEARER = PriceSheet("EUR", Decimal("0.07"), Decimal(0), Decimal("0.005"), Decimal("0.5"))


@pytest.fixture
def meter(database_url: str) -> Iterator[Meter]:
    with metering(database_url) as made:
        yield made


def sheet_with(old: str, new: str) -> bytes:
    text = to_toml(EXAMPLE)
    assert old in text
    return text.replace(old, new).encode()


numbers = st.decimals(0, 10**6, places=6)


@given(
    st.builds(
        PriceSheet,
        currency=st.sampled_from(["EUR", "USD", "JPY", "KWD"]),
        operations_price=numbers,
        free_operations=st.integers(0, 10**12).map(Decimal),
        storage_price=numbers,
        free_gb_days=numbers,
    )
)
def test_a_sheet_that_is_written_is_read_as_the_same(sheet: PriceSheet) -> None:
    assert parse(to_toml(sheet).encode()) == sheet


def test_prices_are_decimal_and_exact() -> None:
    sheet = parse(sheet_with("0.05", "0.1"))

    assert sheet.operations_price == Decimal("0.1")
    assert sheet.operations_price * 3 == Decimal("0.3")


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ('currency = "EUR"', "", "currency", "three letters"),
        ('"EUR"', '"euro"', "currency", "three letters"),
        ('"EUR"', '"eur"', "currency", 'currency = "EUR"'),
        ('"EUR"', "978", "currency", "three letters"),
        ("[storage]", "[store]", "store", "is not known; here may stand: currency, operations"),
        ("price_per_10000", "price", "operations.price", "is not known"),
        ("price_per_10000 = 0.05", "", "operations.price_per_10000", "is missing; write 0"),
        ("0.05", '"0.05"', "operations.price_per_10000", "without quotation marks"),
        ("0.05", "true", "operations.price_per_10000", "is a number"),
        ("0.05", "2026-11-01", "operations.price_per_10000", "is a number"),
        ("0.05", "-0.05", "operations.price_per_10000", "from 0 to 1,000,000,000,000"),
        ("0.05", "nan", "operations.price_per_10000", "from 0 to"),
        ("0.05", "inf", "operations.price_per_10000", "from 0 to"),
        ("0.05", "1e13", "operations.price_per_10000", "from 0 to"),
        ("0.05", "0x" + "f" * 9_000, "operations.price_per_10000", "from 0 to"),
        ("0.05", "0.0000000000001", "operations.price_per_10000", "12 decimal places"),
        ("0.05", "1e-99999", "operations.price_per_10000", "12 decimal places"),
        ("100000", "0.5", "operations.free_per_month", "whole number"),
        ("0.004", "[1]", "storage.price_per_gb_day", "is a number"),
    ],
)
def test_a_mistake_is_named_with_its_field(old: str, new: str, field: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refusal:
        parse(sheet_with(old, new))

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'currency = "EUR"\n[operations\n', "line 2"),
        (b'currency = "EUR"\n# \xff', r"not UTF-8 text \(at line 2\)"),
        (b"a = " + b"9" * 9_000, "too large"),
        (b"a = " + b"[" * 9_000, "too large"),
        (b"a = 1e99999999999999999999", "too large"),
        (b"#" * 70_000, "longer than 65,536 bytes"),
        (b"", "operations is missing"),
        (b"operations = 1\ncurrency = 1\nstorage = 2", "operations is missing"),
        ("\u202e".join(["a" * 300, "b=1"]).encode(), "not TOML"),
        ('"\x1b[31m' + "x" * 300 + '" = 1', "not TOML"),
    ],
)
def test_what_is_no_sheet_is_refused_in_words(data: bytes | str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refusal:
        parse(data if isinstance(data, bytes) else data.encode())

    assert len(refusal.value.message) < 300


def test_an_amount_has_the_decimal_places_of_its_currency() -> None:
    digits = {
        currency: parse(sheet_with("EUR", currency)).minor_digits
        for currency in ("EUR", "JPY", "KWD", "CLF", "XYZ")
    }

    assert digits == {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "XYZ": 2}


def test_a_sheet_holds_from_its_month_until_the_next_one(meter: Meter) -> None:
    meter.price("2026-12", EXAMPLE)
    meter.price("2027-03", DEARER)

    def sheet_of(month: str) -> PriceSheet | None:
        kept = meter.do(lambda tx, _: price_sheet.in_force(tx, Month.parse(month)))
        return kept.sheet if kept else None

    months = ("2026-11", "2026-12", "2027-02", "2027-03", "2031-01")
    assert [sheet_of(month) for month in months] == [None, EXAMPLE, EXAMPLE, DEARER, DEARER]


def test_a_sheet_may_be_replaced_until_its_month_begins(meter: Meter) -> None:
    meter.price("2026-12", EXAMPLE)
    meter.at("2026-11-30 23:59:59").price("2026-12", DEARER)

    with pytest.raises(Conflict, match=r"2026-12 has begun.* may start with 2027-01"):
        meter.at("2026-12-01 00:00").price("2026-12", EXAMPLE)

    (kept,) = meter.do(lambda tx, _: price_sheet.list_sheets(tx))
    assert (kept.sheet, str(kept.from_month), kept.set_by) == (DEARER, "2026-12", "root")


def test_the_first_sheet_of_all_may_begin_with_the_month_that_runs(meter: Meter) -> None:
    meter.price("2026-11", EXAMPLE)

    with pytest.raises(Conflict):
        meter.price("2026-11", DEARER)


def test_no_price_changes_after_the_fact(meter: Meter) -> None:
    meter.at("2026-09-01 00:00").price("2026-09", EXAMPLE)
    meter.at("2026-11-03 12:00")

    for month in ("2026-08", "2026-09", "2026-10", "2026-11"):
        with pytest.raises(Conflict):
            meter.price(month, DEARER)


def test_a_month_that_is_over_gets_no_first_sheet(meter: Meter) -> None:
    with pytest.raises(Conflict, match="2026-10 has begun"):
        meter.price("2026-10", EXAMPLE)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "1969-12",
                                  "9999-01", "2026-11-01", "٢٠٢٦-11", "2026-11\n"])  # fmt: skip
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="written like 2026-11"):
        Month.parse(text)


def test_months_are_as_long_as_the_calendar_has_them() -> None:
    days = [
        (month.ends - month.starts) / 86_400
        for month in map(Month.parse, ("2026-11", "2026-12", "2027-02", "2028-02"))
    ]

    assert days == [30, 31, 28, 29]


def test_of_two_operators_who_both_set_the_first_sheet_one_is_refused(meter: Meter) -> None:
    def put(tx: Transaction, now: int, sheet: str) -> bool:  # as both see it before either commits
        return billing_rows.put_price_sheet(
            tx, now, from_month="2026-11", sheet=sheet, set_by="root", running_month="2026-11"
        )

    outcomes = [meter.do(partial(put, sheet=sheet)) for sheet in ("first", "second")]

    assert outcomes == [True, False]
    assert [row.sheet for row in meter.do(lambda tx, _: billing_rows.price_sheets(tx))] == ["first"]
