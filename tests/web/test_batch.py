"""Batches: what Google's client sends is read, and what we answer it understands."""

import json
from collections.abc import Callable
from email.parser import BytesParser

import httplib2
import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, HttpRequest
from hypothesis import example, given
from hypothesis import strategies as st

from leasehold.errors import Invalid
from leasehold.web.api import batch
from leasehold.web.api.batch import BatchCall, BatchInvalid, BatchReply

MIXED = "multipart/mixed; boundary=batch_8f3a"


def framed(*parts: bytes, newline: bytes = b"\r\n") -> bytes:
    """A batch of these parts, each with its headers."""
    delimiter = b"--batch_8f3a"
    lines = [piece for part in parts for piece in (delimiter, part)]
    return newline.join([*lines, delimiter + b"--", b""])


def part(call: bytes, *headers: bytes) -> bytes:
    """One part of application/http with more headers, if any."""
    return b"\r\n".join([b"Content-Type: application/http", *headers, b"", call])


def parse(body: bytes, *, max_calls: int = 10) -> list[BatchCall]:
    return batch.parse(MIXED, body, max_calls=max_calls)


def parse_one(call: bytes, *headers: bytes) -> BatchCall:
    (only,) = parse(framed(part(call, *headers)))
    return only


def refusal_of(body: bytes, *, content_type: str = MIXED, max_calls: int = 10) -> str:
    with pytest.raises(BatchInvalid) as refusal:
        batch.parse(content_type, body, max_calls=max_calls)
    return str(refusal.value)


# Reading calls


def test_a_call_has_its_id_verb_target_headers_and_body() -> None:
    call = parse_one(
        b"POST /taskqueue/v1beta2/projects/p/taskqueues/q/tasks?alt=json HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer t\r\n\r\n"
        b'{"id": "a"}',
        b"Content-ID: <b29c5de2 + 1>",
    )

    expected = BatchCall(
        content_id="<b29c5de2 + 1>",
        verb="POST",
        target="/taskqueue/v1beta2/projects/p/taskqueues/q/tasks?alt=json",
        headers=(("content-type", "application/json"), ("authorization", "Bearer t")),
        body=b'{"id": "a"}',
    )
    assert expected == call


def test_calls_come_in_their_order() -> None:
    calls = parse(framed(part(b"GET /1"), part(b"GET /2"), part(b"GET /3")))

    assert ["/1", "/2", "/3"] == [call.target for call in calls]


def test_an_id_may_be_left_out() -> None:
    assert "" == parse_one(b"GET /a HTTP/1.1\r\n\r\n").content_id


@pytest.mark.parametrize(
    "call",
    [
        b"GET /a?b=c",
        b"GET /a?b=c HTTP/1.1",
        b"GET /a?b=c HTTP/1.0\r\n",
        b"GET /a?b=c HTTP/1.1\r\n\r\n",
        b"\r\nGET /a?b=c HTTP/1.1\r\n\r\n",
        b"GET /a?b=c HTTP/1.1\n\n",
    ],
)
def test_a_call_may_be_a_request_line_alone(call: bytes) -> None:
    assert BatchCall("", "GET", "/a?b=c", (), b"") == parse_one(call)


def test_a_target_may_be_an_absolute_url() -> None:
    assert "https://host:8/a?b" == parse_one(b"GET https://host:8/a?b HTTP/1.1\r\n\r\n").target


def test_a_body_is_kept_byte_for_byte() -> None:
    body = bytes(range(256)) + b"\n\r\n--batch\r\n\n"

    assert body == parse_one(b"POST /a HTTP/1.1\r\n\r\n" + body).body


def test_empty_lines_after_the_length_of_a_body_are_no_part_of_it() -> None:
    call = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}\r\n\r\n"

    assert b"{}" == parse_one(call).body


@pytest.mark.parametrize("length", [b"1", b"9", b"x", b"-1", b"9" * 5_000])
def test_a_wrong_length_cuts_nothing_off(length: bytes) -> None:
    call = b"POST /a HTTP/1.1\r\nContent-Length: %s\r\n\r\n{}" % length

    assert b"{}" == parse_one(call).body


