"""A site with Ada's account, her browser, her mail, and an application that asks her."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from tests.browser import NewPage
from tests.people.application import Shop, application_site
from tests.people.mailbox import Mailbox, reading_the_log
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import RunningServer, run_server
from tests.web.consenting import in_production, make_client


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """All mail that the site sends."""
    with reading_the_log() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def in_background() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Does what no test need wait for; fails at the end when that failed."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        begun: list[Future[None]] = []
        yield lambda work: begun.append(thread.submit(work))
    for each in begun:
        each.result()


@pytest.fixture
def site(
    tmp_path: Path, in_background: Callable[[Callable[[], None]], None]
) -> Iterator[RunningServer]:
    """A server where anybody may register, with the user Ada."""
    running = ExitStack()
    database = str(tmp_path / "people.db")
    server = running.enter_context(run_server(database, host_name="localhost", registration="open"))
    server.do(_add_ada)
    yield server
    in_background(running.close)  # uvicorn takes a fifth of a second to stop


@pytest.fixture
def ada(new_page: NewPage, site: RunningServer) -> Visitor:
    """Ada at a browser that was never here, not signed in."""
    return Visitor(new_page(), site)


@pytest.fixture
def stranger(new_page: NewPage, site: RunningServer) -> Visitor:
    """Somebody at another browser that was never here."""
    return Visitor(new_page(), site)


@pytest.fixture(scope="session")
def shop_url() -> Iterator[str]:
    """The application's own site."""
    with application_site() as url:
        yield url


@pytest.fixture
def shop(site: RunningServer, shop_url: str) -> Shop:
    """An application on a server, which may ask everybody and keeps its secret."""
    in_production(site)
    callback = f"{shop_url}/callback"
    return Shop(site, make_client(site, "web", callback, f"{shop_url}/passing"), callback)


def _add_ada(tx: Transaction, now: int) -> None:
    users.create(
        tx, now, Entropy(), email=ADA, password_hash=PASSWORD_HASH, name="Ada", email_verified=True
    )
