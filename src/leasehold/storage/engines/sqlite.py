"""SQLite: one file, one writer, and a sync before every reply.

The lane runs SQL on the event loop's own thread: statements take microseconds, less than handing
them to another thread would. What blocks (the sync, and copying the log back into the file) is
done by helper threads. While a sync runs, calls gather for the next group.
"""

import asyncio
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
import msgspec

from leasehold.errors import Error, OutcomeUnknown, Unavailable
from leasehold.storage.engine import Lane
from leasehold.storage.group import MAX_CALLS, Call, run_group
from leasehold.storage.statements import Statement
from leasehold.storage.transaction import Busy, Row

BUSY_MILLISECONDS = 15_000  # how long a command waits for a server's group, or another command
RETRY_SECONDS = 0.002  # how soon the server's lane asks again while a command holds the file
CHECKPOINT_PAGES = 1_000  # of log: from here on a helper copies it back into the file
LONGEST_LOG_PAGES = 5_000  # (20 MB): from here on the next group waits until it has been copied
_APPLICATION_ID = int.from_bytes(b"LEAS", "big")  # in the file's head, where `file` looks too

_WORTH_A_LIST = 4  # rows: measured, one statement over a JSON list is twice as fast from here on

Sync = Callable[[int], None]

_log = logging.getLogger("leasehold.sqlite")


