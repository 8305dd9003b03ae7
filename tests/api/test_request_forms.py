"""What real clients send, and what each form of it must mean: targets, ids, spaces, overrides."""

import pytest

from leasehold.accounts import projects
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from tests.api.raw_http import exchange, request
from tests.api.worker import EMAIL, Worker
from tests.running_server import API, OWNER, RunningServer

FORM = "application/x-www-form-urlencoded"
PREFIX = "/taskqueue/v1beta2/projects"


def test_the_target_may_be_a_whole_url(worker: Worker) -> None:
    target = f"http://example.com{PREFIX}/{worker.tasks}/lease?numTasks=1&leaseSecs=30"
    worker.insert(id="a")

    reply = exchange(worker.server.url, request(target, worker.token, verb="POST"))

    assert 200 == reply.status
    assert b'"id": "a"' in reply.body


@pytest.mark.parametrize(
    "project", ["demo", "s~demo", "s%7Edemo", "e~demo", "b~demo", "p~demo", "%64emo"]
)
def test_a_project_may_have_a_partition_before_its_id(worker: Worker, project: str) -> None:
    path = f"{PREFIX}/{project}/taskqueues/{worker.queue}"

    reply = exchange(worker.server.url, request(path, worker.token))

    assert 200 == reply.status


@pytest.mark.parametrize("project", ["DEMO", "ss~demo", "~demo", "s~s~demo", "demo%20"])
def test_another_spelling_of_an_id_is_another_project(worker: Worker, project: str) -> None:
    path = f"{PREFIX}/{project}/taskqueues/{worker.queue}"

    reply = exchange(worker.server.url, request(path, worker.token))

    assert 403 == reply.status


@pytest.mark.parametrize("project", ["example.com:app", "example.com%3Aapp", "s~example.com%3Aapp"])
def test_a_project_may_belong_to_a_domain(shared_server: RunningServer, project: str) -> None:
    token = _token_of_a_domains_project(shared_server)

    reply = exchange(shared_server.url, request(f"{PREFIX}/{project}/taskqueues/q/tasks", token))

    assert 200 == reply.status


def _token_of_a_domains_project(server: RunningServer) -> str:
    """The worker of `demo` may use a queue of `example.com:app`, which is made on first use."""
    server.service_account()
    app = "example.com:app"
    if server.do(lambda tx, _: projects.find(tx, app)) is None:
        server.do(lambda tx, now: projects.create(tx, now, project_id=app, owner_email=OWNER))
        server.do(lambda tx, now: projects.enable_api(tx, now, project_id=app, api=API))
        acl = Acl(consumers=frozenset([EMAIL]))
        queue = Queue(id=0, project_id=app, name="q", mode="pull", created_at=0, acl=acl)
        server.do(lambda tx, _: configure.create(tx, queue))
    return server.token()


def test_header_names_have_any_case(worker: Worker) -> None:
    path = f"{PREFIX}/{worker.tasks}"
    raw = request(path, "", headers=(f"AUTHORIZATION: Bearer {worker.token}",))

    assert 200 == exchange(worker.server.url, raw).status


@pytest.mark.parametrize("space", ["%20", "+"])
def test_a_space_in_a_tag_is_a_plus_or_percent_encoded(worker: Worker, space: str) -> None:
    worker.insert(id="with", tag="a b")
    worker.insert(id="without", tag="a+b")
    target = f"{PREFIX}/{worker.tasks}/lease?numTasks=9&leaseSecs=1&groupByTag=true&tag=a{space}b"

    reply = exchange(worker.server.url, request(target, worker.token, verb="POST"))

    assert b'"id": "with"' in reply.body
    assert b'"id": "without"' not in reply.body


@pytest.mark.parametrize("content_type", [FORM, f"{FORM};charset=UTF-8", f"{FORM.upper()}"])
def test_a_leases_parameters_may_come_as_a_form(worker: Worker, content_type: str) -> None:
    worker.insert(id="a", tag="x y")
    worker.insert(id="b")

    reply = worker.call(
        "POST",
        f"{worker.tasks}/lease",
        data="numTasks=5&leaseSecs=30&groupByTag=true&tag=x+y",
        headers={"Content-Type": content_type},
    )

    assert ["a"] == [task["id"] for task in reply.json()["items"]]


