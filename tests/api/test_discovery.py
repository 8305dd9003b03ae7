"""The discovery document has the shape of Google's: facts of the documents of revision 20130318."""

from typing import Any

import pytest
import requests

from tests.running_server import RunningServer

# JSON of a document: its values are of every type.
Json = dict[str, Any]

TASK_PATH = "{project}/taskqueues/{taskqueue}/tasks/{task}"
QUEUE_PATH = "{project}/taskqueues/{taskqueue}"
SCOPE = "https://www.googleapis.com/auth/"
CONSUMER_SCOPES = ["taskqueue", "taskqueue.consumer", "cloud-taskqueue", "cloud-taskqueue.consumer"]

# id: verb, path, order of the required parameters, optional ones, body, reply
METHODS: dict[str, tuple[tuple[str, str], list[str], set[str], tuple[str | None, str | None]]] = {
    "taskqueue.taskqueues.get": (
        ("GET", QUEUE_PATH),
        ["project", "taskqueue"],
        {"getStats"},
        (None, "TaskQueue"),
    ),
    "taskqueue.tasks.delete": (
        ("DELETE", TASK_PATH),
        ["project", "taskqueue", "task"],
        {"leaseTimestamp"},  # ours
        (None, None),
    ),
    "taskqueue.tasks.get": (
        ("GET", TASK_PATH),
        ["project", "taskqueue", "task"],
        set(),
        (None, "Task"),
    ),
    "taskqueue.tasks.insert": (
        ("POST", f"{QUEUE_PATH}/tasks"),
        ["project", "taskqueue"],
        set(),
        ("Task", "Task"),
    ),
    "taskqueue.tasks.lease": (
        ("POST", f"{QUEUE_PATH}/tasks/lease"),
        ["project", "taskqueue", "numTasks", "leaseSecs"],
        {"groupByTag", "tag"},
        (None, "Tasks"),
    ),
    "taskqueue.tasks.list": (
        ("GET", f"{QUEUE_PATH}/tasks"),
        ["project", "taskqueue"],
        set(),
        (None, "Tasks2"),
    ),
    "taskqueue.tasks.patch": (
        ("PATCH", TASK_PATH),
        ["project", "taskqueue", "task", "newLeaseSeconds"],
        set(),
        ("Task", "Task"),
    ),
    "taskqueue.tasks.update": (
        ("POST", TASK_PATH),
        ["project", "taskqueue", "task", "newLeaseSeconds"],
        set(),
        ("Task", "Task"),
    ),
}
NOT_IN_V1BETA1 = {"taskqueue.tasks.insert", "taskqueue.tasks.patch", "taskqueue.tasks.update"}

PARAMETERS = {
    "project": ("string", None, "path", True),
    "taskqueue": ("string", None, "path", True),
    "task": ("string", None, "path", True),
    "getStats": ("boolean", None, "query", False),
    "numTasks": ("integer", "int32", "query", True),
    "leaseSecs": ("integer", "int32", "query", True),
    "groupByTag": ("boolean", None, "query", False),
    "tag": ("string", None, "query", False),
    "newLeaseSeconds": ("integer", "int32", "query", True),
    "leaseTimestamp": ("string", "int64", "query", False),
}

# schema: field: type, format, default
SCHEMAS: dict[str, dict[str, tuple[str, str | None, str | None]]] = {
    "Task": {
        "enqueueTimestamp": ("string", "int64", None),
        "id": ("string", None, None),
        "kind": ("string", None, "taskqueues#task"),
        "leaseTimestamp": ("string", "int64", None),
        "payloadBase64": ("string", None, None),
        "queueName": ("string", None, None),
        "retry_count": ("integer", "int32", None),
        "tag": ("string", None, None),
    },
    "TaskQueue": {
        "acl": ("object", None, None),
        "id": ("string", None, None),
        "kind": ("string", None, "taskqueues#taskqueue"),
        "maxLeases": ("integer", "int32", None),
        "stats": ("object", None, None),
    },
    "Tasks": {"items": ("array", None, None), "kind": ("string", None, "taskqueue#tasks")},
    "Tasks2": {"items": ("array", None, None), "kind": ("string", None, "taskqueues#tasks")},
}


def fetch(server: RunningServer, path: str) -> Json:
    reply = requests.get(f"{server.url}{path}", timeout=30)
    assert 200 == reply.status_code
    value: Json = reply.json()
    return value


def document(server: RunningServer, version: str = "v1beta2") -> Json:
    return fetch(server, f"/discovery/v1/apis/taskqueue/{version}/rest")


def methods(found: Json) -> dict[str, Json]:
    """The methods by id."""
    resources = found["resources"].values()
    return {one["id"]: one for resource in resources for one in resource["methods"].values()}


def fields(properties: Json) -> dict[str, tuple[str, str | None, str | None]]:
    """Type, format and default by name."""
    return {
        name: (one["type"], one.get("format"), one.get("default"))
        for name, one in properties.items()
    }


@pytest.mark.parametrize("version", ["v1beta2", "v1beta1"])
def test_a_document_says_what_it_is_and_where_we_are(
    shared_server: RunningServer, version: str
) -> None:
    found = document(shared_server, version)

    assert {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"taskqueue:{version}",
        "name": "taskqueue",
        "version": version,
        "title": "TaskQueue API",
        "protocol": "rest",
        "rootUrl": f"{shared_server.url}/",
        "servicePath": f"taskqueue/{version}/projects/",
        "basePath": f"/taskqueue/{version}/projects/",
        "baseUrl": f"{shared_server.url}/taskqueue/{version}/projects/",
        "batchPath": "batch",
    }.items() <= found.items()
    assert "features" not in found  # a data wrapper would change every reply


