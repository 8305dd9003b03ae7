"""Access tokens: how one is made and recognised, and the record that is kept in its place."""

import hashlib
import re
import zlib

from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import rows
from leasehold.oauth2.model import AccessToken
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
    "sweep",
]

PREFIX = "lha_"  # what secret scanners look for
RANDOM_BYTES = 32
KEPT_AFTER_EXPIRY = 86_400 * MICROSECONDS  # so that a late caller's token can still be explained

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6  # 62**6 is more than 2**32
_TOKEN = re.compile(r"lha_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")


def mint(entropy: Entropy) -> str:
    """A new token: prefix, 256 random bits, and a checksum by which a cut one is seen at once."""
    text = PREFIX + entropy.url_safe(RANDOM_BYTES)
    return text + _checksum(text)


def is_well_formed(text: str) -> bool:
    """Whether it could be a token: nothing else is worth a look into the database."""
    if not _TOKEN.fullmatch(text):
        return False
    return _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


def digest(token: str) -> bytes:
    """SHA-256 of the token, the only form that is kept: 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def store(tx: Transaction, token: AccessToken) -> bool:
    """Keeps the record; False, and nothing kept, when what it came of is no longer good."""
    return rows.store_token(tx, token)


def find(tx: Transaction, digest: bytes) -> AccessToken | None:
    """The record of a token, good or not: ask `is_good`. None when there is none.

    `revoked_at` is also set when what it came of was switched off, deleted or revoked.
    """
    return rows.token_by_digest(tx, digest)


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


def _checksum(text: str) -> str:
    """CRC-32 as six digits of base 62, most significant first."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
