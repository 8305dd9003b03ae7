"""Quota under 64 callers at once: never more than the limit, never much less, and then it goes on.

On SQLite there is one server, on PostgreSQL there are two, and each call goes to either.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest
import requests

from leasehold.oauth2 import scopes
from leasehold.usage.quotas import DAY, MINUTE, QUEUE_SECONDS, USER_SECONDS
from tests.durability.call_book import DONE, CallBook
from tests.durability.callers import Plan, call_all, calling
from tests.durability.market import Credential
from tests.durability.scene import SERVERS, Scene, scene
from tests.durability.server_processes import Address
from tests.durability.traffic import SHOP, at_most

CALLERS = 64
LIMIT = 500
ENOUGH = LIMIT * 95 // 100
CALLS = 10  # of each caller: a quarter more than the limit, all together

# So that what 64 callers wait for when a server is killed is less than a twentieth.
LARGE_LIMIT = 2_000
MORE_CALLS = 40


@dataclass(frozen=True, slots=True)
class Limited:
    """Calls that all spend of one allowance."""

    credential: Credential
    reason: str  # with which they are refused
    seconds: int  # of a window
    queue: str = "work"

    @property
    def path(self) -> str:
        return f"{SHOP}/{self.queue}/tasks"

    def plan(self) -> Plan:
        possible = frozenset([DONE, self.reason])
        return Plan("taskqueue.tasks.list", "GET", self.path, possible)


@pytest.fixture
def running(engine_name: str, database_url: str, tmp_path: Path) -> Iterator[Scene]:
    """Servers for which a day, and with it every other window, has just begun."""
    with scene(database_url, tmp_path, number=SERVERS[engine_name]) as running:
        running.clock.move_to(running.midnight)
        yield running


def every_limit(running: Scene) -> dict[str, Limited]:
    """One of each kind, by whose it is. None is in another's way. Short windows come first."""
    market = running.market
    market.limit("poor", "calls_per_day", LIMIT)
    market.limit("depot", "calls_per_minute", LIMIT)
    market.limit("tools", "calls_per_user", LIMIT)
    market.key("metered", "shop", calls_per_minute=LIMIT)
    market.queue("busy", requests_per_second=LIMIT / QUEUE_SECONDS)
    worker, person = market.program("worker"), market.person("tools", scopes.TASKQUEUE)
    key, text = market.keys["metered"]
    return {
        "queue": Limited(worker, "rateLimitExceeded", QUEUE_SECONDS, queue="busy"),
        "key": Limited(worker.with_key(text, key.id), "rateLimitExceeded", MINUTE),
        "project": Limited(market.program("carter"), "rateLimitExceeded", MINUTE),
        "user": Limited(person, "userRateLimitExceeded", USER_SECONDS),
        "named user": Limited(
            replace(person, parameters="quotaUser=bob"), "userRateLimitExceeded", USER_SECONDS
        ),
        "project, by day": Limited(market.program("beggar"), "dailyLimitExceeded", DAY),
    }


def outcomes(running: Scene, limited: Limited, calls: int) -> Counter[str]:
    """What becomes of so many calls of each caller, all at once."""
    running.book, running.telephones = CallBook(), []
    for _ in range(CALLERS):
        running.add(limited.credential, at_most(calls, lambda _: limited.plan()))
    call_all(running.telephones)
    assert running.book.surprises == []
    return running.book.outcomes()


def refusals(running: Scene, limited: Limited) -> set[tuple[int, str, str]]:
    """Status, reason and Retry-After of one more call to each server."""
    return {_refusal(address, limited) for address in running.servers.addresses if address}


def _refusal(address: Address, limited: Limited) -> tuple[int, str, str]:
    credential = limited.credential
    reply = requests.get(
        f"http://{address[0]}:{address[1]}{limited.path}?{credential.parameters}",
        headers=dict(credential.headers),
        timeout=30,
    )
    (error,) = reply.json()["error"]["errors"]
    return reply.status_code, error["reason"], reply.headers["Retry-After"]


def test_no_limit_is_passed_or_much_missed_and_in_the_next_window_calls_go_on(
    running: Scene,
) -> None:
    limits = every_limit(running)

    spent = {name: outcomes(running, limited, CALLS) for name, limited in limits.items()}
    refused = {name: refusals(running, limited) for name, limited in limits.items()}

    for name, limited in limits.items():
        assert spent[name].total() == spent[name][DONE] + spent[name][limited.reason]
        assert ENOUGH <= spent[name][DONE] <= LIMIT, spent
        assert refused[name] == {(403, limited.reason, str(limited.seconds))}
    for seconds, ending in groupby(limits.values(), key=attrgetter("seconds")):
        running.clock.move_to(running.midnight + seconds - 1)
        over = list(ending)
        assert all(refusals(running, one) == {(403, one.reason, "1")} for one in over)
        running.clock.move_to(running.midnight + seconds)
        assert all(outcomes(running, one, 1) == {DONE: CALLERS} for one in over)


def test_a_server_that_is_killed_takes_little_of_a_limit_with_it(running: Scene) -> None:
    running.market.limit("poor", "calls_per_day", LARGE_LIMIT)
    limited = Limited(running.market.program("beggar"), "dailyLimitExceeded", DAY)
    for _ in range(CALLERS):
        running.add(limited.credential, at_most(MORE_CALLS, lambda _: limited.plan()))

    with calling(running.telephones):
        killed = running.kill_one_amid_calls(LARGE_LIMIT // 2)
        running.servers.replace(killed)
        running.book.wait_until(lambda: len(running.book.entries) == CALLERS * MORE_CALLS)
    counted = sum(calls for line, calls in running.report().items() if line.outcome == DONE)

    assert running.complaints() == []
    assert running.book.outcomes()[DONE] <= counted
    assert LARGE_LIMIT * 95 // 100 <= counted <= LARGE_LIMIT
