"""Calls of the administration API are counted once each, in the project of the client."""

from collections import Counter

import pytest

from leasehold.oauth2 import scopes
from leasehold.usage import reports
from tests.administration_api.world import ADMIN, DAY, TOOLS, World
from tests.running_server import PROJECT

ROOT = f"projects/{PROJECT}"


def counts(world: World) -> Counter[tuple[str, str]]:
    """All calls that were counted, by method and outcome."""
    now = world.server.clock.now()
    report = world.server.do(
        lambda tx, at: reports.report(
            tx,
            at,
            TOOLS,
            since=now - DAY * 1_000_000,
            until=now + DAY * 1_000_000,
            period="day",
            by=("method", "outcome"),
        )
    )
    found: Counter[tuple[str, str]] = Counter()
    for line in report.lines:
        method, outcome = line.values
        found[method.removeprefix("leasehold."), outcome] += line.calls
    return found


@pytest.fixture
def before(world: World) -> Counter[tuple[str, str]]:
    return counts(world)


def test_each_call_is_counted_once_as_what_it_was_answered(
    world: World, before: Counter[tuple[str, str]]
) -> None:
    owner = world.caller()
    reader = world.caller(ADMIN, scopes.LEASEHOLD_ADMIN_READ)

    sent = [
        owner.send("POST", f"{ROOT}/queues", json={"name": "resize"}),
        owner.send("POST", f"{ROOT}/queues", json={"name": "resize"}),
        owner.send("POST", f"{ROOT}/queues", json={"nmae": "resize"}),
        owner.send("GET", f"{ROOT}/queues"),
        owner.send("GET", f"{ROOT}/queues", params={"fields": "kweues"}),
        owner.send("GET", f"{ROOT}/queues/none"),
        owner.send("HEAD", f"{ROOT}/queues"),
        owner.send("POST", f"{ROOT}/queues", headers={"X-HTTP-Method-Override": "GET"}),
        owner.send("POST", f"{ROOT}/queues/resize:purge", json={}),
        owner.send("GET", f"{ROOT}/quotas"),
        reader.send("GET", f"{ROOT}/quotas"),
        reader.send("POST", f"{ROOT}/queues/resize:pause", json={}),
        reader.send("DELETE", ROOT),
    ]

    expected = {
        ("queues.create", "done"): 1,
        ("queues.create", "duplicate"): 1,
        ("queues.create", "invalid"): 1,
        ("queues.list", "done"): 2,
        ("queues.list", "invalidParameter"): 1,
        ("queues.get", "notFound"): 1,
        ("queues.purge", "done"): 1,
        ("quotas.list", "done"): 2,
        ("queues.pause", "insufficientPermissions"): 1,
        ("projects.delete", "insufficientPermissions"): 1,
    }
    assert 405 == sent[6].status_code
    assert expected == counts(world) - before
