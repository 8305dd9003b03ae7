"""Google's batch: many calls in one multipart/mixed request, their replies in one answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from leasehold.errors import Invalid

MAX_HEADER_BYTES = 16 * 1024  # of one part, and again of the call in it
MAX_HEADERS = 100  # likewise: reading a thousand parts full of short ones takes seconds

Headers = tuple[tuple[str, str], ...]

_BOUNDARY = re.compile(r"[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]", re.ASCII)  # RFC 2046 §5.1.1
_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) +((?:/|https?://)[!-~]*)(?: +HTTP/1\.[01])? *")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_NEWLINE = re.compile(rb"\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"(?<=[^\r\n])\r?\n[ \t]+")


class BatchInvalid(Invalid):
    """The batch cannot be read; the message says which part is wrong, counted from 1."""


@dataclass(frozen=True, slots=True)
class BatchCall:
    """One call of a batch."""

    content_id: str  # as it was sent, with its angle brackets; "" when there was none
    verb: str
    target: str  # path and query, or an absolute URL; not decoded
    headers: Headers  # lower-case names; a name may occur twice
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchReply:
    """The reply to one call. `content_id` is the call's own."""

    content_id: str
    status: int
    headers: Headers
    body: bytes


def parse(content_type: str, body: bytes, *, max_calls: int) -> list[BatchCall]:
    """The calls of a batch, in their order. `content_type` is the request's header.

    Raises BatchInvalid when it is no batch, has no part or more than `max_calls`, or one
    part is wrong; then none of them is to be run. Source: Google APIs, batch requests.
    """
    boundary = _boundary(content_type)
    parts = _Parts(max_calls)
    parts.read(_with_crlf_framing(body, boundary, max_calls), boundary)
    return [_call(number, part) for number, part in enumerate(parts.parts, start=1)]


def compose(replies: Sequence[BatchReply], *, boundary: str) -> tuple[str, bytes]:
    """Content type and body of the answer, with the replies in the order given.

    `boundary` must be fresh and random, so that no body can hold it. Content-Length is
    counted here, whatever the headers of a reply say. ValueError: a header with a newline.
    """
    delimiter = f"--{boundary}".encode("ascii")
    parts = b"".join(b"%s\r\n%s\r\n" % (delimiter, _part(reply)) for reply in replies)
    return f'multipart/mixed; boundary="{boundary}"', b"%s%s--\r\n" % (parts, delimiter)


def _boundary(content_type: str) -> bytes:
    if not content_type.isascii():
        raise BatchInvalid("the content type of a batch must be ASCII text")
    media_type, options = parse_options_header(content_type)
    if media_type.strip() != b"multipart/mixed":
        raise BatchInvalid("the content type of a batch must be multipart/mixed with a boundary")
    boundary = options.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary.decode("ascii")):
        raise BatchInvalid(
            "multipart/mixed needs a boundary of 1 to 70 characters, as in boundary=batch_8f3a"
        )
    return boundary


def _with_crlf_framing(body: bytes, boundary: bytes, max_calls: int) -> bytes:
    """`body` with CRLF around its delimiters and part headers, where it had LF alone there.

    google-api-python-client frames a batch with LF, and folds a long Content-ID into two
    lines; python-multipart refuses both. What the parts hold is left alone, byte for byte.
    To be deleted when the parser takes LF.
    """
    delimiter = b"--" + boundary
    body = body.lstrip(b"\r\n")
    if not body.startswith(delimiter + b"\n"):
        return body
    framing = re.compile(rb"(?:\A|\n)%s(?=--|\r?\n)" % re.escape(delimiter))
    # One piece before the first part and one that is too many: the parser refuses that one.
    pieces = framing.split(body, maxsplit=max_calls + 2)
    return b"\r\n".join(delimiter + _with_crlf_headers(piece) for piece in pieces[1:])


def _with_crlf_headers(piece: bytes) -> bytes:
    """`piece` is what follows a delimiter: the end of its line, headers, content."""
    if piece.startswith(b"--"):
        return piece
    blank_line = _BLANK_LINE.search(piece)
    end, start = blank_line.span() if blank_line else (len(piece), len(piece))
    headers = _NEWLINE.sub(b"\r\n", _FOLD.sub(b" ", piece[:end]))
    return b"%s\r\n\r\n%s" % (headers, piece[start:])


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes]
    content: bytes = b""


