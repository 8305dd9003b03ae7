"""Every call is counted once: reports equal what callers were told, though servers are killed."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from leasehold.oauth2 import scopes
from tests.durability import late_count, traffic
from tests.durability.call_book import DONE, LOST, outside
from tests.durability.callers import calling
from tests.durability.market import Credential
from tests.durability.scene import Scene, added_up, scene
from tests.durability.traffic import ALL, READING, USUAL, at_most, at_random, perhaps_refused, refused

LATE = [sys.executable, late_count.__file__]

POOR_CALLS = 20  # that project poor has each day

STRANGERS_CALLS = 100  # which cost nothing, and would leave no time for others

REASONS = {  # of refusals that are counted, and were all seen
    "accessNotConfigured",
    "badRequest",
    "dailyLimitExceeded",
    "forbidden",
    "insufficientPermissions",
    "invalid",
    "invalidParameter",
    "ipRefererBlocked",
    "keyInvalid",
    "notFound",
    "parseError",
    "quotaExceeded",
    "rateLimitExceeded",
    "required",
}

OpenScene = Callable[..., Scene]


@pytest.fixture
def open_scene(engine_name: str, database_url: str, tmp_path: Path) -> Iterator[OpenScene]:
    """Opens a scene, perhaps with servers of another kind; on PostgreSQL there are two."""
    number = 2 if engine_name == "postgres" else 1
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(
            scene(database_url, tmp_path, number=number, **more)
        )


def add_everybody(scene: Scene) -> None:
    """Callers with every kind of credential, good and bad."""
    market = scene.market
    market.limit("poor", "calls_per_day", POOR_CALLS)
    keys = {name: (text, key.id) for name, (key, text) in market.keys.items()}
    worker, carter = market.program("worker"), market.program("carter")
    administrator = scopes.TASKQUEUE | scopes.LEASEHOLD_ADMIN_READ
    for credential in (
        worker,
        worker,
        market.self_signed("worker", second=scene.midnight - 600),
        worker.with_key(*keys["shop"]),
        carter,
        carter.with_key(*keys["depot"], in_header=True),
    ):
        scene.add(credential, at_random(ALL))
    scene.add(
        market.person("tools", administrator), at_random((*USUAL, traffic.miss, traffic.administer))
    )
    scene.add(
        market.program("reader", scopes.CONSUMER),
        refused((*READING, traffic.insert), "forbidden", "insufficientPermissions"),
    )
    scene.add(market.program("beggar"), perhaps_refused(USUAL, "dailyLimitExceeded"))
    scene.add(market.program("sleeper"), refused(USUAL, "accessNotConfigured"))
    scene.add(market.key_alone("shop"), refused(USUAL, "required"))
    scene.add(market.key_alone("shop"), at_random((traffic.discover, traffic.discover_all)))
    scene.add(worker.with_key(*keys["walled"]), refused(USUAL, "ipRefererBlocked"))
    scene.add(worker.with_key(keys["depot"][0], ""), refused(USUAL, "badRequest"))
    scene.add(worker.with_key("lhk_nonsense", ""), refused(USUAL, "keyInvalid"))
    add_strangers(scene)


def add_strangers(scene: Scene) -> None:
    """Callers for whom nobody pays: they are counted nowhere."""
    nobody = Credential("nobody", {}, None)
    liar = Credential("liar", {"Authorization": "Bearer lha_nonsense"}, None)
    guesser = Credential("guesser", {}, None, "key=lhk_nonsense")
    for stranger, reason in ((nobody, "required"), (liar, "authError"), (guesser, "keyInvalid")):
        scene.add(stranger, at_most(STRANGERS_CALLS, refused(USUAL, reason)))


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.long)])
def test_reports_equal_what_callers_were_told_however_often_servers_are_killed(
    open_scene: OpenScene, kills: int
) -> None:
    scene = open_scene()
    add_everybody(scene)
    glances = []

    with calling(scene.telephones):
        for step in range(-2, kills - 2):
            scene.move_clock(step)
            scene.kill_one_amid_calls()
            glances.append(scene.glance())
        scene.move_clock(kills)
        scene.book.wait_for_calls(200)
    minutes = scene.report()

    assert scene.complaints() == []
    assert all(outside(glance, {}, minutes) == [] for glance in glances)
    assert REASONS <= {line.outcome for line in minutes}
    assert scene.counted() == {
        project: sum(calls for line, calls in minutes.items() if line.charge.project == project)
        for project in scene.counted()
    }
    for period in ("hour", "day"):
        assert scene.report(period) == added_up(minutes, period)
    scene.fold_all()
    assert scene.report() == minutes
