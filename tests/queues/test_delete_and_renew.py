"""Deleting and renewing: contract sections 3.3 and 3.4."""

import pytest

from leasehold.errors import Error, Invalid, NotFound
from leasehold.queues.delete import Deletion, LeaseLost
from leasehold.queues.limits import InvalidTaskName
from leasehold.queues.renew import LeaseExpired
from tests.queues.queue_under_test import QueueUnderTest


def test_a_deleted_task_is_gone(queue: QueueUnderTest) -> None:
    queue.insert("a")

    queue.delete("a")

    assert queue.list() == []
    with pytest.raises(NotFound):
        queue.get("a")


def test_deleting_needs_no_lease_and_minds_no_expired_one(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease(seconds=1)
    queue.clock.advance(seconds=60)

    queue.delete("a")

    assert queue.list() == []


@pytest.mark.parametrize("task_id", ["never", "0123456789abcdef", "x" * 600, "a b", ""])
def test_deleting_what_is_not_there_is_refused_in_words_that_clients_know(
    queue: QueueUnderTest, task_id: str
) -> None:
    with pytest.raises(InvalidTaskName, match="task name is invalid"):
        queue.delete(task_id)


@pytest.mark.parametrize("name", ["named", None])
def test_a_task_is_deleted_once(queue: QueueUnderTest, name: str | None) -> None:
    task_id = queue.insert(name).id

    deletion = Deletion(queue.queue, task_id)
    outcomes = queue.group(queue.verbs.delete, [deletion, deletion])

    assert outcomes[0] is None
    assert isinstance(outcomes[1], InvalidTaskName)
    with pytest.raises(InvalidTaskName):
        queue.delete(task_id)


def test_a_strict_queue_refuses_a_stale_delete(queue: QueueUnderTest) -> None:
    queue.set(strict_leases=True)
    queue.insert("a")
    mine = queue.lease(seconds=10)[0]
    queue.clock.advance(seconds=11)
    theirs = queue.lease(seconds=100)[0]

    with pytest.raises(LeaseLost):
        queue.delete("a", lease_eta=mine.eta)
    queue.delete("a", lease_eta=theirs.eta)

    assert queue.list() == []


def test_a_strict_queue_refuses_a_delete_when_no_lease_runs(queue: QueueUnderTest) -> None:
    queue.set(strict_leases=True)
    queue.insert("a")
    queue.lease(seconds=10)
    queue.clock.advance(seconds=11)

    with pytest.raises(LeaseLost):
        queue.delete("a")


def test_who_names_its_lease_is_refused_once_it_is_another(queue: QueueUnderTest) -> None:
    queue.insert("a")
    mine = queue.lease(seconds=10)[0]
    queue.renew("a", 20)

    with pytest.raises(LeaseLost):
        queue.delete("a", lease_eta=mine.eta)


def test_renewing_counts_from_now_and_not_as_a_lease(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease(seconds=100)

    renewed = queue.renew("a", 10)

    assert renewed.eta - queue.clock.now() <= 10_000_000
    assert renewed.retry_count == 1
    assert renewed.payload == b"job"


def test_renewing_for_no_seconds_gives_the_task_back(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease(seconds=100)

    queue.renew("a", 0)

    assert ["a"] == queue.leased_ids()


def test_an_expired_lease_cannot_be_renewed(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease(seconds=10)
    queue.clock.advance(seconds=11)

    with pytest.raises(LeaseExpired, match="The task lease has expired"):
        queue.renew("a")


def test_a_lease_that_is_another_consumers_now_cannot_be_renewed(queue: QueueUnderTest) -> None:
    queue.insert("a")
    mine = queue.lease(seconds=10)[0]
    queue.clock.advance(seconds=11)
    theirs = queue.lease(seconds=100)[0]

    with pytest.raises(LeaseExpired):
        queue.renew("a", lease_eta=mine.eta)
    assert queue.renew("a", lease_eta=theirs.eta).id == "a"


def test_a_task_that_is_gone_cannot_be_renewed(queue: QueueUnderTest) -> None:
    made = queue.insert().id
    queue.delete(made)

    for task_id in (made, "never"):
        with pytest.raises(LeaseExpired):
            queue.renew(task_id)


def test_leases_of_a_paused_queue_cannot_be_renewed(queue: QueueUnderTest) -> None:
    queue.insert("a")
    queue.lease()
    queue.set(paused_at=queue.clock.now())

    with pytest.raises(Invalid, match="paused"):
        queue.renew("a")


@pytest.mark.parametrize("seconds", [-1, 604_801])
def test_a_lease_is_renewed_for_at_most_a_week(queue: QueueUnderTest, seconds: int) -> None:
    queue.insert("a")
    queue.lease()

    with pytest.raises(Invalid, match="0 to 604800"):
        queue.renew("a", seconds)


def test_reading_and_deleting_from_a_push_queue_is_refused(queue: QueueUnderTest) -> None:
    queue.set(mode="push")

    for call in (queue.list, lambda: queue.get("a"), lambda: queue.delete("a")):
        with pytest.raises(Error, match="push queue"):
            call()