def test_resources_and_methods_have_googles_names(shared_server: RunningServer) -> None:
    resources = document(shared_server)["resources"]

    assert {"get"} == resources["taskqueues"]["methods"].keys()
    assert {"delete", "get", "insert", "lease", "list", "patch", "update"} == resources["tasks"][
        "methods"
    ].keys()
    assert 2 == len(resources)


@pytest.mark.parametrize("method_id", METHODS)
def test_a_method_is_where_google_had_it(shared_server: RunningServer, method_id: str) -> None:
    (verb, path), order, optional, (body, reply) = METHODS[method_id]

    found = methods(document(shared_server))[method_id]

    assert (verb, path) == (found["httpMethod"], found["path"])
    assert order == found["parameterOrder"]
    assert {*order, *optional} == found["parameters"].keys()
    assert body == found.get("request", {}).get("$ref")
    assert reply == found.get("response", {}).get("$ref")


@pytest.mark.parametrize("version", ["v1beta2", "v1beta1"])
def test_parameters_have_googles_types(shared_server: RunningServer, version: str) -> None:
    found = {
        name: (one["type"], one.get("format"), one["location"], one.get("required", False))
        for method in methods(document(shared_server, version)).values()
        for name, one in method["parameters"].items()
    }

    assert found.items() <= PARAMETERS.items()


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_have_googles_fields(shared_server: RunningServer, name: str) -> None:
    found = document(shared_server)["schemas"]

    assert SCHEMAS.keys() == found.keys()
    assert (name, "object") == (found[name]["id"], found[name]["type"])
    assert SCHEMAS[name] == fields(found[name]["properties"])


def test_a_queues_parts_have_googles_fields(shared_server: RunningServer) -> None:
    found = document(shared_server)["schemas"]
    parts = found["TaskQueue"]["properties"]

    assert {
        "leasedLastHour": ("string", "int64", None),
        "leasedLastMinute": ("string", "int64", None),
        "oldestTask": ("string", "int64", None),
        "totalTasks": ("integer", "int32", None),
    } == fields(parts["stats"]["properties"])
    emails = parts["acl"]["properties"]
    assert {"adminEmails", "consumerEmails", "producerEmails"} == emails.keys()
    assert [{"type": "string"}] * 3 == [one["items"] for one in emails.values()]
    assert {"$ref": "Task"} == found["Tasks"]["properties"]["items"]["items"]
    assert {"$ref": "Task"} == found["Tasks2"]["properties"]["items"]["items"]


def test_common_parameters_are_googles(shared_server: RunningServer) -> None:
    found = document(shared_server)["parameters"]

    assert {"alt", "fields", "prettyPrint", "quotaUser", "userIp"} <= found.keys()
    assert ("string", "json", ["json"]) == (
        found["alt"]["type"],
        found["alt"]["default"],
        found["alt"]["enum"],
    )
    assert ("boolean", "true") == (found["prettyPrint"]["type"], found["prettyPrint"]["default"])
    assert {"query"} == {one["location"] for one in found.values()}


def test_consumers_methods_take_four_scopes_and_insert_takes_two(
    shared_server: RunningServer,
) -> None:
    found = document(shared_server)
    scopes = {name: one["scopes"] for name, one in methods(found).items()}

    insert = scopes.pop("taskqueue.tasks.insert")
    assert {f"{SCOPE}taskqueue", f"{SCOPE}cloud-taskqueue"} == set(insert)
    assert [{SCOPE + name for name in CONSUMER_SCOPES}] * 7 == [set(one) for one in scopes.values()]
    assert {SCOPE + name for name in CONSUMER_SCOPES} == found["auth"]["oauth2"]["scopes"].keys()


def test_the_old_version_lacks_what_came_later(shared_server: RunningServer) -> None:
    old = document(shared_server, "v1beta1")

    assert METHODS.keys() - NOT_IN_V1BETA1 == methods(old).keys()
    lease = methods(old)["taskqueue.tasks.lease"]
    assert {"project", "taskqueue", "numTasks", "leaseSecs"} == lease["parameters"].keys()
    task = {
        name: one for name, one in SCHEMAS["Task"].items() if name not in ("retry_count", "tag")
    }
    assert task == fields(old["schemas"]["Task"]["properties"])


@pytest.mark.parametrize(
    "path",
    [
        "/discovery/v1/apis/taskqueue/v1beta2/rest?prettyPrint=false",
        "/discovery/v1/apis/taskqueue/v1beta2/rest/",
        "/$discovery/rest?version=v1beta2",
        "/$discovery/rest",
    ],
)
def test_the_document_has_other_addresses_too(shared_server: RunningServer, path: str) -> None:
    assert document(shared_server) == fetch(shared_server, path)


def test_the_document_needs_no_credential_and_minds_none(shared_server: RunningServer) -> None:
    url = f"{shared_server.url}/discovery/v1/apis/taskqueue/v1beta2/rest"
    headers = {"Authorization": "OAuth expired", "Content-Length": "0"}

    reply = requests.get(url, headers=headers, timeout=30)

    assert 200 == reply.status_code
    assert "gzip" == reply.headers["Content-Encoding"]


def test_the_directory_lists_every_api_and_prefers_the_new_version(
    shared_server: RunningServer,
) -> None:
    found = fetch(shared_server, "/discovery/v1/apis")

    assert "discovery#directoryList" == found["kind"]
    assert {
        "taskqueue:v1beta2": True,
        "taskqueue:v1beta1": False,
        "leasehold:v1": True,
    } == {item["id"]: item["preferred"] for item in found["items"]}
    assert (
        "taskqueue:v1beta2"
        == requests.get(found["items"][0]["discoveryRestUrl"], timeout=30).json()["id"]
    )
