"""The eight methods over real HTTP, on both engines."""

import base64

import pytest
import requests

from tests.running_server import RunningServer

WORKER = "worker@demo.iam.leasehold.internal"
TASKS = "demo/taskqueues/q/tasks"


@pytest.fixture
def token(server: RunningServer) -> str:
    """A token of a service account that may do everything with queue q."""
    server.service_account()
    server.queue_for(WORKER)
    return server.token()


def insert(server: RunningServer, token: str, **task: object) -> requests.Response:
    body = {"queueName": "q", "payloadBase64": "am9i", **task}
    return server.call("POST", TASKS, token=token, json=body)


def lease(server: RunningServer, token: str, **parameters: object) -> requests.Response:
    parameters = {"numTasks": 1, "leaseSecs": 30, **parameters}
    return server.call("POST", f"{TASKS}/lease", token=token, params=parameters)


def test_a_task_goes_from_insert_by_lease_to_delete(server: RunningServer, token: str) -> None:
    inserted = insert(server, token).json()
    leased = lease(server, token).json()["items"][0]
    deleted = server.call("DELETE", f"{TASKS}/{inserted['id']}", token=token)
    empty = lease(server, token).json()

    assert inserted["id"] == leased["id"]
    assert base64.urlsafe_b64decode(leased["payloadBase64"]) == b"job"
    assert leased["retry_count"] == 1
    assert deleted.status_code == 204
    assert empty == {"kind": "taskqueue#tasks"}


def test_an_expired_lease_gives_the_task_to_the_next_consumer(
    server: RunningServer, token: str
) -> None:
    task_id = insert(server, token).json()["id"]
    lease(server, token, leaseSecs=30)

    server.clock.advance(seconds=29)
    too_early = lease(server, token).json()
    server.clock.advance(seconds=2)
    again = lease(server, token).json()["items"][0]

    assert "items" not in too_early
    assert again["id"] == task_id
    assert again["retry_count"] == 2
