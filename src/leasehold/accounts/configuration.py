"""The configuration's version: how running servers notice what another process changed."""

from leasehold.accounts import rows
from leasehold.storage.transaction import Transaction


def touch(tx: Transaction) -> None:
    """Counts a change; to be called in the transaction that makes it."""
    rows.touch_configuration(tx)
    tx.announce()


def version(tx: Transaction) -> int:
    """How often the configuration has changed; grows only."""
    return rows.configuration_version(tx)
