"""The OAuth endpoints as a web application, and on a real server in a thread of its own."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine
from leasehold.web.oauth.routes import routes
from leasehold.web.oauth.services import Services
from tests.oauth2.world import BOX


def application(
    engine: Engine,
    clock: Clock,
    *,
    issuer: str,
    forget_tokens: Callable[[Sequence[bytes]], None] = lambda _digests: None,
    settings: Settings | None = None,
    is_shut_down: bool = False,
) -> Starlette:
    """Only the OAuth endpoints; `is_shut_down` leaves them without a database."""
    committer = Committer()

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        committer.start(engine.open_lanes(clock.now))
        if is_shut_down:
            await committer.close()
        yield
        if not is_shut_down:
            await committer.close()

    services = Services(
        committer=committer,
        clock=clock,
        entropy=Entropy(),
        settings=settings or Settings(),
        issuer=issuer,
        signing_keys=SigningKeys(committer, BOX, Entropy(), days=30),
        secret_box=BOX,
        forget_tokens=forget_tokens,
    )
    return Starlette(routes=list(routes(services)), lifespan=lifespan)


@contextmanager
def serving(make: Callable[[str], Starlette]) -> Iterator[str]:
    """A running uvicorn with the application that `make` returns for the server's own URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who connects before the server is up waits for it
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make(url), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join()
