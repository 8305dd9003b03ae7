"""Errors: status, reason, words and place of each, in the envelope that Google's clients read."""

import pytest
import requests

from leasehold.queues import configure
from tests.api.worker import EMAIL, Worker
from tests.running_server import RunningServer


def parts(reply: requests.Response) -> tuple[int, str, str, str]:
    """Status, domain, reason and location of an error whose envelope is as it has to be."""
    error = reply.json()["error"]
    (entry,) = error["errors"]
    assert {"error"} == reply.json().keys()
    assert {"errors", "code", "message"} == error.keys()
    assert [reply.status_code, entry["message"]] == [error["code"], error["message"]]
    assert "application/json; charset=UTF-8" == reply.headers["Content-Type"]
    assert ("location" in entry) == ("locationType" in entry)
    return reply.status_code, entry["domain"], entry["reason"], entry.get("location", "")


@pytest.mark.parametrize(
    ("verb", "path", "location"),
    [
        ("POST", "/tasks/lease?leaseSecs=1", "numTasks"),
        ("POST", "/tasks/lease?numTasks=1", "leaseSecs"),
        ("POST", "/tasks/lease?numTasks=1&leaseSecs=", "leaseSecs"),
        ("POST", "/tasks/lease", "numTasks"),
        ("POST", "/tasks/a", "newLeaseSeconds"),
        ("PATCH", "/tasks/a", "newLeaseSeconds"),
        ("POST", "/tasks", "payloadBase64"),
    ],
)
def test_what_is_missing_is_required_by_name(
    worker: Worker, verb: str, path: str, location: str
) -> None:
    reply = worker.call(verb, f"demo/taskqueues/{worker.queue}{path}")

    assert (400, "global", "required", location) == parts(reply)
    assert location in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("numTasks=x&leaseSecs=1", "numTasks"),
        ("numTasks=1.0&leaseSecs=1", "numTasks"),
        ("numTasks=1e3&leaseSecs=1", "numTasks"),
        ("numTasks=%D9%A1&leaseSecs=1", "numTasks"),
        ("numTasks=1_0&leaseSecs=1", "numTasks"),
        ("numTasks=-&leaseSecs=1", "numTasks"),
        ("numTasks=%201&leaseSecs=1", "numTasks"),
        (f"numTasks={'9' * 5_000}&leaseSecs=1", "numTasks"),
        ("numTasks=2147483648&leaseSecs=1", "numTasks"),
        ("numTasks=1&leaseSecs=-2147483649", "leaseSecs"),
        ("numTasks=1&leaseSecs=1&groupByTag=yes", "groupByTag"),
        ("numTasks=1&leaseSecs=1&groupByTag=1", "groupByTag"),
        ("numTasks=1&leaseSecs=1&tag=t", "tag"),
        ("numTasks=1&leaseSecs=1&groupByTag=false&tag=t", "tag"),
        ("numTasks=1&numTasks=1&leaseSecs=1", "numTasks"),
        ("numTasks=1&leaseSecs=1&prettyPrint=no", "prettyPrint"),
        ("numTasks=1&leaseSecs=1&alt=media", "alt"),
        ("numTasks=1&leaseSecs=1&alt=", "alt"),
        ("numTasks=1&leaseSecs=1&callback=f", "callback"),
        (f"numTasks=1&leaseSecs=1&quotaUser={'x' * 41}", "quotaUser"),
        ("numTasks=1&leaseSecs=1&x=%FF", ""),
        ("numTasks=1&leaseSecs=1" + "&x=1" * 99, ""),
    ],
)
def test_a_malformed_parameter_is_invalid_by_name_and_leases_nothing(
    worker: Worker, query: str, location: str
) -> None:
    worker.insert()

    reply = worker.call("POST", f"{worker.tasks}/lease?{query}")

    assert (400, "global", "invalid", location) == parts(reply)
    assert 0 == worker.call("GET", worker.tasks).json()["items"][0]["retry_count"]


