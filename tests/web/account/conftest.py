"""A server for tests of pages, and a person with a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_server import RunningServer, run_server
from tests.web.account.person import Person, add_user


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with the user Ada, on SQLite: what knows the database is tested on both."""
    with run_server(str(tmp_path / "leasehold.db"), registration="open") as server:
        add_user(server)
        yield server


@pytest.fixture
def ada(site: RunningServer) -> Person:
    """Ada, not signed in yet."""
    return Person(site.url)
