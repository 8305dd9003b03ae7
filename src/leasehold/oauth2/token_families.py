"""Token families: all tokens that came of one authorization, which end together."""

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.model import Family
from leasehold.storage.transaction import Transaction

DAY = 86_400 * MICROSECONDS
KEPT_AFTER_END = DAY
USED_TO = 60 * MICROSECONDS  # how exactly it is known when a family was last used

_MOST_AT_ONCE = 1000  # families that one cap may end; more than there ever are


def start(
    tx: Transaction,
    now: int,
    *,
    consent_id: int,
    scopes: int,
    authenticated_at: int,
    offline: bool = False,
) -> Family | None:
    """A new family, as yet without tokens; None when the consent was taken back.

    `offline`: it is to have a refresh token. `authenticated_at` as for a code. To be called before
    other rows of the consent's are held: it holds the consent.
    """
    rows.use_consent(tx, now, consent_id)
    return rows.insert_family(
        tx,
        now,
        consent_id=consent_id,
        granted=scopes,
        authenticated_at=authenticated_at,
        offline=offline,
    )


def note_use(
    tx: Transaction, now: int, *, consent_id: int, family_id: int, last_used_at: int
) -> None:
    """Remembers that a token was given out; at most once a minute, for a write costs more."""
    if now - last_used_at >= USED_TO:
        rows.use_consent(tx, now, consent_id)
        rows.use_family(tx, now, family_id)


def revoke(tx: Transaction, now: int, family_id: int, because: str) -> list[bytes]:
    """Ends the family for good; the digests of the access tokens that ended with it."""
    if not rows.revoke_family(tx, now, family_id, because):
        return []
    tx.announce()
    return rows.revoke_tokens_of_family(tx, now, family_id)


def keep_newest(tx: Transaction, now: int, family: Family, *, kept: int) -> list[bytes]:
    """Ends the oldest families with refresh tokens of the same user and client, beyond `kept`.

    The digests of the access tokens that ended with them. Nobody is told, as Google does it.
    """
    over = rows.revoke_oldest_families(tx, now, family, kept=kept, limit=_MOST_AT_ONCE)
    return [digest for one in over for digest in rows.revoke_tokens_of_family(tx, now, one)]


def end_idle(tx: Transaction, now: int, limit: int, *, idle_days: int) -> int:
    """Ends up to `limit` whose refresh token has not been used for so long; how many there were."""
    return rows.end_idle_families(tx, now, before=now - idle_days * DAY, limit=limit)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` ended more than a day ago, once their tokens are; how many."""
    ended = rows.sweep_ended_families(tx, before=now - KEPT_AFTER_END, limit=limit)
    online = rows.sweep_online_families(tx, before=now - KEPT_AFTER_END, limit=limit)
    return ended + online
