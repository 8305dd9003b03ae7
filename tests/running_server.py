"""A real server over real HTTP, in a thread of the test's process, with a clock that tests move."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import requests
import uvicorn
from joserfc import jws
from joserfc.jwk import RSAKey

from leasehold.accounts import key_file, projects, service_accounts, users
from leasehold.accounts.key_file import KeyPair
from leasehold.app import Application
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.oauth2 import signing_keys
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.settings import Settings
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.web.api.method import Method
from leasehold.web.api.methods import METHODS
from leasehold.web.server import bind, make_server
from tests.migrated_database import make_migrated_file
from tests.moved_clock import MovedClock

R = TypeVar("R")

OWNER = "owner@example.com"
PROJECT = "demo"
API = "taskqueue"

# Made once: 2048-bit keys take a moment, and no test here is about making them.
_KEY_PAIR: KeyPair = key_file.generate_key_pair()
SECRET_BOX = SecretBox(Entropy().bytes(KEY_BYTES))
_SIGNING_KEY = signing_keys.make(SECRET_BOX, Entropy())


@dataclass
class RunningServer:
    """A server on a database of its own; `url` is its root, without a slash at the end."""

    url: str
    engine: Engine
    clock: MovedClock
    settings: Settings
    _key_files: dict[str, dict[str, str]] = field(default_factory=dict)

    def do(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs an operation as a command does: on a connection of its own."""
        return transact(self.engine, operation)

    def queue(self, name: str = "q", **settings: object) -> Queue:
        """Makes a pull queue in the project `demo`."""
        base = Queue(id=0, project_id=PROJECT, name=name, mode="pull", created_at=self.clock.now())
        made = replace(base, **settings)  # type: ignore[arg-type]  # a test's own words
        return self.do(lambda tx, _: configure.create(tx, made))

    def queue_for(self, email: str, name: str = "q", **settings: object) -> Queue:
        """Makes a queue on which this address is consumer and producer."""
        both = frozenset([email])
        return self.queue(name, acl=Acl(both, both), **settings)

    def self_signed(self, name: str = "worker", **claims: object) -> str:
        """A JWT that a service account signed for itself; a claim that is None is left out."""
        key = self.service_account(name)
        email, now = key["client_email"], self.clock.now() // 1_000_000
        usual = {"iss": email, "sub": email, "aud": f"{self.url}/", "iat": now, "exp": now + 3600}
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        header = {"alg": "RS256", "kid": key["private_key_id"], "typ": "JWT"}
        return jws.serialize_compact(
            header, json.dumps(kept), RSAKey.import_key(key["private_key"]), algorithms=["RS256"]
        )

    def service_account(self, name: str = "worker") -> dict[str, str]:
        """The key file of a service account of the project `demo`, made on first use."""
        if name not in self._key_files:
            self._key_files[name] = self.do(partial(_account_with_key, name=name, url=self.url))
        return self._key_files[name]

    def token(self, name: str = "worker", scopes: str = "taskqueue") -> str:
        """An access token of a service account; `scopes` are short names, space separated."""
        from google.auth.transport.requests import Request  # noqa: PLC0415  # slow to import
        from google.oauth2 import service_account  # noqa: PLC0415  # likewise

        urls = [f"https://www.googleapis.com/auth/{scope}" for scope in scopes.split()]
        credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # the library's
            self.service_account(name), scopes=urls
        )
        credentials.refresh(Request())
        return str(credentials.token)

    def call(
        self, verb: str, path: str, *, token: str | None = None, **more: object
    ) -> requests.Response:
        """One request below /taskqueue/v1beta2/projects/; `path` like `demo/taskqueues/q`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})  # type: ignore[call-overload]  # a test's own words
        url = f"{self.url}/taskqueue/v1beta2/projects/{path}"
        return requests.request(verb, url, headers=headers, timeout=30, **more)  # type: ignore[arg-type]  # as above


def _account_with_key(tx: Transaction, now: int, *, name: str, url: str) -> dict[str, str]:
    entropy = Entropy()
    account = service_accounts.create(tx, now, entropy, project_id=PROJECT, name=name)
    key = service_accounts.add_key(
        tx,
        now,
        entropy,
        email=account.email,
        public_key=_KEY_PAIR.public_pem,
        certificate=_KEY_PAIR.certificate_pem,
    )
    return key_file.key_file(account, key, _KEY_PAIR.private_pem, url)


def _project(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=OWNER, password_hash="!")
    projects.create(tx, now, project_id=PROJECT, owner_email=OWNER)
    projects.enable_api(tx, now, project_id=PROJECT, api=API)


@contextmanager
def run_server(
    database_url: str, *, host_name: str = "127.0.0.1", **settings: object
) -> Iterator[RunningServer]:
    """A server on an empty database, with the project `demo` in it; `host_name` as in its URL."""
    given = Settings(**settings)  # type: ignore[arg-type]  # a test's own words
    with run_server_on(filled(database_url), given, host_name=host_name) as server:
        yield server


def filled(database_url: str) -> Engine:
    """An empty database, once the project `demo` and what servers need is in it."""
    if "://" not in database_url and not Path(database_url).exists():
        make_migrated_file(Path(database_url))
    engine = open_engine(database_url)
    migrate(engine)
    transact(engine, _project)
    transact(engine, partial(signing_keys.add, key=_SIGNING_KEY, period=30 * signing_keys.DAY))
    return engine


@contextmanager
def run_server_on(
    engine: Engine,
    settings: Settings,
    *,
    host_name: str = "127.0.0.1",
    address: str = "127.0.0.1",
    methods: Sequence[Method] = METHODS,
    clock: MovedClock | None = None,
) -> Iterator[RunningServer]:
    """A server on a database that is there already; several may run on one PostgreSQL.

    `host_name` as in its URL, `address` on which it listens, `methods` of the Task Queue API.
    """
    clock = clock or MovedClock()
    listener = bind(address, 0)
    url = f"http://{host_name}:{listener.getsockname()[1]}"
    ready = threading.Event()
    failures: list[BaseException] = []
    application = Application(
        engine, settings, issuer=url, secret_box=SECRET_BOX, clock=clock, methods=methods
    )
    server = make_server(application, settings, on_ready=ready.set)
    stop_promptly(server)

    async def serve() -> None:
        await application.start()
        try:
            await server.serve(sockets=[listener])
        finally:
            await application.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    ready.wait()
    try:
        if failures:
            raise failures[0]
        yield RunningServer(url, engine, clock, settings)
    finally:
        server.should_exit = True
        thread.join()


def stop_promptly(server: uvicorn.Server) -> None:
    """Lets it notice within 10 ms that it is to stop, and that its connections have gone.

    By itself it looks ten times a second: a fifth of a second for each of many hundred tests.
    """

    async def main_loop() -> None:
        while not await server.on_tick(0):  # noqa: ASYNC110  # nothing tells us
            await asyncio.sleep(0.01)

    async def shutdown(sockets: list[socket.socket] | None = None) -> None:
        for accepting in server.servers:
            accepting.close()
        for bound in sockets or []:
            bound.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110  # likewise
            await asyncio.sleep(0.01)

    server.main_loop = main_loop  # type: ignore[method-assign]  # this server alone
    server.shutdown = shutdown  # type: ignore[method-assign]  # likewise


def write_key_file(directory: Path, key: dict[str, str]) -> Path:
    """Writes a key file as `leasehold service-account create` does."""
    path = directory / "key.json"
    path.write_text(json.dumps(key))
    return path
