"""Encryption at rest: what must be recoverable is kept sealed, its key in a file of its own.

A copy of the database alone then shows no secret.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leasehold.entropy import Entropy
from leasehold.errors import Invalid

KEY_BYTES = 32  # AES-256
_NONCE_BYTES = 12  # NIST SP 800-38D §5.2.1.1: what GCM is made for


class SecretBox:
    """Seals and opens bytes with one secret key, which is never shown."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._digest_key = hmac.digest(key, b"leasehold keyed digests", "sha256")
        self.id = hashlib.sha256(b"leasehold secret key id\0" + key).hexdigest()[:32]

    def seal(self, secret: bytes, *, about: str, entropy: Entropy) -> bytes:
        """The secret, encrypted; it opens only as what it is said to be `about`."""
        nonce = entropy.bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """The secret. Raises Invalid when it was changed, or sealed by another box."""
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, encrypted, about.encode())
        except (InvalidTag, ValueError):
            raise Invalid(
                "a secret in the database cannot be decrypted with this secret key file",
                detail=about,
            ) from None

    def keyed_digest(self, purpose: str, text: str) -> bytes:
        """HMAC-SHA-256 of a secret that is never needed again, only recognised.

        `purpose` keeps equal texts of different kinds apart, and holds no NUL. A copy of the
        database alone cannot even confirm a guess.
        """
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._digest_key, message, "sha256")


def default_path(database: str) -> Path:
    """Where the key is kept unless a setting says so: next to an SQLite file."""
    return Path("leasehold.key" if "://" in database else f"{database}.key")


def read_key_file(path: Path) -> SecretBox | None:
    """The box of the file's key; None when there is no file. Raises Invalid for another file."""
    try:
        text = path.read_text("ascii").strip()
        key = base64.b64decode(text, validate=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Invalid(f"the secret key file {path} cannot be read: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(f"{path} is no secret key file: it must hold {KEY_BYTES} bytes in base64")
    return SecretBox(key)


def make_key_file(path: Path, entropy: Entropy) -> SecretBox:
    """The box of a new key, whose file only its owner may read; of two that race, one wins.

    Raises Invalid when it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = base64.b64encode(entropy.bytes(KEY_BYTES)).decode() + "\n"
    try:
        _write_private(part, text)
        try:
            os.link(part, path)  # unlike a rename it replaces nothing
        except FileExistsError:
            pass  # another process was first: its key is the one
        finally:
            part.unlink()
        _sync_directory(path.parent)
    except OSError as error:
        raise Invalid(f"the secret key file {path} cannot be made: {error.strerror}") from error
    box = read_key_file(path)
    if box is None:
        raise Invalid(f"the secret key file {path} was removed while it was made")
    return box


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
