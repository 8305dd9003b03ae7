"""Whatever a stranger sends is answered in words, and the server goes on as if nothing had been."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.raw_http import RawReply, exchange, request
from tests.api.worker import EMAIL, Worker
from tests.running_server import RunningServer

PREFIX = "/taskqueue/v1beta2/projects"
QUEUE = f"{PREFIX}/demo/taskqueues/open"
EXAMPLES = settings(
    max_examples=150,
    deadline=None,  # of two busy cores
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def victim(shared_server: RunningServer, shared_token: str) -> Iterator[Worker]:
    """Has a queue that lasts for all examples, and at the end still does its job."""
    queue = shared_server.queue_for(EMAIL, "open")
    worker = Worker(shared_server, shared_token, queue.name)
    yield worker
    assert 200 == worker.insert().status_code
    assert 200 == worker.call("GET", worker.tasks).status_code


def check(reply: RawReply) -> None:
    """An answer that blames the caller or serves it, and that a client can read."""
    assert reply.status < 500, reply.body
    if reply.headers.get("content-encoding") or not reply.body:
        return
    if reply.status >= 400 and reply.headers["content-type"].startswith("application/json"):
        error = json.loads(reply.body)["error"]
        assert reply.status == error["code"]
        assert error["errors"][0]["message"] == error["message"]
    assert len(reply.body) < 100_000


verbs = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"])
visible = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#?")
encoded = st.binary(max_size=6).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw))
segments = st.one_of(
    st.sampled_from(
        ["demo", "s~demo", "open", "tasks", "lease", "taskqueues", "v1beta1", "..", ""]
    ),
    st.text(visible, max_size=20),
    encoded,
)
paths = st.one_of(
    st.lists(segments, max_size=6).map(lambda parts: "/".join(["/taskqueue", *parts])),
    segments.map(lambda part: f"{PREFIX}/demo/taskqueues/{part}"),
    segments.map(lambda part: f"{QUEUE}/tasks/{part}"),
    st.sampled_from([QUEUE, f"{QUEUE}/tasks", f"{QUEUE}/tasks/lease", "/batch", "/discovery/v1/x"]),
)
names = st.sampled_from(
    [
        *("numTasks", "leaseSecs", "newLeaseSeconds", "groupByTag", "tag", "fields", "alt"),
        *("prettyPrint", "quotaUser", "key", "access_token", "callback", "getStats", "version"),
    ]
)
values = st.one_of(
    st.integers().map(str), st.sampled_from(["1", "true", "json"]), st.text(visible), encoded
)
queries = st.lists(st.tuples(names, values), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
header_lines = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("X-HTTP-Method-Override", "Content-Type", "Content-Encoding", "Authorization"),
                *("Accept-Encoding", "Expect", "Cookie", "If-Match", "Upgrade", "Range"),
            ]
        ),
        st.one_of(
            st.sampled_from(["GET", "PATCH", "gzip", "application/x-www-form-urlencoded"]),
            st.text(
                st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
            ),
        ),
    ).map(": ".join),
    max_size=4,
)


@EXAMPLES
@given(
    verb=verbs,
    path=paths,
    query=queries,
    headers=header_lines,
    body=st.binary(max_size=200),
    has_token=st.booleans(),
)
def test_any_request_is_answered(
    victim: Worker,
    *,
    verb: str,
    path: str,
    query: str,
    headers: list[str],
    body: bytes,
    has_token: bool,
) -> None:
    token = victim.token if has_token else ""
    target = f"{path}?{query}" if query else path
    sent = request(target, token, verb=verb, headers=tuple(headers), body=body)

    reply = exchange(victim.server.url, sent)

    check(reply)
    is_ours = path.startswith("/taskqueue/") and verb != "HEAD"
    if is_ours and reply.status >= 400 and b"Invalid HTTP request" not in reply.body:
        assert "application/json; charset=UTF-8" == reply.headers["content-type"]


any_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters()),  # lone surrogates too
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
tasks = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "queueName", "payloadBase64", "leaseTimestamp", "tag", "kind"), any_json
    ),
)


@EXAMPLES
@given(task=st.one_of(tasks, any_json), path=st.sampled_from(["", "/a?newLeaseSeconds=1"]))
def test_any_json_is_answered(victim: Worker, task: object, path: str) -> None:
    body = json.dumps(task).encode()
    sent = request(f"{QUEUE}/tasks{path}", victim.token, verb="POST", body=body)

    check(exchange(victim.server.url, sent))


@EXAMPLES
@given(
    text=st.text(st.characters(), max_size=30),
    field=st.sampled_from(["id", "tag", "queueName", "payloadBase64", "leaseTimestamp"]),
)
def test_any_text_in_a_task_is_kept_or_refused(victim: Worker, text: str, field: str) -> None:
    body = json.dumps({"payloadBase64": "", field: text}).encode()
    sent = request(f"{QUEUE}/tasks", victim.token, verb="POST", body=body)

    reply = exchange(victim.server.url, sent)

    check(reply)
    if reply.status == 200 and field in ("id", "tag") and text:
        assert text == json.loads(reply.body)[field]


@EXAMPLES
@given(sent=st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_request_are_answered_or_hung_up_on(victim: Worker, sent: bytes) -> None:
    try:
        # Ends what may have been the beginning of a head, so that nobody waits for the rest.
        reply = exchange(victim.server.url, sent + b"\r\n\r\n\0")
    except ConnectionError:
        return

    assert reply.status < 500


HEAD = f"GET {QUEUE}/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/0.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50,
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET //[/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /taskqueue/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        HEAD.encode() + b"X: a\0b\r\n\r\n",
        HEAD.encode() + b" folded: x\r\n\r\n",
        HEAD.encode() + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        HEAD.encode() + b"Content-Length: -1\r\n\r\n",
        HEAD.encode() + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        HEAD.encode() + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\nZ\r\n",
        HEAD.encode() + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD.encode() + b"Authorization: " + b"Bearer " * 10_000 + b"\r\n\r\n",
        HEAD.encode() + b"X: y\r\n" * 1_000 + b"\r\n",
    ],
)
def test_broken_http_is_answered(victim: Worker, sent: bytes) -> None:
    reply = exchange(victim.server.url, sent)

    assert 200 <= reply.status < 500


def test_a_websocket_is_not_opened(victim: Worker) -> None:
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA")
    sent = request(f"{QUEUE}/tasks", "", headers=upgrade)
    sent = sent.replace(b"connection: close", b"connection: upgrade, close")

    assert 401 == exchange(victim.server.url, sent).status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"{PREFIX}/{'x' * 60_000}/taskqueues/q", 400),
        (f"{PREFIX}/demo/taskqueues/{'x' * 60_000}", 400),
        (f"{QUEUE}/tasks/{'%41' * 20_000}", 400),
        (f"{PREFIX}{'/x' * 30_000}", 404),
        (f"/discovery/{'x' * 60_000}", 404),
        (f"{QUEUE}?{'&' * 50_000}", 400),
        (f"{QUEUE}?{'=' * 50_000}", 200),
        (f"{QUEUE}?x={'%00' * 20_000}", 200),
        (f"{QUEUE}/tasks?fields={'items(' * 2_000}", 400),
        (f"{QUEUE}/tasks?fields={'*/' * 4_000}", 400),
        (f"{QUEUE}/tasks?fields={','.join(['items(id)'] * 1_000)}", 200),
    ],
)
def test_long_targets_are_answered_shortly(victim: Worker, target: str, status: int) -> None:
    reply = exchange(victim.server.url, request(target, victim.token))

    assert status == reply.status
    assert len(reply.body) < 2_000 or status == 200


@pytest.mark.parametrize("length", [100_000, 1_000_000])
def test_a_longer_target_is_refused_by_whoever_reads_it_first(victim: Worker, length: int) -> None:
    reply = exchange(victim.server.url, request(f"{QUEUE}/{'x' * length}", victim.token))

    assert reply.status in (400, 414, 431)


def test_requests_one_behind_the_other_are_answered_in_turn(victim: Worker) -> None:
    one = f"GET {QUEUE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = request(f"{QUEUE}/tasks", victim.token)

    raw = exchange(victim.server.url, one * 50 + last)

    assert 401 == raw.status
    assert 49 == raw.body.count(b"HTTP/1.1 401 ")
    assert 1 == raw.body.count(b"HTTP/1.1 200 ")
