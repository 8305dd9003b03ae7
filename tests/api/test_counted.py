"""Counting: however a call with a good credential ends, it is in the report once."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg
import pytest
import requests

from leasehold.usage.key_model import ApiKey
from tests.api.tenant import Tenant, make_tenant, word
from tests.api.test_batches import BOUNDARY, call, parts
from tests.running_server import RunningServer, run_server

PREFIX = "/taskqueue/v1beta2/projects"
JOB = {"payloadBase64": "am9i"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GET, LIST = "taskqueue.tasks.get", "taskqueue.tasks.list"
INSERT, LEASE = "taskqueue.tasks.insert", "taskqueue.tasks.lease"
UPDATE, PATCH = "taskqueue.tasks.update", "taskqueue.tasks.patch"
DELETE, QUEUE = "taskqueue.tasks.delete", "taskqueue.taskqueues.get"


@pytest.fixture
def tenant(shared_server: RunningServer) -> Tenant:
    """A project of the test's own."""
    return make_tenant(shared_server)


@dataclass(frozen=True)
class Ending:
    """A call, and what it is to be counted as."""

    verb: str
    path: str  # below the queue's tasks; one with `..` is another
    method: str
    outcome: str  # "done", or the reason of the refusal
    status: int
    sent: dict[str, Any]


def ends(verb: str, path: str, method: str, outcome: str, status: int, **sent: Any) -> Ending:  # noqa: ANN401  # as `requests` takes it
    return Ending(verb, path, method, outcome, status, sent)


def as_verb(verb: str) -> dict[str, str]:
    return {"X-HTTP-Method-Override": verb}


LEASED: Final = {"numTasks": "1", "leaseSecs": "60"}
RENEWED: Final = {"newLeaseSeconds": "60"}

