"""SQLite's lane for long reads: a thread with a connection of its own, for which no call waits.

A report may read for seconds. On the event loop's thread nobody else would be answered meanwhile;
here SQLite reads beside the writer, from the state in which the last commit left the file.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from leasehold.storage.engines.sqlite_connection import SqliteConnection
from leasehold.storage.engines.sqlite_failures import FAILURES, unavailable
from leasehold.storage.group import Call, run_group


class SqliteReader:
    """Runs what only reads, one call at a time, on its own thread."""

    def __init__(self, connection: SqliteConnection, now: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="lane-aside", daemon=True)
        self._thread.start()

    def submit(self, call: Call, /) -> None:
        """Queues the call."""
        self._waiting.put(call)

    def _work(self) -> None:
        while (call := self._waiting.get()) is not None:
            if not call.future.done():
                self._run(call)
        self._connection.close()

    def _run(self, call: Call) -> None:
        try:
            run_group(self._connection, [call], self._now)
        except Exception as error:
            call.outcome = error
        if isinstance(call.outcome, FAILURES):
            call.outcome = unavailable(call.outcome)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call.answer)

    def abandon(self) -> None:
        """Ends the read that runs; its caller has been told that it took too long."""
        self._connection.interrupt()

    async def close(self) -> None:
        """Finishes what was submitted, then closes the file."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
