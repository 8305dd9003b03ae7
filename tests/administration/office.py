"""An office for tests of administration: two projects, who may act in one of them, and who not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from leasehold.accounts import projects, service_accounts, users
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.errors import NotFound
from leasehold.storage import statements
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction

NOW = 1_700_000_000_000_000  # microseconds
BOX = SecretBox(b"k" * KEY_BYTES)
SHOP, MILL = "shop", "mill"
ROBOT = "robot@shop.iam.leasehold.internal"

_SQL = statements.parse("""
-- name: entries
select action, project_id, target, actor_kind, actor, address, client_id, before, after
  from audit_entries
 order by number
""")


def person(email: str) -> Actor:
    return Actor("person", email, address="192.0.2.1")


OPERATOR = Actor("operator", "root", address="host")
OWNER = person("ada@example.com")
ADMIN = person("eve@example.com")
ALLOWED = (OWNER, ADMIN, OPERATOR)

NEIGHBOUR = person("otto@example.com")  # owns the other project
REFUSED = (
    NEIGHBOUR,
    person("sam@example.com"),  # has no part in any
    person("dora@example.com"),  # owns the project, and is disabled
    person("ghost@example.com"),  # has no account
    person(""),
    Actor("person", "root", address="host"),
    Actor("service_account", ROBOT, address="192.0.2.1"),
    Actor("service_account", OWNER.name, address="192.0.2.1"),
)


class Entry(NamedTuple):
    """An audit entry without its place in the chain."""

    action: str
    project_id: str
    target: str
    actor_kind: str
    actor: str
    address: str
    client_id: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Office:
    """A database with the people above: Ada, Eve and Dora have a part in `shop`, Otto in `mill`."""

    tx: Transaction
    entropy: Entropy = field(default_factory=Entropy)

    def audit(self) -> list[Entry]:
        """Every entry of the audit log."""
        return [Entry(*row) for row in self.tx.all(_SQL.entries)]

    def last(self) -> Entry:
        return self.audit()[-1]


@contextmanager
def opened(database_url: str) -> Iterator[Office]:
    """The office, in a transaction that is undone at the end."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    office = Office(connection.begin())
    _furnish(office.tx, office.entropy)
    yield office
    connection.rollback()
    connection.close()


def assert_refused_like_absent(office: Office, act: Callable[[Actor, str], object]) -> None:
    """That `act` in `shop` is refused to each of REFUSED as if there were no `shop`."""
    recorded = office.audit()
    for actor in REFUSED:
        with pytest.raises(NotFound) as absent:
            act(actor, "nope")
        with pytest.raises(NotFound) as refused:
            act(actor, SHOP)

        assert said(absent.value) == said(refused.value).replace(SHOP, "nope")
    assert recorded == office.audit()


def said(error: NotFound) -> str:
    """All that a surface can tell of it."""
    return f"{type(error)} {error.reason} {error.field} {error.message}"


def _furnish(tx: Transaction, entropy: Entropy) -> None:
    for name in ("ada", "eve", "dora", "otto", "sam"):
        users.create(tx, NOW, entropy, email=f"{name}@example.com", password_hash=None)
    projects.create(tx, NOW, project_id=SHOP, owner_email=OWNER.name)
    projects.create(tx, NOW, project_id=MILL, owner_email=NEIGHBOUR.name)
    projects.add_member(tx, project_id=SHOP, email=ADMIN.name, role="admin")
    projects.add_member(tx, project_id=SHOP, email="dora@example.com", role="owner")
    users.disable(tx, NOW, "dora@example.com")
    service_accounts.create(tx, NOW, entropy, project_id=SHOP, name="robot")