def test_a_batch_framed_by_line_feeds_keeps_the_bytes_of_its_bodies() -> None:
    first = b"Content-Type: application/http\n\nPOST /1 HTTP/1.1\nA: b\n\n\r\n\n{}\r\n\n"
    second = b"content-type: application/http\nContent-ID:\n <1>\n\nGET /2 HTTP/1.1\n\n"

    calls = parse(framed(first, second, newline=b"\n"))

    assert BatchCall("", "POST", "/1", (("a", "b"),), b"\r\n\n{}\r\n\n") == calls[0]
    assert BatchCall("<1>", "GET", "/2", (), b"") == calls[1]


@pytest.mark.parametrize(
    "content_type",
    [
        MIXED,
        'multipart/mixed; boundary="batch_8f3a"',
        "Multipart/Mixed;charset=utf-8;Boundary=batch_8f3a",
    ],
)
def test_the_boundary_may_be_quoted_and_stand_anywhere(content_type: str) -> None:
    assert 1 == len(batch.parse(content_type, framed(part(b"GET /")), max_calls=1))


def test_the_type_of_a_part_may_have_parameters() -> None:
    call = b"Content-Type: Application/HTTP; msgtype=request\r\n\r\nGET / HTTP/1.1\r\n\r\n"

    assert "/" == parse(framed(call))[0].target


def test_what_follows_the_end_is_ignored_and_the_last_newline_may_be_missing() -> None:
    body = framed(part(b"GET /"))

    assert parse(body) == parse(body.rstrip(b"\r\n")) == parse(body + b"epilogue")


# Refusing batches


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data; boundary=batch_8f3a", "multipart/mixedx"],
)
def test_another_content_type_is_refused(content_type: str) -> None:
    message = refusal_of(framed(part(b"GET /")), content_type=content_type)

    assert "the content type of a batch must be multipart/mixed with a boundary" == message


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed; boundary=",
        'multipart/mixed; boundary=""',
        'multipart/mixed; boundary="a\\b"',
        'multipart/mixed; boundary="a "',
        f"multipart/mixed; boundary={'b' * 71}",
    ],
)
def test_a_missing_or_impossible_boundary_is_refused(content_type: str) -> None:
    message = refusal_of(b"", content_type=content_type)

    assert message.startswith("multipart/mixed needs a boundary of 1 to 70 characters")


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"--batch_8f3a--", b"--batch_8f3a--\r\n", b"--batch"]
)
def test_a_batch_without_parts_is_refused(body: bytes) -> None:
    assert "the batch has no parts: send one part for each call" == refusal_of(body)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_more_calls_than_allowed_are_refused(newline: bytes) -> None:
    two = framed(part(b"GET /1"), part(b"GET /2"), newline=newline)

    assert 2 == len(parse(two, max_calls=2))
    assert "part 2: a batch has at most 1 calls; send the others in another batch" == refusal_of(
        two, max_calls=1
    )


@pytest.mark.parametrize(
    "header", [b"Content-Type: application/json\r\n", b"X: y\r\n", b"", b"Content-Type:\r\n"]
)
def test_a_part_that_is_no_call_is_refused(header: bytes) -> None:
    body = framed(part(b"GET /1"), header + b"\r\nGET /2 HTTP/1.1\r\n\r\n")

    assert "part 2: its Content-Type must be application/http" == refusal_of(body)


@pytest.mark.parametrize(
    "call",
    [
        b"",
        b"GET",
        b"GET a HTTP/1.1",
        b"get /a HTTP/1.1",
        b"GET /a HTTP/2",
        b"GET /a b HTTP/1.1",
        b"GET /\xc3\xa4 HTTP/1.1",
        b"GET ftp://host/ HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET\t/a HTTP/1.1",
        b"GET /a\r HTTP/1.1",
        b"POST /a HTTP/1.1 {}",
    ],
)
def test_a_bad_request_line_is_refused_with_its_part(call: bytes) -> None:
    message = refusal_of(framed(part(b"GET /1"), part(call)))

    expected = "part 2: expected a request line such as GET /taskqueue/v1beta2/projects/"
    assert message.startswith(expected)


