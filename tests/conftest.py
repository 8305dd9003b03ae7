"""Fixtures that every test may ask for: real databases of both engines, fresh for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser_server, chromium, new_page, page, page_errors
from tests.migrated_database import MigratedPostgres, make_migrated_file
from tests.postgres import PostgresServer, running_postgres
from tests.running_server import RunningServer, run_server

# Fixtures that are told elsewhere, for every test.
__all__ = ["browser_server", "chromium", "new_page", "page", "page_errors"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests, started when the first of them asks."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: PostgresServer) -> MigratedPostgres:
    return MigratedPostgres(postgres_server, postgres_server.create_database())


@pytest.fixture(scope="session")
def _empty_postgres(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database()


@pytest.fixture(params=["sqlite", "postgres"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where a database is that was migrated and not used yet.

    A file for SQLite, a `postgresql://` address for PostgreSQL.
    """
    if engine_name == "sqlite":
        return make_migrated_file(tmp_path / "leasehold.db")
    migrated: MigratedPostgres = request.getfixturevalue("_migrated_postgres")  # now: not in vain
    return migrated.renew()


@pytest.fixture
def empty_database_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where a database without any table is: for SQLite, a file that is not there yet."""
    if engine_name == "sqlite":
        return str(tmp_path / "leasehold.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")  # now: not in vain
    url: str = request.getfixturevalue("_empty_postgres")
    server.empty_database(url)
    return url


@pytest.fixture
def server(database_url: str) -> Iterator[RunningServer]:
    """A server on each engine, over real HTTP, with a clock that the test moves."""
    with run_server(database_url) as running:
        yield running
