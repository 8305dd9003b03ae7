"""The constant floor: Leasehold's own server with one more method, which answers a constant.

Its rate is what HTTP, router, token check and access decision leave for the queue itself. Wired
as `leasehold.app` does it, from the same parts; run by the benchmark in a process of its own.
"""

import asyncio
import os

import uvloop
from starlette.applications import Starlette

from bench.google_requests import CONSTANT
from leasehold.access.directory import Directory
from leasehold.access.freshness import Freshness
from leasehold.access.token_table import TokenTable
from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2 import scopes
from leasehold.queues import task_id
from leasehold.queues.verbs import hot_verbs
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.web.api.answer import Api, Gate
from leasehold.web.api.application import ApiApplication, Receive, Scope, Send
from leasehold.web.api.method import BOTH, Call, Method, Services
from leasehold.web.api.router import Router
from leasehold.web.oauth.routes import routes as oauth_routes
from leasehold.web.oauth.services import Services as OAuthServices
from leasehold.web.server import bind, make_server

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


class Floor:
    """The ASGI application: the constant method and the token endpoint."""

    def __init__(self, api: ApiApplication, pages: Starlette) -> None:
        self._api = api
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._api.serves(scope["path"]):
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


async def _floor(committer: Committer, settings: Settings, issuer: str) -> tuple[Floor, Freshness]:
    clock, entropy = Clock(), Entropy()
    tokens = TokenTable(committer, clock)
    directory = Directory(committer)
    freshness = Freshness(
        committer, tokens, directory, staleness_seconds=settings.staleness_seconds
    )
    await freshness.poll()
    ids = await committer.write(lambda tx, _: task_id.load(tx, entropy))
    services = Services(committer, hot_verbs(ids), settings)
    gate = Gate(tokens, directory, freshness, issuer)
    api = ApiApplication(Api(Router([METHOD]), gate, services), issuer=issuer, settings=settings)
    oauth = OAuthServices(
        committer=committer,
        clock=clock,
        entropy=entropy,
        settings=settings,
        issuer=issuer,
        on_revoked=lambda digest: tokens.forget([digest]),
    )
    return Floor(api, Starlette(routes=[*oauth_routes(oauth)])), freshness


async def _serve(settings: Settings) -> None:
    engine = open_engine(settings.database)
    migrate(engine)
    listener = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    committer = Committer()
    committer.start(engine.open_lanes(Clock().now))
    floor, freshness = await _floor(committer, settings, address)
    polling = asyncio.create_task(freshness.run())
    server = make_server(
        floor, settings, on_ready=lambda: print(f"floor: listening on {address}", flush=True)
    )
    await server.serve(sockets=[listener])
    polling.cancel()
    await committer.close()


if __name__ == "__main__":
    uvloop.run(_serve(Settings(database=os.environ["LEASEHOLD_DATABASE"])))
