"""The console as people meet it: Ada, who owns a project, and Bob, who administers it with her."""

from collections.abc import Callable

import pytest

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from tests.browser import NewPage
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import RunningServer

BOB = "bob@example.com"
SHOP = "photo-shop"
AT = f"/console/{SHOP}"


@pytest.fixture
def make_shop(site: RunningServer) -> Callable[[], None]:
    """Makes the project, which Ada owns and Bob administers."""
    return lambda: site.do(_make_shop)


@pytest.fixture
def owner(ada: Visitor, make_shop: Callable[[], None]) -> Visitor:
    """Ada, signed in, with her project."""
    make_shop()
    ada.has_signed_in()
    return ada


@pytest.fixture
def admin(owner: Visitor, new_page: NewPage) -> Visitor:
    """Bob, signed in at a browser of his own."""
    bob = Visitor(new_page(), owner.site)
    bob.has_signed_in(email=BOB)
    return bob


def _make_shop(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=BOB, password_hash=PASSWORD_HASH, name="Bob")
    projects.create(tx, now, project_id=SHOP, owner_email=ADA)
    projects.add_member(tx, project_id=SHOP, email=BOB, role="admin")
