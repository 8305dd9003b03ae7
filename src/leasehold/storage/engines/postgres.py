"""PostgreSQL: a few lanes per process, each a thread with a connection of its own.

PostgreSQL answers "success, with a warning" when a wait for a synchronous standby is cut short:
the row can be gone after a failover. So any warning at a commit means that the outcome is unknown,
and a commit that waits is never cancelled: on a deadline its socket is closed.
"""

import asyncio
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from leasehold.errors import Error, Invalid, OutcomeUnknown, Unavailable
from leasehold.storage.engines.postgres_listener import NOTIFY, PostgresListener
from leasehold.storage.group import MAX_CALLS, Call, run_group
from leasehold.storage.lane import Lane
from leasehold.storage.listener import Listener
from leasehold.storage.statements import PARAMETER, Statement
from leasehold.storage.transaction import Deadlock, Row

LANES = ("read", "write", "insert", "lease", "delete", "chore", "aside")

_TYPES = {"bigint": "bigint", "text": "text", "bytes": "bytea"}

_LOCKING = {
    "{skip_locked}": "for update skip locked",
    "{for_update}": "for update",
    "{for_share}": "for share",
}

# Vacuumed early: a queue leaves a dead index entry at its head for every lease and delete.
_HOT_TABLE = (
    "with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.0,"
    " autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,"
    " autovacuum_vacuum_insert_scale_factor = 0.0, autovacuum_vacuum_insert_threshold = 20000,"
    " autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 5000)"
)

# A plan that was made while a table was small must still be good when it is large.
_LANE_SETTINGS = "set enable_seqscan = off; set enable_bitmapscan = off"


class PostgresEngine:
    """A database on a PostgreSQL server (13 or newer), by its URL."""

    name = "postgresql"
    failures: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str, *, sync: bool = True) -> None:
        _check_url(url)
        self._url = url
        self._options = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s" + (
            " -c synchronous_commit=on" if sync else " -c synchronous_commit=off"
        )

    def connect(self) -> "PostgresConnection":
        """A connection for a command."""
        return PostgresConnection(self._open)

    def open_lanes(self, now: Callable[[], int]) -> dict[str, Lane]:
        """A lane, thread and connection for each hot verb, and for each other kind of work."""

        def open_tuned() -> "psycopg.Connection[Row]":
            database = self._open()
            database.execute(_LANE_SETTINGS)
            database.commit()
            return database

        return {name: PostgresLane(name, PostgresConnection(open_tuned), now) for name in LANES}

    def listen(self, on_change: Callable[[], None]) -> Listener:
        """A thread and a connection of its own, which is opened anew when it is lost."""
        return PostgresListener(self._open, on_change)

    def schema_words(self) -> dict[str, str]:
        """What the migrations' words in braces mean here."""
        return {
            "bytes": "bytea",
            "row_number": "bigint generated always as identity primary key",
            "int": "bigint",
            "real": "double precision",
            "table": "",
            "keyed_table": "",
            "hot_table": _HOT_TABLE,
            "hot_keyed_table": _HOT_TABLE,
        }

    def _open(self) -> "psycopg.Connection[Row]":
        try:
            return psycopg.connect(
                self._url,
                options=self._options,
                application_name="leasehold",
                connect_timeout=10,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
                prepare_threshold=1,
            )
        except psycopg.Error as error:
            # The message holds parts of the address, but none of the password: see _check_url.
            raise Unavailable("the database cannot be reached", detail=str(error)) from error


def _check_url(url: str) -> None:
    """Invalid for a URL whose password, not being encoded, would be taken for something else.

    libpq and psycopg quote what they could not use, and would so show a part of the password.
    """
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (psycopg.Error, UnicodeError):
        parts = {"host": "@"}
    host, port, database = (parts.get(name, "") for name in ("host", "port", "dbname"))
    if "@" in host + database or not (port.replace(",", "") or "0").isdigit():
        raise Invalid(
            "the database's URL cannot be read: write postgresql://user:password@host:port/name,"
            " with %40 for @, %2F for / and %25 for % in the password"
        )


