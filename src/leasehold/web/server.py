"""Runs an application on a socket until it is told to stop."""

import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from leasehold.errors import Invalid
from leasehold.settings import Settings
from leasehold.web.protocol import protocol_class

BACKLOG = 2048  # connections that wait to be accepted
KEEP_ALIVE_SECONDS = 65  # longer than common proxies keep a connection, so that they close first
SHUTDOWN_SECONDS = 20  # for requests under way when the server is told to stop
OTHER_FILES = 300  # open besides connections: databases, logs, and those that are being refused

_log = logging.getLogger("leasehold.server")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Invalid when the address cannot be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        # With the protocol: asyncio sends small packets at once (TCP_NODELAY) only where it says
        # TCP. Without, every reply on a kept connection takes the client's delayed ACK, 40 ms.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.set_inheritable(False)
    except OSError as error:
        raise Invalid(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def allow_connections(wanted: int) -> int:
    """Lets this process open that many connections, if the machine allows it; how many it may.

    The usual limit of 1024 open files would end the server's accepting long before its own limit.
    """
    needed = wanted + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, min(wanted, allowed - OTHER_FILES))


def make_server(
    application: Any,  # noqa: ANN401  # an ASGI application: frameworks differ in its types
    settings: Settings,
    *,
    on_ready: Callable[[], None],
    certificate: Path | None = None,
    key: Path | None = None,
) -> uvicorn.Server:
    """A server; its `serve(sockets=[…])` returns after SIGINT, SIGTERM or `should_exit = True`.

    Raises Invalid for a certificate or key that cannot be used.

    Requests under way are finished first. Headers of proxies are not believed here: the issuer is
    a setting, and where a caller's address counts, `web/account/client_address.py` finds it.
    """
    connections = allow_connections(settings.max_connections)
    if connections < settings.max_connections:
        _log.warning("server.few_files connections=%d (see ulimit -n)", connections)
    config = uvicorn.Config(
        application,
        http=protocol_class(settings.header_seconds),
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=connections + 1,  # uvicorn refuses the one that reaches it
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    _load(config)
    return _Server(config, on_ready)


def spare_the_collector() -> None:
    """For a process that does nothing but serve, once all is loaded: that stays until its end.

    Measured: looking for garbage in it again and again took a twentieth of each call's CPU.
    """
    gc.collect()
    gc.freeze()


def _load(config: uvicorn.Config) -> None:
    try:
        config.load()  # which uvicorn would do later, and end with a traceback
    except OSError as error:  # ssl.SSLError is one
        raise Invalid(f"--tls-certificate and --tls-key cannot be used: {error}") from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # as signals call it
        # Not uvicorn's own: after its shutdown that raises the signal again, which would end the
        # process before the application has stopped. A second Ctrl-C waits for no request.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