def test_an_api_key_that_nobody_has_is_refused(worker: Worker) -> None:
    reply = worker.call("GET", worker.tasks, params={"key": "AIza"})

    assert (400, "usageLimits", "keyInvalid", "key") == parts(reply)
    assert "API key not valid" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/taskqueue/",
        "/taskqueue/v1beta2",
        "/taskqueue/v1beta2/projects/demo",
        "/taskqueue/v1beta2/projects/demo/taskqueues",
        "/taskqueue/v1beta2/projects/demo/queues/q",
        "/taskqueue/v1beta2/projects/demo/taskqueues/q/jobs",
        "/taskqueue/v1beta2/projects/demo/taskqueues/q/tasks/a/b",
        "/taskqueue/v1/projects/demo/taskqueues/q",
        "/taskqueue/v1beta3/projects/demo/taskqueues/q",
        "/discovery/v1/apis/taskqueue/v1/rest",
        "/discovery/v1/apis/other/v1beta2/rest",
        "/discovery/v2/apis",
        "/$discovery/rest?version=v3",
    ],
)
def test_an_unknown_path_is_not_found(worker: Worker, path: str) -> None:
    reply = worker.call_root("GET", path)

    assert (404, "global", "notFound", "") == parts(reply)


@pytest.mark.parametrize(
    ("verb", "below", "allowed"),
    [
        ("POST", "", "GET"),
        ("DELETE", "", "GET"),
        ("PUT", "/tasks", "GET, POST"),
        ("DELETE", "/tasks", "GET, POST"),
        ("PUT", "/tasks/a", "DELETE, GET, PATCH, POST"),
        ("OPTIONS", "/tasks/a", "DELETE, GET, PATCH, POST"),
        ("PUT", "/tasks/lease", "DELETE, GET, PATCH, POST"),
    ],
)
def test_a_wrong_verb_is_answered_with_the_right_ones(
    worker: Worker, verb: str, below: str, allowed: str
) -> None:
    reply = worker.call(verb, f"demo/taskqueues/{worker.queue}{below}")

    assert (405, "global", "httpMethodNotAllowed", "") == parts(reply)
    assert allowed == reply.headers["Allow"]


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [("POST", "/discovery/v1/apis", "GET"), ("GET", "/batch", "POST"), ("PUT", "/batch", "POST")],
)
def test_documents_and_batches_have_their_verbs_too(
    worker: Worker, verb: str, path: str, allowed: str
) -> None:
    reply = worker.call_root(verb, path)

    assert (405, "global", "httpMethodNotAllowed", "") == parts(reply)
    assert allowed == reply.headers["Allow"]


def test_the_head_of_a_document_has_no_body(worker: Worker) -> None:
    reply = worker.call_root("HEAD", "/discovery/v1/apis")

    assert 200 == reply.status_code
    assert b"" == reply.content


def test_a_task_that_is_not_there_is_not_found_by_get(worker: Worker) -> None:
    assert (404, "global", "notFound", "") == parts(worker.get("no-such-task"))


@pytest.mark.parametrize("task_id", ["no-such-task", "%20", "ä", "a.b", ".", "lease", "x" * 501])
def test_a_task_that_is_not_there_is_invalid_by_delete(worker: Worker, task_id: str) -> None:
    if task_id == ".":  # a client of ours would take it out of the path
        task_id = "%2E"

    reply = worker.delete(task_id)

    assert (400, "global", "invalid", "id") == parts(reply)
    assert "task name is invalid" in reply.json()["error"]["message"]


def test_a_task_is_deleted_once(worker: Worker) -> None:
    task_id = worker.insert().json()["id"]

    assert [204, 400] == [worker.delete(task_id).status_code for _ in range(2)]


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_a_lease_that_is_not_there_has_expired(worker: Worker, verb: str) -> None:
    never_leased = worker.insert().json()["id"]
    deleted = worker.insert().json()["id"]
    worker.delete(deleted)

    replies = [
        worker.update(task_id, 30, verb=verb) for task_id in (never_leased, deleted, "no-such-task")
    ]

    assert [(400, "global", "invalid", "")] * 3 == [parts(reply) for reply in replies]
    assert {"The task lease has expired"} == {r.json()["error"]["message"] for r in replies}


