"""The table of access tokens in this process: what a check costs on the hot path.

A token is looked up by its SHA-256 digest in a dictionary; one that is not there is read from the
database once. The table forgets a token when it is revoked here, at once, and when it was revoked
elsewhere, as soon as `Freshness` hears of it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial

from leasehold.access.principal import Principal
from leasehold.clock import Clock
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import access_tokens
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction

MAX_TOKENS = 200_000  # remembered; the first ones learnt are forgotten first


class TokenTable:
    """Answers who a token stands for."""

    def __init__(self, committer: Committer, clock: Clock) -> None:
        self._committer = committer
        self._clock = clock
        self._principals: OrderedDict[bytes, Principal] = OrderedDict()
        self._forgotten = 0  # counts revocations: a look-up that ran meanwhile may be out of date

    async def principal(self, token: str) -> Principal:
        """The token's principal; Unauthenticated when it is unknown, expired or revoked."""
        digest = access_tokens.digest(token)
        principal = self._principals.get(digest)
        if principal is None:
            principal = await self._look_up(token, digest)
        if principal.expires_at <= self._clock.now():
            self._principals.pop(digest, None)
            raise Unauthenticated("Invalid Credentials")
        return principal

    async def _look_up(self, token: str, digest: bytes) -> Principal:
        if not access_tokens.is_well_formed(token):  # a typing error, or noise: no need to ask
            raise Unauthenticated("Invalid Credentials")
        while True:
            forgotten = self._forgotten
            found = await self._committer.read(partial(_find, digest=digest))
            if forgotten == self._forgotten:
                break
            await asyncio.sleep(0)
        if found is None:
            raise Unauthenticated("Invalid Credentials")
        self._principals[digest] = found
        if len(self._principals) > MAX_TOKENS:
            self._principals.popitem(last=False)
        return found

    def forget(self, digests: Iterable[bytes]) -> None:
        """Forgets revoked tokens; the next request with one is refused."""
        self._forgotten += 1
        for digest in digests:
            self._principals.pop(digest, None)

    def forget_all(self) -> None:
        """Forgets every token; each is read anew when it is next used."""
        self._forgotten += 1
        self._principals.clear()


def _find(tx: Transaction, now: int, *, digest: bytes) -> Principal | None:
    token = access_tokens.find(tx, digest)
    if token is None or not token.is_good(now):
        return None
    return Principal(
        email=token.email,
        project_id=token.project_id,
        client_id=token.client_id,
        scopes=token.scopes,
        expires_at=token.expires_at,
    )
