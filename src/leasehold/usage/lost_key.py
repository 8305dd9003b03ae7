"""The secret key is lost or known to others: the strings of all API keys end here."""

from leasehold.storage.transaction import Transaction
from leasehold.usage import key_rows as rows


def forget(tx: Transaction, now: int) -> int:
    """How many strings ended. The keys stay: each is given a new string by `api_keys.rotate`."""
    return rows.forget_strings(tx, now)
