"""How replies look: JSON types that typed clients insist on, absences, whitespace, headers."""

import json
import re

import pytest

from tests.api.worker import EMAIL, Worker

MICROSECONDS = 1_000_000
V1BETA1 = "/taskqueue/v1beta1/projects"


def test_an_inserted_task_has_exactly_these_fields(worker: Worker) -> None:
    task = worker.insert(id="a", tag="t", retry_count=7, kind="x").json()

    assert {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": worker.queue,
        "payloadBase64": "am9i",
        "enqueueTimestamp": task["enqueueTimestamp"],
        "leaseTimestamp": task["leaseTimestamp"],
        "retry_count": 0,
        "tag": "t",
    } == task


def test_instants_are_strings_and_counts_are_numbers(worker: Worker) -> None:
    worker.insert()

    leased = worker.lease().json()["items"][0]
    queue = worker.call("GET", f"demo/taskqueues/{worker.queue}", params={"getStats": "true"})
    stats = queue.json()["stats"]

    assert [str, str] == [type(leased[n]) for n in ("enqueueTimestamp", "leaseTimestamp")]
    assert 1 == leased["retry_count"]
    assert [0, 1] == [queue.json()["maxLeases"], stats["totalTasks"]]
    assert ["1", "1"] == [stats["leasedLastMinute"], stats["leasedLastHour"]]


