"""Counting: however a call with a good credential ends, it is in the report once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import apsw
import psycopg
import pytest
import requests

from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.oauth2 import scopes
from leasehold.settings import Settings
from leasehold.storage.group import Verb
from leasehold.web.api.method import Call
from leasehold.web.api.methods import METHODS, tasks_get
from leasehold.web.api.wire import WireTask
from tests.api.tenant import Tenant, make_tenant, word
from tests.api.test_batches import BOUNDARY, call, parts
from tests.running_server import RunningServer, filled, run_server_on

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
    path: str  # below the project's queues; from a slash on below all projects
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
    ends("POST", "jobs/tasks", INSERT, "done", 200, json={**JOB, "id": "a"}),
    ends("GET", "jobs/tasks", LIST, "done", 200),
    ends("GET", "jobs/tasks", LIST, "done", 200, params={"fields": "kind", "prettyPrint": "false"}),
    ends("GET", "jobs/tasks/a", GET, "done", 200),
    ends("GET", "jobs", QUEUE, "done", 200),
    ends("GET", "jobs", QUEUE, "done", 200, params={"getStats": "true"}),
    ends("POST", "jobs/tasks/lease", LEASE, "done", 200, params=LEASED),
    ends("POST", "jobs/tasks/lease", LEASE, "done", 200, data=LEASED),
    ends("POST", "jobs/tasks/a", UPDATE, "done", 200, params=RENEWED, json={}),
    ends("PATCH", "jobs/tasks/a", PATCH, "done", 200, params=RENEWED, json={}),
    ends("DELETE", "jobs/tasks/a", DELETE, "done", 204),
    # Done, by another verb.
    ends("POST", "jobs/tasks", LIST, "done", 200, headers={**as_verb("GET"), **FORM}),
    ends(
        "POST",
        "jobs/tasks",
        LIST,
        "done",
        200,
        headers={**as_verb("get"), **FORM},
        data={"fields": "kind"},
    ),
    ends(
        "POST", "jobs/tasks", INSERT, "done", 200, headers=as_verb("POST"), json={**JOB, "id": "b"}
    ),
    ends("POST", "jobs/tasks/lease", LEASE, "done", 200, headers=as_verb("POST"), params=LEASED),
    ends(
        "POST",
        "jobs/tasks/b",
        PATCH,
        "done",
        200,
        headers=as_verb("PATCH"),
        params=RENEWED,
        json={},
    ),
    ends("POST", "jobs/tasks/b", DELETE, "done", 204, headers=as_verb("DELETE")),
    # Parameters that are common to all.
    ends("GET", "jobs/tasks", LIST, "invalid", 400, params={"alt": "xml"}),
    ends("GET", "jobs/tasks", LIST, "invalid", 400, params={"callback": "f"}),
    ends("GET", "jobs/tasks", LIST, "invalid", 400, params={"prettyPrint": "maybe"}),
    ends("GET", "jobs/tasks", LIST, "invalidParameter", 400, params={"fields": "items(payload)"}),
    ends("GET", "jobs/tasks", LIST, "invalid", 400, params={"quotaUser": "x" * 41}),
    ends("GET", "jobs/tasks?x=1&x=2", LIST, "invalid", 400),
    ends("GET", "jobs/tasks?x=%ff", LIST, "invalid", 400),
    ends("GET", "jobs/tasks?" + "x=&" * 101, LIST, "invalid", 400),
    ends("GET", "jobs/tasks", LIST, "keyInvalid", 400, params={"key": "AIza"}),
    ends(
        "GET",
        "jobs/tasks",
        LIST,
        "keyInvalid",
        400,
        params={"key": "a"},
        headers={"X-Goog-Api-Key": "b"},
    ),
    ends(
        "POST", "jobs/tasks", LIST, "invalid", 400, headers={**as_verb("GET"), **FORM}, data=b"\xff"
    ),
    ends(
        "POST",
        "jobs/tasks",
        LIST,
        "invalid",
        400,
        headers={**as_verb("GET"), **FORM},
        data=b"x=1&x=2",
    ),
    ends(
        "POST",
        "jobs/tasks",
        LIST,
        "uploadTooLarge",
        413,
        headers={**as_verb("GET"), **FORM},
        data=b"x" * (2 * 2**20 + 1),
    ),
    # Parameters of the method.
    ends("POST", "jobs/tasks/lease", LEASE, "required", 400),
    ends("POST", "jobs/tasks/lease", LEASE, "invalid", 400, params={**LEASED, "numTasks": "x"}),
    ends("POST", "jobs/tasks/lease", LEASE, "invalid", 400, params={**LEASED, "numTasks": "0"}),
    ends("POST", "jobs/tasks/lease", LEASE, "invalid", 400, params={**LEASED, "tag": "t"}),
    ends("POST", "jobs/tasks/lease", LEASE, "invalid", 400, headers=FORM, data=b"\xff"),
    ends(
        "POST",
        "jobs/tasks/lease",
        LEASE,
        "uploadTooLarge",
        413,
        headers=FORM,
        data=b"x" * 2_100_000,
    ),
    ends("POST", "jobs/tasks/c", UPDATE, "required", 400, json={}),
    ends("GET", "jobs", QUEUE, "invalid", 400, params={"getStats": "perhaps"}),
    ends("DELETE", "jobs/tasks/c", DELETE, "invalid", 400, params={"leaseTimestamp": "soon"}),
    # Bodies.
    ends("POST", "jobs/tasks", INSERT, "parseError", 400, data=b"{"),
    ends("POST", "jobs/tasks", INSERT, "required", 400, data=b""),
    ends("POST", "jobs/tasks", INSERT, "required", 400, json={}),
    ends("POST", "jobs/tasks", INSERT, "invalid", 400, json={"payloadBase64": "!"}),
    ends("POST", "jobs/tasks", INSERT, "invalid", 400, json={"payloadBase64": 7}),
    ends("POST", "jobs/tasks", INSERT, "invalid", 400, json={**JOB, "id": "not a name"}),
    ends("POST", "jobs/tasks", INSERT, "invalid", 400, json={**JOB, "queueName": "another"}),
    ends("POST", "jobs/tasks", INSERT, "uploadTooLarge", 413, data=b" " * (2 * 2**20 + 1)),
    ends(
        "POST",
        "jobs/tasks",
        INSERT,
        "invalid",
        400,
        data=b"x",
        headers={"Content-Encoding": "gzip"},
    ),
    ends(
        "POST", "jobs/tasks", INSERT, "invalid", 400, data=b"x", headers={"Content-Encoding": "br"}
    ),
    ends("POST", "jobs/tasks/c", UPDATE, "parseError", 400, params=RENEWED, data=b"{"),
    # What the operation says.
    ends(
        "POST", "jobs/tasks", INSERT, "invalid", 400, json={**JOB, "id": "a"}
    ),  # the name is taken
    ends("GET", "jobs/tasks/no-such-task", GET, "notFound", 404),
    ends("DELETE", "jobs/tasks/no-such-task", DELETE, "invalid", 400),
    ends("POST", "jobs/tasks/no-such-task", UPDATE, "invalid", 400, params=RENEWED, json={}),
    ends("PATCH", "jobs/tasks/no-such-task", PATCH, "invalid", 400, params=RENEWED, json={}),
    ends("GET", "jobs/tasks/not%20a%20name", GET, "notFound", 404),
    # Where it may not go.
    ends("GET", "no-such-queue/tasks", LIST, "notFound", 404),
    ends("GET", "/no-such-project/taskqueues/q/tasks", LIST, "forbidden", 403),
]

# What no method is, is no call of one: there is nothing to count it as.
NO_METHODS = [
    ends("PUT", "jobs/tasks/a", "", "httpMethodNotAllowed", 405, json={}),
    ends("GET", "jobs/tasks/a/b/c", "", "notFound", 404),
    ends("POST", "jobs/tasks", "", "invalid", 400, headers=as_verb("BREW")),
]


def send(tenant: Tenant, ending: Ending, token: str | None = "") -> requests.Response:
    """Sends it with the tenant's own token, or with another one, or with None."""
    bearer = tenant.token if token == "" else token
    return tenant.server.call(ending.verb, path_of(tenant, ending), token=bearer, **ending.sent)


