"""What this installation knows about itself: text by key, "issuer" for example."""

from leasehold.accounts import rows
from leasehold.storage.transaction import Transaction


def get(tx: Transaction, key: str) -> str | None:
    """The text that was put there last; None when there is none."""
    return rows.installation_value(tx, key)


def put(tx: Transaction, key: str, value: str) -> None:
    """Keeps the text in place of an earlier one."""
    rows.put_installation_value(tx, key, value)


def remove(tx: Transaction, key: str) -> None:
    """Forgets the text; none is no error."""
    rows.remove_installation_value(tx, key)


def settle(tx: Transaction, key: str, proposal: str) -> str:
    """The text under the key, which is `proposal` if there was none: all who ask get the same."""
    rows.propose_installation_value(tx, key, proposal)
    value = rows.installation_value(tx, key)
    assert value is not None  # it was put there just now, or before
    return value
