"""A site with Ada's account, her browser, her mail, and an application that asks her."""

from collections.abc import Iterator
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


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningServer]:
    """A server where anybody may register, with the user Ada."""
    database = str(tmp_path / "people.db")
    with run_server(database, host_name="localhost", registration="open") as server:
        server.do(_add_ada)
        yield server


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
