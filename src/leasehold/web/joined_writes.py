"""A transport that joins what is written in one turn of the event loop into one system call.

uvicorn writes a reply's head and its body one after the other; on a small reply the second system
call costs a fifth of the whole request.
"""

import asyncio
from typing import Any

LARGE = 64 * 1024  # bytes: from here on copying them costs more than a system call


class JoinedWrites:
    """Wraps a transport; everything but writing and closing is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Takes the bytes; few ones leave at the end of this turn of the loop."""
        if len(data) > LARGE:
            self._flush()
            self._transport.write(data)
            return
        if not data:
            return
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def get_write_buffer_size(self) -> int:
        """Bytes that have not left yet."""
        return sum(map(len, self._waiting)) + self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Closes once everything that was written has left."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting and not self._transport.is_closing():
            self._transport.write(b"".join(self._waiting))
        self._waiting.clear()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the transport has
        return getattr(self._transport, name)
