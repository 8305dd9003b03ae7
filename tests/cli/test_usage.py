"""`leasehold usage`: calls and storage as tables, JSON and CSV."""

import csv
import io
import sys

import pytest

from leasehold.cli.bars import WIDTH, bars
from leasehold.cli.database import transact
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows, ledger
from leasehold.usage.charge import Charge
from leasehold.usage.ledger import Refusal
from tests.cli.commands import Commands

LEASE = Charge("shop", "taskqueue", "taskqueue.tasks.lease", "worker", "", "w@example.com", 1)
INSERT = Charge("shop", "taskqueue", "taskqueue.tasks.insert", "web", "", "=1+1@example.com", 2)

NOON = 1_793_707_200  # 2026-11-03 12:00
NOVEMBER = "--project shop --since 2026-11-01 --until 2026-12-01"

WRONG = {
    "--since yesterday": "since takes a day such as 2026-11-01",
    "--since 2026-11-02 --until 2026-11-01": "until is not after since",
    "--since 2026-11-01 --until 2026-12-01 --period minute": "choose a longer period",
    "--where queue=resize": "'queue' is not a dimension of calls",
    "--by method --by method": "named twice",
}


@pytest.fixture
def used(shop: Commands) -> Commands:
    """A project whose callers did something, and whose queue held something, at that noon."""
    calls = [(LEASE, None), (LEASE, None), (INSERT, None), (LEASE, Refusal("notFound"))]

    def run(tx: Transaction, _now: int) -> None:
        ledger.record(tx, NOON * 10**6, calls)
        billing_rows.replace_held(tx, [("shop", "resize", 3, 600)])
        for period in ("hour", "day"):
            starts = NOON if period == "hour" else NOON - 12 * 3_600
            billing_rows.add_stored(tx, period, starts, seconds=3_600)

    transact(open_engine(shop.database_url), run)
    return shop


def test_report_is_a_table_with_a_line_for_each_period(used: Commands) -> None:
    said = used.ok(f"usage report {NOVEMBER}")

    assert "Day (UTC)   Calls  Errors  Cost\n2026-11-03      4       1     4\n" in said
    assert "Together: 4 calls, 1 of them refused, cost 4." in said


def test_report_shows_dimensions_and_keeps_what_is_asked_for(used: Commands) -> None:
    said = used.ok(
        f"usage report {NOVEMBER} --period hour --by outcome --where method=taskqueue.tasks.lease"
    )

    assert "2026-11-03 12:00  done          2       0     2\n" in said
    assert "2026-11-03 12:00  notFound      1       1     0\n" in said


def test_report_without_a_terminal_has_no_bars(used: Commands) -> None:
    assert "█" not in used.ok(f"usage report {NOVEMBER}")


def test_report_as_json_has_every_number(used: Commands) -> None:
    value = used.json(f"usage report {NOVEMBER} --by method --latency")

    assert ("shop", "day", "2026-11-01T00:00:00Z") == (
        *(value["project"], value["period"]),
        value["since"],
    )
    assert [("taskqueue.tasks.insert", 1, 2, None), ("taskqueue.tasks.lease", 3, 2, None)] == [
        (line["method"], line["calls"], line["cost"], line["p99_ms"]) for line in value["lines"]
    ]


def test_report_as_csv_holds_no_formula(used: Commands) -> None:
    text = used.ok(f"usage report {NOVEMBER} --by email --csv")

    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [
        ["day", "email", "calls", "errors", "cost"],
        ["2026-11-03T00:00:00Z", "'=1+1@example.com", "1", "0", "2"],
        ["2026-11-03T00:00:00Z", "w@example.com", "3", "1", "2"],
    ] == rows


def test_report_of_nothing_says_what_to_try(shop: Commands) -> None:
    said = shop.ok("usage report --project shop --where outcome=notFound")

    assert "had no such calls in that time: try an earlier --since, or fewer --where." in said
    assert [] == shop.json("usage report --project shop --period minute")["lines"]
    assert ["hour,calls,errors,cost"] == shop.ok(
        "usage report --project shop --period hour --csv"
    ).splitlines()


def test_what_cannot_be_reported_is_told_in_one_line(used: Commands) -> None:
    for options, why in WRONG.items():
        said = used.refused(f"usage report --project shop {options}")

        assert why in said
        assert 1 == said.count("\n")
    assert "no project 'other'" in used.refused("usage report --project other")
    assert "no project 'other'" in used.refused("usage storage --project other")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--where outcome", "--where takes NAME=VALUE"),
        ("--where api=a --where api=b", "each name once"),
        ("--json --csv", "choose --json or --csv"),
        ("--period week", "minute"),
        ("--by queue", "api"),
    ],
)
def test_options_that_make_no_sense_are_a_misuse(shop: Commands, options: str, why: str) -> None:
    assert why in shop.misused(f"usage report --project shop {options}")


def test_storage_is_a_table_too(used: Commands) -> None:
    said = used.ok(f"usage storage {NOVEMBER} --period hour --by-queue")

    assert "resize  3.0" in said
    value = used.json(f"usage storage {NOVEMBER} --period hour")
    assert [(3.0, 3, 600.0, 600)] == [
        (line["average_tasks"], line["most_tasks"], line["average_bytes"], line["most_bytes"])
        for line in value["lines"]
    ]


def test_storage_of_nothing_says_what_to_try(shop: Commands) -> None:
    assert "Nothing was stored for project shop" in shop.ok("usage storage --project shop")


def test_bars_are_as_long_as_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    drawn = bars([0, 1, 500, 1000])
    nothing = bars([0, 0])
    monkeypatch.undo()

    assert ["", "▏", "█" * (WIDTH // 2), "█" * WIDTH] == drawn
    assert ["", ""] == nothing


def test_a_terminal_that_has_no_blocks_gets_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "latin-1"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    drawn = bars([1])
    monkeypatch.undo()

    assert drawn is None


def test_since_may_say_how_long_ago(shop: Commands) -> None:
    value = shop.json("usage report --project shop --since 7d")

    assert {"lines"} <= value.keys()
