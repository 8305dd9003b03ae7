"""Who may do what, over HTTP: scope and role must both allow, and strangers learn nothing."""

from functools import partial

import pytest
import requests

from leasehold.accounts import projects
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.storage.transaction import Transaction
from tests.api.worker import EMAIL, Worker
from tests.running_server import API, OWNER, RunningServer

SCOPE = "https://www.googleapis.com/auth/"
BOTH_SCOPES = "taskqueue taskqueue.consumer"

# Of a queue whose name is the role that the caller has on it.
ACLS = {
    "none": Acl(),
    "consumer": Acl(consumers=frozenset([EMAIL])),
    "producer": Acl(producers=frozenset([EMAIL])),
    "both": Acl(frozenset([EMAIL]), frozenset([EMAIL])),
    "admin": Acl(admins=frozenset([EMAIL])),
}

METHODS = {
    "taskqueues.get": ("GET", ""),
    "tasks.list": ("GET", "/tasks"),
    "tasks.get": ("GET", "/tasks/no-such-task"),
    "tasks.lease": ("POST", "/tasks/lease?numTasks=1&leaseSecs=0"),
    "tasks.update": ("POST", "/tasks/no-such-task?newLeaseSeconds=0"),
    "tasks.patch": ("PATCH", "/tasks/no-such-task?newLeaseSeconds=0"),
    "tasks.delete": ("DELETE", "/tasks/no-such-task"),
    "tasks.insert": ("POST", "/tasks"),
}


def outcome(reply: requests.Response) -> str:
    """The reason of a refusal for want of a right; "allowed" for all that passed the gate."""
    if reply.status_code in (401, 403):
        return str(reply.json()["error"]["errors"][0]["reason"])
    return "allowed"


def call(server: RunningServer, token: str, method: str, queue: str) -> requests.Response:
    verb, below = METHODS[method]
    return server.call(verb, f"{queue}{below}", token=token)


@pytest.fixture(scope="module")
def queues(shared_server: RunningServer) -> RunningServer:
    """The server with a queue for each role."""
    for name, acl in ACLS.items():
        shared_server.queue(name, acl=acl)
    return shared_server


@pytest.mark.parametrize(
    ("scopes", "may_insert", "may_consume"),
    [
        ("taskqueue", True, True),
        ("cloud-taskqueue", True, True),
        ("taskqueue.consumer", False, True),
        ("cloud-taskqueue.consumer", False, True),
        ("taskqueue taskqueue.consumer cloud-taskqueue cloud-taskqueue.consumer", True, True),
    ],
)
def test_scope_and_role_must_both_allow(
    queues: RunningServer, scopes: str, *, may_insert: bool, may_consume: bool
) -> None:
    token = queues.token(scopes=scopes)

    seen = {
        (method, role): outcome(call(queues, token, method, f"demo/taskqueues/{role}"))
        for method in METHODS
        for role in ACLS
    }

    def expected(method: str, role: str) -> str:
        is_insert = method == "tasks.insert"
        if not (may_insert if is_insert else may_consume):
            return "insufficientPermissions"
        roles = {"producer" if is_insert else "consumer", "both", "admin"}
        return "allowed" if role in roles else "forbidden"

    assert {(m, r): expected(m, r) for m in METHODS for r in ACLS} == seen


def test_a_missing_scope_is_named_in_the_challenge(queues: RunningServer) -> None:
    token = queues.token(scopes="taskqueue.consumer")

    reply = call(queues, token, "tasks.insert", "demo/taskqueues/both")

    error = reply.json()["error"]
    assert 403 == reply.status_code
    assert "Insufficient Permission" == error["message"]
    assert (
        f'Bearer realm="{queues.url}", error="insufficient_scope",'
        f' scope="{SCOPE}taskqueue {SCOPE}cloud-taskqueue"'
    ) == reply.headers["WWW-Authenticate"]


def test_a_missing_role_is_refused_in_the_words_that_clients_know(queues: RunningServer) -> None:
    reply = call(queues, queues.token(), "tasks.list", "demo/taskqueues/none")

    assert 403 == reply.status_code
    assert "you are not allowed to make this api call" == reply.json()["error"]["message"]


