"""The head cursor on PostgreSQL: a lease stays cheap behind tens of thousands of dead entries.

The gate is counted in pages, which no noise of the machine disturbs.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from leasehold.clock import MICROSECONDS
from leasehold.queues import configure, rows
from leasehold.queues.delete import Deletion, delete
from leasehold.queues.head_cursor import EVERYTHING, HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Queue, Task
from leasehold.queues.task_id import TaskIds
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Connection
from tests.postgres import PostgresServer

DONE = 20_000  # tasks that were inserted, leased and deleted
BATCH = 500
MOST_PAGES = 100  # for one lease with the cursor: seen are 36, and 1,019 without it
LEASE_SECONDS = 60
START = 1_700_000_000 * MICROSECONDS

IDS = TaskIds(b"key")

EXPLAIN = parse(
    "-- name: available_tasks\nexplain (analyze, buffers, format json)\n"
    + rows.SQL.available_tasks.text
)


class Consumer:
    """Inserts, leases and deletes in one queue, each in a transaction, as a lane does."""

    def __init__(self, connection: Connection, queue: Queue) -> None:
        self.connection = connection
        self.queue = queue
        self.heads = HeadCursor()
        self._numbers = TaskNumbers()

    def insert(self, now: int, count: int = 1) -> list[str]:
        tasks = [NewTask(self.queue, b"job")] * count
        tx = self.connection.begin()
        inserted = insert(tx, now, tasks, IDS, self._numbers)
        self.connection.commit()
        return [task.id for task in inserted if isinstance(task, Task)]

    def lease(self, now: int, count: int = 1) -> list[str]:
        tx = self.connection.begin()
        (leased,) = lease(
            tx, now, [LeaseRequest(self.queue, count, LEASE_SECONDS)], IDS, self.heads
        )
        self.connection.commit()
        assert isinstance(leased, list)
        return [task.id for task in leased]

    def delete(self, now: int, ids: list[str]) -> None:
        delete(self.connection.begin(), now, [Deletion(self.queue, id_) for id_ in ids], IDS)
        self.connection.commit()

    def pages(self, now: int, head: int) -> int:
        """Pages that looking for one available task touches, from this head on."""
        answer = self.connection.begin().one(
            EXPLAIN.available_tasks, queue_id=self.queue.id, head=head, now=now, num_tasks=1
        )
        self.connection.rollback()
        assert answer is not None
        explained: Any = answer[0] if isinstance(answer[0], list) else json.loads(answer[0])
        plan = explained[0]["Plan"]
        assert "tasks_by_eta" in json.dumps(plan)
        return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def open_consumer(engine: Engine) -> Consumer:
    """A consumer of a new queue on a migrated database."""
    migrate(engine)
    connection = engine.connect()
    queue = Queue(id=0, project_id="demo", name="q", mode="pull", created_at=START)
    made = configure.create(connection.begin(), queue)
    connection.commit()
    return Consumer(connection, made)


@pytest.fixture
def consumer(database_url: str) -> Iterator[Consumer]:
    """A consumer on each engine."""
    consumer = open_consumer(open_engine(database_url))
    yield consumer
    consumer.connection.close()


def work_behind_an_open_transaction(consumer: Consumer) -> int:
    """Passes many tasks through the queue, five seconds for each batch; the time at its end."""
    now = START
    for _ in range(DONE // BATCH):
        now += 5 * MICROSECONDS
        consumer.insert(now - MICROSECONDS, BATCH)
        consumer.delete(now, consumer.lease(now, BATCH))
    return now


def test_a_lease_touches_few_pages_behind_many_dead_entries(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.create_database()
    consumer = open_consumer(open_engine(url))
    with psycopg.connect(url) as open_transaction:
        for table in ("tasks", "payloads"):
            open_transaction.execute(f"alter table {table} set (autovacuum_enabled = false)")
        open_transaction.commit()
        # From its first statement on it sees every row of now, so no entry may be forgotten.
        open_transaction.execute("set transaction isolation level repeatable read")
        open_transaction.execute("select count(*) from tasks")

        now = work_behind_an_open_transaction(consumer) + MICROSECONDS // 2
        consumer.insert(now - 1, 10)
        with_the_cursor = consumer.pages(now, consumer.heads.start(consumer.queue.id, now))
        without_a_bound = consumer.pages(now, EVERYTHING)

        assert len(consumer.lease(now, 10)) == 10
        open_transaction.rollback()
    consumer.connection.close()

    assert with_the_cursor < MOST_PAGES
    assert without_a_bound > 5 * MOST_PAGES  # else this test shows nothing


def test_a_task_a_little_before_the_head_is_found_by_the_far_scan(consumer: Consumer) -> None:
    consumer.lease(START)
    (task_id,) = consumer.insert(START - 10 * MICROSECONDS)  # its transaction took ten seconds

    hidden = consumer.lease(START + MICROSECONDS // 2)
    found = consumer.lease(START + MICROSECONDS)

    assert (hidden, found) == ([], [task_id])


def test_a_task_long_before_the_head_is_found_by_the_unbounded_scan(consumer: Consumer) -> None:
    consumer.lease(START)
    (task_id,) = consumer.insert(START - 3600 * MICROSECONDS)

    hidden = [consumer.lease(START + second * MICROSECONDS) for second in range(1, 60)]
    found = consumer.lease(START + 60 * MICROSECONDS)

    assert hidden == [[]] * 59
    assert found == [task_id]


@pytest.mark.parametrize("poison", [2**62, START + 10**6 * MICROSECONDS, EVERYTHING, -(2**62) + 1])
def test_a_poisoned_head_heals_within_a_second(consumer: Consumer, poison: int) -> None:
    consumer.lease(START)
    (task_id,) = consumer.insert(START)
    consumer.heads.saw(consumer.queue.id, poison, START)

    consumer.lease(START + 1)
    again = partial(consumer.lease, START + (LEASE_SECONDS + 1) * MICROSECONDS)
    found = consumer.lease(START + MICROSECONDS) or again()

    assert found == [task_id]


def test_an_expired_lease_is_found_at_its_end_whatever_the_head(consumer: Consumer) -> None:
    (early,) = consumer.insert(START)
    now = START + 1
    consumer.lease(now)
    expiry = now + LEASE_SECONDS * MICROSECONDS
    for second in range(1, LEASE_SECONDS):
        consumer.delete(now, consumer.lease(now + second * MICROSECONDS))

    assert consumer.lease(expiry + 1) == [early]


def test_a_busy_queue_forgets_the_heads_of_queues_that_nobody_leases() -> None:
    heads = HeadCursor()
    for queue_id in range(10_001):
        heads.start(queue_id, START)
        heads.saw(queue_id, START, START)

    assert heads.start(0, START) < EVERYTHING + MICROSECONDS
    assert heads.start(10_000, START) == START - MICROSECONDS
