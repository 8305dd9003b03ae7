"""Forms that bring a file: multipart/form-data (RFC 7578), read as it comes, within bounds.

What is kept of one request is little, whatever was sent: the fields of a usual form, and no more of
the file than the page wants. The rest of a larger file is read and thrown away, for a browser shows
no answer while it is still sending, and the person should be told what was wrong.
"""

import asyncio
import re
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from leasehold.web.oauth.form import MAX_BODY_BYTES, MAX_FIELDS, Form, FormRefused, read_body

MAX_UPLOAD_BYTES = 32 * 2**20  # of a body; a photograph that somebody chose by mistake fits

_MEDIA_TYPE = "multipart/form-data"
_MAX_HEADERS = 10  # of one part; browsers send two
_MAX_HEADER_BYTES = 8 * 1024
_BOUNDARY = re.compile(rb"[\w'()+,./:=?-]{1,70}", re.ASCII)  # RFC 2046 §5.1.1


@dataclass(frozen=True, slots=True)
class Sent:
    """A form, and the file that came with it."""

    form: Form
    file: bytes | None  # None: none was chosen


async def read_upload(request: Request, *, seconds: float, max_file_bytes: int) -> Sent:
    """The fields and at most one file; a form without files may come as every other form does.

    A file that is longer is cut off one byte after `max_file_bytes`, by which its reader knows that
    it was too long. Raises FormRefused, and ClientDisconnect when nobody is there any more.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != _MEDIA_TYPE:
        return Sent(await read_body(request, seconds=seconds), None)
    parts = _Parts(_boundary(content_type), max_file_bytes)
    try:
        async with asyncio.timeout(seconds):
            await _feed(request, parts)
    except TimeoutError:
        raise FormRefused(408, "the body did not arrive in time") from None
    return parts.sent()


async def _feed(request: Request, parts: "_Parts") -> None:
    read = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        read += len(chunk)
        if read > MAX_UPLOAD_BYTES:
            raise FormRefused(413, f"the body is too large: {MAX_UPLOAD_BYTES} bytes at most")
        parts.write(chunk)
        if not message.get("more_body", False):
            return


def _boundary(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise _unreadable()
    return boundary


@dataclass(slots=True)
class _Part:
    disposition: bytes = b""
    name: str = ""
    is_file: bool = False
    content: bytearray = field(default_factory=bytearray)


class _Parts:
    """Gathers what the parser finds, and stops it at the first limit."""

    def __init__(self, boundary: bytes, max_file_bytes: int) -> None:
        self._max_file_bytes = max_file_bytes
        self._parts: list[_Part] = []
        self._header_name = self._header_value = b""
        self._field_bytes = 0
        self._is_closed = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_to_name,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_content,
                "on_end": self._close,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise _unreadable() from None

    def sent(self) -> Sent:
        """All of it, once the body has ended."""
        if not self._is_closed:
            raise _unreadable()
        form: Form = {}
        for part in self._parts:
            if not part.is_file:
                form.setdefault(part.name, []).append(_text(bytes(part.content)))
        files = [bytes(part.content) for part in self._parts if part.is_file and part.content]
        return Sent(form, files[0] if files else None)

    def _begin_part(self) -> None:
        if len(self._parts) == MAX_FIELDS:
            raise _unreadable()
        self._parts.append(_Part())

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        # All else, its type and the file's name among it, are anybody's claims: not read.
        if self._header_name.lower() == b"content-disposition":
            self._parts[-1].disposition = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        part = self._parts[-1]
        kind, options = parse_options_header(part.disposition)
        if kind != b"form-data" or b"name" not in options:
            raise _unreadable()
        part.name = _text(options[b"name"])
        part.is_file = b"filename" in options
        if sum(part.is_file for part in self._parts) > 1:
            raise FormRefused(400, "send one file at a time")

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        if part.is_file:
            room = self._max_file_bytes + 1 - len(part.content)
            part.content += data[start : min(end, start + max(0, room))]
            return
        self._field_bytes += end - start
        if self._field_bytes > MAX_BODY_BYTES:
            raise FormRefused(413, f"the fields are too large: {MAX_BODY_BYTES} bytes at most")
        part.content += data[start:end]

    def _close(self) -> None:
        self._is_closed = True


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> FormRefused:
    return FormRefused(
        400, f"the form cannot be read: {_MEDIA_TYPE} in UTF-8, {MAX_FIELDS} fields at most"
    )
