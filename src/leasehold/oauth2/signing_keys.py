"""The server's own signing keys: made, published, used and retired by themselves.

A key is published a day before it signs, so that whoever keeps our keys has it in time, and for a
day after the next one signs, when all that it signed has long expired. Any number of processes may
rotate: of those that add a key at the same time, one succeeds.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from cryptography.hazmat.primitives import serialization
from joserfc.jwk import RSAKey

from leasehold.accounts import rsa_key
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.errors import Error
from leasehold.oauth2 import rows
from leasehold.oauth2.model import SigningKey, StoredSigningKey
from leasehold.storage.committer import Committer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

DAY = 86_400 * MICROSECONDS
PUBLISHED_AHEAD = DAY
PUBLISHED_AFTER = DAY  # more than the hour of an ID token, and what clocks differ by
LOOK_SECONDS = 600.0  # between two looks whether a new key is due
RETRY_SECONDS = 10.0

_log = logging.getLogger("leasehold.signing_keys")


@dataclass(frozen=True, slots=True)
class NewSigningKey:
    """What is stored of a new key."""

    kid: str
    sealed: bytes
    certificate: str


class SigningKeys:
    """The keys, for one process."""

    def __init__(
        self, committer: Committer, box: SecretBox, entropy: Entropy, *, days: int
    ) -> None:
        self._committer = committer
        self._box = box
        self._entropy = entropy
        self._period = days * DAY
        self._used: SigningKey | None = None

    async def rotate(self) -> bool:
        """Adds a key when one is due, the first one included; whether it did."""
        if not await self._committer.read(partial(is_due, period=self._period)):
            return False
        # It takes a tenth of a second or more, so it happens on another thread.
        key = await asyncio.to_thread(make, self._box, self._entropy)
        return await self._committer.write(partial(add, key=key, period=self._period))

    async def run(self) -> None:
        """Rotates until cancelled."""
        while True:
            try:
                await self.rotate()
                pause = LOOK_SECONDS
            except Error as error:
                _log.warning("signing_keys.failed %s %s", error.message, error.detail)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def current(self) -> SigningKey:
        """The key that signs now. Raises Unavailable when the database cannot be asked."""
        stored = await self._committer.read(signing_now)
        if stored is None:  # not even a first one yet
            await self.rotate()
            stored = await self._committer.read(signing_now)
            assert stored is not None  # this process has added it, or another one has
        return self.opened(stored)

    def opened(self, stored: StoredSigningKey) -> SigningKey:
        """The same key, ready to sign."""
        if self._used is None or self._used.kid != stored.kid:
            self._used = _opened(stored, self._box)
        return self._used

    async def certificates(self) -> dict[str, str]:
        """The certificates (PEM) of all published keys by kid, oldest first."""
        return await self._committer.read(published)


def make(box: SecretBox, entropy: Entropy) -> NewSigningKey:
    """A new key, as yet unknown to the database. Takes a tenth of a second or more."""
    private = rsa_key.generate()
    kid = entropy.bytes(20).hex()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return NewSigningKey(
        kid=kid,
        sealed=box.seal(pem, about=_about(kid), entropy=entropy),
        certificate=rsa_key.self_signed_certificate(private, "Leasehold signing key"),
    )


def is_due(tx: Transaction, now: int, *, period: int) -> bool:
    """Whether it is time to publish the next key, or the first; `period` in microseconds."""
    keys = rows.signing_keys(tx)
    return not keys or keys[-1].signs_from <= _due(now, period)


def add(tx: Transaction, now: int, *, key: NewSigningKey, period: int) -> bool:
    """Publishes the key unless another process has done so; the first one signs at once."""
    return rows.add_signing_key(
        tx,
        kid=key.kid,
        sealed=key.sealed,
        certificate=key.certificate,
        now=now,
        later=now + PUBLISHED_AHEAD,
        due=_due(now, period),
    )


def signing_now(tx: Transaction, now: int) -> StoredSigningKey | None:
    """The newest key that has begun to sign; None when there is no key at all."""
    keys = rows.signing_keys(tx)
    started = [key for key in keys if key.signs_from <= now]
    if started:
        return started[-1]
    return keys[0] if keys else None  # made by a process whose clock is ahead of ours


def published(tx: Transaction, now: int) -> dict[str, str]:  # noqa: ARG001  # every operation is given the time
    """The certificate of every key by kid, oldest first."""
    return {key.kid: key.certificate for key in rows.signing_keys(tx)}


def sweep(tx: Transaction, now: int) -> int:
    """Removes the keys that stopped signing more than a day ago; how many there were."""
    return rows.sweep_signing_keys(tx, before=now - PUBLISHED_AFTER)


def _due(now: int, period: int) -> int:
    """The next key is published when the newest one has signed since then, or longer."""
    return now - period + PUBLISHED_AHEAD


def _opened(stored: StoredSigningKey, box: SecretBox) -> SigningKey:
    pem = box.open(stored.sealed, about=_about(stored.kid))
    return SigningKey(stored.kid, RSAKey.import_key(pem), stored.certificate)


def _about(kid: str) -> str:
    return f"signing key {kid}"
