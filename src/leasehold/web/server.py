"""Runs an application on a socket until it is told to stop."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from leasehold.errors import Invalid
from leasehold.settings import Settings
from leasehold.web.protocol import protocol_class

BACKLOG = 2048  # connections that wait to be accepted


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Invalid when the address cannot be had."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.set_inheritable(False)
    except OSError as error:
        raise Invalid(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


async def serve(
    application: Any,  # noqa: ANN401  # an ASGI application: frameworks differ in its types
    listener: socket.socket,
    settings: Settings,
    *,
    on_ready: Callable[[], None],
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM; requests under way are finished first."""
    config = uvicorn.Config(
        application,
        http=protocol_class(settings.header_seconds),
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=20,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    await _Server(config, on_ready).serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
