"""Google's client for Python, unmodified, with a key file of ours."""

import base64
import functools
import gc
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import google_auth_httplib2
import httplib2
import psycopg
import pytest
import requests
from google.oauth2 import service_account
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, HttpRequest

from tests.clients.conftest import WORKER
from tests.running_server import RunningServer, run_server, write_key_file

SCOPE = "https://www.googleapis.com/auth/taskqueue"
JOB = {"queueName": "pull-queue", "payloadBase64": "am9i"}
IAM = "iamcredentials.googleapis.com"

# What they make has the methods of the document that was read, so no type of its own.
Taskqueue: TypeAlias = Any
build: Callable[..., Taskqueue] = discovery.build
build_from_document: Callable[..., Taskqueue] = discovery.build_from_document  # type: ignore[attr-defined]  # missing in the stubs

pytestmark = pytest.mark.usefixtures("hosts_asked_for")


@pytest.fixture
def credentials(server: RunningServer, queue: str, tmp_path: Path) -> service_account.Credentials:
    """As a worker makes them from the key file that it was given."""
    assert queue == "pull-queue"
    return credentials_of(server, tmp_path)


def credentials_of(server: RunningServer, directory: Path) -> service_account.Credentials:
    path = write_key_file(directory, server.service_account())
    return service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call, no-any-return]  # google-auth has no types there
        str(path), scopes=[SCOPE]
    )


@contextmanager
def service(
    server: RunningServer,
    version: str = "v1beta2",
    document: str = "/discovery/v1/apis/{api}/{apiVersion}/rest",
    **access: object,
) -> Iterator[Taskqueue]:
    """The client as its documentation says to make it; `access` is how it gets its rights."""
    with build(
        "taskqueue",
        version,
        discoveryServiceUrl=server.url + document,
        cache_discovery=False,
        **access,
    ) as made:
        yield made


@pytest.fixture
def taskqueue(
    server: RunningServer, credentials: service_account.Credentials
) -> Iterator[Taskqueue]:
    with service(server, credentials=credentials) as made:
        yield made


def call(method: Callable[..., HttpRequest], **parameters: object) -> HttpRequest:
    """A request about the queue, not yet sent."""
    return method(project="s~demo", taskqueue="pull-queue", **parameters)


def test_a_worker_does_its_job_with_all_eight_methods(taskqueue: Taskqueue) -> None:
    tasks = taskqueue.tasks()
    payload = base64.urlsafe_b64encode(b"\xff\xfe job").decode()

    inserted = call(tasks.insert, body={**JOB, "payloadBase64": payload, "tag": "t"}).execute()
    shown = call(tasks.get, task=inserted["id"]).execute()
    leased = call(tasks.lease, numTasks=10, leaseSecs=60, groupByTag=True, tag="t").execute()
    (task,) = leased["items"]
    updated = call(
        tasks.update, task=task["id"], newLeaseSeconds=600, body={**task, "queueName": "pull-queue"}
    ).execute()
    patched = call(
        tasks.patch, task=task["id"], newLeaseSeconds=30, body={"queueName": "pull-queue"}
    ).execute()
    listed = call(tasks.list).execute()
    stats = call(taskqueue.taskqueues().get, getStats=True).execute()["stats"]
    deleted = call(tasks.delete, task=task["id"]).execute()
    empty = call(tasks.list).execute()

    assert payload == inserted["payloadBase64"] == shown["payloadBase64"] == task["payloadBase64"]
    assert "projects/s~demo/taskqueues/pull-queue" == task["queueName"]
    assert int(patched["leaseTimestamp"]) < int(updated["leaseTimestamp"])
    assert [inserted["id"]] == [one["id"] for one in listed["items"]]
    assert (1, "1") == (stats["totalTasks"], stats["leasedLastMinute"])
    assert "" == deleted
    assert {"kind": "taskqueues#tasks"} == empty


