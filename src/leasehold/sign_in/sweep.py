"""Sweeping: what nobody can use any longer is removed."""

from leasehold.clock import MICROSECONDS
from leasehold.sign_in import rows
from leasehold.sign_in.model import SessionLimits
from leasehold.storage.transaction import Transaction


def sweep(tx: Transaction, now: int, limit: int, *, limits: SessionLimits) -> int:
    """Removes up to `limit` rows of each kind; how many in all.

    Browser sessions that have not been seen for as long as they may idle, ended ones with them;
    expired second steps, challenges and links; buckets that are full again.
    """
    idle = limits.idle_seconds * MICROSECONDS
    sessions = rows.sweep_sessions(tx, before=now - idle, limit=limit)
    return sessions + rows.sweep_expired(tx, before=now, limit=limit)
