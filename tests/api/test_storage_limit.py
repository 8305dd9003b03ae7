"""`total_storage_limit` of a queue file: a full project takes no more tasks."""

from leasehold.accounts import projects
from tests.running_server import PROJECT, RunningServer

WORKER = "worker@demo.iam.leasehold.internal"
TASKS = "demo/taskqueues/q/tasks"


def _until(server: RunningServer, token: str, status: int) -> dict[str, object]:
    """Inserts until the server has noticed (it looks twice a second) and answers so."""
    body = {"payloadBase64": "am9i"}
    while True:
        answer = server.call("POST", TASKS, token=token, json=body)
        if answer.status_code == status:
            return dict(answer.json())


def test_a_full_project_takes_no_tasks_until_some_are_deleted(server: RunningServer) -> None:
    server.service_account()
    server.queue_for(WORKER)
    token = server.token()
    server.do(lambda tx, _: projects.set_total_storage_limit(tx, project_id=PROJECT, limit=3))

    refused = _until(server, token, 403)
    while listed := server.call("GET", TASKS, token=token).json().get("items"):
        for task in listed:
            server.call("DELETE", f"{TASKS}/{task['id']}", token=token)
    accepted = _until(server, token, 200)

    assert refused["error"]["errors"][0]["reason"] == "quotaExceeded"  # type: ignore[index]  # JSON
    assert accepted["payloadBase64"] == "am9i"
