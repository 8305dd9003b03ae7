"""Clients that are slow, greedy or silent: each costs a bounded time and memory, and no other."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leasehold.settings import Settings
from leasehold.web.protocol import EXTRA_CONNECTIONS, MAX_HEAD_BYTES
from tests.api.raw_http import request
from tests.running_server import RunningServer, run_server
from tests.web.serving import (
    SECONDS,
    Application,
    Client,
    Serving,
    answer,
    echo,
    serving,
    trusting,
)

PATIENCE = 0.5  # seconds
BOUND = 4.0  # seconds until a connection must have ended, on a busy machine
GET = b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
def web() -> Iterator[Serving]:
    with serving(echo, Settings(header_seconds=PATIENCE)) as running:
        yield running


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningServer]:
    """The whole application, with a queue that a worker may use."""
    with run_server(str(tmp_path / "leasehold.db"), header_seconds=PATIENCE) as running:
        yield running


class Watch:
    """Measures what happens in a `with` block."""

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._start


def serves(web: Serving) -> bool:
    return web.get("/others").endswith(b"others 0")


# Requests that do not arrive


def test_a_client_that_sends_nothing_is_cut(web: Serving) -> None:
    with web.connect() as client, Watch() as watch:
        assert serves(web)
        assert b"" == client.rest()

    assert PATIENCE * 0.9 < watch.seconds < BOUND


def test_a_head_that_drips_is_cut_while_others_are_served(web: Serving) -> None:
    with web.connect() as client, Watch() as watch:
        client.send(b"GET / HT")
        assert serves(web)
        assert b"" == client.drip(b"TP/1.1\r\nx-slow: " + b"a" * 200, every=0.05)

    assert watch.seconds < BOUND


@pytest.mark.parametrize("blank", [b"\r\n", b"\n"])
def test_blank_lines_buy_no_time(web: Serving, blank: bytes) -> None:
    with web.connect() as client:
        client.send(GET % b"first")
        client.reply()

        with Watch() as watch:
            client.drip(blank * 200, every=0.05)

    assert watch.seconds < BOUND


def test_the_second_request_of_a_connection_has_no_more_time_than_the_first(web: Serving) -> None:
    with web.connect() as client:
        client.send(GET % b"first")
        client.reply()

        with Watch() as watch:
            client.drip(b"GET / HTTP/1.1\r\nx-slow: " + b"a" * 200, every=0.05)

    assert watch.seconds < BOUND


def test_a_slow_head_behind_a_request_under_way_is_cut_after_that_is_answered() -> None:
    go = threading.Event()

    with serving(_waiting(go), Settings(header_seconds=PATIENCE)) as web, web.connect() as client:
        client.send(GET % b"first" + b"GET /sec")
        with web.connect() as other:  # when this one is cut, the head's time has passed too
            other.rest()
        go.set()

        assert client.reply().endswith(b"done")
        with Watch() as watch:
            client.drip(b"ond HTTP/1.1\r\nx-slow: " + b"a" * 200, every=0.05)

    assert watch.seconds < BOUND


def test_a_body_that_drips_is_refused_and_the_connection_ends(api: RunningServer) -> None:
    api.queue_for("worker@demo.iam.leasehold.internal")
    whole = request("/taskqueue/v1beta2/projects/demo/taskqueues/q/tasks", "", verb="POST")
    head = whole.replace(b"connection: close\r\n", b"").replace(b"length: 0", b"length: 1000")
    token = f"authorization: Bearer {api.token()}\r\n\r\n".encode()

    with _connect(api) as client, Watch() as watch:
        client.send(head.removesuffix(b"\r\n") + token)
        said = client.drip(b'{"id": "' + b"a" * 300, every=0.05)

    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"the body did not arrive in time" in said
    assert watch.seconds < BOUND


def test_a_form_that_drips_is_refused_and_the_connection_ends(api: RunningServer) -> None:
    head = (
        b"POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        b"content-length: 1000\r\n\r\n"
    )

    with _connect(api) as client, Watch() as watch:
        client.send(head)
        said = client.drip(b"grant_type=" + b"a" * 300, every=0.05)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert watch.seconds < BOUND


def test_a_body_that_nobody_wants_is_not_waited_for(web: Serving) -> None:
    with web.connect() as client, Watch() as watch:
        client.send(b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        said = client.drip(b"a" * 200, every=0.05)

    assert said.endswith(b"/refused 0")
    assert watch.seconds < BOUND


# Connections that stay


def test_a_connection_serves_many_requests_for_longer_than_a_head_may_take(web: Serving) -> None:
    end = time.monotonic() + 2 * PATIENCE
    served = 0

    with web.connect() as client:
        while time.monotonic() < end:
            client.send(GET % b"again")
            assert client.reply().endswith(b"/again 0")
            served += 1

    assert served > 100


def test_a_connection_may_rest_between_requests_for_longer_than_a_head_may_take(
    web: Serving,
) -> None:
    with web.connect() as client:
        client.send(GET % b"first")
        client.reply()
        with web.connect() as other:  # which is cut after the time of a head
            other.rest()

        client.send(GET % b"second")

        assert client.reply().endswith(b"/second 0")


def test_pipelined_requests_are_answered_in_order(web: Serving) -> None:
    paths = [f"n{number}".encode() for number in range(50)]

    with web.connect() as client:
        client.send(b"".join(GET % path for path in paths))

        assert all(client.reply().endswith(b"/%s 0" % path) for path in paths)


def test_an_upgrade_is_answered_as_a_request_and_frees_the_connection(web: Serving) -> None:
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"

    with web.connect() as client, Watch() as watch:
        client.send((GET % b"up").removesuffix(b"\r\n") + upgrade)
        said = client.drip(b"a" * 200, every=0.05)

    assert said.startswith(b"HTTP/1.1 200 ")
    assert watch.seconds < BOUND


# Heads that are too large


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nx-endless: " + b"a" * 10_000_000,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-trailer: "
        + b"a" * 10_000_000,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;" + b"a" * 10_000_000,
    ],
    ids=["target", "header", "headers", "endless header", "trailer", "chunk extension"],
)
def test_a_head_above_64_kib_is_refused(web: Serving, head: bytes) -> None:
    with web.connect() as client:
        try:
            client.send(head)
        except ConnectionError:  # the server had heard enough
            return

        assert client.rest().startswith(b"HTTP/1.1 431 ")


def test_a_head_of_a_little_less_than_64_kib_is_taken(web: Serving) -> None:
    with web.connect() as client:
        client.send(b"GET /large HTTP/1.1\r\nx: " + b"a" * (MAX_HEAD_BYTES - 100) + b"\r\n\r\n")

        assert client.reply().endswith(b"/large 0")


def test_a_large_body_in_many_chunks_is_no_large_head(web: Serving) -> None:
    chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"

    with web.connect() as client:
        client.send(b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        client.send(chunk * 500 + b"0\r\n\r\n")

        assert client.reply().endswith(b"/c 512000")


def test_what_is_not_http_is_refused(web: Serving) -> None:
    with web.connect() as client:
        client.send(b"\x16\x03\x01 hello\r\n\r\n")

        assert client.rest().startswith(b"HTTP/1.1 400 ")


# Replies that are not read

REPLY = 50_000_000  # bytes: more than any buffer of the system


async def _large(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  # ASGI's own
    await answer(send, bytes(REPLY) if scope["path"] == "/large" else b"small")


def test_a_reply_that_is_not_read_is_given_up() -> None:
    with (
        serving(_large, Settings(header_seconds=PATIENCE)) as web,
        web.connect(read_buffer=4096) as client,
    ):
        client.send(GET % b"large")
        assert web.get().endswith(b"small")

        assert _until(lambda: not web.server.server_state.connections)


def test_a_reply_that_is_read_slowly_but_steadily_arrives_whole() -> None:
    with (
        serving(_large, Settings(header_seconds=PATIENCE)) as web,
        web.connect(read_buffer=65_536) as client,
    ):
        client.send(GET % b"large")
        time_to_lose = threading.Event()
        size = 0
        while size < REPLY:
            size += len(client.socket.recv(1_000_000))
            time_to_lose.wait(0.002)

    assert size > REPLY


def test_who_reads_no_replies_cannot_have_them_pile_up() -> None:
    with (
        serving(_large, Settings(header_seconds=60)) as web,
        web.connect(read_buffer=4096) as client,
    ):
        client.send(GET % b"small")
        client.reply()
        before = psutil.Process().memory_info().rss

        client.send((GET % b"large") * 20)
        with web.connect() as other:
            other.send(GET % b"small")
            other.reply()

        assert psutil.Process().memory_info().rss - before < 4 * REPLY
        client.socket.close()


# How many


def test_connections_beyond_the_limit_are_answered_with_503_until_others_end() -> None:
    with serving(echo, Settings(header_seconds=PATIENCE, max_connections=3)) as web:
        kept = [web.connect() for _ in range(3)]
        for client in kept:
            client.send(GET % b"kept")
            assert client.reply().startswith(b"HTTP/1.1 200 ")

        assert web.get().startswith(b"HTTP/1.1 503 ")
        for client in kept:
            client.socket.close()

        assert _until(lambda: web.get().startswith(b"HTTP/1.1 200 "))


def test_a_crowd_beyond_the_limit_is_cut_unheard_and_the_server_recovers() -> None:
    with serving(echo, Settings(header_seconds=60, max_connections=1)) as web:
        crowd = [web.connect() for _ in range(EXTRA_CONNECTIONS + 20)]
        with Watch() as watch:
            assert b"" == crowd[-1].rest()
        assert watch.seconds < BOUND
        for client in crowd:
            client.socket.close()

        assert _until(lambda: web.get().startswith(b"HTTP/1.1 200 "))


# What is told, and the end


def test_no_reply_tells_what_the_server_is_made_of(web: Serving) -> None:
    with web.connect() as bad:
        bad.send(b"no http\r\n\r\n")
        replies = [web.get(), bad.rest()]

    assert all(b"\r\nserver:" not in reply.lower() for reply in replies)
    assert all(b"uvicorn" not in reply.lower() for reply in replies)


def test_a_request_under_way_is_answered_when_the_server_is_told_to_stop() -> None:
    go, begun = threading.Event(), threading.Event()

    with serving(_waiting(go, begun), Settings()) as web, web.connect() as client:
        client.send(GET % b"last")
        begun.wait()
        with web.connect() as idle:
            web.server.should_exit = True
            idle.rest()  # the server has begun to stop
        go.set()

        reply = client.rest()

    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b"done")


# HTTPS


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    """A server with a certificate for 127.0.0.1, and the certificate."""
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    _make_certificate(certificate, key)
    settings = Settings(header_seconds=PATIENCE)
    with serving(echo, settings, certificate=certificate, key=key) as web:
        yield web, certificate


def test_a_certificate_and_its_key_make_it_https(secure: tuple[Serving, Path]) -> None:
    web, certificate = secure

    with _secured(web, certificate) as client:
        client.send(GET % b"secret")
        assert client.reply().endswith(b"/secret 0")


def test_a_slow_head_is_cut_on_https_too(secure: tuple[Serving, Path]) -> None:
    web, certificate = secure

    with _secured(web, certificate) as client, Watch() as watch:
        client.drip(b"GET / HTTP/1.1\r\nx-slow: " + b"a" * 200, every=0.05)

    assert watch.seconds < BOUND


def test_old_versions_of_tls_are_refused(secure: tuple[Serving, Path]) -> None:
    web, certificate = secure
    context = trusting(certificate)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with web.connect() as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain.socket, server_hostname="127.0.0.1")


def test_plain_http_to_https_is_closed_and_others_are_served(
    secure: tuple[Serving, Path], caplog: pytest.LogCaptureFixture
) -> None:
    web, certificate = secure

    with web.connect() as plain:
        plain.send(GET % b"plain")
        assert b"HTTP" not in plain.rest()

    with _secured(web, certificate) as client:
        client.send(GET % b"next")
        assert client.reply().endswith(b"/next 0")
    assert [] == caplog.records


def _secured(web: Serving, certificate: Path) -> Client:
    plain = web.connect().socket
    return Client(trusting(certificate).wrap_socket(plain, server_hostname="127.0.0.1"))


def _make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leasehold")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _connect(server: RunningServer) -> Client:
    port = int(server.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    return Client(connection)


def _waiting(go: threading.Event, begun: threading.Event | None = None) -> Application:
    """An application that answers once it may."""

    async def run(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001  # ASGI's own
        if begun is not None:
            begun.set()
        await asyncio.to_thread(go.wait, SECONDS)
        await answer(send, b"done")

    return run


def _until(condition: Callable[[], bool]) -> bool:
    """Whether it holds within the bound; the server cannot tell us when."""
    deadline = time.monotonic() + BOUND
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True
