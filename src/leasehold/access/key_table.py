"""The table of API keys in this process: what a check of a key costs on the hot path.

A key's string is looked up by its SHA-256 digest in a dictionary; one that is not there is read
from the database once. Unknown strings are never remembered. What was changed elsewhere is
forgotten as soon as `Freshness` hears of it.
"""

import asyncio
import hashlib
from collections import OrderedDict
from functools import partial

from leasehold.clock import Clock
from leasehold.errors import Invalid
from leasehold.storage.committer import Committer
from leasehold.storage.secret_box import SecretBox
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, FoundKey

MAX_KEYS = 10_000  # remembered; the first ones learnt are forgotten first


class KeyInvalid(Invalid):
    """No key of ours, or one that was deleted or whose string has ended."""

    reason = "keyInvalid"

    def __init__(self) -> None:
        super().__init__("API key not valid. Please pass a valid API key.")


class KeyExpired(Invalid):
    """The key's time is over."""

    reason = "keyExpired"

    def __init__(self) -> None:
        super().__init__("API key expired. Please renew the API key.")


class KeyTable:
    """Answers which key a string is."""

    def __init__(self, committer: Committer, secret_box: SecretBox, clock: Clock) -> None:
        self._committer = committer
        self._secret_box = secret_box
        self._clock = clock
        self._found: OrderedDict[bytes, FoundKey] = OrderedDict()
        self._forgotten = 0  # counts changes: a look-up that ran meanwhile may be out of date

    async def key(self, text: str) -> ApiKey:
        """The key of which this is a string. Raises KeyInvalid, KeyExpired; neither repeats it."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        found = self._found.get(digest)
        if found is None:
            found = await self._look_up(text, digest)
        now = self._clock.now()
        if found.string_ends_at is not None and found.string_ends_at <= now:
            self._found.pop(digest, None)
            raise KeyInvalid
        if found.key.has_expired(now):
            raise KeyExpired
        return found.key

    async def _look_up(self, text: str, digest: bytes) -> FoundKey:
        if not api_keys.is_well_formed(text):  # a typing error, or noise: no need to ask
            raise KeyInvalid
        kept = api_keys.string_digest(self._secret_box, text)
        while True:
            forgotten = self._forgotten
            found = await self._committer.read(partial(api_keys.find_by_digest, digest=kept))
            if forgotten == self._forgotten:
                break
            await asyncio.sleep(0)
        if found is None:
            raise KeyInvalid
        self._found[digest] = found
        if len(self._found) > MAX_KEYS:
            self._found.popitem(last=False)
        return found

    def forget_all(self) -> None:
        """Forgets every key; each is read anew when it is next used."""
        self._forgotten += 1
        self._found.clear()