def path_of(tenant: Tenant, ending: Ending) -> str:
    if ending.path.startswith("/"):
        return ending.path[1:]
    return f"{tenant.project_id}/taskqueues/{ending.path}"


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
    for count, ending in enumerate(ENDINGS[-8:], start=1):
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

    program = tenant.account_id
    assert {
        ("taskqueue", LIST, program, "", tenant.email, "done"): 1,
        ("taskqueue", LIST, program, key.id, tenant.email, "done"): 1,
        ("taskqueue", LIST, "", key.id, "", "required"): 1,
    } == tenant.counts(*dimensions)


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

    for ending in ENDINGS[:11]:
        assert 403 == send(tenant, ending, stranger.token).status_code

    methods = (method for method, _ in expected(*ENDINGS[:11]).elements())
    assert Counter((method, "forbidden") for method in methods) == stranger.counts()
    assert {} == tenant.counts()


def test_a_token_without_the_scope_is_counted(shared_server: RunningServer) -> None:
    tenant = make_tenant(shared_server, mask=scopes.CONSUMER)

    refused = tenant.insert()
    allowed = tenant.call()

    assert [(403, "global", "insufficientPermissions", ""), 200] == [
        word(refused),
        allowed.status_code,
    ]
    assert {(INSERT, "insufficientPermissions"): 1, (LIST, "done"): 1} == tenant.counts()


