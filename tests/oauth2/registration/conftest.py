"""Fixtures of the tests of registered clients: on each engine, a project with an owner."""

from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts import configuration, projects, users
from leasehold.entropy import Entropy
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction
from tests.oauth2.registration.registry import NOW, Registry


@pytest.fixture
def tx(database_url: str) -> Iterator[Transaction]:
    """A transaction that is undone at the end of the test; in it Ada owns the project `shop`."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    tx = connection.begin()
    users.create(tx, NOW, Entropy(), email="ada@example.com", password_hash=None)
    projects.create(tx, NOW, project_id="shop", owner_email="ada@example.com")
    yield tx
    connection.rollback()
    connection.close()


@pytest.fixture
def registry(tx: Transaction) -> Registry:
    return Registry(tx)


@pytest.fixture
def changes(tx: Transaction) -> Callable[[], int]:
    """How many changes of the configuration there were since it was last asked."""
    seen = configuration.version(tx)

    def count() -> int:
        nonlocal seen
        before, seen = seen, configuration.version(tx)
        return seen - before

    return count
