"""A server for the tests of one file, and a queue for each of them: most tests need no more."""

import itertools
from collections.abc import Iterator

import pytest

from tests.api.worker import EMAIL, Worker
from tests.postgres import PostgresServer
from tests.running_server import RunningServer, run_server

_names = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server on each engine. Who moves its clock or its settings asks for `server` instead."""
    if request.param == "sqlite":
        database_url = str(tmp_path_factory.mktemp("database") / "leasehold.db")
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        database_url = postgres.create_database()
    with run_server(database_url) as running:
        yield running


@pytest.fixture(scope="module")
def shared_token(shared_server: RunningServer) -> str:
    """A token of the service account `worker` with both scopes."""
    return shared_server.token(scopes="taskqueue taskqueue.consumer")


@pytest.fixture
def worker(shared_server: RunningServer, shared_token: str) -> Worker:
    """A worker with a queue of its own."""
    queue = shared_server.queue_for(EMAIL, f"q-{next(_names)}")
    return Worker(shared_server, shared_token, queue.name)


@pytest.fixture
def own_worker(server: RunningServer) -> Worker:
    """A worker with a server of its own, whose clock it may move."""
    queue = server.queue_for(EMAIL)
    return Worker(server, server.token(), queue.name)
