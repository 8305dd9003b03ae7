"""Google's client for Python with a key file of another universe: it signs tokens itself."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.auth import jwt
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from leasehold.accounts import service_accounts
from leasehold.storage.statements import parse
from tests.clients.conftest import WORKER
from tests.running_server import RunningServer

UNIVERSE = "tasks.example.com"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
COUNT = next(iter(parse("-- name: count\nselect count(*) from access_tokens")))
JOB = {"queueName": "pull-queue", "payloadBase64": "am9i"}
PATH = "demo/taskqueues/pull-queue/tasks"
ATTEMPTS = 2_000  # a server looks twice a second for what commands changed


@pytest.fixture
def key(server: RunningServer, queue: str) -> dict[str, str]:
    """As `leasehold service-account create --universe-domain` writes it."""
    assert queue == "pull-queue"
    return server.service_account() | {"universe_domain": UNIVERSE}


@pytest.fixture
def credentials(key: dict[str, str]) -> service_account.Credentials:
    return service_account.Credentials.from_service_account_info(key, scopes=[SCOPE])  # type: ignore[no-untyped-call, no-any-return]  # google-auth has no types there


@pytest.fixture(params=["option", "environment"])
def taskqueue(
    server: RunningServer,
    credentials: service_account.Credentials,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:  # its methods are those of the document that was read
    """The client, told of the universe in each of the two ways."""
    options = {"universe_domain": UNIVERSE} if request.param == "option" else {}
    if not options:
        monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", UNIVERSE)
    with discovery.build(
        "taskqueue",
        "v1beta2",
        discoveryServiceUrl=server.url + "/discovery/v1/apis/{api}/{apiVersion}/rest",
        cache_discovery=False,
        credentials=credentials,
        client_options=options,
    ) as made:
        yield made


def test_a_worker_works_without_asking_anybody_for_a_token(
    server: RunningServer,
    taskqueue: Any,  # noqa: ANN401  # as above
    credentials: service_account.Credentials,
    hosts_asked_for: list[str],
) -> None:
    queue = {"project": "demo", "taskqueue": "pull-queue"}

    inserted = taskqueue.tasks().insert(**queue, body=JOB).execute()
    (leased,) = taskqueue.tasks().lease(**queue, numTasks=1, leaseSecs=60).execute()["items"]
    taskqueue.tasks().delete(**queue, task=leased["id"]).execute()

    assert inserted["id"] == leased["id"]
    assert [] == hosts_asked_for
    assert not any("RegionalAccessBoundary" in type(one).__name__ for one in threading.enumerate())
    assert [(0,)] == [tuple(row) for row in server.do(lambda tx, _: tx.all(COUNT))]
    assert credentials.universe_domain == UNIVERSE


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.usefixtures("hosts_asked_for")
def test_a_jwt_for_our_url_will_do_as_well(
    server: RunningServer, key: dict[str, str], slash: str
) -> None:
    credentials = jwt.Credentials.from_service_account_info(key, audience=server.url + slash)  # type: ignore[no-untyped-call]  # google-auth has no types there

    with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call]  # likewise
        response = session.get(f"{server.url}/taskqueue/v1beta2/projects/{PATH}")

    assert 200 == response.status_code


def test_its_scope_is_not_exceeded(server: RunningServer, key: dict[str, str]) -> None:
    assert key
    consumer = server.self_signed(aud=None, scope=f"{SCOPE}.consumer")

    assert 200 == server.call("GET", PATH, token=consumer).status_code
    assert 403 == server.call("POST", PATH, token=consumer, json=JOB).status_code


def test_a_client_of_a_disabled_account_is_refused_soon(
    server: RunningServer,
    taskqueue: Any,  # noqa: ANN401  # as above
) -> None:
    tasks = taskqueue.tasks()
    token = server.self_signed()
    before = [status(tasks), server.call("GET", PATH, token=token).status_code]

    server.do(lambda tx, now: service_accounts.disable(tx, now, WORKER))

    assert [200, 200] == before
    assert is_refused_at_last(server, token)
    assert 401 == status(tasks)


def is_refused_at_last(server: RunningServer, token: str) -> bool:
    return any(server.call("GET", PATH, token=token).status_code == 401 for _ in range(ATTEMPTS))


def status(tasks: Any) -> int:  # noqa: ANN401  # as above
    try:
        tasks.list(project="demo", taskqueue="pull-queue").execute()
    except HttpError as error:
        return int(error.status_code)
    return 200


def test_what_was_signed_for_somebody_else_is_no_token_here(
    server: RunningServer, key: dict[str, str]
) -> None:
    assertion = server.self_signed(
        aud=f"{server.url}/token", sub=None, scope=None, target_audience=server.url
    )
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
    }
    id_token = requests.post(key["token_uri"], data=form, timeout=30).json()["id_token"]

    for text in (
        assertion,
        id_token,
        server.self_signed(aud="https://other.example.com/"),
        "a.b.c",
    ):
        reply = server.call("GET", PATH, token=text)
        assert (401, "authError") == (
            reply.status_code,
            reply.json()["error"]["errors"][0]["reason"],
        )