class _Parts:
    """Gathers what the multipart parser finds, and stops it at the first limit."""

    def __init__(self, max_calls: int) -> None:
        self.parts: list[_Part] = []
        self._max_calls = max_calls
        self._name = self._value = b""
        self._header_bytes = 0
        self._headers = 0
        self._is_closed = False

    def read(self, body: bytes, boundary: bytes) -> None:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_to_name,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_part_data": self._add_content,
                "on_end": self._close,
            },
            # _count_header_bytes says which part it is, and bounds all headers together.
            max_header_count=MAX_HEADER_BYTES,
            max_header_size=len(body) + 1,
        )
        try:
            parser.write(body)
        except MultipartParseError as error:
            expected = "expected a --boundary line, headers, a blank line and the call"
            raise BatchInvalid(f"part {self._number}: {expected}", detail=str(error)) from error
        if not self._is_closed and self.parts:
            raise BatchInvalid(f"part {self._number}: expected --boundary-- after the last part")
        if not self.parts:
            raise BatchInvalid("the batch has no parts: send one part for each call")

    @property
    def _number(self) -> int:
        return max(1, len(self.parts))

    def _begin_part(self) -> None:
        if len(self.parts) == self._max_calls:
            raise BatchInvalid(
                f"part {self._max_calls + 1}: a batch has at most {self._max_calls} calls;"
                " send the others in another batch"
            )
        self.parts.append(_Part({}))
        self._header_bytes = 0
        self._headers = 0

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header_bytes(end - start)
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header_bytes(end - start)
        self._value += data[start:end]

    def _count_header_bytes(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > MAX_HEADER_BYTES:
            raise BatchInvalid(_too_large(self._number))

    def _end_header(self) -> None:
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise BatchInvalid(_too_many(self._number))
        self.parts[-1].headers[self._name.lower()] = self._value.strip()
        self._name = self._value = b""

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _close(self) -> None:
        self._is_closed = True


def _too_large(number: int) -> str:
    return f"part {number}: its headers are larger than {MAX_HEADER_BYTES} bytes"


def _too_many(number: int) -> str:
    return f"part {number}: it has more than {MAX_HEADERS} headers"


def _call(number: int, part: _Part) -> BatchCall:
    media_type = part.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/http":
        raise BatchInvalid(f"part {number}: its Content-Type must be application/http")
    content_id = part.headers.get(b"content-id", b"").decode("latin-1")
    if any(character < " " or character == "\x7f" for character in content_id):
        raise BatchInvalid(f"part {number}: its Content-ID must be printable text")
    head, body = _head_and_body(number, part.content)
    request_line, *header_lines = _NEWLINE.split(head)
    request = _REQUEST_LINE.fullmatch(request_line)
    if not request:
        example = "GET /taskqueue/v1beta2/projects/p/taskqueues/q HTTP/1.1"
        raise BatchInvalid(f"part {number}: expected a request line such as {example}")
    headers = tuple(_header(number, line) for line in header_lines if line)
    verb, target = request[1].decode("ascii"), request[2].decode("ascii")
    return BatchCall(content_id, verb, target, headers, _without_padding(body, headers))


def _head_and_body(number: int, content: bytes) -> tuple[bytes, bytes]:
    """A call without headers and body may end without a blank line."""
    content = content.lstrip(b"\r\n")  # RFC 9112 §2.2: empty lines before it mean nothing
    blank_line = _BLANK_LINE.search(content, 0, MAX_HEADER_BYTES + 4)
    end, start = blank_line.span() if blank_line else (len(content), len(content))
    if end > MAX_HEADER_BYTES:
        raise BatchInvalid(_too_large(number))
    if content.count(b"\n", 0, end) > MAX_HEADERS:  # with the request line, and no last newline
        raise BatchInvalid(_too_many(number))
    return _FOLD.sub(b" ", content[:end]), content[start:]


def _header(number: int, line: bytes) -> tuple[str, str]:
    header = _HEADER.fullmatch(line)
    if not header:
        raise BatchInvalid(f"part {number}: expected headers of the form Name: value")
    return header[1].decode("ascii").lower(), header[2].rstrip().decode("latin-1")


def _without_padding(body: bytes, headers: Headers) -> bytes:
    """`body` without the empty lines that some clients put before the next delimiter.

    Content-Length is not followed further: google-api-python-client counts characters.
    """
    length = dict(headers).get("content-length", "")
    if not re.fullmatch("[0-9]{1,12}", length):
        return body
    rest = body[int(length) :]
    return body if rest.strip(b"\r\n") else body[: int(length)]


def _part(reply: BatchReply) -> bytes:
    outer = [("Content-Type", "application/http")]
    if reply.content_id:
        outer.append(("Content-ID", _response_id(reply.content_id)))
    inner = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
    if reply.status != HTTPStatus.NO_CONTENT:  # RFC 9110 §8.6: a 204 has no Content-Length
        inner.append(("Content-Length", str(len(reply.body))))
    status_line = f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n".encode("ascii")
    return b"%s\r\n%s%s\r\n%s" % (_block(outer), status_line, _block(inner), reply.body)


def _response_id(content_id: str) -> str:
    if content_id.startswith("<"):
        return f"<response-{content_id[1:]}"
    return f"response-{content_id}"


def _phrase(status: int) -> str:
    # Clients split the status line at two spaces, so the second stays even before nothing.
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else ""


def _block(headers: Sequence[tuple[str, str]]) -> bytes:
    if any(set("\r\n") & set(name + value) for name, value in headers):
        raise ValueError("a header of a reply holds a newline")
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
