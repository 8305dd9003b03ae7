"""A queue on each engine."""

from collections.abc import Iterator

import pytest

from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from tests.queues.queue_under_test import QueueUnderTest, make_queue


@pytest.fixture
def engine(database_url: str) -> Engine:
    opened = open_engine(database_url)
    migrate(opened)
    return opened


@pytest.fixture
def queue(engine: Engine) -> Iterator[QueueUnderTest]:
    made = make_queue(engine)
    yield made
    made.connection.close()