def test_nobody_pays_for_calls_with_no_good_credential(tenant: Tenant) -> None:
    for token in (None, "nonsense", tenant.token[:-1], tenant.token.upper()):
        for ending in ENDINGS[:4]:
            assert 401 == send(tenant, ending, token).status_code

    assert {} == tenant.counts()


def test_each_call_of_a_batch_is_counted_for_itself(tenant: Tenant) -> None:
    asked = [ending for ending in ENDINGS if "Content-Encoding" not in str(ending.sent)]
    asked += NO_METHODS
    calls = [as_part(tenant, ending) for ending in asked]

    replies = parts(send_batch(tenant, *calls))

    said = Counter(
        (ending.method, part.reason if part.status >= 400 else "done")
        for ending, part in zip(asked, replies, strict=True)
        if ending.method
    )
    assert said == tenant.counts()
    assert len(said) > 20


def as_part(tenant: Tenant, ending: Ending) -> str:
    url = f"http://x/taskqueue/v1beta2/projects/{path_of(tenant, ending)}"
    made = requests.Request(ending.verb, url, **ending.sent).prepare()
    headers = [f"{name}: {value}" for name, value in made.headers.items()]
    body = made.body.encode() if isinstance(made.body, str) else made.body or b""
    assert isinstance(body, bytes)
    return call(f"{ending.verb} {made.path_url}", *headers, body=body.decode("latin-1"))