ENDINGS = [
    # Done.
    ends("POST", "", INSERT, "done", 200, json={**JOB, "id": "a"}),
    ends("GET", "", LIST, "done", 200),
    ends("GET", "", LIST, "done", 200, params={"fields": "kind", "prettyPrint": "false"}),
    ends("GET", "/a", GET, "done", 200),
    ends("GET", "/../", QUEUE, "done", 200),
    ends("GET", "/../", QUEUE, "done", 200, params={"getStats": "true"}),
    ends("POST", "/lease", LEASE, "done", 200, params=LEASED),
    ends("POST", "/lease", LEASE, "done", 200, data=LEASED),
    ends("POST", "/a", UPDATE, "done", 200, params=RENEWED, json={}),
    ends("PATCH", "/a", PATCH, "done", 200, params=RENEWED, json={}),
    ends("DELETE", "/a", DELETE, "done", 204),
    # Done, by another verb.
    ends("POST", "", LIST, "done", 200, headers={**as_verb("GET"), **FORM}),
    ends("POST", "", LIST, "done", 200, headers={**as_verb("get"), **FORM}, data={"fields": "kind"}),
    ends("POST", "", INSERT, "done", 200, headers=as_verb("POST"), json={**JOB, "id": "b"}),
    ends("POST", "/lease", LEASE, "done", 200, headers=as_verb("POST"), params=LEASED),
    ends("POST", "/b", PATCH, "done", 200, headers=as_verb("PATCH"), params=RENEWED, json={}),
    ends("POST", "/b", DELETE, "done", 204, headers=as_verb("DELETE")),
    # Parameters that are common to all.
    ends("GET", "", LIST, "invalid", 400, params={"alt": "xml"}),
    ends("GET", "", LIST, "invalid", 400, params={"callback": "f"}),
    ends("GET", "", LIST, "invalid", 400, params={"prettyPrint": "maybe"}),
    ends("GET", "", LIST, "invalidParameter", 400, params={"fields": "items(payload)"}),
    ends("GET", "", LIST, "invalid", 400, params={"quotaUser": "x" * 41}),
    ends("GET", "?x=1&x=2", LIST, "invalid", 400),
    ends("GET", "?x=%ff", LIST, "invalid", 400),
    ends("GET", "?" + "x=&" * 101, LIST, "invalid", 400),
    ends("GET", "", LIST, "keyInvalid", 400, params={"key": "AIza"}),
    ends("GET", "", LIST, "keyInvalid", 400, params={"key": "a"}, headers={"X-Goog-Api-Key": "b"}),
    ends("POST", "", LIST, "invalid", 400, headers={**as_verb("GET"), **FORM}, data=b"\xff"),
    ends("POST", "", LIST, "invalid", 400, headers={**as_verb("GET"), **FORM}, data=b"x=1&x=2"),
    ends(
        "POST",
        "",
        LIST,
        "uploadTooLarge",
        413,
        headers={**as_verb("GET"), **FORM},
        data=b"x" * (2 * 2**20 + 1),
    ),
    # Parameters of the method.
    ends("POST", "/lease", LEASE, "required", 400),
    ends("POST", "/lease", LEASE, "invalid", 400, params={**LEASED, "numTasks": "x"}),
    ends("POST", "/lease", LEASE, "invalid", 400, params={**LEASED, "numTasks": "0"}),
    ends("POST", "/lease", LEASE, "invalid", 400, params={**LEASED, "tag": "t"}),
    ends("POST", "/lease", LEASE, "invalid", 400, headers=FORM, data=b"\xff"),
    ends("POST", "/lease", LEASE, "uploadTooLarge", 413, headers=FORM, data=b"x" * 2_100_000),
    ends("POST", "/c", UPDATE, "required", 400, json={}),
    ends("GET", "/../", QUEUE, "invalid", 400, params={"getStats": "perhaps"}),
    ends("DELETE", "/c", DELETE, "invalid", 400, params={"leaseTimestamp": "soon"}),
    # Bodies.
    ends("POST", "", INSERT, "parseError", 400, data=b"{"),
    ends("POST", "", INSERT, "parseError", 400, data=b""),
    ends("POST", "", INSERT, "required", 400, json={}),
    ends("POST", "", INSERT, "invalid", 400, json={"payloadBase64": "!"}),
    ends("POST", "", INSERT, "invalid", 400, json={"payloadBase64": 7}),
    ends("POST", "", INSERT, "invalid", 400, json={**JOB, "id": "not a name"}),
    ends("POST", "", INSERT, "invalid", 400, json={**JOB, "queueName": "another"}),
    ends("POST", "", INSERT, "uploadTooLarge", 413, data=b" " * (2 * 2**20 + 1)),
    ends("POST", "", INSERT, "invalid", 400, data=b"x", headers={"Content-Encoding": "gzip"}),
    ends("POST", "", INSERT, "invalid", 400, data=b"x", headers={"Content-Encoding": "br"}),
    ends("POST", "/c", UPDATE, "parseError", 400, params=RENEWED, data=b"["),
    # What the operation says.
    ends("POST", "", INSERT, "invalid", 400, json={**JOB, "id": "a"}),  # the name is taken
    ends("GET", "/no-such-task", GET, "notFound", 404),
    ends("DELETE", "/no-such-task", DELETE, "invalid", 400),
    ends("POST", "/no-such-task", UPDATE, "invalid", 400, params=RENEWED, json={}),
    ends("PATCH", "/no-such-task", PATCH, "invalid", 400, params=RENEWED, json={}),
    ends("GET", "/not%20a%20name", GET, "notFound", 404),
    # Where it may not go.
    ends("GET", "/../../no-such-queue/tasks", LIST, "notFound", 404),
    ends("GET", "/../../../../no-such-project/taskqueues/q/tasks", LIST, "forbidden", 403),
]

# What no method is, is no call of one: there is nothing to count it as.
NO_METHODS = [
    ends("PUT", "/a", "", "httpMethodNotAllowed", 405, json={}),
    ends("GET", "/a/b/c", "", "notFound", 404),
    ends("POST", "", "", "invalid", 400, headers=as_verb("BREW")),
]


def send(tenant: Tenant, ending: Ending, **more: Any) -> requests.Response:  # noqa: ANN401  # likewise
    """Sends it; `..` in its path are applied here, as clients do."""
    base = tenant.tasks.split("/")
    path = ending.path
    while path.startswith("/.."):
        base.pop()
        path = path.removeprefix("/..")
    below = "/".join([part for part in ["/".join(base), path.strip("/")] if part])
    if ending.path.startswith("?"):
        below = tenant.tasks + ending.path
    sent = {**ending.sent, **more}
    sent["headers"] = {**ending.sent.get("headers", {}), **more.get("headers", {})}
    return tenant.server.call(ending.verb, below, token=tenant.token, **sent)


