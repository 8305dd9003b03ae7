"""HTTP by hand, for what no client library would send."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 30  # until a test fails because the server does not answer


@dataclass(frozen=True, slots=True)
class RawReply:
    """An answer; header names in lower case, the last of several values."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchange(url: str, request: bytes) -> RawReply:
    """Sends the bytes on a connection of their own, and reads until the server closes it.

    So the request asks for `Connection: close`, or is one that the server gives up on.
    Raises ConnectionError when there is no answer at all.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    with socket.create_connection((host, port), timeout=SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(request)
        except ConnectionError:  # the server had heard enough; its answer may still be there
            answer = b""
        while chunk := _receive(connection):
            answer += chunk
    if not answer:
        raise ConnectionError("the server closed the connection without an answer")
    return _parse(answer)


def request(
    target: str, token: str, *, verb: str = "GET", headers: tuple[str, ...] = (), body: bytes = b""
) -> bytes:
    """A well-formed request but for what the caller makes of it; `body` gets its length."""
    lines = [
        f"{verb} {target} HTTP/1.1",
        "host: example.com",
        "connection: close",
        f"content-length: {len(body)}",
        *([f"authorization: Bearer {token}"] if token else []),
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:  # closed while more was being sent
        return b""


def _parse(answer: bytes) -> RawReply:
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return RawReply(int(status_line.split(" ")[1]), headers, body)