@pytest.mark.parametrize("header", [b"novalue", b": x", b"a b: c", b"a: b\x00c", b"a: b\rc: d"])
def test_a_bad_header_of_a_call_is_refused(header: bytes) -> None:
    message = refusal_of(framed(part(b"GET / HTTP/1.1\r\n%s\r\n\r\n" % header)))

    assert "part 1: expected headers of the form Name: value" == message


@pytest.mark.parametrize("content_id", [b"<a\x00b>", b"<a\x7fb>", b"<a\nSet-Cookie: x>"])
def test_an_id_that_could_not_be_repeated_is_refused(content_id: bytes) -> None:
    message = refusal_of(framed(part(b"GET /", b"Content-ID: " + content_id)))

    assert "part 1: its Content-ID must be printable text" == message


@pytest.mark.parametrize(
    "large",
    [
        part(b"GET /", b"X: " + b"x" * 16_384),
        part(b"GET /" + b"x" * 16_384),
        part(b"GET / HTTP/1.1\r\nX: " + b"x" * 16_384 + b"\r\n\r\n"),
    ],
)
def test_headers_above_sixteen_kibibytes_are_refused(large: bytes) -> None:
    message = refusal_of(framed(part(b"GET /1"), large))

    assert "part 2: its headers are larger than 16384 bytes" == message


@pytest.mark.parametrize(
    "large",
    [
        part(b"GET /", *[b"X: x"] * 100),
        part(b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 101 + b"\r\n"),
        part(b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 2_000 + b"\r\n"),
    ],
)
def test_more_than_a_hundred_headers_are_refused(large: bytes) -> None:
    message = refusal_of(framed(part(b"GET /1"), large))

    assert "part 2: it has more than 100 headers" == message


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b"hello", 1),
        (b"--other\r\n\r\n", 1),
        (framed(b"no header at all\r\n\r\nGET /"), 1),
        (framed(part(b"GET /1"), b" X: y\r\n\r\nGET /"), 2),
        (framed(part(b"GET /1"), b": y\r\n\r\nGET /"), 2),
    ],
)
def test_broken_framing_is_refused_with_its_part(body: bytes, number: int) -> None:
    message = refusal_of(body)

    expected = "expected a --boundary line, headers, a blank line and the call"
    assert f"part {number}: {expected}" == message


def test_a_batch_that_was_cut_off_is_refused() -> None:
    body = framed(part(b"GET /1"), part(b"POST /2 HTTP/1.1\r\n\r\n{}"))

    for end in range(len(body) - len(b"--\r\n")):
        with pytest.raises(Invalid):
            parse(body[:end])


_WORDS = b"--batch_8f3a -- : GET / HTTP/1.1 x \xff Content-Type:application/http Content-ID:<a>"
_PIECES = st.sampled_from([*_WORDS.split(b" "), b" ", b"\r", b"\n", b"\r\n", b"Content-Length: 1"])


@given(st.text() | st.just(MIXED), st.binary() | st.lists(_PIECES, max_size=30).map(b"".join))
@example("multipart/mixed; boundary=\u0100", b"")
@example('multipart/mixed; boundary*0="a"; "; ="', b"")
def test_arbitrary_bytes_are_read_or_refused(content_type: str, body: bytes) -> None:
    outcome = ""

    try:
        outcome = "".join(call.verb for call in batch.parse(content_type, body, max_calls=3))
    except BatchInvalid as refusal:
        outcome = str(refusal)

    assert outcome


_IDS = st.from_regex(r"<[!-;=?-~]{1,20} \+ [0-9]{1,3}>", fullmatch=True) | st.just("")
_VALUES = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=9)
_CALLS = st.builds(
    BatchCall,
    content_id=_IDS,
    verb=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    target=st.from_regex(r"/[!-~]{0,20}", fullmatch=True),
    headers=st.lists(st.tuples(st.just("x-a"), _VALUES.map(str.strip))).map(tuple),
    body=st.binary(),
)


