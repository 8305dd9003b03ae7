"""Both projects, with somebody's browser for each who has a part in them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.people.console.attacks.browsing import PlainBrowser
from tests.people.console.attacks.world import (
    BOB,
    MALLORY,
    Things,
    browser_of,
    differences,
    make_world,
    state_of,
)
from tests.people.visitor import ADA
from tests.running_server import RunningServer


@dataclass(frozen=True, slots=True)
class World:
    """Ada owns the one project, Mallory the other; Bob administers both."""

    site: RunningServer
    database: Path
    ours: Things
    theirs: Things
    ada: PlainBrowser
    bob: PlainBrowser
    mallory: PlainBrowser
    _before: dict[str, str] = field(default_factory=dict)

    def changes(self) -> list[str]:
        """The tables that differ from when this was asked last."""
        now = state_of(self.database)
        found = differences(self._before, now)
        self._before.update(now)
        return found


@pytest.fixture
def world(site: RunningServer, tmp_path: Path) -> Iterator[World]:
    """As it is before anybody attacks it."""
    ours, theirs = make_world(site)
    with ExitStack() as open_browsers:
        ada, bob, mallory = (
            open_browsers.enter_context(browser_of(site, email)) for email in (ADA, BOB, MALLORY)
        )
        made = World(site, tmp_path / "people.db", ours, theirs, ada, bob, mallory)
        made.changes()
        yield made
