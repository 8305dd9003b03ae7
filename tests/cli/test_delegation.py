"""`leasehold delegation`."""

from pathlib import Path

import pytest

from tests.cli.commands import Commands

WORKER = "worker@shop.iam.leasehold.internal"
SCOPE = "https://www.googleapis.com/auth/taskqueue"


@pytest.fixture
def worker(shop: Commands, tmp_path: Path) -> Commands:
    shop.ok(
        f"service-account create worker --project shop --key-file {tmp_path / 'worker.json'}"
        " --issuer https://tasks.example.com"
    )
    return shop


def test_an_account_is_let_and_listed_and_stopped(worker: Commands) -> None:
    added = worker.json(
        f"delegation add {WORKER} --domain Example.com --scope {SCOPE} --scope {SCOPE}.consumer"
    )
    listed = worker.json("delegation list")
    removed = worker.json(f"delegation remove {WORKER} --domain example.com")

    assert ("example.com", WORKER) == (added["domain"], added["email"])
    assert [SCOPE, f"{SCOPE}.consumer"] == added["scopes"]
    assert [added] == listed
    assert removed["removed"]
    assert "No service account may act for others" in worker.ok("delegation list")


def test_the_next_step_is_named(worker: Commands) -> None:
    said = worker.ok(f"delegation add {WORKER} --domain example.com --scope {SCOPE}")

    assert "may act for users of example.com" in said
    assert "with_subject('somebody@example.com')" in said
    assert "example.com" in worker.ok("delegation list")


def test_what_is_refused_is_told_in_one_line(worker: Commands) -> None:
    line = f"delegation add {WORKER} --domain example.com"
    worker.ok(f"{line} --scope {SCOPE}")

    for said, expected in (
        (worker.refused(f"{line} --scope {SCOPE}"), "remove that first"),
        (worker.refused(f"{line} --scope everything"), "a scope is not known here"),
        (worker.refused(f"delegation add {WORKER} --domain * --scope {SCOPE}"), "not a domain"),
        (
            worker.refused(f"delegation add x@y --domain a.example --scope {SCOPE}"),
            "no service account",
        ),
        (worker.refused(f"delegation remove {WORKER} --domain a.example"), "may not act"),
    ):
        assert expected in said
        assert 1 == said.count("\n")