def test_the_old_version_leases_and_deletes(
    server: RunningServer,
    credentials: service_account.Credentials,
    taskqueue: Taskqueue,
) -> None:
    call(taskqueue.tasks().insert, body={**JOB, "tag": "t"}).execute()

    with service(server, "v1beta1", credentials=credentials) as old:
        queue = call(old.taskqueues().get).execute()
        (task,) = call(old.tasks().lease, numTasks=1, leaseSecs=60).execute()["items"]
        shown = call(old.tasks().get, task=task["id"]).execute()
        call(old.tasks().delete, task=task["id"]).execute()
        listed = call(old.tasks().list).execute()

    assert "pull-queue" == queue["id"]
    assert {"tag", "retry_count"}.isdisjoint(task)
    assert task["id"] == shown["id"]
    assert "items" not in listed
    assert not hasattr(old.tasks(), "insert")


@pytest.fixture
def forgotten_sockets() -> Iterator[None]:
    """Before a batch, Google's client gets a token by a connection that it forgets to close."""
    yield
    gc.collect()


# Of those connections; to be deleted when the client closes them.
leaves_sockets = [
    pytest.mark.usefixtures("forgotten_sockets"),
    pytest.mark.filterwarnings("ignore:.*unclosed <socket"),
]


def with_forgotten_sockets(test: Callable[..., None]) -> Callable[..., None]:
    return functools.reduce(lambda decorated, mark: mark(decorated), leaves_sockets, test)


@with_forgotten_sockets
def test_a_batch_runs_more_than_a_hundred_calls_and_one_that_fails(taskqueue: Taskqueue) -> None:
    tasks = taskqueue.tasks()
    answers: dict[str, tuple[Any, HttpError | None]] = {}
    batch: BatchHttpRequest = taskqueue.new_batch_http_request(
        callback=lambda request_id, reply, error: answers.update({request_id: (reply, error)})
    )
    for number in range(150):
        batch.add(call(tasks.insert, body={**JOB, "id": f"n{number}"}), request_id=f"n {number}")
    batch.add(call(tasks.delete, task="no-such-task"), request_id="failing")
    batch.add(call(tasks.lease, numTasks=1, leaseSecs=1, groupByTag=False), request_id="lease")

    batch.execute()

    failed = answers.pop("failing")[1]
    leased = answers.pop("lease")[0]
    assert {f"n {number}": f"n{number}" for number in range(150)} == {
        request_id: reply["id"] for request_id, (reply, _) in answers.items()
    }
    assert leased["kind"] == "taskqueue#tasks"
    assert failed is not None
    assert 400 == failed.status_code
    assert "task name is invalid" in failed.reason


@with_forgotten_sockets
def test_a_batch_gets_new_tokens_for_the_parts_that_were_refused(
    server: RunningServer,
    credentials: service_account.Credentials,
    taskqueue: Taskqueue,
) -> None:
    call(taskqueue.tasks().list).execute()
    old = str(credentials.token)
    revoke(server, old)
    answers: list[tuple[object, HttpError | None]] = []
    batch = taskqueue.new_batch_http_request(
        callback=lambda _, reply, error: answers.append((reply, error))
    )
    for number in range(3):
        batch.add(call(taskqueue.tasks().insert, body={**JOB, "id": f"n{number}"}))

    batch.execute()

    assert [None, None, None] == [error for _, error in answers]
    assert old != credentials.token


def revoke(server: RunningServer, token: str) -> None:
    reply = requests.post(f"{server.url}/revoke", data={"token": token}, timeout=30)
    assert 200 == reply.status_code


def test_after_a_revocation_the_next_call_gets_a_new_token(
    server: RunningServer,
    credentials: service_account.Credentials,
    taskqueue: Taskqueue,
) -> None:
    call(taskqueue.tasks().insert, body=JOB).execute()
    old = str(credentials.token)

    revoke(server, old)
    listed = call(taskqueue.tasks().list).execute()

    assert 1 == len(listed["items"])
    assert old != credentials.token
    path = "demo/taskqueues/pull-queue/tasks"
    assert 401 == server.call("GET", path, token=old).status_code
    assert 200 == server.call("GET", path, token=str(credentials.token)).status_code


