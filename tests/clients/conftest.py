"""What Google's own clients need: no internet to lean on, and a worker's rights."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.signed_in import Registered, Visitor, ada, register
from tests.running_server import RunningServer

WORKER = "worker@demo.iam.leasehold.internal"
HERE = (None, "", "127.0.0.1", "::1", "localhost")


@pytest.fixture
def hosts_asked_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """No name is found, and each that was looked for is remembered.

    Google's libraries ask hosts of Google on their own account, and hand over the token. At the
    end the threads that they left behind are waited for.
    """
    find = socket.getaddrinfo
    asked: list[str] = []

    def find_here(host: str | None, *more: object, **named: object) -> list[tuple[object, ...]]:
        if host in HERE:
            return find(host, *more, **named)  # type: ignore[arg-type, return-value]  # as it came
        asked.append(str(host))
        raise socket.gaierror(socket.EAI_NONAME, "the tests have no internet")

    before = set(threading.enumerate())
    monkeypatch.setattr(socket, "getaddrinfo", find_here)
    yield asked
    for left in set(threading.enumerate()) - before:
        if "RegionalAccessBoundary" in type(left).__name__:
            left.join(30)


@pytest.fixture
def visitor(server: RunningServer) -> Visitor:
    """Ada's browser."""
    return ada(server)


@pytest.fixture
def web(server: RunningServer, tmp_path: Path) -> Registered:
    """A web client that may ask everybody."""
    return register(server, tmp_path)


@pytest.fixture
def queue(server: RunningServer) -> str:
    """The name of a queue of the project `demo` with which the service account may do all."""
    server.service_account()
    return server.queue_for(WORKER, "pull-queue").name
