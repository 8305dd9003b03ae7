"""Fixtures of the storage tests: each engine with an empty table of notes."""

from collections.abc import Iterator

import pytest

from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.transaction import Connection
from tests.storage import notes


@pytest.fixture
def engine(empty_database_url: str) -> Engine:
    """An engine on a database that holds the notes' table and nothing else."""
    engine = open_engine(empty_database_url)
    notes.make_table(engine)
    return engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A command's connection."""
    connection = engine.connect()
    yield connection
    connection.rollback()
    connection.close()
