"""Databases with the tables of this version and what migrations put there: as new for each test.

Making the tables takes PostgreSQL ten times as long as emptying those that were used.
"""

import functools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from tests.postgres import PostgresServer

# One whose rows are all gone, or were never committed, has used its file too.
_USED_TABLES = """
select relname from pg_class
 where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
"""
_RESTART_SEQUENCES = """
select setval(seqrelid, seqstart, false) from pg_sequence
 where pg_sequence_last_value(seqrelid) is not null
"""
_SHAPE = """
select relname, relkind, relnatts, relhastriggers, relchecks, reloptions from pg_class
 where relnamespace = 'public'::regnamespace order by relname
"""
_FORGET_STATISTICS = "delete from pg_statistic where starelid >= 16384"  # those of our own tables


@functools.cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "migrated.db"
        migrate(open_engine(str(path)))
        return path.read_bytes()  # its log was written back to it when the last connection closed


def make_migrated_file(path: Path) -> str:
    """Makes an SQLite database, its owner's alone, as our own migration does."""
    path.touch(0o600, exist_ok=False)
    path.write_bytes(_migrated_file())
    return str(path)


@dataclass(slots=True)
class MigratedPostgres:
    """One database on PostgreSQL that many tests use, one after the other."""

    server: PostgresServer
    url: str
    _shape: list[tuple[object, ...]] = field(default_factory=list)
    _rows: dict[str, bytes] = field(default_factory=dict)  # by table, as COPY writes them

    def renew(self) -> str:
        """Its url, when it is as migrations leave it and nobody is connected."""
        with self.server.alone_on(self.url) as connection:
            if self._shape and self._shape == connection.execute(_SHAPE).fetchall():
                self._empty(connection)
                return self.url
        self._make()  # the first time, and after a test that changed tables
        return self.url

    def _make(self) -> None:
        self.server.empty_database(self.url)
        migrate(open_engine(self.url))
        with self.server.alone_on(self.url) as connection:
            self._shape = connection.execute(_SHAPE).fetchall()
            self._rows = {table: _read(connection, table) for table in _used_tables(connection)}

    def _empty(self, connection: psycopg.Connection) -> None:
        tables = sql.SQL(", ").join(map(sql.Identifier, _used_tables(connection)))
        connection.execute(sql.SQL("truncate {}").format(tables))
        connection.execute(_RESTART_SEQUENCES)
        connection.execute(_FORGET_STATISTICS)
        for table, rows in self._rows.items():
            with connection.cursor().copy(_copy("copy {} from stdin", table)) as copy:
                copy.write(rows)


def _used_tables(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_USED_TABLES)]


def _read(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_copy("copy {} to stdout", table)) as copy:
        return b"".join(map(bytes, copy))


def _copy(statement: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))
