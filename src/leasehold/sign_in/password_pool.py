"""Hashing passwords off the event loop: a few at a time, and no endless queue of them."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from leasehold.accounts import passwords
from leasehold.entropy import Entropy
from leasehold.errors import Unavailable

# Each takes about 17 ms of a core and 19 MiB: one core stays free for everything else.
THREADS = max(1, (os.cpu_count() or 1) - 1)
MAX_WAITING = 64  # with one thread the last of them waits about a second

T = TypeVar("T")


class PasswordPool:
    """Argon2id in threads."""

    def __init__(
        self, entropy: Entropy, *, threads: int = THREADS, max_waiting: int = MAX_WAITING
    ) -> None:
        self._entropy = entropy
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._free = threads + max_waiting

    async def check(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; None is never, and takes as long.

        Raises Unavailable when too many wait already.
        """
        return await self._run(lambda: passwords.check(password_hash, password))

    async def hash(self, password: str) -> str:
        """The text to keep. Raises Invalid for its length, Unavailable when too many wait."""
        return await self._run(lambda: passwords.hash_password(self._entropy, password))

    def close(self) -> None:
        """Ends the threads once they have done what was asked."""
        self._executor.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._free <= 0:
            raise Unavailable("too many people are signing in at the moment: try again shortly")
        self._free -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        # Whoever gives up waiting frees nothing: the work is still in the queue.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: "asyncio.Future[T]") -> None:
        self._free += 1
        if not future.cancelled():
            future.exception()  # seen, also when nobody waits any longer
