"""The constant floor: Leasehold's own server with one more method, which answers a constant.

Its rate is what HTTP, router, token check and access decision leave for the queue itself. Run by
the benchmark in a process of its own.
"""

import os

import uvloop

from bench.google_requests import CONSTANT
from leasehold.app import Application
from leasehold.entropy import Entropy
from leasehold.oauth2 import scopes
from leasehold.settings import Settings
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.web.api.method import BOTH, Call, Method
from leasehold.web.server import bind, make_server, spare_the_collector

ANSWER = {"kind": "bench#constant"}


async def run(call: Call) -> dict[str, str]:  # noqa: ARG001  # as every method
    """The constant."""
    return ANSWER


METHOD = Method(
    id="bench.constant",
    verb="GET",
    path="{project}/taskqueues/{taskqueue}/tasks/{task}",
    description=f"Answers a constant for the task {CONSTANT}.",
    scopes=scopes.READ_WRITE,
    role="consumer",
    cost=1,
    request=None,
    response="Task",
    versions=BOTH,
    run=run,
)


async def _serve(settings: Settings) -> None:
    engine = open_engine(settings.database)
    migrate(engine)
    listener = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    box = SecretBox(Entropy().bytes(KEY_BYTES))
    application = Application(engine, settings, issuer=address, secret_box=box, methods=[METHOD])
    await application.start()
    server = make_server(
        application, settings, on_ready=lambda: print(f"floor: listening on {address}", flush=True)
    )
    spare_the_collector()
    await server.serve(sockets=[listener])
    await application.stop()


if __name__ == "__main__":
    uvloop.run(_serve(Settings(database=os.environ["LEASEHOLD_DATABASE"])))
