"""A server in a thread, on the loop that `leasehold serve` has, and a client that sends by hand."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvicorn
import uvloop

from leasehold.settings import Settings
from leasehold.web.server import bind, make_server

SECONDS = 10  # until a test fails because the server neither answers nor closes

Application = Callable[[Any, Any, Any], Awaitable[None]]  # Any: ASGI's dictionaries of anything


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs."""

    port: int
    server: uvicorn.Server

    def connect(self, *, read_buffer: int | None = None) -> "Client":
        """A connection; `read_buffer` bytes (None: the system's choice) wait unread at most."""
        connection = socket.socket()
        connection.settimeout(SECONDS)
        if read_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
        connection.connect(("127.0.0.1", self.port))
        return Client(connection)

    def get(self, path: str = "/") -> bytes:
        """The whole answer to one request on a connection of its own."""
        with self.connect() as client:
            client.send(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            return client.rest()


class Client:
    """One connection to a server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, *, every: float) -> bytes:
        """Sends a byte each `every` seconds while it may; what is answered until the end.

        Fails when the server took everything and did not close the connection.
        """
        self.socket.settimeout(every)
        answer = b""
        for byte in data:
            try:
                self.send(bytes([byte]))
                chunk = self.socket.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                return answer
            if not chunk:
                return answer
            answer += chunk
        raise AssertionError(f"the server took {len(data)} bytes and goes on waiting")

    def rest(self) -> bytes:
        """All that comes until the server closes the connection; TimeoutError when it does not."""
        answer, self._received = self._received, b""
        try:
            while chunk := self.socket.recv(65_536):
                answer += chunk
        except ConnectionError:  # closed while more was being sent
            return answer
        return answer

    def reply(self) -> bytes:
        """The next answer, head and body, of a connection that stays open."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, rest = self._received.partition(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        while len(rest) < length:
            self._receive()
            rest = self._received.partition(b"\r\n\r\n")[2]
        self._received = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def _receive(self) -> None:
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._received += chunk


@contextmanager
def serving(
    application: Application,
    settings: Settings,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
) -> Iterator[Serving]:
    """Serves the application until the end of the block."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ready = threading.Event()
    server = make_server(
        application, settings, on_ready=ready.set, certificate=certificate, key=key
    )

    def run() -> None:
        try:
            uvloop.run(server.serve(sockets=[listener]))
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="web")
    thread.start()
    ready.wait()
    try:
        yield Serving(port, server)
    finally:
        server.should_exit = True
        thread.join()


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's context that trusts this certificate only."""
    return ssl.create_default_context(cafile=certificate)


async def answer(send: Any, body: bytes, status: int = 200) -> None:  # noqa: ANN401  # ASGI's own
    """Sends a whole reply."""
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own
    """Answers with the path and the length of the body, which it reads unless told to refuse."""
    size = 0
    if scope["path"] != "/refused":
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            more = message["more_body"]
    await asyncio.sleep(0)
    await answer(send, f"{scope['path']} {size}".encode())
