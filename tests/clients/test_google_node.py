"""Google's client for Node, unmodified, at 29.0.0: the last version that has the Task Queue API."""

import json
import subprocess
from typing import Any

import pytest

from tests.node import CLIENT, run_script
from tests.running_server import RunningServer

FORM = "application/x-www-form-urlencoded"

# What a script prints: replies of many shapes.
Shown = dict[str, Any]


def run(server: RunningServer, script: str) -> Shown:
    """What `tests/clients/node/<script>` prints about this server and its queue."""
    texts = [(CLIENT / name).read_text() for name in ("signed_token.js", script)]
    key = json.dumps(server.service_account())
    try:
        printed = run_script("\n".join(texts), f"{server.url}/", key)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"{script}: {error.stderr}")
    shown: Shown = json.loads(printed)
    return shown


@pytest.mark.usefixtures("queue")
def test_all_methods_of_both_versions_work(server: RunningServer) -> None:
    shown = run(server, "all_methods.js")

    inserted, (leased,) = shown["inserted"], shown["leased"]["items"]
    assert ("am9i", "a b", 0) == tuple(inserted[n] for n in ("payloadBase64", "tag", "retry_count"))
    assert "taskqueue#tasks" == shown["leased"]["kind"]
    assert "projects/s~demo/taskqueues/pull-queue" == leased["queueName"]
    assert shown["leaseSentAs"] == FORM
    assert int(shown["patched"]["leaseTimestamp"]) < int(shown["updated"]["leaseTimestamp"])
    assert shown["patched"] == shown["gotten"]
    assert f'{{"items":[{{"id":"{inserted["id"]}","tag":"a b"}}]}}\n' == shown["compact"]
    assert (1, "1") == (shown["stats"]["totalTasks"], shown["stats"]["leasedLastHour"])
    assert 204 == shown["deleted"]
    assert {"kind": "taskqueues#tasks"} == shown["empty"]
    assert (400, "invalid") == (shown["refused"]["status"], shown["refused"]["reason"])
    assert "one lease takes 1 to 1000 tasks, not 0" == shown["refused"]["message"]
    assert (400, "keyInvalid") == (shown["withKey"]["status"], shown["withKey"]["reason"])
    old = shown["old"]
    assert ("pull-queue", 1, 204) == (old["queue"], old["listed"], old["deleted"])
    assert {"kind": "taskqueue#tasks"} == old["leased"]
    assert {"tag", "retry_count"}.isdisjoint(old["gotten"])


@pytest.mark.usefixtures("queue")
def test_after_a_revocation_a_client_that_can_get_a_new_token_does(server: RunningServer) -> None:
    shown = run(server, "after_revocation.js")

    assert [200, 401, 200] == shown["withGiven"]
    assert [200, 200] == shown["withWorker"]
    assert shown["isNew"]
