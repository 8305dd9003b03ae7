"""uvicorn's HTTP protocol, with limits on how long and how much a stranger may make it wait."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from leasehold.web.joined_writes import JoinedWrites

MAX_HEAD_BYTES = 64 * 1024
MIN_READ_RATE = 1024  # bytes a second that a client must take of a reply that waits for it
EXTRA_CONNECTIONS = 256  # beyond the limit, which are told so; more are cut unheard

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: 47\r\n"
    b"connection: close\r\n"
    b"\r\n"
    b"A request's head has at most 65536 bytes here.\n"
)


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose client does not send, or does not read, in time.

    uvicorn closes idle connections between two requests. It never closes one that sends a head a
    byte at a time, one that goes on sending a body after the answer, or one that leaves its reply
    unread; and it takes a head of any size. A stranger could hold every connection, and all
    memory, with any of these.
    """

    patience_seconds = 20.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Starts the clock."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]  # it is one in all but name
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._is_partial = True  # a request is not yet whole: the first one is on its way
        self._head_bytes = 0  # of the request's lines that were understood, trailers included
        self._vain_bytes = 0  # received since the last thing that was understood
        self._expect_more()
        limit = self.limit_concurrency
        if limit is not None and len(self.connections) > limit + EXTRA_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Blank lines before a request are the beginning of one: they must not buy time."""
        self._begin()
        self._vain_bytes += len(data)
        super().data_received(data)
        if self._vain_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins to arrive."""
        super().on_message_begin()
        self._begin()
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line, or after a chunked body a trailer."""
        self._count(len(name) + len(value) + 4)  # with colon, space and the line's end
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; the application decides how long it waits for the body."""
        self._vain_bytes = 0
        self._stop_sending()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._vain_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._vain_bytes = 0
        self._is_partial = False
        self._stop_sending()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; what the client still sends of a request, it must send in time."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reading()
        elif self._is_partial:
            self._expect_more()

    def pause_writing(self) -> None:
        """The client does not take its reply as fast as it is written."""
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        """The client took most of what waited for it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_reading()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came after the last reply."""
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_sending()
        self._stop_reading()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, and what is too much of it; then nothing more is read."""
        if max(self._head_bytes, self._vain_bytes) > MAX_HEAD_BYTES:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)
        self._watch_reading()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("the head is too large")  # the parser makes its own error of it

    def _begin(self) -> None:
        if not self._is_partial:
            self._is_partial = True
            self._expect_more()

    def _expect_more(self) -> None:
        self._stop_sending()
        self._sending = self.loop.call_later(self.patience_seconds, self._nothing_came)

    def _nothing_came(self) -> None:
        self._sending = None
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is None or cycle.response_complete:
            self._close()
        # Else an earlier request is being answered; after that the clock starts again.

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _close(self) -> None:
        self.transport.close()
        self._watch_reading()

    def _watch_reading(self) -> None:
        """A transport that is closed stays until its buffer is empty, however long that takes."""
        if self._reading is None:
            size = self.transport.get_write_buffer_size()
            self._reading = self.loop.call_later(self.patience_seconds, self._check_reading, size)

    def _check_reading(self, size_before: int) -> None:
        self._reading = None
        size = self.transport.get_write_buffer_size()
        if not size and not self.transport.is_closing():
            return
        if size_before - size < self.patience_seconds * MIN_READ_RATE:
            self.transport.abort()
        else:
            self._watch_reading()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


def protocol_class(patience_seconds: float) -> type[Any]:
    """A protocol class with this limit, for uvicorn's configuration."""
    return type("Protocol", (PatientProtocol,), {"patience_seconds": patience_seconds})
