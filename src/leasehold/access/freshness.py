"""Freshness: what other processes revoked or configured reaches this one, or it stops trusting.

Twice a second, and whenever another process announces something, the database is asked what
changed. When it cannot be asked for longer than the
allowed staleness, every token is refused: a revoked one must not live on because a network failed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from leasehold.access.directory import Directory
from leasehold.access.token_table import TokenTable
from leasehold.accounts import configuration
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, Unavailable
from leasehold.oauth2 import access_tokens
from leasehold.queues.stats import full_projects
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction

POLL_SECONDS = 0.5
BETWEEN_POLLS_SECONDS = 0.02  # however much is announced

# A revocation carries the instant at which its transaction began; it may commit this much later.
OVERLAP = 60 * MICROSECONDS

_NOTHING_REMEMBERED = 2**62  # an instant after all others

_log = logging.getLogger("leasehold.freshness")


class Freshness:
    """Keeps a process's memory of tokens and configuration no older than allowed."""

    def __init__(
        self,
        committer: Committer,
        tokens: TokenTable,
        directory: Directory,
        *,
        staleness_seconds: float,
        on_change: Sequence[Callable[[], None]] = (),
    ) -> None:
        """`on_change`: what else forgets when anything was configured."""
        self._committer = committer
        self._tokens = tokens
        self._directory = directory
        self._staleness = staleness_seconds
        self._on_change = on_change
        self._version: int | None = None
        self._seen_at = 0  # microseconds: revocations up to then have been heard of
        self._failure: type[Exception] | None = None  # of the last poll, by its kind
        self._fresh_until = 0.0  # on the event loop's clock
        self._loop = asyncio.get_running_loop()
        self._announced = asyncio.Event()

    def check(self) -> None:
        """Raises Unavailable when what this process remembers may be out of date."""
        if self._loop.time() > self._fresh_until:
            raise Unavailable("the database cannot be asked about revocations: try again shortly")

    async def run(self) -> None:
        """Polls until cancelled, whatever fails: who stops looking would refuse for ever."""
        while True:
            try:
                await self.poll()
                self._failure = None
            except Exception as error:
                if type(error) is not self._failure:  # else it is in the log already
                    self._failure = type(error)
                    _log_failure(error)
            await asyncio.sleep(BETWEEN_POLLS_SECONDS)
            # Before Python 3.12 wait_for forgets that it was cancelled, if the news is just there.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._announced.wait()
            self._announced.clear()

    def wake(self) -> None:
        """Something was announced: polls soon. May be called in any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            self._loop.call_soon_threadsafe(self._announced.set)

    async def poll(self) -> None:
        """Asks once, and forgets what is out of date."""
        asked_at = self._loop.time()
        since = self._seen_at - OVERLAP if self._seen_at else _NOTHING_REMEMBERED
        now, version, revoked, full = await self._committer.read(partial(_changes, since=since))
        if revoked:
            self._tokens.forget(revoked)
        if version != self._version:
            self._directory.forget()
            # Also tokens: a command may run on a machine whose clock is wrong by more than OVERLAP.
            self._tokens.forget_all()
            for forget in self._on_change:
                forget()
        self._version = version
        self._directory.full_projects = full
        self._seen_at = now
        self._fresh_until = asked_at + self._staleness


def _log_failure(error: Exception) -> None:
    if isinstance(error, Error):
        _log.error("freshness.lost %s %s", error.message, error.detail)
    else:
        _log.error("freshness.failed", exc_info=error)


def _changes(
    tx: Transaction, now: int, *, since: int
) -> tuple[int, int, list[bytes], frozenset[str]]:
    revoked = access_tokens.revoked_since(tx, since)
    return now, configuration.version(tx), revoked, full_projects(tx)