@given(st.lists(_CALLS, min_size=1, max_size=4), st.sampled_from([b"\r\n", b"\n"]))
@example([BatchCall("", "POST", "/", (), b"ends in a carriage return\r")], b"\n")
def test_every_call_that_is_written_is_read_again(calls: list[BatchCall], newline: bytes) -> None:
    body = framed(*(written(call, newline) for call in calls), newline=newline)

    assert calls == parse(body)


def written(call: BatchCall, newline: bytes) -> bytes:
    outer = ["Content-Type: application/http"]
    outer += [f"Content-ID: {call.content_id}"] if call.content_id else []
    inner = [f"{call.verb} {call.target} HTTP/1.1"]
    inner += [f"{name}: {value}" for name, value in call.headers]
    head = [line.encode() for line in [*outer, "", *inner, "", ""]]
    return newline.join(head) + call.body


# Writing replies


def test_a_reply_is_a_part_with_a_status_line_headers_and_body() -> None:
    reply = BatchReply("<b29c5de2 + 1>", 200, (("Content-Type", "application/json"),), b"{}")

    content_type, body = batch.compose([reply], boundary="answer_1")

    assert 'multipart/mixed; boundary="answer_1"' == content_type
    assert (
        b"--answer_1\r\n"
        b"Content-Type: application/http\r\n"
        b"Content-ID: <response-b29c5de2 + 1>\r\n"
        b"\r\n"
        b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: 2\r\n"
        b"\r\n"
        b"{}\r\n"
        b"--answer_1--\r\n"
    ) == body


def test_a_reply_to_a_call_without_an_id_has_none() -> None:
    _, body = batch.compose([BatchReply("", 200, (), b"")], boundary="b")

    assert b"Content-ID" not in body


def test_an_id_without_brackets_stays_without_them() -> None:
    _, body = batch.compose([BatchReply("item1", 200, (), b"")], boundary="b")

    assert b"\r\nContent-ID: response-item1\r\n" in body


def test_the_length_of_a_reply_is_counted_anew() -> None:
    reply = BatchReply("", 200, (("content-length", "99"),), b"\xc3\xa4")

    _, body = batch.compose([reply], boundary="b")

    assert 1 == body.lower().count(b"content-length")
    assert b"Content-Length: 2\r\n" in body


def test_no_content_has_no_length() -> None:
    _, body = batch.compose([BatchReply("", 204, (), b"")], boundary="b")

    assert b"HTTP/1.1 204 No Content\r\n\r\n\r\n--b--\r\n" in body


def test_an_unknown_status_keeps_the_space_that_clients_split_at() -> None:
    _, body = batch.compose([BatchReply("", 299, (), b"")], boundary="b")

    assert b"HTTP/1.1 299 \r\n" in body


@pytest.mark.parametrize(
    "reply",
    [BatchReply("<a\r\nB: c>", 200, (), b""), BatchReply("", 200, (("A", "b\nC: d"),), b"")],
)
def test_a_header_cannot_smuggle_in_another(reply: BatchReply) -> None:
    with pytest.raises(ValueError, match="newline"):
        batch.compose([reply], boundary="b")


def test_the_standard_library_reads_the_parts_that_we_write() -> None:
    replies = [BatchReply(f"<a + {number}>", 200, (), b"\r\n" * number) for number in range(3)]

    content_type, body = batch.compose(replies, boundary="b")
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)

    heads = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * number) for number in range(3)]
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    assert [head + reply.body for head, reply in zip(heads, replies, strict=True)] == parts


# Google's own client


class Server(httplib2.Http):
    """Stands where httplib2 would: hands each batch to our codec, each call to `answer`."""

    def __init__(self, answer: Callable[[BatchCall], tuple[int, object]]) -> None:
        super().__init__()
        self._answer = answer
        self.calls: list[BatchCall] = []

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str = "",
        headers: dict[str, str] | None = None,
        *_redirections: object,
        **_connection: object,
    ) -> tuple[httplib2.Response, bytes]:
        assert ("http://tasks.test/batch", "POST") == (uri, method)
        content_type = (headers or {})["content-type"]
        calls = batch.parse(content_type, body.encode(), max_calls=1_000)
        self.calls += calls
        answer_type, answer = batch.compose([self._reply(call) for call in calls], boundary="r_1")
        return httplib2.Response({"status": "200", "content-type": answer_type}), answer

    def _reply(self, call: BatchCall) -> BatchReply:
        status, value = self._answer(call)
        content = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
        headers = (("Content-Type", "application/json; charset=UTF-8"),)
        return BatchReply(call.content_id, status, headers, content)