def expected(*endings: Ending) -> Counter[tuple[str, ...]]:
    return Counter((ending.method, ending.outcome) for ending in endings)


def assert_ended(reply: requests.Response, ending: Ending) -> None:
    assert ending.status == reply.status_code, (ending, reply.text)
    if ending.status >= 400:
        assert ending.outcome == word(reply)[2], (ending, reply.text)


def test_every_call_is_counted_once_as_what_it_was_answered(tenant: Tenant) -> None:
    for ending in ENDINGS:
        assert_ended(send(tenant, ending), ending)

    assert expected(*ENDINGS) == tenant.counts()


def test_each_call_is_counted_before_it_is_answered(tenant: Tenant) -> None:
    for count, ending in enumerate(ENDINGS[-20:], start=1):
        send(tenant, ending)

        assert count == tenant.counts().total()


def test_what_is_no_method_is_not_counted(tenant: Tenant) -> None:
    for ending in NO_METHODS:
        assert_ended(send(tenant, ending), ending)

    assert {} == tenant.counts()


def test_a_call_is_known_by_all_that_it_was_made_with(tenant: Tenant) -> None:
    key, text = tenant.key()
    dimensions = ("api", "method", "credential", "api_key", "email", "outcome")

    tenant.call()
    tenant.call(key=text)
    tenant.call(token=None, key=text)

    assert {
        ("taskqueue", LIST, credential(tenant), "", tenant.email, "done"): 1,
        ("taskqueue", LIST, credential(tenant), key.id, tenant.email, "done"): 1,
        ("taskqueue", LIST, "", key.id, "", "required"): 1,
    } == tenant.counts(*dimensions)


def credential(tenant: Tenant) -> str:
    """The id of the program."""
    return next(iter(tenant.counts("credential") - Counter({("",): 10})))[0]


@pytest.mark.parametrize(
    ("restriction", "outcome"),
    [
        ({"addresses": ("203.0.113.0/24",)}, "ipRefererBlocked"),
        ({"referrers": ("shop.example.com/*",)}, "ipRefererBlocked"),
        ({"apis": ("leasehold",)}, "accessNotConfigured"),
        ({"queues": ("elsewhere/jobs",)}, "forbidden"),
    ],
)
def test_what_a_restricted_key_may_not_do_is_counted(
    tenant: Tenant, restriction: dict[str, tuple[str, ...]], outcome: str
) -> None:
    key, text = tenant.key(**restriction)

    tenant.call(key=text)
    tenant.call(token=None, key=text)

    assert {(key.id, outcome): 2} == tenant.counts("api_key", "outcome")


def test_calls_of_a_stranger_to_the_queue_are_the_strangers(tenant: Tenant) -> None:
    stranger = make_tenant(tenant.server)

    for ending in (ENDINGS[0], ENDINGS[1], ENDINGS[6], ENDINGS[10]):
        assert 403 == send(tenant, ending, headers=bearer(stranger)).status_code

    assert {(method, "forbidden"): 1 for method in (INSERT, LIST, LEASE, DELETE)} == (
        stranger.counts()
    )
    assert {} == tenant.counts()


def bearer(tenant: Tenant) -> dict[str, str]:
    return {"Authorization": f"Bearer {tenant.token}"}


def test_a_token_without_the_scope_is_counted(shared_server: RunningServer) -> None:
    tenant = make_tenant(shared_server)
    token = shared_server.token("reader", "taskqueue.consumer")

    reply = tenant.insert(token=token)

    assert (403, "global", "insufficientPermissions", "") == word(reply)
    assert {} == tenant.counts()


def test_nobody_pays_for_calls_with_no_good_credential(tenant: Tenant) -> None:
    for token in (None, "nonsense", tenant.token[:-1], tenant.token.upper()):
        for ending in ENDINGS[:4]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            assert 401 == send(tenant_without_token(tenant), ending, headers=headers).status_code

    assert {} == tenant.counts()
