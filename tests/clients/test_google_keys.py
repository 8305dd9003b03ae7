"""Google's client for Python, unmodified, with an API key: what it reads and what it retries."""

from collections.abc import Callable, Iterator
from typing import Any

import httplib2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from tests.api.tenant import QUEUE, Tenant, make_tenant
from tests.clients.test_google_python import details, service
from tests.postgres import PostgresServer
from tests.running_server import RunningServer, run_server

JOB = {"queueName": QUEUE, "payloadBase64": "am9i"}
LIST, INSERT = "taskqueue.tasks.list", "taskqueue.tasks.insert"
DOCUMENT = "discovery.apis.getRest"

pytestmark = pytest.mark.usefixtures("hosts_asked_for")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def keys_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server on each engine: every test has a project of its own there."""
    if request.param == "sqlite":
        database_url = str(tmp_path_factory.mktemp("database") / "leasehold.db")
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        database_url = postgres.create_database()
    with run_server(database_url) as server:
        yield server


@pytest.fixture
def tenant(keys_server: RunningServer) -> Tenant:
    """A project whose windows have just begun, so that none ends by itself during a test."""
    now = keys_server.clock.now() // MICROSECONDS
    keys_server.clock.advance(300 - now % 300 + 1)
    return make_tenant(keys_server)


def credentials(tenant: Tenant) -> Credentials:
    """Of a program that was handed a token and nothing to renew it with."""
    return Credentials(tenant.token)  # type: ignore[no-untyped-call]  # google-auth has no types there


def listing(tenant: Tenant, tasks: Any) -> HttpRequest:  # noqa: ANN401  # made from the document
    request: HttpRequest = tasks.list(project=tenant.project_id, taskqueue=QUEUE)
    return request


def refused(request: HttpRequest) -> tuple[int, str, str]:
    """Status, domain and reason."""
    with pytest.raises(HttpError) as error:
        request.execute()
    found = details(error.value)
    return error.value.status_code, found["domain"], found["reason"]


def test_with_a_key_and_a_token_everything_is_charged_to_the_key(tenant: Tenant) -> None:
    key, text = tenant.key()

    with service(tenant.server, developerKey=text, credentials=credentials(tenant)) as taskqueue:
        tasks = taskqueue.tasks()
        place = {"project": tenant.project_id, "taskqueue": QUEUE}
        inserted = tasks.insert(**place, body=JOB).execute()
        listed = listing(tenant, tasks).execute()

    assert [inserted["id"]] == [task["id"] for task in listed["items"]]
    assert {
        (DOCUMENT, key.id, "", "done"): 1,
        (INSERT, key.id, tenant.email, "done"): 1,
        (LIST, key.id, tenant.email, "done"): 1,
    } == tenant.counts("method", "api_key", "email", "outcome")


def test_with_a_token_alone_the_document_is_read_as_a_stranger(tenant: Tenant) -> None:
    with service(tenant.server, credentials=credentials(tenant)) as taskqueue:
        listing(tenant, taskqueue.tasks()).execute()

    assert {(LIST, "", tenant.email, "done"): 1} == tenant.counts(
        "method", "api_key", "email", "outcome"
    )


def test_with_a_key_alone_the_document_is_read_and_no_task(tenant: Tenant) -> None:
    key, text = tenant.key()

    with service(tenant.server, developerKey=text) as taskqueue:
        said = refused(listing(tenant, taskqueue.tasks()))

    assert (401, "global", "required") == said
    assert {(DOCUMENT, key.id, "done"): 1, (LIST, key.id, "required"): 1} == tenant.counts(
        "method", "api_key", "outcome"
    )


def test_with_a_bad_key_not_even_the_document_is_read(tenant: Tenant) -> None:
    http = httplib2.Http()  # one of its own the client would not close

    with (
        pytest.raises(HttpError) as error,
        service(tenant.server, developerKey="lhk_bad", http=http),
    ):
        pass
    http.close()

    assert (400, "keyInvalid") == (error.value.status_code, details(error.value)["reason"])


def test_with_a_key_of_another_project_nothing_is_done(tenant: Tenant) -> None:
    _, text = make_tenant(tenant.server).key()

    with service(tenant.server, developerKey=text, credentials=credentials(tenant)) as taskqueue:
        said = refused(listing(tenant, taskqueue.tasks()))

    assert (400, "global", "badRequest") == said
    assert {"badRequest": 1} == tenant.outcomes()


def spent(quota: str) -> Callable[[Tenant], str]:
    """Makes a key whose project has nothing left but what the document took."""

    def arrange(tenant: Tenant) -> str:
        tenant.limit(quota, 1)
        assert 200 == tenant.call().status_code
        return tenant.key()[1]

    return arrange


def spent_key(tenant: Tenant) -> str:
    _, text = tenant.key(calls_per_minute=1)
    assert 200 == tenant.call(key=text).status_code
    return text


def spent_queue(tenant: Tenant) -> str:
    tenant.change_queue(requests_per_second=0.1)
    assert 200 == tenant.call().status_code
    return tenant.key()[1]


def full_queue(tenant: Tenant) -> str:
    tenant.change_queue(max_tasks=0)
    return tenant.key()[1]


def switched_off(tenant: Tenant) -> str:
    tenant.server.do(
        lambda tx, _: projects.disable_api(tx, project_id=tenant.project_id, api="taskqueue")
    )
    return tenant.key()[1]


def no_key(tenant: Tenant) -> str:  # noqa: ARG001  # as the others are called
    return "AIza"


def blocked_key(tenant: Tenant) -> str:
    return tenant.key(addresses=("203.0.113.0/24",))[1]


@pytest.mark.parametrize(
    ("arrange", "reason", "attempts"),
    [
        (spent("calls_per_minute"), "rateLimitExceeded", 3),
        (spent_key, "rateLimitExceeded", 3),
        (spent_queue, "rateLimitExceeded", 3),
        (spent("calls_per_user"), "userRateLimitExceeded", 3),
        (spent("calls_per_day"), "dailyLimitExceeded", 1),
        (full_queue, "quotaExceeded", 1),
        (switched_off, "accessNotConfigured", 1),
        (no_key, "keyInvalid", 1),
        (blocked_key, "ipRefererBlocked", 1),
    ],
    ids=["minute", "key", "queue", "user", "day", "full", "off", "no key", "blocked"],
)
def test_the_client_tries_again_what_may_soon_be_granted_and_nothing_else(
    tenant: Tenant, arrange: Callable[[Tenant], str], reason: str, attempts: int
) -> None:
    text = arrange(tenant)
    before = tenant.outcomes()
    with service(tenant.server, credentials=credentials(tenant)) as taskqueue:
        place = {"project": tenant.project_id, "taskqueue": QUEUE}
        request = with_key(taskqueue.tasks().insert(**place, body=JOB), text)
        waits = no_waiting(request)

        with pytest.raises(HttpError) as error:
            request.execute(num_retries=2)

    assert reason == details(error.value)["reason"]
    assert attempts == tenant.outcomes()[reason] - before.get(reason, 0)
    assert attempts - 1 == len(waits)


def with_key(request: HttpRequest, text: str) -> HttpRequest:
    assert request.headers is not None
    request.headers["X-Goog-Api-Key"] = text
    return request


def no_waiting(request: HttpRequest, then: Callable[[float], None] | None = None) -> list[float]:
    """The seconds for which the client would have waited; it does something else instead."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if then is not None:
            then(seconds)

    # What the client calls to sleep between two attempts; it has no public name.
    vars(request)["_sleep"] = wait
    return waits


