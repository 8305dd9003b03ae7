"""Fixtures of the accounts' tests: a migrated database of each engine, and a transaction on it."""

from collections.abc import Iterator

import pytest

from leasehold.entropy import Entropy
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction

NOW = 1_700_000_000_000_000  # microseconds


@pytest.fixture
def now() -> int:
    return NOW


@pytest.fixture
def entropy() -> Entropy:
    return Entropy()


@pytest.fixture
def tx(database_url: str) -> Iterator[Transaction]:
    """A transaction that is undone at the end of the test."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    yield connection.begin()
    connection.rollback()
    connection.close()
