"""Consents: a person's yes to a client, for scopes, until it is taken back."""

from dataclasses import replace

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.model import Consent, GivenConsent
from leasehold.storage.transaction import Transaction

KEPT_AFTER_REVOCATION = 86_400 * MICROSECONDS

__all__ = [
    "Consent",
    "GivenConsent",
    "find",
    "give",
    "of_user",
    "revoke",
    "revoke_all_of_user",
    "sweep",
]


def find(tx: Transaction, user_id: int, client_id: str) -> Consent | None:
    """What the user has said yes to; None when that is nothing, or was taken back."""
    return rows.find_consent(tx, user_id, client_id)


def give(tx: Transaction, now: int, *, user_id: int, client_id: str, scopes: int) -> Consent:
    """Says yes to a mask of scopes, besides those that were said yes to before: never to less.

    Two at the same time add up.
    """
    consent = rows.hold_consent(tx, now, user_id=user_id, client_id=client_id, granted=scopes)
    if consent.scopes | scopes == consent.scopes:
        return consent
    rows.widen_consent(tx, consent.id, consent.scopes | scopes)
    return replace(consent, scopes=consent.scopes | scopes)


def of_user(tx: Transaction, user_id: int) -> list[GivenConsent]:
    """All that the user has said yes to, oldest first; none of clients that were deleted."""
    return rows.consents_of_user(tx, user_id)


def revoke(
    tx: Transaction, now: int, *, consent_id: int, user_id: int, because: str
) -> list[bytes]:
    """Takes the user's consent back; every token that came of it ends.

    Returns the digests of the access tokens that ended: `forget_tokens` is told them after the
    commit. None for a consent that is unknown, another user's, or was taken back already.
    """
    if not rows.revoke_consent(tx, now, consent_id=consent_id, user_id=user_id):
        return []
    tx.announce()
    rows.revoke_families_of_consent(tx, now, consent_id, because)
    return rows.revoke_tokens_of_consent(tx, now, consent_id)


def revoke_all_of_user(tx: Transaction, now: int, user_id: int, because: str) -> list[bytes]:
    """The same for every consent of the user: their password was changed, for example."""
    tx.announce()
    rows.revoke_consents_of_user(tx, now, user_id)
    rows.revoke_families_of_user(tx, now, user_id, because)
    return rows.revoke_tokens_of_families_of_user(tx, now, user_id)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` that were taken back more than a day ago; how many there were.

    Those of which there still are families wait for the families to be swept.
    """
    return rows.sweep_consents(tx, before=now - KEPT_AFTER_REVOCATION, limit=limit)