def test_a_renewal_must_name_the_lease_that_runs(worker: Worker) -> None:
    worker.insert(id="a")
    lease = worker.lease().json()["items"][0]["leaseTimestamp"]

    renewed = worker.update("a", 60, leaseTimestamp=lease)
    stale = worker.update("a", 60, leaseTimestamp=lease)

    assert 200 == renewed.status_code
    assert int(renewed.json()["leaseTimestamp"]) > int(lease)
    assert "The task lease has expired" == stale.json()["error"]["message"]


def test_a_renewal_names_one_task(worker: Worker) -> None:
    worker.insert(id="a")
    worker.lease()

    reply = worker.update("a", 60, id="b")

    assert (400, "global", "invalid", "id") == parts(reply)
    assert reply.json()["error"]["message"].startswith("Task IDs must match")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_name_is_taken_once(worker: Worker, *, is_deleted: bool) -> None:
    worker.insert(id="a")
    if is_deleted:
        worker.delete("a")

    reply = worker.insert(id="a")

    assert (400, "global", "invalid", "id") == parts(reply)
    assert "task name is invalid" in reply.json()["error"]["message"]


def test_a_paused_queue_gives_nothing_and_changes_no_lease(worker: Worker) -> None:
    queue = worker.server.queue_for(EMAIL, f"{worker.queue}-paused")
    worker.server.do(lambda tx, now: configure.pause(tx, now, queue))
    paused = Worker(worker.server, worker.token, queue.name)

    inserted = paused.insert(id="a")
    leased = paused.lease()
    renewed = paused.update("a", 30)

    assert 200 == inserted.status_code
    assert {"kind": "taskqueue#tasks"} == leased.json()
    assert (400, "global", "invalid", "") == parts(renewed)
    assert "paused" in renewed.json()["error"]["message"]


def test_a_push_queue_is_none_for_these_methods(worker: Worker) -> None:
    queue = worker.server.queue_for(EMAIL, f"{worker.queue}-push", mode="push")
    push = Worker(worker.server, worker.token, queue.name)

    replies = [
        push.insert(),
        push.lease(),
        push.get("a"),
        push.delete("a"),
        push.update("a", 1),
        push.call("GET", push.tasks),
    ]

    assert {(400, "global", "invalid", "")} == {parts(reply) for reply in replies}
    assert all("push queue" in reply.json()["error"]["message"] for reply in replies)


def test_a_strict_queue_keeps_a_task_from_who_lost_its_lease(worker: Worker) -> None:
    queue = worker.server.queue_for(EMAIL, f"{worker.queue}-strict", strict_leases=True)
    strict = Worker(worker.server, worker.token, queue.name)
    strict.insert(id="a")

    without_a_lease = strict.delete("a")
    lease = strict.lease().json()["items"][0]["leaseTimestamp"]
    with_another = strict.delete("a", params={"leaseTimestamp": int(lease) - 1})
    with_it = strict.delete("a", params={"leaseTimestamp": lease})

    assert (409, "global", "leaseLost", "") == parts(without_a_lease) == parts(with_another)
    assert 204 == with_it.status_code


@pytest.mark.parametrize("text", ["x", "1.5", "9223372036854775808", "9" * 30])
def test_a_deletions_lease_is_an_int64(worker: Worker, text: str) -> None:
    worker.insert(id="a")

    reply = worker.delete("a", params={"leaseTimestamp": text})

    assert (400, "global", "invalid", "leaseTimestamp") == parts(reply)
    assert ["a"] == worker.listed_ids()


def test_who_may_not_is_told_nothing_about_the_request(shared_server: RunningServer) -> None:
    reply = shared_server.call("POST", "demo/taskqueues/q/tasks/lease?numTasks=x&fields=(")

    assert (401, "global", "required", "Authorization") == parts(reply)
