"""Leasing: contract sections 3.1 and 3.2."""

from dataclasses import replace

import pytest

from leasehold.clock import Clock
from leasehold.errors import Invalid
from leasehold.queues import configure
from leasehold.queues.insert import NewTask
from leasehold.queues.lease import LeaseRequest
from tests.queues.queue_under_test import QueueUnderTest


def test_tasks_are_leased_by_eta_and_then_in_order_of_insertion(queue: QueueUnderTest) -> None:
    later = queue.clock.now() + 5_000_000
    queue.insert("later", eta=later)
    for name in ("first", "second", "third"):
        queue.insert(name)

    queue.clock.advance(seconds=10)

    assert ["first", "second", "third", "later"] == queue.leased_ids(10)


def test_tasks_of_one_group_keep_their_order(queue: QueueUnderTest) -> None:
    queue.group(queue.verbs.insert, [queue.new(f"t{n}") for n in range(50)])

    assert [f"t{n}" for n in range(50)] == queue.leased_ids(50)


def test_a_task_is_available_at_once_though_the_machines_clock_was_set_back(
    queue: QueueUnderTest,
) -> None:
    nanoseconds = [1_700_003_600_000_000_000]
    clock = Clock(lambda: nanoseconds[0])
    clock.now()
    nanoseconds[0] -= 3_600_000_000_000

    tx = queue.connection.begin()
    queue.verbs.insert.run(tx, clock.now(), [queue.new("a")])
    (leased,) = queue.verbs.lease.run(tx, clock.now(), [queue.asks()])
    queue.connection.commit()

    assert isinstance(leased, list)
    assert ["a"] == [task.id for task in leased]


def test_a_lease_moves_the_eta_and_counts(queue: QueueUnderTest) -> None:
    queue.insert("a")

    task = queue.lease(seconds=60)[0]

    assert task.eta == queue.get("a").eta
    assert 59_000_000 < task.eta - queue.clock.now() <= 60_000_000
    assert task.retry_count == 1
    assert task.payload == b"job"


