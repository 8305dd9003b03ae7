"""Every call is counted once: reports equal what callers were told, though servers are killed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from leasehold.oauth2 import scopes
from leasehold.usage.periods import PERIODS
from tests.durability import traffic
from tests.durability.call_book import DONE, UNAVAILABLE, Line, outside
from tests.durability.callers import Planner, call_all, calling
from tests.durability.market import Credential
from tests.durability.scene import LATE, SERVERS, Scene, added_up, scene
from tests.durability.traffic import (
    ALL,
    READING,
    USUAL,
    Kind,
    at_most,
    at_random,
    perhaps_refused,
    refused,
)
from tests.durability.waiting import wait_until
from tests.postgres import PostgresServer

POOR_CALLS = 5  # that project poor has each day

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
    engine_name: str, database_url: str, tmp_path: Path, kills: int
) -> None:
    glances = []

    with scene(database_url, tmp_path, number=SERVERS[engine_name]) as running:
        add_everybody(running)
        with calling(running.telephones):
            for step in range(-2, kills - 2):
                running.move_clock(step)
                killed = running.kill_one_amid_calls(running.rng.randint(50, 200))
                running.fold_some()
                running.servers.replace(killed)
                glances += running.reports("minute")
            running.move_clock(kills)
            running.book.wait_for_calls(100)
            running.book.wait_until(lambda: running.book.outcomes().keys() >= REASONS)
        told = {period: running.reports(period) for period in PERIODS}
    minutes = running.report()

    assert running.complaints() == []
    assert all(outside(glance, {}, minutes) == [] for glance in glances)
    for period in PERIODS:
        assert told[period] == [added_up(minutes, period)] * SERVERS[engine_name]
    assert running.counted() == by_project(minutes)
    assert max(poor_calls(minutes).values()) <= POOR_CALLS
    running.fold_all()
    assert running.report() == minutes


def test_calls_that_the_server_could_not_make_are_not_counted(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with scene(postgres_server.create_database(), tmp_path, number=1) as running:
        credentials = [running.market.program(name) for name in ("worker", "carter")] * 4

        def call(plan: Callable[[Sequence[Kind]], Planner]) -> None:
            running.telephones = []
            for credential in credentials:
                running.add(credential, at_most(10, plan(USUAL)))
            call_all(running.telephones)

        call(at_random)
        postgres_server.kill9()
        try:
            call(lambda kinds: refused(kinds, UNAVAILABLE))
        finally:
            postgres_server.start()
        call(lambda kinds: perhaps_refused(kinds, UNAVAILABLE))

    assert running.complaints() == []
    assert running.book.outcomes()[UNAVAILABLE] >= 10 * len(credentials)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_counts_in_a_second_transaction_is_found_out(
    database_url: str, tmp_path: Path, when: str
) -> None:
    with scene(database_url, tmp_path, number=1, command=[*LATE, when]) as running:
        worker = running.market.program("worker")
        for _ in range(16):
            running.add(worker, at_random([traffic.insert]))
        with calling(running.telephones):
            wait_until(lambda: len(running.kept()) > sum(running.counted().values()))
            running.servers.kill(0)

    assert any(", 'done'): counted" in complaint for complaint in running.complaints())


def by_project(minutes: Mapping[Line, int]) -> dict[str, int]:
    """How many calls a report has, by project."""
    calls: Counter[str] = Counter()
    for line, number in minutes.items():
        calls[line.charge.project] += number
    return dict(calls)


def poor_calls(minutes: Mapping[Line, int]) -> Counter[int]:
    """How many calls of the poor were done, by the start of the day."""
    done: Counter[int] = Counter()
    for line, calls in added_up(minutes, "day").items():
        if line.charge.project == "poor" and line.outcome == DONE:
            done[line.starts] += calls
    return done
