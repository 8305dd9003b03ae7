"""`leasehold quota`."""

import pytest
from click.testing import CliRunner

from leasehold.cli.main import command
from leasehold.storage.engine import open_engine
from leasehold.usage.meter import Meter
from leasehold.usage.quotas import Limits, buckets_of
from tests.cli.commands import Commands
from tests.moved_clock import MovedClock
from tests.usage.metering import with_meters


def run_quoted(commands: Commands, *words: str) -> str:
    """Words that hold spaces."""
    environment = {"LEASEHOLD_DATABASE": commands.database_url}
    result = CliRunner().invoke(command, words, env=environment, catch_exceptions=False)
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_a_project_has_the_defaults(shop: Commands) -> None:
    shown = shop.json("quota show --project shop")

    assert [
        ("calls_per_day", 86_400, 50_000_000, "default", 0),
        ("calls_per_minute", 60, 3_000_000, "default", 0),
        ("calls_per_user", 100, 1_000_000, "default", None),
    ] == [
        (row["quota"], row["window_seconds"], row["limit"], row["decided_by"], row["drawn"])
        for row in shown
    ]
    assert "50,000,000" in shop.ok("quota show --project shop")


def test_a_limit_is_set_with_a_reason_and_taken_back(shop: Commands) -> None:
    words = ("quota", "set", "calls_per_day", "100_000", "--project", "shop")
    said = run_quoted(shop, *words, "--why", "trial until May")
    shown = shop.ok("quota show --project shop")
    removed = shop.json("quota remove calls_per_day --project shop")

    assert "calls_per_day of project shop is 100,000 now." in said
    assert "trial until May" in shown
    assert "operator, " in shown
    assert removed["removed"]
    assert "trial" not in shop.ok("quota show --project shop")


def test_a_limit_can_be_taken_away(shop: Commands) -> None:
    value = shop.json("quota set calls_per_minute none --project shop --why ours")

    assert ("operator", None) == (value["source"], value["limit"])
    assert "no limit" in shop.ok("quota show --project shop")


def test_a_small_bar_shows_what_is_used_in_this_window(shop: Commands) -> None:
    shop.ok("quota set calls_per_day 10 --project shop --why trial")

    async def visit(meter: Meter) -> None:
        for _ in range(4):
            await meter.take(buckets_of(Limits(10, None, None), project_id="shop"))

    with_meters(open_engine(shop.database_url), [MovedClock()], visit)

    assert "████░░░░░░ 4 of 10" in shop.ok("quota show --project shop")


def test_what_is_refused_is_told_in_one_line(shop: Commands) -> None:
    for said, expected in (
        (shop.refused("quota show --project nope"), "there is no project"),
        (shop.refused("quota set calls_per_day 0 --project shop --why x"), "disable the project"),
        (shop.refused("quota remove calls_per_day --project shop"), "the operator has set no"),
    ):
        assert expected in said
        assert 1 == said.count("\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("quota set calls_per_day many --project shop --why x", "neither a whole number nor none"),
        ("quota set calls_per_day -5 --project shop --why x", "No such option"),
        ("quota set calls_per_year 5 --project shop --why x", "calls_per_user"),
        ("quota set calls_per_day 5 --project shop", "Missing option '--why'"),
    ],
)
def test_a_line_that_is_no_good_is_explained(shop: Commands, line: str, expected: str) -> None:
    assert expected in shop.misused(line)