def test_the_query_wins_over_the_form(worker: Worker) -> None:
    worker.insert(id="a")
    worker.insert(id="b")

    reply = worker.call(
        "POST",
        f"{worker.tasks}/lease",
        params={"numTasks": 1},
        data={"numTasks": 2, "leaseSecs": 30},
    )

    assert 1 == len(reply.json()["items"])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", None),
        ("", FORM),
        ("", "application/json"),
        ("{}", "application/json"),
        ("{}", "application/json;charset=utf-8"),
        ("not json", "text/plain"),
    ],
)
def test_a_lease_needs_no_body(worker: Worker, body: str, content_type: str | None) -> None:
    worker.insert(id="a")

    reply = worker.call(
        "POST",
        f"{worker.tasks}/lease",
        params={"numTasks": 1, "leaseSecs": 30},
        data=body,
        headers={"Content-Type": content_type} if content_type else {},
    )

    assert ["a"] == [task["id"] for task in reply.json()["items"]]


def test_booleans_have_any_case(worker: Worker) -> None:
    worker.insert(id="a")

    reply = worker.lease(groupByTag="FALSE", prettyPrint="False")

    assert ["a"] == [task["id"] for task in reply.json()["items"]]


def test_a_verb_may_be_overridden_by_a_post(worker: Worker) -> None:
    worker.insert(id="a")
    worker.lease()

    def post(path: str, verb: str, **more: object) -> int:
        override = {"X-HTTP-Method-Override": verb}
        return worker.call("POST", path, headers=override, **more).status_code

    task = f"{worker.tasks}/a"
    assert 200 == post(task, "PATCH", params={"newLeaseSeconds": 5}, json={})
    assert 200 == post(task, "get")
    assert 204 == post(task, "DELETE")
    assert [] == worker.listed_ids()


def test_an_overridden_get_takes_its_parameters_from_the_form(worker: Worker) -> None:
    worker.insert(id="a")

    reply = worker.call(
        "POST",
        worker.tasks,
        params={"prettyPrint": "false"},
        data="fields=items%2Fid&alt=json",
        headers={"X-HTTP-Method-Override": "GET", "Content-Type": FORM},
    )

    assert '{"items":[{"id":"a"}]}\n' == reply.text


@pytest.mark.parametrize("verb", ["PURGE", "GETT", "", "HEAD"])
def test_an_unknown_override_is_refused(worker: Worker, verb: str) -> None:
    headers = {"X-HTTP-Method-Override": verb}

    reply = worker.call("POST", worker.tasks, headers=headers, json={"payloadBase64": ""})

    assert 400 == reply.status_code
    assert "X-HTTP-Method-Override takes DELETE, GET, PATCH" in reply.json()["error"]["message"]
    assert [] == worker.listed_ids()


def test_only_a_post_can_be_overridden(worker: Worker) -> None:
    worker.insert(id="a")

    reply = worker.get("a", headers={"X-HTTP-Method-Override": "DELETE"})

    assert 200 == reply.status_code
    assert ["a"] == worker.listed_ids()


def test_a_deletion_may_have_an_empty_body_and_a_content_type(worker: Worker) -> None:
    worker.insert(id="a")

    reply = worker.delete("a", params={"alt": "json"}, data="", headers={"Content-Type": FORM})

    assert 204 == reply.status_code


def test_unknown_parameters_are_ignored(worker: Worker) -> None:
    assert 200 == worker.lease(quotaUser="x" * 40, userIp="192.0.2.1", trace="x").status_code


def test_a_body_may_name_its_queue_short_or_long(worker: Worker) -> None:
    long = f"projects/s~demo/taskqueues/{worker.queue}"

    names = [None, "", worker.queue, long, long.replace("s~", "")]
    replies = [worker.insert(queueName=name) for name in names]

    assert [200] * 5 == [reply.status_code for reply in replies]
    assert {worker.queue} == {reply.json()["queueName"] for reply in replies}


@pytest.mark.parametrize(
    "name",
    ["other", "projects/demo/taskqueues/other", "projects/other/taskqueues/{q}", "x/{q}", "/{q}"],
)
def test_a_body_that_names_another_queue_is_refused(worker: Worker, name: str) -> None:
    reply = worker.insert(queueName=name.format(q=worker.queue))

    assert 400 == reply.status_code
    assert "Cannot change task in a different queue" == reply.json()["error"]["message"]
    assert [] == worker.listed_ids()


def test_a_task_whose_id_is_percent_encoded_is_the_same(worker: Worker) -> None:
    worker.insert(id="a_b-C")

    encoded = "".join(f"%{ord(character):02x}" for character in "a_b-C")

    assert "a_b-C" == worker.get(encoded).json()["id"]


@pytest.mark.parametrize("path", ["d%00/taskqueues/q", "demo/taskqueues/%00q", "{tasks}/a%00"])
def test_a_path_that_holds_what_no_name_can_is_refused(worker: Worker, path: str) -> None:
    reply = worker.call("GET", path.format(tasks=worker.tasks))

    assert 400 == reply.status_code
    assert "the path holds a NUL character" == reply.json()["error"]["message"]
