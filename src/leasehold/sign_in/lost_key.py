"""The secret key is lost or known to others: whatever was kept with it ends here."""

from dataclasses import dataclass

from leasehold.sign_in import rows
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Ended:
    """What people have to do anew."""

    browser_sessions: int
    authenticator_apps: int


def forget(tx: Transaction, now: int) -> Ended:
    """Signs everybody out; authenticator apps, recovery codes and links by mail end.

    Passwords and passkeys stay good: they do not need the key.
    """
    sessions, apps = rows.forget_keyed(tx, now)
    return Ended(sessions, apps)