def test_the_oldest_task_is_in_seconds_and_all_else_in_microseconds(worker: Worker) -> None:
    eta = worker.server.clock.now() + 3_600 * MICROSECONDS

    inserted = worker.insert(leaseTimestamp=str(eta)).json()
    stats = worker.call(
        "GET", f"demo/taskqueues/{worker.queue}", params={"getStats": "true"}
    ).json()["stats"]

    assert str(eta) == inserted["leaseTimestamp"]
    assert str(eta // MICROSECONDS) == stats["oldestTask"]


def test_a_lease_gives_the_long_name_of_the_queue_as_the_caller_wrote_its_project(
    worker: Worker,
) -> None:
    inserted = worker.insert().json()

    long = worker.call(
        "POST",
        f"s~demo/taskqueues/{worker.queue}/tasks/lease",
        params={"numTasks": 1, "leaseSecs": 0},
    ).json()["items"][0]
    shown = worker.get(inserted["id"]).json()

    assert f"projects/s~demo/taskqueues/{worker.queue}" == long["queueName"]
    assert worker.queue == shown["queueName"]


def test_a_made_id_is_good_for_a_url_and_for_names(worker: Worker) -> None:
    task_id = worker.insert(id="").json()["id"]

    assert re.fullmatch(r"[A-Za-z0-9_-]{1,500}", task_id)


def test_empty_lists_are_absent_and_their_kinds_differ_by_a_letter(worker: Worker) -> None:
    leased = worker.lease().json()
    listed = worker.call("GET", worker.tasks).json()

    assert {"kind": "taskqueue#tasks"} == leased
    assert {"kind": "taskqueues#tasks"} == listed


def test_a_list_has_no_payloads_and_an_untagged_task_has_no_tag(worker: Worker) -> None:
    worker.insert()

    listed = worker.call("GET", worker.tasks).json()["items"][0]

    assert {
        "kind",
        "id",
        "queueName",
        "enqueueTimestamp",
        "leaseTimestamp",
        "retry_count",
    } == listed.keys()


def test_a_queue_shows_its_acl_always_and_its_statistics_when_asked(worker: Worker) -> None:
    path = f"demo/taskqueues/{worker.queue}"

    plain = worker.call("GET", path, params={"getStats": "false"}).json()
    full = worker.call("GET", path, params={"getStats": "True"}).json()

    assert {
        "kind": "taskqueues#taskqueue",
        "id": worker.queue,
        "maxLeases": 0,
        "acl": {"consumerEmails": [EMAIL], "producerEmails": [EMAIL], "adminEmails": []},
    } == plain
    assert {
        "totalTasks": 0,
        "oldestTask": "0",
        "leasedLastMinute": "0",
        "leasedLastHour": "0",
    } == full["stats"]


def test_a_deletion_is_204_without_body_type_or_length(worker: Worker) -> None:
    task_id = worker.insert().json()["id"]

    deleted = worker.delete(task_id)

    assert 204 == deleted.status_code
    assert b"" == deleted.content
    assert {"content-type", "content-length"}.isdisjoint(name.lower() for name in deleted.headers)


def test_replies_are_pretty_with_one_space_for_each_level(worker: Worker) -> None:
    reply = worker.call("GET", f"demo/taskqueues/{worker.queue}")

    lines = reply.text.split("\n")
    assert ["{", ' "kind": "taskqueues#taskqueue",'] == lines[:2]
    assert '  "consumerEmails": [' in lines
    assert f'   "{EMAIL}"' in lines
    assert ["}", ""] == lines[-2:]


@pytest.mark.parametrize("path", ["tasks", "no-such-path"])
def test_replies_and_errors_are_compact_on_demand(worker: Worker, path: str) -> None:
    reply = worker.call(
        "GET", f"demo/taskqueues/{worker.queue}/{path}", params={"prettyPrint": "false"}
    )

    assert json.dumps(reply.json(), separators=(",", ":")) + "\n" == reply.text


def test_json_says_that_it_is_and_that_nobody_may_keep_or_guess_it(worker: Worker) -> None:
    reply = worker.call("GET", worker.tasks)

    assert 200 == reply.status_code
    assert "application/json; charset=UTF-8" == reply.headers["Content-Type"]
    assert "no-store" == reply.headers["Cache-Control"]
    assert "nosniff" == reply.headers["X-Content-Type-Options"]


def test_large_replies_are_compressed_for_who_asks(worker: Worker) -> None:
    task_id = worker.insert(payloadBase64="A" * 8_000).json()["id"]

    small = worker.call("GET", f"demo/taskqueues/{worker.queue}", params={"prettyPrint": "false"})
    packed = worker.get(task_id, headers={"Accept-Encoding": "gzip, deflate"})
    plain = worker.get(task_id, headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in small.headers
    assert "gzip" == packed.headers["Content-Encoding"]
    assert int(packed.headers["Content-Length"]) < 1_000
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_v1beta1_has_neither_retry_count_nor_tag(worker: Worker) -> None:
    task_id = worker.insert(tag="t").json()["id"]
    path = f"{V1BETA1}/{worker.tasks}"

    leased = worker.call_root("POST", f"{path}/lease", params={"numTasks": 1, "leaseSecs": 30})
    shown = worker.call_root("GET", f"{path}/{task_id}")
    listed = worker.call_root("GET", path)

    fields = {"kind", "id", "queueName", "enqueueTimestamp", "leaseTimestamp"}
    assert fields | {"payloadBase64"} == leased.json()["items"][0].keys() == shown.json().keys()
    assert fields == listed.json()["items"][0].keys()


def test_v1beta1_can_delete(worker: Worker) -> None:
    task_id = worker.insert().json()["id"]

    deleted = worker.call_root("DELETE", f"{V1BETA1}/{worker.tasks}/{task_id}")

    assert 204 == deleted.status_code
    assert [] == worker.listed_ids()


@pytest.mark.parametrize(
    ("verb", "below_tasks", "allowed"),
    [("POST", "", "GET"), ("POST", "/a", "DELETE, GET"), ("PATCH", "/a", "DELETE, GET")],
)
def test_v1beta1_cannot_insert_or_update(
    worker: Worker, verb: str, below_tasks: str, allowed: str
) -> None:
    path = f"{V1BETA1}/{worker.tasks}{below_tasks}"

    refused = worker.call_root(verb, path, json={"payloadBase64": "am9i"})

    assert 405 == refused.status_code
    assert allowed == refused.headers["Allow"]
