"""Both projects, with a browser for each who has a part in them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.people.console.attacks.browsing import Fields, PlainBrowser
from tests.people.console.attacks.world import (
    BOB,
    MALLORY,
    Things,
    browser_of,
    differences,
    forms,
    make_world,
    state_of,
)
from tests.people.visitor import ADA
from tests.running_server import RunningServer, run_server


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
    _forms: dict[str, dict[str, Fields]] = field(default_factory=dict)

    def changes(self) -> list[str]:
        """The tables that differ from when this was asked last."""
        now = state_of(self.database)
        found = differences(self._before, now)
        self._before.update(now)
        return found

    def forms(self) -> dict[str, Fields]:
        """Those of Ada's project, as they were when this was asked first."""
        return self._known("ours", self.ada, self.ours)

    def their_forms(self) -> dict[str, Fields]:
        """Those of Mallory's."""
        return self._known("theirs", self.mallory, self.theirs)

    def _known(self, whose: str, browser: PlainBrowser, things: Things) -> dict[str, Fields]:
        if whose not in self._forms:
            self._forms[whose] = forms(browser, things)
        return self._forms[whose]


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """As it is before anybody attacks it."""
    database = folder / "attacked.db"
    with ExitStack() as stack:
        site = stack.enter_context(
            run_server(str(database), host_name="localhost", registration="open")
        )
        ours, theirs = make_world(site)
        ada, bob, mallory = (
            stack.enter_context(browser_of(site, email)) for email in (ADA, BOB, MALLORY)
        )
        yield World(site, database, ours, theirs, ada, bob, mallory)


@pytest.fixture(scope="module")
def standing_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One that is shared by all attacks that fail."""
    with open_world(tmp_path_factory.mktemp("attacked")) as world:
        yield world


@pytest.fixture
def world(standing_world: World) -> World:
    """One in which nothing was changed, nor will be."""
    standing_world.changes()
    return standing_world


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """One that the test may change."""
    with open_world(tmp_path) as world:
        world.changes()
        yield world
