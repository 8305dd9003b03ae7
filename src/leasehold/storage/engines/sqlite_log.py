"""SQLite's write-ahead log: synced before replies leave, and kept short."""

import logging
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

CHECKPOINT_PAGES = 1_000  # of log: from here on a helper copies it back into the file
LONGEST_LOG_PAGES = 5_000  # (20 MB): from here on the next group waits until it has been copied

Sync = Callable[[int], None]

_log = logging.getLogger("leasehold.sqlite")


class WriteAheadLog:
    """SQLite's write-ahead log: synced before replies leave, and kept short.

    A log that only grows makes reads slow and a restart long; copying it back inside the writer's
    turn makes callers wait. So a helper thread copies while groups go on, and the short tail that
    is left is copied right after a sync, when no group runs; the next group then starts the log
    anew. Never opens the database file itself: closing it would drop SQLite's locks (POSIX).
    """

    def __init__(self, path: Path, helper: apsw.Connection, sync: Sync | None) -> None:
        self._path = f"{path}-wal"
        self._helper = helper
        self._sync = sync
        self._file: int | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="log-sync", daemon=True)
        self._thread.start()
        self._copier: threading.Thread | None = None
        self._tail_is_due = False

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def do(self, job: Callable[[], None]) -> None:
        """Runs the job on the helper thread."""
        self._jobs.put(job)

    def sync(self) -> None:
        """Returns when all that was committed is on the disk; OSError when it may not be."""
        if self._sync is None:
            return
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR)
        self._sync(self._file)

    def is_long(self, pages: int) -> bool:
        """Whether `keep_short` has something to do."""
        if self._tail_is_due or pages > LONGEST_LOG_PAGES:
            return True
        return pages > CHECKPOINT_PAGES and self._copier is None

    def keep_short(self, pages: int) -> None:
        """Called between groups on the helper thread, `pages` being the log's length."""
        copier = self._copier
        if copier is not None and pages > LONGEST_LOG_PAGES:
            copier.join()  # the disk is slower than the callers: they must wait for it
        if self._tail_is_due:
            self._tail_is_due = False
            self._copy_back()
        elif pages > CHECKPOINT_PAGES and self._copier is None:
            self._copier = threading.Thread(target=self._copy_while_groups_run, daemon=True)
            self._copier.start()

    def _copy_while_groups_run(self) -> None:
        self._copy_back()
        # In this order: another copier, started in between, would meet the tail's copying.
        self._tail_is_due = True
        self._copier = None

    def _copy_back(self) -> None:
        try:
            self._helper.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.BusyError, apsw.LockedError):  # another process is at it
            pass
        except apsw.Error as error:  # the disk is full, say: the log still has everything
            _log.warning("log.copy_failed %r", error)

    def close(self) -> None:
        """Ends the helper threads."""
        self._jobs.put(None)
        self._thread.join()
        copier = self._copier
        if copier is not None:
            copier.join()
        self._helper.close()
        if self._file is not None:
            os.close(self._file)
