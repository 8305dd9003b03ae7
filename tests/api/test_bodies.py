"""Bodies: how they may be sent, what they may hold, and what is refused, with a reason."""

import gzip
import json
import zlib

import pytest

from tests.api.raw_http import exchange, request
from tests.api.worker import EMAIL, Worker
from tests.running_server import run_server

PREFIX = "/taskqueue/v1beta2/projects"
TASK = {"id": "a", "payloadBase64": "am9i"}
LARGEST = 2 * 2**20  # bytes of a body


def send(worker: Worker, body: bytes, **headers: str) -> tuple[int, str, str]:
    """Status, reason and message of an insert with this body; "" when it went well."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = worker.call("POST", worker.tasks, data=body, headers=named)
    if reply.status_code == 200:
        return 200, "", ""
    error = reply.json()["error"]
    return reply.status_code, error["errors"][0]["reason"], error["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json;charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "nonsense",
        "",
    ],
)
def test_a_task_is_json_whatever_its_content_type_says(worker: Worker, content_type: str) -> None:
    body = json.dumps(TASK).encode()

    assert (200, "", "") == send(worker, body, content_type=content_type)
    assert ["a"] == worker.listed_ids()


def test_a_body_may_be_chunked(worker: Worker) -> None:
    body = json.dumps(TASK).encode()

    reply = worker.call("POST", worker.tasks, data=(body[i : i + 5] for i in range(0, 40, 5)))

    assert 200 == reply.status_code


def test_a_body_of_length_zero_is_a_task_without_a_payload(worker: Worker) -> None:
    raw = request(f"{PREFIX}/{worker.tasks}", worker.token, verb="POST")

    reply = exchange(worker.server.url, raw)

    assert 400 == reply.status
    assert b'"reason": "required"' in reply.body
    assert b"payloadBase64" in reply.body


def test_unknown_fields_and_what_the_server_decides_are_ignored(worker: Worker) -> None:
    task = worker.insert(
        id="a",
        kind=5,
        retry_count="x",
        enqueueTimestamp=[],
        groupByTag=True,
        nested={"a": [{}, None, 1e300]},
    )

    assert 200 == task.status_code
    assert 0 == task.json()["retry_count"]


@pytest.mark.parametrize("form", [str, int, float])
def test_an_instant_may_be_a_string_or_a_number(worker: Worker, form: type) -> None:
    eta = worker.server.clock.now() + 60_000_000

    task = worker.insert(leaseTimestamp=form(eta))

    assert str(eta) == task.json()["leaseTimestamp"]


def test_nulls_and_empty_strings_are_absent(worker: Worker) -> None:
    task = worker.insert(id=None, tag="", queueName=None, leaseTimestamp="").json()

    assert "tag" not in task
    assert task["id"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b"\xef\xbb\xbf{}",
        b'{"id": "\xff"}',
        b"{}{}",
        b"{'id': 'a'}",
        b'{"payloadBase64": NaN}',
        b'{"x": ' + b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"\0" * 100,
    ],
)
def test_what_is_not_json_is_a_parse_error(worker: Worker, body: bytes) -> None:
    status, reason, message = send(worker, body)

    assert (400, "parseError") == (status, reason)
    assert message.startswith("Parse Error")


@pytest.mark.parametrize(
    ("body", "location"),
    [
        (b"[]", ""),
        (b"[" * 100_000 + b"]" * 100_000, ""),
        (b"5", ""),
        (b"null", ""),
        (b'{"id": 5}', "id"),
        (b'{"payloadBase64": ["a"]}', "payloadBase64"),
        (b'{"tag": {}}', "tag"),
        (b'{"leaseTimestamp": true}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": 1.5}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": "soon"}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": "1e9"}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": 1e300}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": 9223372036854775808}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": "9223372036854775808"}', "leaseTimestamp"),
        (b'{"payloadBase64": "", "leaseTimestamp": "\\u0661"}', "leaseTimestamp"),
    ],
)
def test_json_of_another_type_is_refused_with_the_fields_name(
    worker: Worker, body: bytes, location: str
) -> None:
    reply = worker.call("POST", worker.tasks, data=body)

    entry = reply.json()["error"]["errors"][0]
    assert (400, "invalid", location) == (
        reply.status_code,
        entry["reason"],
        entry.get("location", ""),
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"payloadBase64": "", "tag": "\\ud800"}',
        b'{"payloadBase64": "", "leaseTimestamp": ' + b"9" * 10_000 + b"}",
        b'{"payloadBase64": "", "leaseTimestamp": 1e999}',
        b'{"payloadBase64": "", "tag": "\\u0000"}',
        b'{"payloadBase64": "", "id": "\\u0000"}',
    ],
)
def test_characters_and_numbers_that_nothing_can_keep_are_refused(
    worker: Worker, body: bytes
) -> None:
    status, _, message = send(worker, body)

    assert 400 == status
    assert message
    assert [] == worker.listed_ids()


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity"])
def test_a_body_may_be_compressed(worker: Worker, coding: str) -> None:
    body = json.dumps(TASK).encode()
    packed = body if coding == "identity" else gzip.compress(body)

    assert 200 == send(worker, packed, content_encoding=coding)[0]


@pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip", "gzip "])
def test_another_coding_is_refused_by_name(worker: Worker, coding: str) -> None:
    body = zlib.compress(json.dumps(TASK).encode())

    status, reason, message = send(worker, body, content_encoding=coding.strip() + ", br")

    assert (400, "invalid") == (status, reason)
    assert "Content-Encoding takes gzip" in message


@pytest.mark.parametrize("kept", [0, 1, 10, 20, -8, -1])
def test_a_compressed_body_that_was_cut_off_is_refused(worker: Worker, kept: int) -> None:
    body = gzip.compress(json.dumps(TASK).encode())[:kept]

    status, _, message = send(worker, body, content_encoding="gzip")

    assert 400 == status
    assert "gzip" in message


def test_what_is_not_compressed_though_it_says_so_is_refused(worker: Worker) -> None:
    body = json.dumps(TASK).encode()

    status, _, message = send(worker, body, content_encoding="gzip")

    assert (400, "the body is not gzip, though Content-Encoding says so") == (status, message)


def test_a_bomb_is_refused_when_it_passes_the_limit(worker: Worker) -> None:
    bomb = gzip.compress(b" " * (64 * 2**20), 9)

    status, reason, message = send(worker, bomb, content_encoding="gzip")

    assert (413, "uploadTooLarge") == (status, reason)
    assert str(LARGEST) in message


def test_a_body_may_have_two_mebibytes_and_no_more(worker: Worker) -> None:
    body = json.dumps(TASK).encode()

    assert 200 == send(worker, body.ljust(LARGEST))[0]
    assert (413, "uploadTooLarge") == send(worker, body.ljust(LARGEST + 1))[:2]


def test_a_body_without_a_length_is_counted_as_it_comes(worker: Worker) -> None:
    reply = worker.call("POST", worker.tasks, data=(b" " * 2**18 for _ in range(9)))

    assert 413 == reply.status_code


@pytest.mark.parametrize("length", ["2097153", "99999999999", "9" * 19])
def test_a_body_that_says_that_it_is_too_large_is_not_waited_for(
    worker: Worker, length: str
) -> None:
    head = request(f"{PREFIX}/{worker.tasks}", worker.token, verb="POST")
    raw = head.replace(b"content-length: 0", f"content-length: {length}".encode())

    reply = exchange(worker.server.url, raw)

    assert 413 == reply.status


def test_a_body_that_does_not_arrive_is_not_waited_for_long(database_url: str) -> None:
    with run_server(database_url, header_seconds=0.2) as server:
        queue = server.queue_for(EMAIL)
        head = request(f"{PREFIX}/demo/taskqueues/{queue.name}/tasks", server.token(), verb="POST")

        reply = exchange(
            server.url, head.replace(b"content-length: 0", b"content-length: 9") + b"{"
        )

    assert 400 == reply.status
    assert b"the body did not arrive in time" in reply.body


def test_a_form_that_is_not_percent_encoded_is_refused(worker: Worker) -> None:
    reply = worker.call(
        "POST",
        f"{worker.tasks}/lease",
        data="numTasks=1&leaseSecs=30&tag=ä".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert 400 == reply.status_code
    assert "not percent-encoded" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("deflate, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("br", None)],
)
def test_a_large_reply_is_compressed_if_the_client_takes_it(
    worker: Worker, accepted: str, coding: str | None
) -> None:
    worker.call("POST", worker.tasks, json={"payloadBase64": "QUJD" * 5000, "id": "large"})

    reply = worker.call("GET", f"{worker.tasks}/large", headers={"Accept-Encoding": accepted})

    assert coding == reply.headers.get("Content-Encoding")
    assert reply.json()["payloadBase64"] == "QUJD" * 5000
