"""Lists, statistics, purging and what is swept away."""

from leasehold.queues import configure, sweep
from leasehold.queues.model import Statistics
from tests.queues.queue_under_test import QueueUnderTest


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
