"""Passwords: how they are checked, and the only form in which they are kept."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leasehold.entropy import Entropy
from leasehold.errors import Invalid

MIN_CHARACTERS = 8  # NIST SP 800-63B §5.1.1.2; no other rule of composition, as it asks
MAX_CHARACTERS = 1024  # hashing longer ones would be work that a stranger sets

# Argon2id as OWASP's password storage cheat sheet advises: 19 MiB, two passes, one lane.
# About 17 ms of a core: callers in a server run this in a thread, a few at a time.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# The hash of a password that nobody has: an unknown user costs as much time as a known one.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$BRNg75tff"
    "utK3xgjJaw51A$nEMTmQTaks4GSLaAN7W8XszS3Q8I1DGJP8nN6x4ACUA"
)


def hash_password(entropy: Entropy, password: str) -> str:
    """The text to keep, which holds its own salt and parameters.

    Raises Invalid for a password of fewer than 8 or more than 1024 characters.
    """
    return _HASHER.hash(_bytes(_acceptable(password)), salt=entropy.bytes(16))


def require_acceptable(password: str) -> None:
    """Raises Invalid as `hash_password` does, without its work."""
    _acceptable(password)


def check(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; None, for an unknown user, is never and takes as long."""
    fits = len(password) <= MAX_CHARACTERS
    prepared = _prepare(password[:MAX_CHARACTERS])
    try:
        _HASHER.verify(password_hash or _NOBODY, _bytes(prepared))
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's: hash anew at the next sign-in."""
    return _HASHER.check_needs_rehash(password_hash)


def _acceptable(password: str) -> str:
    prepared = _prepare(password[:MAX_CHARACTERS])
    if len(prepared) < MIN_CHARACTERS:
        raise Invalid(
            f"the password is too short: use {MIN_CHARACTERS} characters or more", field="password"
        )
    if len(password) > MAX_CHARACTERS:
        raise Invalid(
            f"the password is too long: use {MAX_CHARACTERS} characters or fewer", field="password"
        )
    return prepared


def _prepare(password: str) -> str:
    # NIST SP 800-63B §5.1.1.2: one password may reach us in several Unicode forms.
    return unicodedata.normalize("NFKC", password)


def _bytes(prepared: str) -> bytes:
    return prepared.encode("utf-8", "surrogatepass")  # any text has a hash, even a broken one