class PostgresConnection:
    """A connection that opens itself anew when it was lost; also its own transaction."""

    def __init__(self, open_database: "Callable[[], psycopg.Connection[Row]]") -> None:
        self._open = open_database
        self._database: psycopg.Connection[Row] | None = None
        self._texts: dict[Statement, str] = {}
        self._warnings: list[str] = []
        self._undo: list[Callable[[], None]] = []

    @property
    def _live(self) -> "psycopg.Connection[Row]":
        """The connection of the running transaction: a new one would know nothing of it."""
        if self._database is None or self._database.closed:
            raise Unavailable("the connection to the database was lost: try again shortly")
        return self._database

    def _on_notice(self, notice: pg.Diagnostic) -> None:
        if notice.severity_nonlocalized != "NOTICE":
            self._warnings.append(f"{notice.sqlstate} {notice.message_primary}")

    def begin(self, *, read_only: bool = False) -> "PostgresConnection":  # noqa: ARG002  # a read takes no lock here either way
        """Starts a transaction; psycopg sends BEGIN with the first statement."""
        self._undo.clear()
        if self._database is None or self._database.closed:
            self._database = self._open()
            self._database.add_notice_handler(self._on_notice)
        return self

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that is undone alone when its body raises."""
        mark = len(self._undo)
        self._live.execute("savepoint part")
        try:
            yield
        except BaseException:
            self._call_undo(mark)
            self._live.execute("rollback to savepoint part; release savepoint part", prepare=False)
            raise
        self._live.execute("release savepoint part")

    def commit(self) -> bool:
        """Commits; OutcomeUnknown on any warning, or when the connection is lost meanwhile."""
        database = self._live
        if database.info.transaction_status is TransactionStatus.INERROR:
            # COMMIT would be answered as if all were well, and roll back.
            raise Unavailable("the database refused a statement: try again")
        self._warnings.clear()
        try:
            database.commit()
        except psycopg.Error as error:
            raise _unknown(str(error)) from error
        if self._warnings:
            raise _unknown("; ".join(self._warnings))
        return True

    def rollback(self) -> None:
        """Undoes everything, by losing the connection if need be."""
        if self._database is not None:
            try:
                self._database.rollback()
            except psycopg.Error:
                self._database.close()
        self._call_undo(0)

    def announce(self) -> None:
        """Several in one transaction become one notification."""
        self._live.execute(NOTIFY)

    def on_rollback(self, undo: Callable[[], None], /) -> None:
        """Calls `undo` should this be rolled back."""
        self._undo.append(undo)

    def _call_undo(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()

    def all(self, statement: Statement, /, **values: object) -> list[Row]:
        """Every row of the answer."""
        cursor = self._execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: Statement, /, **values: object) -> Row | None:
        """The first row, or None."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def run(self, statement: Statement, /, **values: object) -> int:
        """Runs a change; how many rows it touched."""
        return self._execute(statement, values).rowcount

    def _execute(self, statement: Statement, values: Mapping[str, object]) -> "psycopg.Cursor[Row]":
        try:
            return self._live.execute(self._text(statement), values)
        except pg.DeadlockDetected as error:
            raise Deadlock from error

    def many(self, statement: Statement, rows: Iterable[Sequence[object]], /) -> list[Row]:
        """Runs the statement once over arrays, one for each column."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return []
        values = {
            column.name: list(cells) for column, cells in zip(statement.rows, columns, strict=True)
        }
        return self.all(statement, **values)

    def run_script(self, text: str) -> None:
        """Runs several statements."""
        self._live.execute(text.encode(), prepare=False)  # bytes: a text that is not a literal

    def cut(self) -> None:
        """Closes the socket from another thread; whoever uses it gets an error."""
        database = self._database
        if database is None or database.closed:
            return
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(database.fileno())) as s:
            s.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gives the connection back."""
        if self._database is not None:
            self._database.close()

    def _text(self, statement: Statement) -> str:
        text = self._texts.get(statement)
        if text is None:
            text = self._texts[statement] = _translate(statement)
        return text


def _translate(statement: Statement) -> str:
    """`{rows}` becomes arrays side by side; parameters get psycopg's spelling."""
    arrays = ", ".join(f"%({c.name})b::{_TYPES[c.type]}[]" for c in statement.rows)
    names = ", ".join(column.name for column in statement.rows)
    text = PARAMETER.sub(r"%(\1)s", statement.text.replace("%", "%%"))
    text = text.replace("{rows}", f"unnest({arrays}) as rows({names})")
    for word, clause in _LOCKING.items():
        text = text.replace(word, clause)
    return text


def _unknown(detail: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "the database did not confirm the change: look before you try again", detail=detail
    )


class PostgresLane:
    """A thread that takes everything that waits as one group."""

    def __init__(self, name: str, connection: PostgresConnection, now: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"lane-{name}", daemon=True)
        self._thread.start()

    def submit(self, call: Call, /) -> None:
        """Queues the call for the next group."""
        self._waiting.put(call)

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            last = False
            with suppress(queue.Empty):
                while len(group) < MAX_CALLS and not last:
                    call = self._waiting.get_nowait()
                    last = call is None
                    if call is not None:
                        group.append(call)
            self._run([call for call in group if not call.future.done()])
            if last:
                break
        self._connection.close()

    def _run(self, group: list[Call]) -> None:
        if not group:
            return
        try:
            run_group(self._connection, group, self._now)
        except Exception as error:
            refusal = error if isinstance(error, Error) else _unavailable(error)
            for call in group:
                call.outcome = refusal
        for call in group:
            if isinstance(call.outcome, _FAILURES):
                call.outcome = _unavailable(call.outcome)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_answer, group)

    def abandon(self) -> None:
        """Cuts the connection of the group that runs."""
        self._connection.cut()

    async def close(self) -> None:
        """Finishes what was submitted, then ends the thread."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join, 5)


# What is nobody's mistake: lost connections, deadlocks, time-outs, a transaction that had failed.
_FAILURES = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable("the database is not available: try again shortly", detail=repr(error))


def _answer(group: list[Call]) -> None:
    for call in group:
        call.answer()
