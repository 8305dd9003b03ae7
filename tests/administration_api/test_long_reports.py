"""A report that reads for long keeps nobody waiting but those who want reports."""

import threading
import time

import requests

from leasehold.storage import statements
from leasehold.usage.reports import MAX_STORED_READ
from tests.administration_api.world import Caller, World
from tests.running_server import PROJECT

QUEUES = 2_000
DAYS = MAX_STORED_READ // QUEUES

_SQL = statements.parse("""
-- name: store
insert into usage_storage (period, starts, project_id, queue, byte_seconds, task_seconds,
                           most_bytes, most_tasks)
with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < :most)
select 'day', n / :queues * 86400, :project_id, 'q' || (n % :queues), 1, 1, 1, 1
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
            f"projects/{PROJECT}/storage",
            since="1970-01-01T00:00:00Z",
            until="1970-04-11T00:00:00Z",  # after DAYS days
        )
        times.append(time.monotonic() - began)
        assert DAYS == len(report["lines"])
    return min(times)


def test_others_are_answered_while_a_report_is_made(sqlite_world: World) -> None:
    server, caller = sqlite_world.server, sqlite_world.caller()
    values = {"most": MAX_STORED_READ, "queues": QUEUES, "project_id": PROJECT}
    server.do(lambda tx, _: tx.run(_SQL.store, **values))
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
