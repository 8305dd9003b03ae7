"""SQLite: a database in one file, with one writer and a sync before every reply."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw

from leasehold.errors import Unavailable
from leasehold.storage.engines.sqlite_connection import SqliteConnection
from leasehold.storage.engines.sqlite_lane import SqliteLane
from leasehold.storage.engines.sqlite_log import Sync, WriteAheadLog
from leasehold.storage.engines.sqlite_reader import SqliteReader
from leasehold.storage.lane import Lane

BUSY_MILLISECONDS = 15_000  # how long a command waits for a server's group, or another command
READER_CACHE_KIB = 8 * 1024  # of long reads, which seldom read a page twice

_APPLICATION_ID = int.from_bytes(b"LEAS", "big")  # in the file's head, where `file` looks too


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
        """One lane for nearly everything, as SQLite has one writer; and one for long reads."""
        writer = self._open()
        # NORMAL: the log is written at commit and synced by the lane, off the event loop.
        writer.execute("pragma synchronous = normal")
        writer.execute("pragma busy_timeout = 0")
        helper = self._open()
        helper.execute("pragma synchronous = normal")
        log = WriteAheadLog(self.path, helper, self._fdatasync if self._sync else None)
        lane = SqliteLane(SqliteConnection(writer), log, now)
        reader = self._open()
        reader.execute("pragma query_only = true")
        reader.execute(f"pragma cache_size = -{READER_CACHE_KIB}")
        aside = SqliteReader(SqliteConnection(reader), now)
        return {"read": lane, "write": lane, "aside": aside}

    def listen(self, on_change: Callable[[], None]) -> None:
        """Nobody announces anything here: commands are noticed by looking."""

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
            # Plans do not depend on the values: else a statement with a join is planned anew
            # whenever a value is bound, which takes ten times as long as running it.
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
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
