"""Quota under 64 callers at once: never more than the limit, never much less, and then it goes on.

On SQLite there is one server, on PostgreSQL there are two, and each call goes to either.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from leasehold.oauth2 import scopes
from leasehold.usage.quotas import DAY, MINUTE, QUEUE_SECONDS, USER_SECONDS
from tests.durability.call_book import DONE, CallBook
from tests.durability.callers import Plan, call_all
from tests.durability.market import Credential
from tests.durability.scene import SERVERS, Scene, scene
from tests.durability.traffic import SHOP, at_most

CALLERS = 64
LIMIT = 300
ENOUGH = LIMIT * 95 // 100
CALLS = 6  # of each caller: a quarter more than the limit, all together


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
        "named user": Limited(person.for_user("bob"), "userRateLimitExceeded", USER_SECONDS),
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
    return {
        (reply.status_code, reply.json()["error"]["errors"][0]["reason"], wait)
        for reply in (limited.call(address) for address in running.servers.addresses)
        for wait in [reply.headers["Retry-After"]]
    }


def test_no_limit_is_passed_or_much_missed_and_in_the_next_window_calls_go_on(
    running: Scene,
) -> None:
    for name, limited in every_limit(running).items():
        running.clock.move_to(running.midnight)

        first = outcomes(running, limited, CALLS)
        refused = refusals(running, limited)
        running.clock.move_to(running.midnight + limited.seconds - 1)
        refused_at_last = refusals(running, limited)
        running.clock.move_to(running.midnight + limited.seconds)
        next_window = outcomes(running, limited, 1)

        assert ENOUGH <= first[DONE] <= LIMIT, name
        assert first.total() == first[DONE] + first[limited.reason] == CALLERS * CALLS
        assert refused == {(403, limited.reason, str(limited.seconds))}
        assert refused_at_last == {(403, limited.reason, "1")}
        assert next_window == {DONE: CALLERS}
