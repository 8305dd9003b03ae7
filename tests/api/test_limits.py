"""Limits of names, sizes and times over HTTP: each exactly at its end and one beyond it."""

import base64

import pytest

from tests.api.worker import Worker

WEEK = 604_800  # seconds
MONTH = 30 * 86_400  # seconds
MEBIBYTE = 2**20


def outcome(worker: Worker, **task: object) -> tuple[int, str]:
    """Status of an insert, and the field that it was refused for."""
    reply = worker.insert(**task)
    if reply.status_code == 200:
        return 200, ""
    return reply.status_code, reply.json()["error"]["errors"][0].get("location", "")


@pytest.mark.parametrize("name", ["a", "A-z_0-9", "-", "_", "0", "x" * 500, "Lease", "tasks"])
def test_a_name_of_letters_digits_hyphens_and_underscores_is_good(
    worker: Worker, name: str
) -> None:
    assert name == worker.insert(id=name).json()["id"]
    assert name == worker.get(name).json()["id"]


@pytest.mark.parametrize(
    "name",
    ["x" * 501, "a b", "a.b", "a/b", "a:b", "ä", "a\n", "\n", " ", "..", "lease", "a" * 99_999],
)
def test_another_name_is_refused(worker: Worker, name: str) -> None:
    reply = worker.insert(id=name)

    assert 400 == reply.status_code
    assert "task name is invalid" in reply.json()["error"]["message"]
    assert len(reply.content) < 1_000


@pytest.mark.parametrize("tag", ["t" * 500, "ä" * 250, "💡" * 125, " ", "a,b/c", '"', "\n", "\x7f"])
def test_a_tag_is_any_text_of_500_bytes(worker: Worker, tag: str) -> None:
    task_id = worker.insert(tag=tag).json()["id"]

    leased = worker.lease(groupByTag="true", tag=tag).json()["items"]

    assert [(task_id, tag)] == [(task["id"], task["tag"]) for task in leased]


@pytest.mark.parametrize("tag", ["t" * 501, "ä" * 250 + "t", "💡" * 126, "a\0b"])
def test_a_longer_tag_is_refused_at_both_ends(worker: Worker, tag: str) -> None:
    assert (400, "tag") == outcome(worker, tag=tag)
    assert 400 == worker.lease(groupByTag="true", tag=tag).status_code


@pytest.mark.parametrize(
    ("name", "tag", "beyond"),
    [(None, None, 0), ("n" * 500, "t" * 500, 0), (None, None, 1), ("n", None, 1)],
)
def test_a_task_has_a_mebibyte_with_its_name_and_tag(
    worker: Worker, name: str | None, tag: str | None, beyond: int
) -> None:
    size = MEBIBYTE - len(name or "") - len(tag or "") + beyond
    payload = base64.urlsafe_b64encode(b"\xff" * size).decode()

    status, location = outcome(worker, payloadBase64=payload, id=name, tag=tag)

    assert ((400, "payloadBase64") if beyond else (200, "")) == (status, location)


def test_the_largest_task_comes_back_whole(worker: Worker) -> None:
    payload = base64.urlsafe_b64encode(bytes(range(256)) * 4_096).decode()
    task_id = worker.insert(payloadBase64=payload).json()["id"]

    assert payload == worker.get(task_id).json()["payloadBase64"]
    assert payload == worker.lease().json()["items"][0]["payloadBase64"]


def test_an_eta_is_at_most_thirty_days_ahead(own_worker: Worker) -> None:
    clock = own_worker.server.clock
    month = MONTH * 1_000_000

    # The clock takes a few steps of a microsecond until the task is inserted.
    assert (200, "") == outcome(own_worker, leaseTimestamp=str(clock.now() + month))
    assert (400, "leaseTimestamp") == outcome(
        own_worker, leaseTimestamp=str(clock.now() + month + 1_000_000)
    )


@pytest.mark.parametrize("eta", ["0", 0, "1", "1700000000", None])
def test_an_eta_in_the_past_is_now(worker: Worker, eta: object) -> None:
    before = worker.server.clock.now()

    task = worker.insert(leaseTimestamp=eta).json()

    assert before < int(task["leaseTimestamp"]) == int(task["enqueueTimestamp"])


@pytest.mark.parametrize("eta", ["-1", -1, "-9223372036854775808"])
def test_a_negative_eta_is_refused(worker: Worker, eta: object) -> None:
    assert (400, "leaseTimestamp") == outcome(worker, leaseTimestamp=eta)


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, 200), (1, 200), (WEEK, 200), (WEEK + 1, 400), (-1, 400)]
)
def test_a_lease_has_up_to_a_week(worker: Worker, seconds: int, status: int) -> None:
    worker.insert(id="a")

    leased = worker.lease(leaseSecs=seconds)
    if status == 400:
        worker.lease(leaseSecs=30)
    renewed = worker.update("a", seconds)

    # A lease of no length is over before it can be renewed.
    assert [status, 400 if seconds == 0 else status] == [leased.status_code, renewed.status_code]


def test_a_lease_is_counted_from_the_renewal(own_worker: Worker) -> None:
    own_worker.insert(id="a")
    own_worker.lease(leaseSecs=600)
    own_worker.server.clock.advance(100)
    now = own_worker.server.clock.now()

    renewed = own_worker.update("a", 30).json()

    assert now + 30_000_000 < int(renewed["leaseTimestamp"]) < now + 30_001_000
    assert 1 == renewed["retry_count"]


def test_a_renewal_of_no_seconds_gives_the_task_back(worker: Worker) -> None:
    worker.insert(id="a")
    worker.lease()

    worker.update("a", 0, verb="PATCH")

    assert 2 == worker.lease().json()["items"][0]["retry_count"]


@pytest.mark.parametrize(
    ("num_tasks", "status"), [(-1, 400), (0, 400), (1, 200), (1_000, 200), (1_001, 400)]
)
def test_a_lease_takes_one_to_a_thousand_tasks(worker: Worker, num_tasks: int, status: int) -> None:
    worker.insert()

    leased = worker.lease(numTasks=num_tasks)

    assert status == leased.status_code
    if status == 200:
        assert 1 == len(leased.json()["items"])


def test_a_lease_of_no_seconds_counts_and_gives_each_task_once(worker: Worker) -> None:
    worker.insert(id="a")

    first = worker.lease(numTasks=10, leaseSecs=0).json()["items"]
    second = worker.lease(numTasks=10, leaseSecs=0).json()["items"]

    assert [("a", 1)] == [(task["id"], task["retry_count"]) for task in first]
    assert [("a", 2)] == [(task["id"], task["retry_count"]) for task in second]


def test_a_list_has_a_hundred_tasks_by_eta(worker: Worker) -> None:
    later = worker.server.clock.now() + 60_000_000
    worker.insert(id="last", leaseTimestamp=str(later))
    for number in range(99):
        worker.insert(id=f"n{number}")

    assert [*(f"n{number}" for number in range(99)), "last"] == worker.listed_ids()
    worker.insert(id="n99")
    assert [f"n{number}" for number in range(100)] == worker.listed_ids()