@pytest.fixture(scope="module")
def other_projects(shared_server: RunningServer) -> RunningServer:
    """Projects of somebody else; in each a queue `shared` for us, and a queue `closed`."""
    for project_id in ("switched-on", "switched-off", "legacy"):
        _project(shared_server, project_id)
    shared_server.do(
        lambda tx, _: projects.disable_api(tx, project_id="switched-off", api=API),
    )
    shared_server.do(
        lambda tx, _: projects.set_legacy_scopes(tx, project_id="legacy", allowed=True)
    )
    return shared_server


def _project(server: RunningServer, project_id: str) -> None:
    server.do(lambda tx, now: projects.create(tx, now, project_id=project_id, owner_email=OWNER))
    server.do(lambda tx, now: projects.enable_api(tx, now, project_id=project_id, api=API))
    for name, acl in (("shared", ACLS["both"]), ("closed", Acl())):
        queue = Queue(id=0, project_id=project_id, name=name, mode="pull", created_at=0, acl=acl)
        server.do(partial(_create, queue=queue))


def _create(tx: Transaction, now: int, *, queue: Queue) -> None:  # noqa: ARG001  # every operation is given the time
    configure.create(tx, queue)


def test_an_acl_reaches_into_other_projects(other_projects: RunningServer) -> None:
    token = other_projects.token()

    outcomes = [
        outcome(call(other_projects, token, method, "switched-on/taskqueues/shared"))
        for method in METHODS
    ]

    assert ["allowed"] * 8 == outcomes


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_is_told_the_same_whatever_is_there(
    other_projects: RunningServer, method: str
) -> None:
    token = other_projects.token()

    replies = [
        call(other_projects, token, method, path)
        for path in (
            "switched-on/taskqueues/closed",
            "switched-on/taskqueues/no-such-queue",
            "switched-off/taskqueues/closed",
            "no-such-project/taskqueues/q",
            "NOT an id/taskqueues/q",
            "switched-on/taskqueues/" + "x" * 1_000,
        )
    ]

    assert {403} == {reply.status_code for reply in replies}
    assert 1 == len({reply.text for reply in replies})


def test_who_has_a_right_is_told_that_the_api_is_off(other_projects: RunningServer) -> None:
    reply = call(
        other_projects, other_projects.token(), "tasks.list", "switched-off/taskqueues/shared"
    )

    error = reply.json()["error"]
    assert 403 == reply.status_code
    assert ("usageLimits", "accessNotConfigured") == (
        error["errors"][0]["domain"],
        error["errors"][0]["reason"],
    )
    assert error["message"].startswith("Access Not Configured.")


def test_legacy_scopes_let_a_consumers_scope_insert(other_projects: RunningServer) -> None:
    outcomes = {
        (scope, queue): outcome(
            call(other_projects, token, "tasks.insert", f"legacy/taskqueues/{queue}")
        )
        for scope in ("taskqueue.consumer", "cloud-taskqueue.consumer")
        for token in [other_projects.token(scopes=scope)]
        for queue in ("shared", "closed")
    }

    assert {
        ("taskqueue.consumer", "shared"): "allowed",
        ("cloud-taskqueue.consumer", "shared"): "allowed",
        ("taskqueue.consumer", "closed"): "forbidden",
        ("cloud-taskqueue.consumer", "closed"): "forbidden",
    } == outcomes


@pytest.mark.parametrize("method", METHODS)
def test_in_its_own_project_a_caller_is_told_that_a_queue_is_not_there(
    worker: Worker, method: str
) -> None:
    reply = call(worker.server, worker.token, method, "demo/taskqueues/no-such-queue")

    assert 404 == reply.status_code
    assert "notFound" == reply.json()["error"]["errors"][0]["reason"]


def test_a_role_on_one_queue_is_none_on_another(worker: Worker) -> None:
    task_id = worker.insert(id="a").json()["id"]
    worker.server.queue(f"{worker.queue}-other", acl=ACLS["both"])

    reply = worker.call("GET", f"demo/taskqueues/{worker.queue}-other/tasks/{task_id}")

    assert 404 == reply.status_code
