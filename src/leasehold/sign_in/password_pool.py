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
    """Argon2id in threads; browsers that are known have one of their own.

    So a crowd of strangers, who can make us hash from many addresses at once, does not keep
    those away who signed in here before.
    """

    def __init__(
        self, entropy: Entropy, *, threads: int = THREADS, max_waiting: int = MAX_WAITING
    ) -> None:
        self._entropy = entropy
        self._anybody = _Lane(threads, max_waiting)
        self._known = _Lane(1, max_waiting)

    async def check(
        self, password_hash: str | None, password: str, *, is_known: bool = False
    ) -> bool:
        """Whether it is the password; None is never, and takes as long.

        `is_known` says that the browser or the person is. Raises Unavailable when too many wait.
        """
        lane = self._known if is_known else self._anybody
        return await lane.run(lambda: passwords.check(password_hash, password))

    async def hash(self, password: str) -> str:
        """The text to keep, for somebody who has shown who they are.

        Raises Invalid for the password's length, Unavailable when too many wait.
        """
        return await self._known.run(lambda: passwords.hash_password(self._entropy, password))

    def close(self) -> None:
        """Ends the threads once they have done what was asked."""
        self._anybody.close()
        self._known.close()


class _Lane:
    """Some threads, and a bounded queue before them."""

    def __init__(self, threads: int, max_waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._free = threads + max_waiting

    async def run(self, work: Callable[[], T]) -> T:
        if self._free <= 0:
            raise Unavailable("too many people are signing in at the moment: try again shortly")
        self._free -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        # Whoever gives up waiting frees nothing: the work is still in the queue.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def close(self) -> None:
        self._executor.shutdown(wait=False)

    def _done(self, future: "asyncio.Future[T]") -> None:
        self._free += 1
        if not future.cancelled():
            future.exception()  # seen, also when nobody waits any longer
