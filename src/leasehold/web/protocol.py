"""uvicorn's HTTP protocol, with a limit on how long a client may take to send a request's head."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from leasehold.web.joined_writes import JoinedWrites


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose first request's head does not arrive in time.

    uvicorn closes idle connections between two requests, and never one that sends a head a byte at
    a time: a stranger could hold every connection that way.
    """

    head_seconds = 20.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Starts the clock."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]  # it is one in all but name
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(
            self.head_seconds, self._close_if_no_head
        )

    def _close_if_no_head(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is None or cycle.response_complete:
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins to arrive."""
        super().on_message_begin()
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._close_if_no_head)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def protocol_class(head_seconds: float) -> type[Any]:
    """A protocol class with this limit, for uvicorn's configuration."""
    return type("Protocol", (PatientProtocol,), {"head_seconds": head_seconds})