class SqliteEngine:
    """A database in one file; `path` need not exist yet, its directory must."""

    name = "sqlite"
    failures: tuple[type[Exception], ...] = (apsw.Error,)

    def __init__(self, path: Path, *, sync: bool = True, fdatasync: Sync = os.fdatasync) -> None:
        self.path = path
        self._sync = sync
        self._fdatasync = fdatasync

    def connect(self) -> "SqliteConnection":
        """A connection for a command: its commit syncs by itself, and it waits its turn."""
        connection = SqliteConnection(self._open())
        connection.run_script(f"pragma synchronous = {'full' if self._sync else 'normal'}")
        connection.run_script(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
        return connection

    def open_lanes(self, now: Callable[[], int]) -> dict[str, Lane]:
        """One lane for everything: SQLite has one writer."""
        writer = self._open()
        # NORMAL: the log is written at commit and synced by the lane, off the event loop.
        writer.execute("pragma synchronous = normal")
        writer.execute("pragma busy_timeout = 0")
        helper = self._open()
        helper.execute("pragma synchronous = normal")
        log = _Log(self.path, helper, self._fdatasync if self._sync else None)
        lane = SqliteLane(SqliteConnection(writer), log, now)
        return {"read": lane, "write": lane}

    def schema_words(self) -> dict[str, str]:
        """What the migrations' words in braces mean here."""
        return {
            "bytes": "blob",
            "row_number": "integer primary key autoincrement",
            "int": "integer",
            "real": "real",
            "table": "strict",
            "keyed_table": "strict, without rowid",
            "hot_table": "strict",
            "hot_keyed_table": "strict, without rowid",
        }

    def _open(self) -> apsw.Connection:
        try:
            self._make_private()
            connection = apsw.Connection(str(self.path))
            connection.execute("pragma busy_timeout = 5000")
            self._claim(connection)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma wal_autocheckpoint = 0")
            connection.execute("pragma journal_size_limit = 67108864")
            connection.execute("pragma cache_size = -65536")
            connection.execute("pragma temp_store = memory")
        except apsw.CantOpenError as error:
            raise Unavailable(
                f"the database {self.path} cannot be opened: is its directory there and writable?"
            ) from error
        except apsw.NotADBError as error:
            raise Unavailable(f"{self.path} is not a Leasehold database") from error
        return connection

    def _claim(self, connection: apsw.Connection) -> None:
        """Marks a new file as ours; Unavailable for another program's, which is left as it is."""
        found = connection.pragma("application_id")
        if found == _APPLICATION_ID:
            return
        if found != 0 or connection.execute("select 1 from sqlite_schema limit 1").fetchall():
            raise Unavailable(f"{self.path} is another program's database, not Leasehold's")
        connection.pragma("application_id", _APPLICATION_ID)

    def _make_private(self) -> None:
        """A new file is its owner's alone: it holds digests of passwords and tokens."""
        with suppress(OSError):  # it is there already, or SQLite will say what is wrong
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


class SqliteConnection:
    """A connection; also its own transaction, for there is only ever one."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._texts: dict[tuple[Statement, str], str] = {}
        self._undo: list[Callable[[], None]] = []
        self._wrote = False
        database.set_wal_hook(self._on_commit)
        self.log_pages = 0

    def _on_commit(self, _database: apsw.Connection, _name: str, pages: int) -> int:
        self._wrote = True
        self.log_pages = pages
        return 0

    def begin(self, *, read_only: bool = False) -> "SqliteConnection":
        """Starts a transaction, with the right to write unless told otherwise."""
        self._undo.clear()
        self._wrote = False
        try:
            self._database.execute("begin" if read_only else "begin immediate")
        except apsw.BusyError as error:
            raise Busy from error
        return self

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that is undone alone when its body raises."""
        mark = len(self._undo)
        self._database.execute("savepoint part")
        try:
            yield
        except BaseException:
            self._database.execute("rollback to part")
            self._call_undo(mark)
            raise
        finally:
            self._database.execute("release part")

    def commit(self) -> bool:
        """Commits; whether anything was written to the log."""
        try:
            self._database.execute("commit")
        except apsw.FullError as error:
            raise Unavailable("the disk is full: nothing was stored") from error
        return self._wrote

    def rollback(self) -> None:
        """Undoes everything."""
        if self._database.in_transaction:
            self._database.execute("rollback")
        self._call_undo(0)

    def on_rollback(self, undo: Callable[[], None], /) -> None:
        """Calls `undo` should this be rolled back."""
        self._undo.append(undo)

    def _call_undo(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()

    def all(self, statement: Statement, /, **values: object) -> list[Row]:
        """Every row of the answer."""
        return self._database.execute(self._text(statement), values).fetchall()

    def one(self, statement: Statement, /, **values: object) -> Row | None:
        """The first row, or None."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def run(self, statement: Statement, /, **values: object) -> int:
        """Runs a change; how many rows it touched."""
        before = self._database.total_changes()
        self._database.execute(self._text(statement), values)
        return self._database.total_changes() - before

    def many(self, statement: Statement, rows: Iterable[Sequence[object]], /) -> list[Row]:
        """Runs the statement for each row, prepared once; or for all, where that is faster."""
        rows = list(rows)
        if len(rows) >= _WORTH_A_LIST and _answers_with_rows(statement):
            text = self._texts.get((statement, "list")) or self._keep(statement, "list")
            return self._database.execute(text, (msgspec.json.encode(rows).decode(),)).fetchall()
        text = self._texts.get((statement, "row")) or self._keep(statement, "row")
        return list(self._database.executemany(text, rows))

    def run_script(self, text: str) -> None:
        """Runs several statements."""
        self._database.execute(text)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def _text(self, statement: Statement) -> str:
        return self._texts.get((statement, "row")) or self._keep(statement, "row")

    def _keep(self, statement: Statement, form: str) -> str:
        text = self._texts[statement, form] = _translate(statement, form)
        return text


def _translate(statement: Statement, form: str) -> str:
    """`{rows}` becomes a table of one row's parameters, or of a JSON list; no locks are needed."""
    if form == "row":
        cells = (f"?{n} as {column.name}" for n, column in enumerate(statement.rows, start=1))
        table = f"(select {', '.join(cells)}) as rows"
    else:
        cells = (f"value ->> {n} as {column.name}" for n, column in enumerate(statement.rows))
        table = f"(select {', '.join(cells)} from json_each(?1)) as rows"  # noqa: S608  # our own column names
    text = statement.text.replace("{rows}", table)
    return text.replace("{skip_locked}", "").replace("{for_update}", "")


def _answers_with_rows(statement: Statement) -> bool:
    """Whether each execution of its own would cost SQLite a table for its answer."""
    if any(column.type == "bytes" for column in statement.rows):
        return False  # JSON cannot hold them
    return "returning" in statement.text or statement.text.startswith("select")


class _Log:
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


# What is nobody's mistake: a disk that is full or fails, a lock that another process holds.
_FAILURES = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NoMemError,
)


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable("the database is not available: try again shortly", detail=repr(error))


class SqliteLane:
    """Runs groups on the event loop's thread, one at a time, each synced before its replies."""

    def __init__(self, connection: SqliteConnection, log: _Log, now: Callable[[], int]) -> None:
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
            changed = run_group(self._connection, group, self._now)
        except Busy:
            self._waiting = group + self._waiting
            self._loop.call_later(RETRY_SECONDS, self._turn)
            return
        except Exception as error:
            for call in group:
                call.refuse(error if isinstance(error, Error) else _unavailable(error))
            self._rest()
            return
        for call in group:
            if isinstance(call.outcome, _FAILURES):
                call.outcome = _unavailable(call.outcome)
        if changed:
            self._syncing = group
            self._log.do(self._sync_and_answer)
        else:
            self._answer(group)
            self._rest()

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
