"""The secret key is lost or known to others: whatever was kept with it ends here."""

from dataclasses import dataclass

from leasehold.oauth2 import rows
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Ended:
    """What clients and people have to do anew."""

    client_secrets: int
    refresh_tokens: int


def forget(tx: Transaction, now: int) -> Ended:
    """Ends client secrets, refresh tokens and codes, and removes the server's signing keys.

    Consents stay: a client that asks again is let in without a question where it would have been.
    """
    secrets, families = rows.forget_keyed(tx, now)
    return Ended(secrets, families)
