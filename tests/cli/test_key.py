"""`leasehold key`: API keys, and the strings by which they are sent."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.commands import Commands

CREATE = "key create --project shop --name Printer"
UNKNOWN = "a" * 24


@pytest.fixture(autouse=True)
def secret_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL it would be made in the directory in which the tests run."""
    monkeypatch.setenv("LEASEHOLD_SECRET_KEY_FILE", str(tmp_path / "secret.key"))


@pytest.fixture
def printer(shop: Commands) -> str:
    """The id of a key."""
    return str(shop.json(CREATE)["key"])


def numbers(commands: Commands, key_id: str) -> list[int]:
    return [string["number"] for string in commands.json(f"key show {key_id}")["strings"]]


def days_until(text: str) -> int:
    """Rounded: a test takes no half day."""
    return round((datetime.fromisoformat(text) - datetime.now(UTC)) / timedelta(days=1))


def test_create_prints_the_key_alone_on_stdout_and_what_to_do_with_it_on_stderr(
    shop: Commands,
) -> None:
    result = shop.run(CREATE)

    assert re.fullmatch(r"lhk_[A-Za-z0-9_-]{49}\n", result.stdout)
    assert "shown this once" in result.stderr
    assert "X-Goog-Api-Key" in result.stderr
    assert "nothing restricts it" in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_the_string_is_shown_by_no_other_command(shop: Commands) -> None:
    text = shop.ok(CREATE).strip()
    (key,) = shop.json("key list --project shop")

    shown = [
        shop.ok(f"{line} {more}")
        for line in ("key list --project shop", f"key show {key['key']}")
        for more in ("", "--json")
    ]

    assert not any(text in output for output in shown)
    assert text[-4:] == key["strings"][0]["ending"]


def test_create_sets_all_restrictions(shop: Commands) -> None:
    made = shop.json(
        f"{CREATE} --address 203.0.113.9 --address 2001:DB8::/32 --api taskqueue"
        " --queue shop/resize --calls-per-minute 600 --expires 90d"
    )

    assert ["203.0.113.9/32", "2001:db8::/32"] == made["addresses"]
    assert (["taskqueue"], ["shop/resize"], 600) == (
        made["apis"],
        made["queues"],
        made["calls_per_minute"],
    )
    assert ["addresses", "apis", "queues"] == made["restrictions"]
    assert 90 == days_until(made["expires_at"])
    assert made["key_string"].startswith("lhk_")
    shown = shop.json(f"key show {made['key']}")
    assert {name: made[name] for name in shown} == shown


def test_what_cannot_be_is_refused_with_what_would_do(shop: Commands) -> None:
    assert "the range is 10.0.0.0/8" in shop.refused(f"{CREATE} --address 10.0.0.1/8")
    assert "example.com/* is all of that host" in shop.refused(f"{CREATE} --referrer example.com")
    assert "not to both" in shop.refused(f"{CREATE} --address ::1 --referrer a.example.com/*")
    assert "would have expired" in shop.refused(f"{CREATE} --expires 2020-01-01")
    assert "before the year 10000" in shop.refused(f"{CREATE} --expires 9999-12-31T23:59:59-23:00")
    assert "how long from now" in shop.misused(f"{CREATE} --expires soon")
    assert "how long from now" in shop.misused(f"{CREATE} --expires 0000-00-00")
    assert [] == shop.json("key list --project shop")


def test_an_instant_without_an_offset_is_utc(shop: Commands) -> None:
    instants = [
        shop.json(f"{CREATE} --expires {text}")["expires_at"]
        for text in ("2999-01-31", "2999-01-31T00:00Z", "2999-01-31T01:00+01:00")
    ]

    assert {"2999-01-31T00:00:00.000000Z"} == set(instants)


def test_change_replaces_the_lists_that_are_given_and_no_others(
    shop: Commands, printer: str
) -> None:
    shop.ok(f"key change {printer} --address 10.0.0.0/8 --api taskqueue --calls-per-minute 5")

    changed = shop.json(
        f"key change {printer} --any-address --referrer *.example.com/* --no-calls-per-minute"
    )

    assert ([], ["*.example.com/*"]) == (changed["addresses"], changed["referrers"])
    assert (["taskqueue"], None) == (changed["apis"], changed["calls_per_minute"])
    assert "was changed" in shop.ok(f"key change {printer} --name Plotter --never-expires")


def test_change_wants_something_to_change_and_no_contradiction(
    shop: Commands, printer: str
) -> None:
    assert "say what to change" in shop.misused(f"key change {printer}")
    for both in (
        "--address ::1 --any-address",
        "--queue shop/q --any-queue",
        "--calls-per-minute 5 --no-calls-per-minute",
        "--expires 5d --never-expires",
    ):
        assert "exclude each other" in shop.misused(f"key change {printer} {both}")


def test_a_key_is_rotated_step_by_step(shop: Commands, printer: str) -> None:
    (older,) = numbers(shop, printer)

    rotated = shop.run(f"key rotate {printer}")

    assert rotated.stdout.startswith("lhk_")
    assert f"leasehold key end {printer} {older}" in rotated.stderr
    assert f"end the older one (number {older}" in shop.refused(f"key rotate {printer}")
    assert "has ended" in shop.ok(f"key end {printer} {older}")
    (newer,) = numbers(shop, printer)
    assert newer != older


def test_the_older_string_can_be_given_its_end_at_once(shop: Commands, printer: str) -> None:
    rotated = shop.json(f"key rotate {printer} --older-ends 7d")
    older, newer = rotated["strings"]

    assert (7, None) == (days_until(older["ends_at"]), newer["ends_at"])
    assert newer["number"] == rotated["new_string"]
    assert "ends then" in shop.ok(f"key end {printer} {newer['number']} --at 12h")


def test_who_ends_the_last_string_is_told_how_to_make_one(shop: Commands, printer: str) -> None:
    (number,) = numbers(shop, printer)

    ended = shop.run(f"key end {printer} {number}")

    assert f"leasehold key rotate {printer}" in ended.stderr
    assert "has no string" in shop.refused(f"key end {printer} {number}")
    assert "without a string" == shop.json(f"key show {printer}")["state"]


def test_a_deleted_key_can_be_had_back(shop: Commands, printer: str) -> None:
    assert "nothing was changed" in shop.refused(f"key delete {printer}", typed="n\n")

    assert f"leasehold key undelete {printer}" in shop.ok(f"key delete {printer} --yes")

    assert "has no API keys" in shop.ok("key list --project shop")
    (deleted,) = shop.json("key list --project shop --deleted")
    assert ("deleted", 30) == (deleted["state"], days_until(deleted["undelete_until"]))
    assert "undelete it first" in shop.refused(f"key rotate {printer}")
    assert "is good again" in shop.ok(f"key undelete {printer}")
    assert "good" == shop.json(f"key show {printer}")["state"]


@pytest.mark.parametrize(
    "line", ["show", "change --name x", "rotate", "end 1", "delete --yes", "undelete"]
)
def test_an_unknown_key_is_not_there(shop: Commands, line: str) -> None:
    verb, _, rest = line.partition(" ")

    assert "there is no API key" in shop.refused(f"key {verb} {UNKNOWN} {rest}".strip())


def test_an_unknown_project_has_no_keys(shop: Commands) -> None:
    assert "there is no project" in shop.refused("key list --project nope")
    assert "there is no project" in shop.refused("key create --project nope --name x")