@contextmanager
def writes_blocked(server: RunningServer, database_url: str) -> Iterator[Callable[[], None]]:
    """Somebody else holds the database's lock until the yielded function is called."""
    if server.engine.name == "sqlite":
        database = apsw.Connection(database_url)
        database.execute("begin immediate")
        held = True

        def release() -> None:
            nonlocal held
            if held:
                database.execute("rollback")
            held = False

        try:
            yield release
        finally:
            release()
            database.close()
    else:
        with psycopg.connect(database_url) as connection:
            connection.execute("lock table tasks in access exclusive mode")
            yield connection.rollback


def test_the_client_tries_again_after_a_503(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_server(database_url, deadline_seconds=1, staleness_seconds=60) as server:
        server.queue_for(WORKER, "pull-queue")
        credentials = credentials_of(server, tmp_path)
        with service(server, credentials=credentials) as taskqueue:
            call(taskqueue.tasks().list).execute()
            request = call(taskqueue.tasks().insert, body={**JOB, "id": "a"})
            with writes_blocked(server, database_url) as release:
                # What the client calls to sleep between two attempts; it has no public name.
                vars(request)["_sleep"] = lambda _seconds: release()
                inserted = request.execute(num_retries=2)
            listed = call(taskqueue.tasks().list).execute()

    assert "a" == inserted["id"]
    assert ["a"] == [task["id"] for task in listed["items"]]
    assert ["before retry 1 of 2", "after 503"] == [
        text for text in ("before retry 1 of 2", "after 503") if text in caplog.text
    ]


def test_without_retries_a_503_is_an_error_with_its_reason(
    database_url: str, tmp_path: Path
) -> None:
    with run_server(database_url, deadline_seconds=1, staleness_seconds=60) as server:
        server.queue_for(WORKER, "pull-queue")
        credentials = credentials_of(server, tmp_path)
        with service(server, credentials=credentials) as taskqueue:
            call(taskqueue.tasks().list).execute()
            with writes_blocked(server, database_url), pytest.raises(HttpError) as refused:
                call(taskqueue.tasks().insert, body=JOB).execute()

    assert 503 == refused.value.status_code
    assert "1" == refused.value.resp["retry-after"]
    assert "backendError" == details(refused.value)["reason"]
    assert refused.value.reason.startswith("Backend Error")


def details(error: HttpError) -> dict[str, str]:
    """The one entry of the error's `errors`."""
    (entry,) = json.loads(json.dumps(error.error_details))
    found: dict[str, str] = entry
    return found


def test_large_replies_are_read_though_they_are_compressed(taskqueue: Taskqueue) -> None:
    payload = base64.urlsafe_b64encode(bytes(range(256)) * 4_000).decode()
    call(taskqueue.tasks().insert, body={**JOB, "payloadBase64": payload}).execute()

    request = call(taskqueue.tasks().lease, numTasks=1, leaseSecs=1)
    seen: list[httplib2.Response] = []
    request.add_response_callback(seen.append)
    (task,) = request.execute()["items"]

    assert payload == task["payloadBase64"]
    assert "gzip" == seen[0]["-content-encoding"]


def test_a_url_that_is_too_long_becomes_a_form(taskqueue: Taskqueue) -> None:
    inserted = call(taskqueue.tasks().insert, body=JOB).execute()
    selector = ",".join(["id"] * 1_000)

    request = call(taskqueue.tasks().get, task=inserted["id"], fields=selector)
    assert len(request.uri) > 2_048
    shown = request.execute()

    assert "POST" == request.method
    assert {"id": inserted["id"]} == shown


def test_only_selected_fields_come(taskqueue: Taskqueue) -> None:
    inserted = call(taskqueue.tasks().insert, body=JOB, fields="id").execute()
    listed = call(taskqueue.tasks().list, fields="items(id,queueName)").execute()

    assert {"id"} == inserted.keys()
    assert [{"id": inserted["id"], "queueName": "pull-queue"}] == listed["items"]


def test_common_parameters_may_be_given(taskqueue: Taskqueue) -> None:
    reply = call(
        taskqueue.tasks().list, prettyPrint=False, quotaUser="u", userIp="192.0.2.1", alt="json"
    ).execute()

    assert {"kind": "taskqueues#tasks"} == reply


def test_the_second_address_of_the_document_will_do(
    server: RunningServer, credentials: service_account.Credentials
) -> None:
    path = "/$discovery/rest?version={apiVersion}"

    with service(server, document=path, credentials=credentials) as second:
        assert {"kind": "taskqueues#tasks"} == call(second.tasks().list).execute()


def test_a_document_that_was_kept_will_do(
    server: RunningServer, credentials: service_account.Credentials
) -> None:
    url = f"{server.url}/discovery/v1/apis/taskqueue/v1beta2/rest"
    kept = requests.get(url, timeout=30).text

    with build_from_document(kept, credentials=credentials) as made:
        assert {"kind": "taskqueues#tasks"} == call(made.tasks().list).execute()


def test_errors_come_with_their_words_and_reasons(taskqueue: Taskqueue) -> None:
    tasks = taskqueue.tasks()

    refusals = [
        refusal_of(call(tasks.insert, body={"queueName": "pull-queue"})),
        refusal_of(call(tasks.update, task="a", newLeaseSeconds=1, body=JOB)),
        refusal_of(call(tasks.list, fields="items(payload)")),
        refusal_of(tasks.list(project="demo", taskqueue="no-such-queue")),
        refusal_of(tasks.list(project="no-such-project", taskqueue="q")),
    ]

    assert [
        (400, "required", "Required field payloadBase64 not specified."),
        (400, "invalid", "The task lease has expired"),
        (400, "invalidParameter", "Invalid field selection items/payload"),
        (404, "notFound", "Not Found: the project has no queue of this name"),
        (403, "forbidden", "you are not allowed to make this api call"),
    ] == refusals


def refusal_of(request: HttpRequest) -> tuple[int, str, str]:
    """Status, reason and words of a call that is refused, and not tried again."""
    with pytest.raises(HttpError) as refused:
        request.execute(num_retries=3)
    error = refused.value
    assert details(error)["message"] == error.reason
    return error.status_code, details(error)["reason"], error.reason


class UncopiableHttp(httplib2.Http):
    """google-auth asks Google's IAM in the background with a copy of this; so it cannot."""

    def __deepcopy__(self, _memo: object) -> "UncopiableHttp":
        raise TypeError("not to be copied")


def test_googles_iam_is_asked_in_the_background_and_its_silence_does_no_harm(
    taskqueue: Taskqueue,
    hosts_asked_for: list[str],
) -> None:
    replies = [call(taskqueue.tasks().list).execute() for _ in range(3)]
    for thread in threading.enumerate():
        if "RegionalAccessBoundary" in type(thread).__name__:
            thread.join(30)

    assert [{"kind": "taskqueues#tasks"}] * 3 == replies
    assert [IAM] == hosts_asked_for  # and not again for a quarter of an hour


def test_who_does_not_want_that_gives_the_client_an_http_that_cannot_be_copied(
    server: RunningServer, credentials: service_account.Credentials, hosts_asked_for: list[str]
) -> None:
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=UncopiableHttp())

    with service(server, http=http) as quiet:
        call(quiet.tasks().list).execute()

    assert not any("RegionalAccessBoundary" in type(one).__name__ for one in threading.enumerate())
    assert [] == hosts_asked_for
