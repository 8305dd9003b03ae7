"""A world for the tests of one file, and one for each test that moves its clock or breaks it."""

from collections.abc import Iterator

import pytest

from tests.administration_api.world import World, furnished, world_on
from tests.postgres import PostgresServer
from tests.running_server import RunningServer


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A world on each engine, for tests that leave each other's objects alone."""
    if request.param == "sqlite":
        database_url = str(tmp_path_factory.mktemp("database") / "leasehold.db")
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        database_url = postgres.create_database()
    with world_on(database_url) as world:
        yield world


@pytest.fixture
def world(server: RunningServer) -> World:
    """A world of the test's own, on each engine."""
    return furnished(server)


@pytest.fixture(scope="module")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world on one engine, for tests of what never comes to a database."""
    with world_on(str(tmp_path_factory.mktemp("database") / "leasehold.db")) as world:
        yield world
