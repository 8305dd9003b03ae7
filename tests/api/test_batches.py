"""Batches over HTTP: each call stands alone, with its own id, credential, status and errors."""

import email
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message

import pytest
import requests

from leasehold.web.api.application import MAX_LARGE_BATCHES
from tests.api.worker import Worker

PREFIX = "/taskqueue/v1beta2/projects"
BOUNDARY = "===============7330845974216740156=="


@dataclass(frozen=True, slots=True)
class Part:
    """The reply to one call."""

    content_id: str | None
    status: int
    headers: Message
    body: str

    @property
    def json(self) -> dict[str, object]:
        """Its body."""
        value: dict[str, object] = json.loads(self.body)
        return value

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return str(json.loads(self.body)["error"]["errors"][0]["reason"])


def call(line: str, *headers: str, body: str = "", content_id: str = "") -> str:
    """One part, as a client writes it."""
    outer = ["Content-Type: application/http"] + (
        [f"Content-ID: {content_id}"] if content_id else []
    )
    return "\r\n".join([*outer, "", f"{line} HTTP/1.1", *headers, "", body])


def send(worker: Worker, *calls: str, token: str | None = "", **more: object) -> requests.Response:
    """A batch with the worker's token, or with another one, or with None."""
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in calls) + f"--{BOUNDARY}--"
    headers = {"Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"'}
    if token is not None:
        headers["Authorization"] = f"Bearer {token or worker.token}"
    return requests.post(
        f"{worker.server.url}/batch",
        data=body.encode(),
        headers=headers,
        timeout=60,
        **more,  # type: ignore[arg-type]  # a test's own words
    )


def parts(reply: requests.Response) -> list[Part]:
    """The replies to the calls, read by the standard library."""
    assert 200 == reply.status_code, reply.text
    head = f"Content-Type: {reply.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.content)
    return [_part(part) for part in message.get_payload()]  # type: ignore[arg-type]  # multipart


def _part(part: Message) -> Part:
    text = part.get_payload()
    assert isinstance(text, str)
    assert "application/http" == part.get_content_type()
    status_line, _, rest = text.partition("\r\n")
    headers, _, body = rest.partition("\r\n\r\n")
    status = int(status_line.split(" ")[1])
    return Part(part["Content-ID"], status, email.message_from_string(headers), body)


def insert(worker: Worker, name: str, *headers: str, content_id: str = "") -> str:
    body = json.dumps({"id": name, "payloadBase64": "am9i"})
    line = f"POST {PREFIX}/{worker.tasks}"
    return call(line, "Content-Type: application/json", *headers, body=body, content_id=content_id)


def test_calls_are_answered_in_their_order_with_their_ids(worker: Worker) -> None:
    replies = parts(
        send(
            worker,
            insert(worker, "a", content_id="<b29c5de2-0db4-490b-b421-6a51b598bd22 + 1>"),
            insert(worker, "b", content_id="plain"),
            insert(worker, "c"),
        )
    )

    ids = ["<response-b29c5de2-0db4-490b-b421-6a51b598bd22 + 1>", "response-plain", None]
    assert ids == [part.content_id for part in replies]
    assert [200] * 3 == [part.status for part in replies]
    assert ["a", "b", "c"] == [part.json["id"] for part in replies]
    assert "application/json; charset=UTF-8" == replies[0].headers["Content-Type"]
    assert {"a", "b", "c"} == set(worker.listed_ids())


def test_a_call_that_fails_leaves_the_others_alone(worker: Worker) -> None:
    replies = parts(
        send(
            worker,
            insert(worker, "a"),
            insert(worker, "not a name"),
            call(f"DELETE {PREFIX}/{worker.tasks}/no-such-task"),
            call(f"PUT {PREFIX}/{worker.tasks}/a"),
            call("GET /no/such/path"),
            call(f"POST {PREFIX}/{worker.tasks}", body="{"),
            insert(worker, "b"),
        )
    )

    assert [200, 400, 400, 405, 404, 400, 200] == [part.status for part in replies]
    assert "DELETE, GET, PATCH, POST" == replies[3].headers["Allow"]
    assert ["notFound", "parseError"] == [part.reason for part in replies[4:6]]
    assert {"a", "b"} == set(worker.listed_ids())


def test_every_method_can_be_called_in_a_batch(worker: Worker) -> None:
    worker.insert(id="a")
    task, queue = f"{PREFIX}/{worker.tasks}/a", f"{PREFIX}/demo/taskqueues/{worker.queue}"

    replies = [
        parts(send(worker, one))[0]
        for one in (
            call(f"GET {queue}?getStats=true"),
            call(f"GET {queue}/tasks?fields=items/id&prettyPrint=false"),
            call(f"POST {queue}/tasks/lease?numTasks=1&leaseSecs=30"),
            call(f"GET {task}"),
            call(f"POST {task}?newLeaseSeconds=60", body="{}"),
            call(f"PATCH {task}?newLeaseSeconds=90", body="{}"),
            call(f"POST {task}?newLeaseSeconds=9", "X-HTTP-Method-Override: PATCH", body="{}"),
            call(f"DELETE http://www.googleapis.com{task}"),
        )
    ]

    assert [200] * 7 + [204] == [part.status for part in replies]
    assert '{"items":[{"id":"a"}]}\n' == replies[1].body
    assert "" == replies[7].body
    assert [] == worker.listed_ids()


def test_a_call_may_have_a_credential_of_its_own(worker: Worker) -> None:
    own = f"Authorization: Bearer {worker.token}"
    bad = "Authorization: Bearer nonsense"

    without_outer = parts(send(worker, insert(worker, "a", own), insert(worker, "b"), token=None))
    bad_inner = parts(send(worker, insert(worker, "c", bad), insert(worker, "d")))
    bad_outer = parts(send(worker, insert(worker, "e", own), insert(worker, "f"), token="x"))

    assert [200, 401] == [part.status for part in without_outer]
    assert ["required"] == [part.reason for part in without_outer[1:]]
    assert [401, 200] == [part.status for part in bad_inner]
    assert 'error="invalid_token"' in bad_inner[0].headers["WWW-Authenticate"]
    assert [200, 401] == [part.status for part in bad_outer]


def test_two_credentials_in_a_call_are_refused(worker: Worker) -> None:
    own = f"Authorization: Bearer {worker.token}"

    (part,) = parts(send(worker, insert(worker, "a", own, own)))

    assert (401, "authError") == (part.status, part.reason)


def test_a_batch_may_be_compressed_in_both_directions(worker: Worker) -> None:
    body = f"--{BOUNDARY}\r\n{insert(worker, 'a')}\r\n" * 20 + f"--{BOUNDARY}--"

    reply = requests.post(
        f"{worker.server.url}/batch/taskqueue/v1beta2",
        data=gzip.compress(body.encode()),
        headers={
            "Authorization": f"Bearer {worker.token}",
            "Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"',
            "Content-Encoding": "gzip",
        },
        timeout=30,
    )

    assert "gzip" == reply.headers["Content-Encoding"]
    assert [200] + [400] * 19 == sorted(part.status for part in parts(reply))


def test_a_thousand_calls_are_answered_and_one_more_refuses_them_all(worker: Worker) -> None:
    thousand = [call(f"GET {PREFIX}/demo/taskqueues/{worker.queue}?fields=id")] * 999

    replies = parts(send(worker, insert(worker, "a"), *thousand))
    refused = send(worker, insert(worker, "b"), *thousand, thousand[0])

    assert {200: 1_000} == {200: sum(part.status == 200 for part in replies)}
    assert 400 == refused.status_code
    assert "a batch has at most 1000 calls" in refused.json()["error"]["message"]
    assert ["a"] == worker.listed_ids()


@pytest.mark.parametrize(
    "target",
    [
        "http://[/",
        "//[x/taskqueue/",
        "http://",
        "https://?numTasks=1",
        "/%",
        "/taskqueue/v1beta2/projects/%ff/taskqueues/q",
        "/taskqueue/v1beta2/projects/%00/taskqueues/q",
        "/batch",
        "/revoke",
        "/" + "a" * 10_000,
    ],
)
def test_a_target_that_names_nothing_fails_alone(worker: Worker, target: str) -> None:
    replies = parts(send(worker, call(f"GET {target}"), insert(worker, "a")))

    assert replies[0].status in (400, 404)
    assert 200 == replies[1].status


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/mixed", b"--x--"),
        ("multipart/mixed; boundary=x", b""),
        ("multipart/mixed; boundary=x", b"--x--"),
        ("multipart/mixed; boundary=x", b"garbage" * 1_000),
        ("multipart/mixed; boundary=x", b"--x\r\n" * 1_000),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\nGET /\r\n--x--"),
        (
            "multipart/mixed; boundary=x",
            b"--x\r\nContent-Type: application/http\r\n\r\n\0\r\n--x--",
        ),
        ("multipart/mixed; boundary=" + "x" * 71, b""),
        ('multipart/mixed; boundary="\xff"', b""),
        ("", b""),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(
    worker: Worker, content_type: str, body: bytes
) -> None:
    reply = worker.call_root(
        "POST", "/batch", data=body, headers={"Content-Type": content_type.encode("latin-1")}
    )

    assert 400 == reply.status_code
    assert "invalid" == reply.json()["error"]["errors"][0]["reason"]


def bomb(worker: Worker, size: int, token: str | None) -> requests.Response:
    headers = {"Content-Type": "multipart/mixed; boundary=x", "Content-Encoding": "gzip"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return requests.post(
        f"{worker.server.url}/batch",
        data=gzip.compress(b"-" * size),
        headers=headers,
        timeout=60,
    )


def test_a_batch_is_bounded_before_it_is_read(worker: Worker) -> None:
    assert 413 == bomb(worker, 33 * 2**20, worker.token).status_code
    assert 400 == bomb(worker, 31 * 2**20, worker.token).status_code


def test_a_large_batch_needs_a_credential_of_its_own(worker: Worker) -> None:
    for token in (None, "nobody's"):
        refused = bomb(worker, 2**20, token)
        small = bomb(worker, 2**16, token)

        assert 413 == refused.status_code
        assert "needs an access token of its own" in refused.json()["error"]["message"]
        assert 400 == small.status_code


def test_more_large_batches_at_a_time_than_may_be_in_memory_are_all_answered(
    worker: Worker,
) -> None:
    large = insert(worker, "too-large")[:-2] + " " * 2**20 + "}"

    def send_one(_: int) -> int:
        return send(worker, large, large).status_code

    with ThreadPoolExecutor(2 * MAX_LARGE_BATCHES) as pool:
        statuses = list(pool.map(send_one, range(2 * MAX_LARGE_BATCHES)))

    assert [200] * 2 * MAX_LARGE_BATCHES == statuses