def send_batch(tenant: Tenant, *calls: str, token: str | None = "") -> requests.Response:
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in calls) + f"--{BOUNDARY}--"
    headers = {"Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"'}
    headers |= {"Authorization": f"Bearer {tenant.token}"} if token == "" else {}
    url = f"{tenant.server.url}/batch"
    return requests.post(url, data=body.encode("latin-1"), headers=headers, timeout=60)


def test_a_batch_is_nothing_besides_its_calls(tenant: Tenant) -> None:
    other = make_tenant(tenant.server)
    line = f"GET /taskqueue/v1beta2/projects/{tenant.tasks}"

    broken = send_batch(tenant, "no part")
    replies = parts(
        send_batch(
            tenant,
            call(line),
            call(line, f"Authorization: Bearer {other.token}"),
            call(line, "Authorization: Bearer nonsense"),
        )
    )
    without = parts(send_batch(tenant, call(line), token=None))

    assert 400 == broken.status_code
    assert [200, 403, 401, 401] == [part.status for part in [*replies, *without]]
    assert {(LIST, "done"): 1} == tenant.counts()
    assert {(LIST, "forbidden"): 1} == other.counts()


def test_calls_of_the_administration_api_end_no_other_way(tenant: Tenant) -> None:
    bearer = {"Authorization": f"Bearer {tenant.token}"}
    url = f"{tenant.server.url}/admin/v1/projects"

    said = [
        word(requests.get(url + query, headers=bearer, timeout=30))[2]
        for query in ("", "?x=1&x=2", f"?quotaUser={'x' * 41}", "?key=AIza", "?alt=xml")
    ]

    assert ["insufficientPermissions", "invalid", "invalid", "keyInvalid", "invalid"] == said
    method = "leasehold.projects.list"
    assert Counter((method, reason) for reason in said) == tenant.counts()


# What fails for reasons of ours.


async def fail(call: Call) -> WireTask:
    """A method that fails in the way that the task's id says."""
    match call.task_id:
        case "before":
            raise Unavailable("not now")
        case "broken-before":
            raise RuntimeError("a mistake")
        case "verb":
            await call.run(
                Verb("failing", lambda _tx, _now, asked: [Unavailable("")] * len(asked)), 0
            )
        case "inside" | "unknown" | "broken":
            await call.write(lambda _tx, _now: _raise(call.task_id))
        case "afterwards":
            await call.write(lambda _tx, _now: None)
            raise RuntimeError("a mistake, and the change is made")
    return await tasks_get.run(call)


def _raise(how: str) -> None:
    raise {
        "inside": Unavailable("not now"),
        "unknown": OutcomeUnknown("nobody knows"),
        "broken": RuntimeError("a mistake"),
    }[how]


@pytest.fixture
def failing(database_url: str) -> Iterator[Tenant]:
    """A project on a server where showing a task fails."""
    showing = replace(tasks_get.METHOD, run=fail)
    methods = [showing if method is tasks_get.METHOD else method for method in METHODS]
    settings = Settings(deadline_seconds=1, staleness_seconds=60)
    with run_server_on(filled(database_url), settings, methods=methods) as server:
        yield make_tenant(server)


def test_nobody_pays_for_what_fails_for_our_reasons(
    failing: Tenant, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ways = ["before", "inside", "verb", "unknown", "broken-before", "broken"]

    statuses = [failing.call(path=f"/{way}").status_code for way in ways]
    missing = failing.call(path="/no-such-task").status_code
    afterwards = failing.call(path="/afterwards").status_code
    with counting_blocked(failing.server, database_url):
        untold = failing.call(params={"alt": "xml"})

    assert [503] * 4 + [500] * 2 == statuses
    assert [404, 500] == [missing, afterwards]
    assert (503, "global", "backendError", "") == word(untold)
    # What was made is counted, though its caller was told of a mistake.
    assert {(GET, "notFound"): 1, (GET, "done"): 1} == failing.counts()
    assert "a mistake" in caplog.text


@contextmanager
def counting_blocked(server: RunningServer, database_url: str) -> Iterator[None]:
    """Somebody else holds the lock of what calls are written down in."""
    if server.engine.name == "sqlite":
        database = apsw.Connection(database_url)
        database.execute("begin immediate")
        yield
        database.execute("rollback")
        database.close()
    else:
        with psycopg.connect(database_url) as connection:
            connection.execute("lock table usage_entries in access exclusive mode")
            yield
            connection.rollback()
