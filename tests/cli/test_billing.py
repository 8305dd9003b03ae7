"""`leasehold billing`: price sheets, bills on a terminal, and exports."""

import csv
import io
import json
from pathlib import Path

import pytest

from leasehold.cli.database import transact
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from leasehold.usage.month import Month
from tests.cli.commands import Commands


@pytest.fixture
def month(shop: Commands) -> str:
    """The month that runs; in it the project `shop` has used 150,000 operations."""
    charge = Charge("shop", "taskqueue", "taskqueue.tasks.insert", "c", "", "c@x.y", 150_000)

    def run(tx: Transaction, now: int) -> str:
        ledger.record(tx, now, [(charge, None)])
        return str(Month.at(now))

    return transact(open_engine(shop.database_url), run)


def set_prices(commands: Commands, month: str) -> str:
    template = commands.ok("billing price-sheet template")
    return commands.ok(f"billing price-sheet set - --from {month}", typed=template)


def test_the_template_is_a_price_sheet_and_then_the_newest_one(
    shop: Commands, month: str, tmp_path: Path
) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(shop.ok("billing price-sheet template").replace("0.05", "0.06"))

    said = shop.ok(f"billing price-sheet set {file} --from {month}")

    assert f"These prices hold from {month} on." in said
    assert "10,000 operations: EUR 0.06; free each month: 100,000." in said
    assert "A GB stored for a day: EUR 0.004; free each month: 30." in said
    assert file.read_text() == shop.ok("billing price-sheet template")
    assert "0.06" == shop.json("billing price-sheet template")["operations_price"]


def test_show_lists_the_price_sheets(shop: Commands, month: str) -> None:
    nothing = shop.ok("billing price-sheet show")
    set_prices(shop, month)
    set_prices(shop, "2999-01")

    table = shop.ok("billing price-sheet show").splitlines()
    values = shop.json("billing price-sheet show")

    assert nothing == (
        "There is no price sheet: leasehold billing price-sheet template shows one.\n"
    )
    assert ["2999-01", month] == [value["from"] for value in values]
    assert table[1].split()[:6] == ["2999-01", "EUR", "0.05", "100000", "0.004", "30"]


def test_a_bad_file_is_refused_with_its_field_and_changes_nothing(shop: Commands) -> None:
    said = shop.refused("billing price-sheet set - --from 2999-01", typed='currency = "EURO"')
    missing = shop.refused("billing price-sheet set missing.toml --from 2999-01")

    assert said.startswith("leasehold: in the price sheet ")
    assert "missing.toml cannot be read: No such file or directory" in missing
    assert [] == shop.json("billing price-sheet show")


def test_prices_of_a_month_that_has_begun_stay(shop: Commands, month: str) -> None:
    set_prices(shop, month)

    template = shop.ok("billing price-sheet template")
    said = shop.refused(f"billing price-sheet set - --from {month}", typed=template)

    assert f"leasehold: {month} has begun, and its prices stay as they are" in said


@pytest.mark.parametrize("line", ["show --project shop --month 11", "export --month 2026-13"])
def test_a_month_is_written_with_its_year_first(shop: Commands, line: str) -> None:
    assert "a month is written like 2026-11" in shop.misused(f"billing {line}")


def test_a_bill_shows_what_is_used_free_and_paid(shop: Commands, month: str) -> None:
    set_prices(shop, month)

    lines = shop.ok(f"billing show --project shop --month {month}").splitlines()

    assert lines[0].startswith(f"shop, {month} in UTC: preliminary, as of ")
    assert lines[2].split() == ["Item", "Quantity", "Free", "Price", "Amount"]
    assert " ".join(lines[3].split()) == (
        "Operations 150,000 100,000 EUR 0.05 per 10,000 operations EUR 0.25"
    )
    assert lines[4].split()[:2] == ["taskqueue/taskqueue.tasks.insert", "150,000"]
    assert lines[5].split()[:5] == ["GB-days", "stored", "0.000000", "30.000000", "EUR"]
    assert lines[-1] == "Total: EUR 0.25"


def test_without_a_price_sheet_the_bill_shows_usage_and_where_prices_come_from(
    shop: Commands, month: str
) -> None:
    said = shop.ok("billing show --project shop")
    value = shop.json("billing show --project shop")

    assert "150,000" in said
    assert "No price sheet is in force: see leasehold billing price-sheet --help." in said
    assert (month, None, None) == (value["month"], value["total"], value["currency"])
    assert "150000" == value["lines"][0]["quantity"]


def test_an_export_has_every_project_or_one_as_csv_or_json(shop: Commands, month: str) -> None:
    set_prices(shop, month)

    records = list(csv.DictReader(io.StringIO(shop.ok(f"billing export --month {month}"))))
    one = shop.ok(f"billing export --month {month} --project shop --csv")
    values = shop.json(f"billing export --month {month}")

    assert ["usage", "line", "line", "total"] == [record["row"] for record in records]
    assert "0.25" == records[-1]["amount"]
    assert one.count("\n") == len(records) + 1
    assert json.dumps(values).count('"project": "shop"') == 1
    assert "0.25" == values[0]["total"]


def test_csv_and_json_at_once_are_refused(shop: Commands) -> None:
    assert "exclude each other" in shop.misused("billing export --month 2026-11 --csv --json")


def test_a_bill_of_a_missing_project_or_a_month_to_come_is_refused(shop: Commands) -> None:
    missing = shop.refused("billing show --project missing")
    to_come = shop.refused("billing export --month 2999-01")

    assert "there is no project 'missing'" in missing
    assert "2999-01 has not begun" in to_come
