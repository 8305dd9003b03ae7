"""Refresh tokens: with one a client gets access tokens while its user is away."""

from leasehold import token_text
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.model import RefreshToken
from leasehold.settings import Settings
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

PREFIX = "lhr_"
DAY = 86_400 * MICROSECONDS
KEPT_AFTER_REPLACEMENT = 30 * DAY  # a thief who comes later is refused, but is not noticed
KEPT_AFTER_END = DAY  # of its family

_DIGEST_PURPOSE = "refresh token"


def add(tx: Transaction, now: int, box: SecretBox, entropy: Entropy, family_id: int) -> str:
    """A new token of the family."""
    text = token_text.mint(PREFIX, entropy)
    rows.insert_refresh_token(tx, now, digest=_digest(box, text), family_id=family_id)
    return text


def is_well_formed(text: str) -> bool:
    """Whether it could be a refresh token."""
    return token_text.is_well_formed(PREFIX, text)


def find(tx: Transaction, box: SecretBox, text: str) -> RefreshToken | None:
    """What is known of the token, good or not; None for no token of ours."""
    if not is_well_formed(text):
        return None
    return rows.refresh_token_by_digest(tx, _digest(box, text))


def ends_at(token: RefreshToken, settings: Settings) -> int:
    """When it ends unless it is used before (microseconds).

    Those of a project in testing end in any case: people said yes to something unfinished.
    """
    idle = token.last_used_at + settings.refresh_idle_days * DAY
    if not token.is_testing:
        return idle
    return min(idle, token.family_created_at + settings.testing_refresh_days * DAY)


def is_good(token: RefreshToken, now: int, settings: Settings) -> bool:
    """Whether it may be used at this instant; a replaced one may not."""
    is_current = token.replaced_at is None and token.ended_at is None
    return is_current and now < ends_at(token, settings)


def replace(tx: Transaction, now: int, token: RefreshToken) -> bool:
    """Whether this is the first time that it is replaced: of two, one is."""
    return rows.replace_refresh_token(tx, now, token.digest)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` of ended families, and as many replaced long ago; how many."""
    ended = rows.sweep_ended_refresh_tokens(tx, before=now - KEPT_AFTER_END, limit=limit)
    replaced = rows.sweep_replaced_refresh_tokens(
        tx, before=now - KEPT_AFTER_REPLACEMENT, limit=limit
    )
    return ended + replaced


def _digest(box: SecretBox, text: str) -> bytes:
    return box.keyed_digest(_DIGEST_PURPOSE, text)
