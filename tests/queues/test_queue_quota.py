"""What a queue may hold, and how it says that it is full."""

import math
import threading
from dataclasses import replace

import pytest

from leasehold.errors import Error, Forbidden, Invalid
from leasehold.queues import configure, queue_file
from leasehold.queues.insert import NewTask
from leasehold.queues.limits import InvalidTaskName, QueueFull
from leasehold.queues.model import Task
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from tests.postgres import PostgresServer
from tests.queues.queue_under_test import QueueUnderTest, make_queue


def kinds(outcomes: list[Task | Error]) -> list[type]:
    return [type(outcome) for outcome in outcomes]


def test_a_queue_takes_tasks_until_it_holds_as_many_as_it_may(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=2)
    queue.insert("a")

    outcomes = queue.group(queue.verbs.insert, [queue.new("b"), queue.new("c")])

    assert [Task, QueueFull] == kinds(outcomes)
    assert 2 == queue.statistics().total_tasks


def test_a_full_queue_says_which_limit_and_what_to_do(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=0, max_bytes=10)

    with pytest.raises(QueueFull, match=r"queue q may hold 0 tasks \(max_tasks\); delete") as full:
        queue.insert()
    assert isinstance(full.value, Forbidden)
    assert "quotaExceeded" == full.value.reason


def test_bytes_of_payload_are_counted_and_a_smaller_task_may_still_fit(
    queue: QueueUnderTest,
) -> None:
    queue.set(max_bytes=10)

    sizes = [6, 5, 4, 1, 0]
    outcomes = queue.group(queue.verbs.insert, [queue.new(payload=b"x" * n) for n in sizes])

    assert [Task, QueueFull, Task, QueueFull, Task] == kinds(outcomes)
    assert "10 bytes of payload (max_bytes)" in str(outcomes[1])
    assert 10 == queue.statistics().total_bytes


def test_deleting_makes_room_before_and_after_counts_are_folded(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=1)
    queue.insert("a")
    queue.delete("a")

    queue.insert("b")
    queue.fold()
    with pytest.raises(QueueFull):
        queue.insert("c")
    queue.delete("b")
    queue.fold()

    assert "c" == queue.insert("c").id


def test_leased_tasks_take_room_too(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=1)
    queue.insert("a")
    queue.lease()

    with pytest.raises(QueueFull):
        queue.insert("b")


def test_the_name_of_a_task_that_did_not_fit_is_free(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=1)
    queue.insert("a")
    with pytest.raises(QueueFull):
        queue.insert("b")

    queue.delete("a")

    assert "b" == queue.insert("b").id


def test_a_full_queue_still_says_that_a_name_is_taken(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=1)
    queue.insert("a")

    with pytest.raises(InvalidTaskName):
        queue.insert("a")


def test_a_task_whose_name_is_taken_takes_no_room(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=2)
    queue.insert("a")

    outcomes = queue.group(queue.verbs.insert, [queue.new("a"), queue.new("b")])

    assert [InvalidTaskName, Task] == kinds(outcomes)


def test_a_full_queue_does_not_hinder_another_of_the_group(queue: QueueUnderTest) -> None:
    other = queue.do(lambda tx, _: configure.create(tx, replace(queue.queue, name="another")))
    queue.set(max_tasks=1)
    queue.insert("a")

    outcomes = queue.group(
        queue.verbs.insert, [queue.new("b"), NewTask(other, b"job", "b"), queue.new("c")]
    )

    assert [QueueFull, Task, QueueFull] == kinds(outcomes)


def test_limits_of_many_queues_are_looked_up_together(queue: QueueUnderTest) -> None:
    queues = [replace(queue.queue, name=f"q{n}", max_tasks=n) for n in range(6)]
    queues = queue.do(lambda tx, _: [configure.create(tx, limited) for limited in queues])

    tasks = [NewTask(limited, b"job") for limited in queues for _ in range(6)]
    outcomes = queue.group(queue.verbs.insert, tasks)

    inserted = [outcome for outcome in outcomes if isinstance(outcome, Task)]
    assert sum(range(6)) == len(inserted)


def test_the_limits_are_kept_and_can_be_taken_away(queue: QueueUnderTest) -> None:
    queue.set(requests_per_second=2.5, max_tasks=3, max_bytes=4)
    kept = queue.do(lambda tx, _: configure.find(tx, "p", "q"))
    queue.set(requests_per_second=None, max_tasks=None, max_bytes=None)
    listed = queue.do(lambda tx, _: configure.find(tx, "p", "q"))

    assert (2.5, 3, 4) == (kept.requests_per_second, kept.max_tasks, kept.max_bytes)
    assert (None, None, None) == (listed.requests_per_second, listed.max_tasks, listed.max_bytes)


@pytest.mark.parametrize(
    "settings",
    [
        {"requests_per_second": 0.0},
        {"requests_per_second": -1.0},
        {"requests_per_second": 0.09},
        {"requests_per_second": math.nan},
        {"requests_per_second": math.inf},
        {"max_tasks": -1},
        {"max_tasks": 10**12 + 1},
        {"max_bytes": -1},
        {"max_bytes": 10**15 + 1},
    ],
)
def test_a_limit_that_nobody_can_mean_is_refused(
    queue: QueueUnderTest, settings: dict[str, float]
) -> None:
    with pytest.raises(Invalid, match="limit") as refusal:
        queue.set(**settings)
    assert refusal.value.field in settings


def test_a_queue_file_leaves_the_limits_alone(queue: QueueUnderTest) -> None:
    queue.set(max_tasks=3)
    file = queue_file.parse("queue:\n- name: q\n  mode: pull\n", file_name="queue.yaml")

    existing = [queue.queue]
    steps = configure.plan(existing, file, project_id="p", tombstone_seconds=1, now=0)
    queue.do(lambda tx, now: configure.apply(tx, now, steps))

    assert ["change"] == [step.action for step in steps]
    assert 3 == queue.do(lambda tx, _: configure.find(tx, "p", "q")).max_tasks


def test_two_servers_on_postgresql_exceed_a_limit_by_a_group_at_most(
    postgres_server: PostgresServer,
) -> None:
    engine = open_engine(postgres_server.create_database())
    migrate(engine)
    first = make_queue(engine)
    first.set(max_tasks=50)
    start = threading.Barrier(2)

    threads = [threading.Thread(target=fill, args=(engine, first, start)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    held = first.statistics().total_tasks
    first.connection.close()
    assert 50 <= held <= 50 + 8


def fill(engine: Engine, like: QueueUnderTest, start: threading.Barrier) -> None:
    """A server that inserts groups of 8 until the queue is full."""
    server = QueueUnderTest(engine.connect(), like.clock, like.queue)
    start.wait()
    while QueueFull not in kinds(server.group(server.verbs.insert, [server.new()] * 8)):
        pass
    server.connection.close()
