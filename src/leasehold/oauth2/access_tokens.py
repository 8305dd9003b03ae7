"""Access tokens: how one is made and recognised, and the record that is kept in its place."""

import hashlib
from collections.abc import Sequence

from leasehold import token_text
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import grant_rows, rows
from leasehold.oauth2.model import AccessToken, Person
from leasehold.storage.transaction import Transaction

__all__ = [
    "AccessToken",
    "digest",
    "find",
    "is_well_formed",
    "mint",
    "revoke",
    "revoked_since",
    "store",
    "store_of_secrets",
    "sweep",
    "whose",
]

PREFIX = "lha_"  # what secret scanners look for
KEPT_AFTER_EXPIRY = 86_400 * MICROSECONDS  # so that a late caller's token can still be explained


def mint(entropy: Entropy) -> str:
    """A new token."""
    return token_text.mint(PREFIX, entropy)


def is_well_formed(text: str) -> bool:
    """Whether it could be a token: nothing else is worth a look into the database."""
    return token_text.is_well_formed(PREFIX, text)


def digest(token: str) -> bytes:
    """SHA-256 of the token, the only form that is kept: 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def store(tx: Transaction, token: AccessToken) -> bool:
    """Keeps the record; False, and nothing kept, when what it came of is no longer good."""
    return rows.store_token(tx, token)


def store_of_secrets(tx: Transaction, tokens: Sequence[AccessToken]) -> None:
    """Keeps the records of clients' tokens for themselves, complete as they are.

    Their secrets were checked in this transaction.
    """
    if tokens:
        rows.store_tokens_of_secrets(tx, tokens)


def find(tx: Transaction, digest: bytes) -> AccessToken | None:
    """The record of a token, good or not: ask `is_good`. None when there is none.

    `revoked_at` is also set when what it came of was switched off, deleted or revoked.
    """
    return rows.token_by_digest(tx, digest)


def whose(tx: Transaction, token: AccessToken) -> Person:
    """Whom it stands for, as they are known now; a service account or client is itself."""
    person = grant_rows.person_by_id(tx, token.user_id) if token.user_id is not None else None
    return person or Person(0, token.subject, token.email, "", email_verified=True)


def revoke(tx: Transaction, now: int, digest: bytes) -> bool:
    """Ends the token; whether there was one that had not been revoked before."""
    is_new = rows.revoke_token(tx, now, digest)
    if is_new:
        tx.announce()
    return is_new


def revoked_since(tx: Transaction, instant: int) -> list[bytes]:
    """The digests of tokens revoked at or after the instant, in no order.

    The instant of a revocation is that of its transaction's begin, so a caller who asks again
    and again looks back further than its last question by the longest transaction.
    """
    return rows.tokens_revoked_since(tx, instant)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` records that expired more than a day ago; how many there were."""
    return rows.sweep_tokens(tx, before=now - KEPT_AFTER_EXPIRY, limit=limit)