def test_a_leased_task_is_nobody_elses_until_the_lease_ends(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease(seconds=30)

    queue.clock.advance(seconds=29)
    during = queue.leased_ids()
    queue.clock.advance(seconds=2)
    after = queue.leased_ids()

    assert during == []
    assert after == ["a"]


def test_a_lease_of_no_seconds_counts_and_gives_the_task_back(queue: QueueUnderTest) -> None:
    queue.insert("a")

    assert ["a"] == queue.leased_ids(seconds=0)
    assert [2] == [task.retry_count for task in queue.lease(seconds=0)]


def test_one_reply_never_holds_a_task_twice(queue: QueueUnderTest) -> None:
    queue.insert("a")

    assert ["a"] == queue.leased_ids(1000, seconds=0)


def test_a_task_is_not_available_before_its_eta(queue: QueueUnderTest) -> None:
    queue.insert("a", eta=queue.clock.now() + 60_000_000)

    before = queue.leased_ids()
    queue.clock.advance(seconds=61)
    after = queue.leased_ids()

    assert before == []
    assert after == ["a"]


def test_an_empty_queue_gives_an_empty_lease(queue: QueueUnderTest) -> None:
    assert queue.lease() == []


def test_a_paused_queue_gives_nothing_out(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.set(paused_at=queue.clock.now())

    paused = queue.leased_ids()
    queue.set(paused_at=None)

    assert paused == []
    assert ["a"] == queue.leased_ids()


def test_concurrent_consumers_share_what_is_there_in_order_of_arrival(
    queue: QueueUnderTest,
) -> None:
    for n in range(5):
        queue.insert(f"t{n}")

    leased = queue.group(queue.verbs.lease, [queue.asks(2), queue.asks(2, 60), queue.asks(2)])

    ids = [[task.id for task in tasks] for tasks in leased if isinstance(tasks, list)]
    assert ids == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert queue.get("t2").eta - queue.get("t0").eta == 30_000_000


def test_many_large_leases_at_once_are_shared_evenly(queue: QueueUnderTest) -> None:
    queue.group(queue.verbs.insert, [queue.new() for _ in range(4100)])

    leased = queue.group(queue.verbs.lease, [queue.asks(1000) for _ in range(8)])

    assert [len(tasks) for tasks in leased if isinstance(tasks, list)] == [500] * 8


def test_a_reply_stops_at_its_bytes_but_holds_at_least_one_task(queue: QueueUnderTest) -> None:
    for n in range(3):
        queue.insert(f"t{n}", payload=b"x" * 1000)

    assert ["t0", "t1"] == queue.leased_ids(10, max_bytes=2500)
    assert ["t2"] == queue.leased_ids(10, max_bytes=10)


def test_a_task_that_does_not_fit_goes_to_the_next_consumer(queue: QueueUnderTest) -> None:
    queue.insert("small", payload=b"x")
    queue.insert("large", payload=b"x" * 1000)

    first, second = queue.group(
        queue.verbs.lease, [queue.asks(10, max_bytes=100), queue.asks(10, max_bytes=2000)]
    )

    assert isinstance(first, list)
    assert isinstance(second, list)
    assert [task.id for task in first] == ["small"]
    assert [task.id for task in second] == ["large"]


@pytest.mark.parametrize("num_tasks", [-1, 0, 1001])
def test_a_lease_takes_1_to_1000_tasks(queue: QueueUnderTest, num_tasks: int) -> None:
    with pytest.raises(Invalid, match="1 to 1000 tasks"):
        queue.lease(num_tasks)


@pytest.mark.parametrize("seconds", [-1, 604_801])
def test_a_lease_lasts_at_most_a_week(queue: QueueUnderTest, seconds: int) -> None:
    with pytest.raises(Invalid, match="0 to 604800 seconds"):
        queue.lease(seconds=seconds)


def test_a_push_queue_is_not_leased_from(queue: QueueUnderTest) -> None:
    queue.set(mode="push")

    with pytest.raises(Invalid, match="push queue"):
        queue.lease()


def test_a_bad_request_does_not_spoil_its_group(queue: QueueUnderTest) -> None:
    queue.insert("a")

    refused, leased = queue.group(queue.verbs.lease, [queue.asks(0), queue.asks(1)])

    assert isinstance(refused, Invalid)
    assert isinstance(leased, list)
    assert [task.id for task in leased] == ["a"]


def test_by_tag_leases_only_that_tag(queue: QueueUnderTest) -> None:
    queue.insert("a", tag="red")
    queue.insert("b", tag="blue")
    queue.insert("c", tag="red")

    assert ["b"] == queue.leased_ids(10, by_tag=True, tag="blue")


def test_by_tag_without_a_tag_takes_the_first_available_tasks_tag(queue: QueueUnderTest) -> None:
    queue.insert("a", tag="red")
    queue.insert("b", tag="blue")
    queue.insert("c", tag="red")

    assert ["a", "c"] == queue.leased_ids(10, by_tag=True)
    assert ["b"] == queue.leased_ids(10, by_tag=True)


def test_by_tag_takes_the_untagged_among_the_first_if_the_first_is_untagged(
    queue: QueueUnderTest,
) -> None:
    queue.insert("a")
    queue.insert("b", tag="red")
    queue.insert("c")

    assert ["a"] == queue.leased_ids(2, by_tag=True)
    assert ["b"] == queue.leased_ids(2, by_tag=True)
    assert ["c"] == queue.leased_ids(2, by_tag=True)


def test_two_consumers_of_one_tag_never_share_a_task(queue: QueueUnderTest) -> None:
    queue.insert("a", tag="red")
    queue.insert("b", tag="red")

    request = queue.asks(2, by_tag=True, tag="red")
    leased = queue.group(queue.verbs.lease, [request, request])

    assert [len(tasks) for tasks in leased if isinstance(tasks, list)] == [2, 0]


def test_a_task_at_its_retry_limit_is_dropped_and_its_name_stays_taken(
    queue: QueueUnderTest,
) -> None:
    queue.set(task_retry_limit=2)
    queue.insert("a")

    leases = [queue.leased_ids(seconds=0) for _ in range(3)]

    assert leases == [["a"], ["a"], []]
    assert queue.statistics().total_tasks == 0
    with pytest.raises(Invalid, match="task name is invalid"):
        queue.insert("a")


def test_dropped_tasks_make_room_for_those_behind_them(queue: QueueUnderTest) -> None:
    queue.set(task_retry_limit=1)
    for n in range(3):
        queue.insert(f"spent{n}")
    queue.lease(3, seconds=0)
    queue.clock.advance(seconds=1)
    queue.insert("fresh")

    assert ["fresh"] == queue.leased_ids(2)


@pytest.mark.parametrize("limit", [None, 0])
def test_without_a_limit_a_task_is_leased_until_it_is_deleted(
    queue: QueueUnderTest, limit: int | None
) -> None:
    queue.set(task_retry_limit=limit)
    queue.insert("a")

    for _ in range(20):
        assert ["a"] == queue.leased_ids(seconds=0)


def test_leases_of_several_queues_in_one_group_do_not_mix(queue: QueueUnderTest) -> None:
    other = queue.do(lambda tx, _: configure.create(tx, replace(queue.queue, name="other")))
    queue.insert("mine")
    queue.group(queue.verbs.insert, [NewTask(other, b"", "theirs")])

    mine, theirs = queue.group(
        queue.verbs.lease, [queue.asks(5), LeaseRequest(other, num_tasks=5, seconds=30)]
    )

    assert isinstance(mine, list)
    assert isinstance(theirs, list)
    assert [task.id for task in mine] == ["mine"]
    assert [task.id for task in theirs] == ["theirs"]


def test_many_leases_by_tag_at_the_same_moment_share_the_tasks_of_a_group(
    queue: QueueUnderTest,
) -> None:
    for _ in range(6):
        queue.group(queue.verbs.insert, [queue.new(tag="a") for _ in range(1000)])

    refused = [queue.asks(-(2**31)), queue.asks(2**31 - 1)]
    asks = [queue.asks(1000, by_tag=True, tag="a")] * 6
    outcomes = queue.group(queue.verbs.lease, [*refused, *asks])

    assert [4000 // 6] * 6 == [len(tasks) for tasks in outcomes if isinstance(tasks, list)]


def test_many_leases_of_large_tasks_at_the_same_moment_share_the_bytes_of_a_group(
    queue: QueueUnderTest,
) -> None:
    for _ in range(4):
        queue.group(queue.verbs.insert, [queue.new(payload=bytes(10**6)) for _ in range(20)])

    outcomes = queue.group(queue.verbs.lease, [queue.asks(20)] * 4)

    assert [64 * 2**20 // 4 // 10**6] * 4 == [len(t) for t in outcomes if isinstance(t, list)]
