"""API keys as the tests make and use them: the verbs with what is always the same filled in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from leasehold.accounts import configuration, projects, users
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, KeyChanges, KeyString, NewKey

NOW = 1_700_000_000_000_000  # microseconds
DAY = 86_400 * MICROSECONDS
BOX = SecretBox(b"k" * KEY_BYTES)


@dataclass(slots=True)
class KeyRing:
    """The keys of a database, at an instant that a test moves."""

    tx: Transaction
    now: int = NOW
    entropy: Entropy = field(default_factory=Entropy)

    def create(self, **more: Any) -> tuple[ApiKey, str]:  # noqa: ANN401  # each has its field's type
        """A key of `shop`, and its string."""
        new = NewKey(**{"project_id": "shop", "name": "Printer"} | more)
        key, string = api_keys.create(self.tx, self.now, self.entropy, BOX, new)
        return key, string.text

    def change(self, key: ApiKey, **changes: Any) -> ApiKey:  # noqa: ANN401  # likewise
        return api_keys.change(self.tx, self.now, key.id, KeyChanges(**changes))

    def rotate(self, key: ApiKey, *, older_ends_at: int | None = None) -> str:
        new = api_keys.rotate(
            self.tx, self.now, self.entropy, BOX, key.id, older_ends_at=older_ends_at
        )
        return new.text

    def strings(self, key: ApiKey) -> list[KeyString]:
        return api_keys.strings_of(self.tx, self.now, key.id)

    def found(self, text: str) -> ApiKey | None:
        """The key that a call with this string would be of."""
        digest = api_keys.string_digest(BOX, text)
        found = api_keys.find_by_digest(self.tx, self.now, digest)
        return found.key if found else None

    def delete(self, key: ApiKey) -> None:
        api_keys.delete(self.tx, self.now, key.id)

    def undelete(self, key: ApiKey) -> ApiKey:
        return api_keys.undelete(self.tx, self.now, key.id)

    def sweep(self, limit: int = 100) -> int:
        return api_keys.sweep(self.tx, self.now, limit)

    def changes(self) -> int:
        """How often the configuration has changed."""
        return configuration.version(self.tx)


@contextmanager
def opened(database_url: str) -> Iterator[KeyRing]:
    """In a transaction that is undone at the end; Ada owns the projects `shop` and `mill`."""
    engine = open_engine(database_url)
    migrate(engine)
    connection = engine.connect()
    tx = connection.begin()
    users.create(tx, NOW, Entropy(), email="ada@example.com", password_hash=None)
    for project_id in ("shop", "mill"):
        projects.create(tx, NOW, project_id=project_id, owner_email="ada@example.com")
    yield KeyRing(tx)
    connection.rollback()
    connection.close()
