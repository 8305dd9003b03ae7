"""Lists, statistics, purging and what is swept away."""

import threading

import pytest

from leasehold.queues import configure, sweep
from leasehold.queues.model import Statistics
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import parse
from tests.durability.waiting import wait_until
from tests.postgres import PostgresServer
from tests.queues.queue_under_test import QueueUnderTest, make_queue

WAITING = parse("""
-- name: for_a_lock
select 1 from pg_stat_activity where wait_event_type = 'Lock'
""")


def test_a_list_has_the_first_100_tasks_by_eta_without_payloads(queue: QueueUnderTest) -> None:
    queue.group(queue.verbs.insert, [queue.new(f"t{n:03}") for n in range(120)])
    queue.lease(seconds=600)

    listed = queue.list()

    assert [task.id for task in listed] == [f"t{n:03}" for n in range(1, 101)]
    assert {task.payload for task in listed} == {None}


def test_an_empty_queue_has_no_oldest_task(queue: QueueUnderTest) -> None:
    assert queue.statistics() == Statistics(0, 0, None, 0, 0)


def test_statistics_are_exact_before_and_after_they_are_folded(queue: QueueUnderTest) -> None:
    first = queue.insert(payload=b"12345")
    queue.insert(payload=b"67")
    queue.lease(1, seconds=600)
    queue.delete(first.id)

    before = queue.statistics()
    folded = queue.fold()
    after = queue.statistics()

    assert before == after == Statistics(1, 2, queue.list()[0].eta, 1, 1)
    assert folded == 4
    assert queue.fold() == 0


def test_leases_leave_the_statistics_after_a_minute_and_an_hour(queue: QueueUnderTest) -> None:
    queue.insert()
    queue.lease(seconds=0)
    queue.fold()

    queue.clock.advance(seconds=61)
    after_a_minute = queue.statistics()
    queue.clock.advance(seconds=3600)
    queue.do(sweep.sweep_leases)
    after_an_hour = queue.statistics()

    assert (after_a_minute.leased_last_minute, after_a_minute.leased_last_hour) == (0, 1)
    assert (after_an_hour.leased_last_minute, after_an_hour.leased_last_hour) == (0, 0)


def test_a_purge_takes_leased_and_waiting_tasks_and_keeps_names_taken(
    queue: QueueUnderTest,
) -> None:
    queue.insert("a")
    queue.insert("b", eta=queue.clock.now() + 1_000_000_000)
    queue.lease()

    purged = queue.purge()

    assert purged == 2
    assert queue.purge() == 0
    assert queue.statistics().total_tasks == 0
    taken = queue.group(queue.verbs.insert, [queue.new("a"), queue.new("b")])
    assert all(isinstance(outcome, Exception) for outcome in taken)


def test_names_are_free_again_once_their_tombstones_were_swept(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.delete("a")
    queue.clock.advance(seconds=8 * 86_400)

    assert queue.do(sweep.sweep_names) == 1
    assert queue.do(sweep.sweep_names) == 0
    assert queue.insert("a").id == "a"


def test_the_name_of_a_living_task_is_not_swept(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.clock.advance(seconds=8 * 86_400)

    assert queue.do(sweep.sweep_names) == 0
    assert queue.get("a").id == "a"


def test_a_name_that_is_taken_anew_while_it_is_being_swept_stays_taken(
    postgres_server: PostgresServer,
) -> None:
    engine = open_engine(postgres_server.create_database())
    migrate(engine)
    queue = make_queue(engine)
    queue.insert("a")
    queue.delete("a")
    queue.clock.advance(seconds=8 * 86_400)
    sweeper, watcher = engine.connect(), engine.connect()

    def sweep_names() -> None:
        sweep.sweep_names(sweeper.begin(), queue.clock.now())
        sweeper.commit()

    def sweeper_waits() -> bool:
        found = watcher.begin().all(WAITING.for_a_lock)
        watcher.rollback()  # within a transaction the view stays as it is
        return bool(found)

    tx = queue.connection.begin()
    queue.verbs.insert.run(tx, queue.clock.now(), [queue.new("a")])
    sweeping = threading.Thread(target=sweep_names)
    sweeping.start()
    wait_until(sweeper_waits)
    queue.connection.commit()
    sweeping.join()

    assert isinstance(queue.group(queue.verbs.insert, [queue.new("a")])[0], Exception)
    assert queue.get("a").id == "a"
    for connection in (queue.connection, sweeper, watcher):
        connection.close()


def test_deleted_queues_are_swept_a_few_tasks_at_a_time(
    queue: QueueUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MAX_TASKS", 2)
    for _ in range(2):
        for _ in range(3):
            queue.insert()
        queue.do(lambda tx, now: configure.delete(tx, now, queue.queue))
        queue.queue = queue.do(lambda tx, _: configure.create(tx, queue.queue))

    swept = [queue.do(sweep.sweep_deleted_queues) for _ in range(5)]

    assert swept == [2, 1, 2, 1, 0]


def test_the_tasks_of_a_deleted_queue_are_swept_and_those_of_its_successor_are_not(
    queue: QueueUnderTest,
) -> None:
    queue.insert("a")
    queue.do(lambda tx, now: configure.delete(tx, now, queue.queue))
    queue.queue = queue.do(lambda tx, _: configure.create(tx, queue.queue))
    queue.insert("a", payload=b"of the new one")

    swept = queue.do(sweep.sweep_deleted_queues)

    assert swept == 1
    assert queue.do(sweep.sweep_deleted_queues) == 0
    assert [task.payload for task in queue.lease(10)] == [b"of the new one"]
