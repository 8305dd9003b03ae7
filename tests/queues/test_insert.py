"""Inserting: contract sections 3.7 and 4."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.errors import Invalid, NotFound
from leasehold.queues import configure, sweep
from leasehold.queues.insert import NewTask
from leasehold.queues.limits import InvalidTaskName
from leasehold.queues.model import Task
from leasehold.queues.task_id import TaskIds
from tests.queues.queue_under_test import QueueUnderTest


def test_a_task_without_a_name_gets_an_id_of_16_hexadecimal_digits(queue: QueueUnderTest) -> None:
    task = queue.insert()

    assert re.fullmatch("[0-9a-f]{16}", task.id)
    assert queue.get(task.id) == task


def test_a_new_task_is_available_at_once(queue: QueueUnderTest) -> None:
    task = queue.insert("a", tag="red", payload=b"\0\xff")

    assert task == Task("a", task.enqueued_at, task.enqueued_at, 0, "red", b"\0\xff")
    assert ["a"] == queue.leased_ids()


@pytest.mark.parametrize("eta", [0, 1, 1_400_000_000])
def test_an_eta_in_the_past_means_now(queue: QueueUnderTest, eta: int) -> None:
    task = queue.insert("a", eta=eta)

    assert task.eta == task.enqueued_at


def test_an_eta_may_be_30_days_ahead_and_no_more(queue: QueueUnderTest) -> None:
    month = 30 * 86_400 * 1_000_000

    queue.insert("a", eta=queue.clock.now() + month)

    with pytest.raises(Invalid, match="30 days"):
        queue.insert("b", eta=queue.clock.now() + month + 1_000_000)


def test_a_name_is_taken_while_its_task_is_there(queue: QueueUnderTest) -> None:
    queue.insert("a")

    with pytest.raises(InvalidTaskName, match="task name is invalid"):
        queue.insert("a", payload=b"other")
    assert queue.get("a").payload == b"job"


def test_a_name_stays_taken_for_seven_days_after_the_deletion(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.delete("a")

    queue.clock.advance(seconds=7 * 86_400 - 10)
    with pytest.raises(InvalidTaskName):
        queue.insert("a")
    queue.clock.advance(seconds=20)

    assert queue.insert("a", payload=b"again").payload == b"again"
    assert queue.get("a").payload == b"again"


def test_how_long_a_name_stays_taken_is_a_setting_of_the_queue(queue: QueueUnderTest) -> None:
    queue.set(tombstone_seconds=0)
    queue.insert("a")
    queue.delete("a")

    assert queue.insert("a").id == "a"


def test_of_several_tasks_of_one_name_in_a_group_the_first_gets_it(queue: QueueUnderTest) -> None:
    tasks = [queue.new("a", b"1"), queue.new("a", b"2"), queue.new("b", b"3")]

    first, second, third = queue.group(queue.verbs.insert, tasks)

    assert isinstance(first, Task)
    assert isinstance(second, InvalidTaskName)
    assert isinstance(third, Task)
    assert [task.payload for task in queue.lease(10)] == [b"1", b"3"]


def test_an_id_that_the_server_made_cannot_be_given_to_another_task(queue: QueueUnderTest) -> None:
    made = queue.insert().id
    queue.delete(made)

    with pytest.raises(InvalidTaskName):
        queue.insert(made)


def test_a_task_can_be_moved_to_another_queue_with_the_id_it_had(queue: QueueUnderTest) -> None:
    made = queue.insert().id
    queue.queue = queue.do(lambda tx, _: configure.create(tx, replace(queue.queue, name="another")))

    assert queue.insert(made).id == made
    assert queue.get(made).id == made


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a" * 501, "a.b", "lease"])
def test_a_name_has_letters_digits_hyphens_and_underscores(
    queue: QueueUnderTest, name: str
) -> None:
    with pytest.raises(InvalidTaskName):
        queue.insert(name)


def test_a_name_may_have_500_characters(queue: QueueUnderTest) -> None:
    assert queue.insert("a" * 500).id == "a" * 500


def test_a_task_has_at_most_a_mebibyte_with_its_name_and_tag(queue: QueueUnderTest) -> None:
    queue.insert("name", payload=b"x" * (2**20 - 7), tag="tag")

    with pytest.raises(Invalid, match="the limit is 1048576"):
        queue.insert("other", payload=b"x" * (2**20 - 7), tag="tag")


def test_a_tag_has_at_most_500_bytes(queue: QueueUnderTest) -> None:
    queue.insert("a", tag="ä" * 250)

    with pytest.raises(Invalid, match="500 bytes"):
        queue.insert("b", tag="ä" * 251)


def test_a_push_queue_takes_no_tasks_here(queue: QueueUnderTest) -> None:
    queue.set(mode="push")

    with pytest.raises(Invalid, match="push queue"):
        queue.insert()


def test_a_refused_task_does_not_spoil_its_group(queue: QueueUnderTest) -> None:
    outcomes = queue.group(queue.verbs.insert, [queue.new("a b"), queue.new("ok")])

    assert isinstance(outcomes[0], InvalidTaskName)
    assert isinstance(outcomes[1], Task)
    assert ["ok"] == queue.leased_ids(10)


def test_numbers_of_a_group_that_was_rolled_back_are_not_used_twice(queue: QueueUnderTest) -> None:
    tx = queue.connection.begin()
    queue.verbs.insert.run(tx, queue.clock.now(), [queue.new()])
    queue.connection.rollback()

    first, second = queue.insert(), queue.insert()

    assert first.id != second.id
    assert {first.id, second.id} == set(queue.leased_ids(10))


@given(queue_id=st.integers(1, 2**40), number=st.integers(0, 2**44 - 1))
def test_an_id_holds_its_number(queue_id: int, number: int) -> None:
    ids = TaskIds(b"key")

    assert number == ids.decode(queue_id, ids.encode(queue_id, number))


@given(text=st.one_of(st.text(), st.text("0123456789abcdef", min_size=16, max_size=16)))
def test_other_texts_are_not_ids(text: str) -> None:
    ids = TaskIds(b"key")

    number = ids.decode(1, text)

    assert number is None or ids.encode(1, number) == text


def test_a_deleted_queue_takes_no_task_from_a_server_that_has_not_heard_of_it(
    queue: QueueUnderTest,
) -> None:
    queue.do(lambda tx, now: configure.delete(tx, now, queue.queue))
    successor = queue.do(lambda tx, _: configure.create(tx, queue.queue))

    refused = [queue.new("a"), queue.new()]
    taken = NewTask(successor, b"job", "a")
    outcomes = queue.group(queue.verbs.insert, [*refused, taken])

    assert [NotFound, NotFound, Task] == [type(outcome) for outcome in outcomes]
    assert queue.statistics().total_tasks == 0
    assert queue.do(sweep.sweep_deleted_queues) == 0
    queue.clock.advance(seconds=1)
    assert queue.do(sweep.sweep_names) == 1
