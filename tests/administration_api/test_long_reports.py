"""A report that reads for long keeps nobody waiting but those who want reports."""

import threading
import time
from datetime import UTC, datetime

import requests

from leasehold.storage import statements
from leasehold.usage.reports import MAX_READ
from tests.administration_api.world import Caller, World
from tests.running_server import PROJECT

DAYS = 100
FIRST_DAY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())

_SQL = statements.parse("""
-- name: count
insert into usage_counts (period, starts, project_id, api, method, credential, api_key, email,
                          outcome, calls, cost)
with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < :most)
select 'day', :first + n % :days * 86400, :project_id, 'taskqueue', 'm' || (n / :days), '', '', '',
       '', 1, 1
  from numbers
""")


def longest_answer(url: str, until: threading.Event) -> float:
    """Asks for what needs no database, again and again: the longest time that took, in seconds."""
    longest = 0.0
    with requests.Session() as session:
        while not until.is_set():
            began = time.monotonic()
            assert 404 == session.get(f"{url}/taskqueue/v1beta2/nothing", timeout=30).status_code
            longest = max(longest, time.monotonic() - began)
    return longest


def time_of_reports(caller: Caller) -> float:
    """How long the shorter of two large reports took, in seconds."""
    times = []
    for _ in range(2):
        began = time.monotonic()
        report = caller.get(
            f"projects/{PROJECT}/usage",
            since="2026-01-01T00:00:00Z",
            until="2026-04-11T00:00:00Z",  # after DAYS days
        )
        times.append(time.monotonic() - began)
        assert DAYS == len(report["lines"])
    return min(times)


def test_others_are_answered_while_a_report_is_made(sqlite_world: World) -> None:
    server, caller = sqlite_world.server, sqlite_world.caller()
    values = {"most": MAX_READ, "days": DAYS, "first": FIRST_DAY, "project_id": PROJECT}
    server.do(lambda tx, _: tx.run(_SQL.count, **values))
    is_done = threading.Event()
    others: list[float] = []
    asking = threading.Thread(
        target=lambda: others.append(longest_answer(server.url, is_done)), name="asking"
    )

    asking.start()
    try:
        report = time_of_reports(caller)
    finally:
        is_done.set()
        asking.join()

    assert others[0] < report / 2
