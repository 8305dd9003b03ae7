"""SQLite's lane: runs groups on the event loop's own thread, each synced before its replies.

Statements take microseconds, less than handing them to another thread would. What blocks (the
sync, and copying the log back into the file) is done by helper threads. While a sync runs, calls
gather for the next group.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from leasehold.errors import Error, OutcomeUnknown, Unavailable
from leasehold.storage.engines.sqlite_connection import SqliteConnection
from leasehold.storage.engines.sqlite_failures import FAILURES, unavailable
from leasehold.storage.engines.sqlite_log import WriteAheadLog
from leasehold.storage.group import MAX_CALLS, Call, run_group
from leasehold.storage.transaction import Busy

RETRY_SECONDS = 0.002  # how soon the lane asks again while a command holds the file


class SqliteLane:
    """Runs groups on the event loop's thread, one at a time, each synced before its replies."""

    def __init__(
        self, connection: SqliteConnection, log: WriteAheadLog, now: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._log = log
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Call] = []
        self._turn_is_due = False
        self._syncing: list[Call] = []
        self._broken: Exception | None = None

    def submit(self, call: Call, /) -> None:
        """Queues the call for the next group."""
        if self._broken is not None:
            call.refuse(Unavailable(str(self._broken)))
            return
        self._waiting.append(call)
        if not self._turn_is_due:
            self._turn_is_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        group, self._waiting = self._waiting[:MAX_CALLS], self._waiting[MAX_CALLS:]
        group = [call for call in group if not call.future.done()]
        if not group:
            self._rest()
            return
        try:
            changed = self._run(group)
        except Busy:
            self._waiting = group + self._waiting
            self._answer_readers()
            self._loop.call_later(RETRY_SECONDS, self._turn)
            return
        if changed:
            self._syncing = group
            self._log.do(self._sync_and_answer)
        else:
            self._answer(group)
            self._rest()

    def _run(self, group: list[Call]) -> bool:
        """Sets the outcomes; whether anything was changed. Busy when nothing was run."""
        try:
            changed = run_group(self._connection, group, self._now)
        except Busy:
            raise
        except Exception as error:
            for call in group:
                call.outcome = error if isinstance(error, Error) else unavailable(error)
            return False
        for call in group:
            if isinstance(call.outcome, FAILURES):
                call.outcome = unavailable(call.outcome)
        return changed

    def _answer_readers(self) -> None:
        """While another process writes, what only reads need not wait: nor does `Freshness`."""
        readers = [call for call in self._waiting if call.read_only][:MAX_CALLS]
        if readers:
            with suppress(Busy):
                self._run(readers)
                answered = set(readers)
                self._waiting = [call for call in self._waiting if call not in answered]
                self._answer(readers)

    def _sync_and_answer(self) -> None:
        """On the helper thread: replies leave, the log is kept short, the next group may run."""
        pages = self._connection.log_pages
        try:
            self._log.sync()
        except OSError as error:
            # After a failed sync nobody can know what the disk holds: nothing more is accepted.
            self._loop.call_soon_threadsafe(self._break, error)
            return
        if not self._log.is_long(pages):
            self._loop.call_soon_threadsafe(self._answer_and_rest)
            return
        self._loop.call_soon_threadsafe(self._answer, self._syncing)
        self._log.keep_short(pages)
        self._loop.call_soon_threadsafe(self._rest)

    def _answer_and_rest(self) -> None:
        self._answer(self._syncing)
        self._rest()

    def _answer(self, group: list[Call]) -> None:
        for call in group:
            call.answer()

    def _rest(self) -> None:
        """Between two groups: the next one is run as soon as the loop has taken in what arrived."""
        self._syncing = []
        if self._waiting:
            self._loop.call_soon(self._turn)
        else:
            self._turn_is_due = False

    def _break(self, error: OSError) -> None:
        self._broken = Unavailable(f"the disk failed to store the log ({error.strerror}): restart")
        for call in self._syncing:
            call.refuse(OutcomeUnknown("the disk failed: nobody knows whether this was stored"))
        for call in self._waiting:
            call.refuse(self._broken)
        self._syncing, self._waiting = [], []

    def abandon(self) -> None:
        """A group cannot hang here, only a disk can: there is nothing to cut."""

    async def close(self) -> None:
        """Waits for the sync under way, refuses what waits, closes the file."""
        while self._syncing:
            await asyncio.gather(*(c.future for c in self._syncing), return_exceptions=True)
        self._broken = Unavailable("the server is shutting down: try again shortly")
        for call in self._waiting:
            call.refuse(self._broken)
        self._waiting = []
        await asyncio.to_thread(self._log.close)
        self._connection.close()