@pytest.mark.parametrize(("quota", "seconds"), [("calls_per_minute", 60), ("calls_per_user", 100)])
def test_a_call_that_is_tried_again_is_done_once_the_window_has_ended(
    tenant: Tenant, quota: str, seconds: int
) -> None:
    spent(quota)(tenant)
    clock = tenant.server.clock
    with service(tenant.server, credentials=credentials(tenant)) as taskqueue:
        request = listing(tenant, taskqueue.tasks())
        waits = no_waiting(request, lambda _: clock.advance(seconds / 2))

        reply = request.execute(num_retries=2)

    assert {"kind": "taskqueues#tasks"} == reply
    assert 2 == len(waits)
    reason = "rateLimitExceeded" if quota == "calls_per_minute" else "userRateLimitExceeded"
    assert {"done": 2, reason: 2} == tenant.outcomes()


def test_the_client_reads_when_it_may_come_back(tenant: Tenant) -> None:
    spent("calls_per_minute")(tenant)

    with (
        service(tenant.server, credentials=credentials(tenant)) as taskqueue,
        pytest.raises(HttpError) as error,
    ):
        listing(tenant, taskqueue.tasks()).execute()

    assert 1 <= int(error.value.resp["retry-after"]) <= 60
    assert error.value.reason.startswith("Rate Limit Exceeded. ")