def run_batch(
    answer: Callable[[BatchCall], tuple[int, object]],
    requests: dict[str, tuple[str, str, str | None]],
) -> tuple[list[BatchCall], dict[str, object]]:
    """The calls that the server saw, and what the client says of each request."""
    server = Server(answer)
    outcomes: dict[str, object] = {}

    def remember(request_id: str, response: object, error: HttpError | None) -> None:
        outcomes[request_id] = error.status_code if error else response

    google_batch = BatchHttpRequest(callback=remember, batch_uri="http://tasks.test/batch")
    for request_id, (verb, target, body) in requests.items():
        google_batch.add(google_request(verb, target, body), request_id=request_id)
    google_batch.execute(http=server)
    return server.calls, outcomes


def google_request(verb: str, target: str, body: str | None) -> HttpRequest:
    headers = {"accept": "application/json", "authorization": "Bearer t"}
    if body is not None:
        headers["content-type"] = "application/json"
    uri = f"http://tasks.test{target}"
    return HttpRequest(httplib2.Http(), json_of, uri, method=verb, body=body, headers=headers)


def json_of(_response: httplib2.Response, content: bytes) -> object:
    return json.loads(content) if content else None


def test_googles_client_sends_calls_that_are_read_whole() -> None:
    path = "/taskqueue/v1beta2/projects/s~p/taskqueues/q/tasks"

    calls, _ = run_batch(
        lambda _: (200, {}),
        {
            "1": ("GET", f"{path}?alt=json", None),
            "2": ("POST", f"{path}?alt=json", '{"payloadBase64": "YQ=="}'),
            "3": ("DELETE", f"{path}/a?", None),
        },
    )

    assert [("GET", f"{path}?alt=json"), ("POST", f"{path}?alt=json"), ("DELETE", f"{path}/a")] == [
        (call.verb, call.target) for call in calls
    ]
    assert [b"", b'{"payloadBase64": "YQ=="}', b""] == [call.body for call in calls]
    assert all(("authorization", "Bearer t") in call.headers for call in calls)
    assert all(("host", "tasks.test") in call.headers for call in calls)


def test_googles_client_finds_the_reply_to_each_of_its_calls() -> None:
    answers: dict[str, tuple[int, object]] = {
        "/get": (200, {"id": "grün", "tag": "a\n\nb"}),
        "/delete": (204, None),
        "/missing": (404, {"error": {"code": 404, "message": "Not Found"}}),
        "/odd": (299, []),
    }

    _, outcomes = run_batch(
        lambda call: answers[call.target],
        {
            "get": ("GET", "/get", None),
            "delete": ("DELETE", "/delete", None),
            "missing": ("GET", "/missing", None),
            "odd": ("GET", "/odd", None),
        },
    )

    expected: dict[str, object] = {
        "get": {"id": "grün", "tag": "a\n\nb"},
        "delete": None,
        "missing": 404,
        "odd": [],
    }
    assert expected == outcomes


@pytest.mark.parametrize("request_id", ["x" * 200, "a + b", "<ä> / 1", "a,b;c", "a=b" * 30])
def test_googles_client_may_choose_any_id(request_id: str) -> None:
    _, outcomes = run_batch(lambda call: (200, call.verb), {request_id: ("GET", "/", None)})

    assert {request_id: "GET"} == outcomes


def test_googles_client_may_send_as_many_calls_as_it_allows() -> None:
    requests = {str(number): ("GET", f"/{number}", None) for number in range(1_000)}

    _, outcomes = run_batch(lambda call: (200, call.target), {**requests})

    assert {str(number): f"/{number}" for number in range(1_000)} == outcomes
