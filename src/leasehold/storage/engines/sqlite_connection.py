"""A connection to SQLite, and how the common dialect of SQL becomes SQLite's."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import apsw
import msgspec

from leasehold.errors import Unavailable
from leasehold.storage.statements import Statement
from leasehold.storage.transaction import Busy, Row

_LOCKING = re.compile(r"\{(skip_locked|for_update|for_share)\}")

# An insert of rows as they are: measured, `values` costs half of what a table of one row does.
_WHOLE_ROWS = re.compile(r"\bselect ([\w,\s]+?)\s+from \{rows\}\s*\Z")

_WORTH_A_LIST = 4  # rows: measured, one statement over a JSON list is twice as fast from here on


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

    def announce(self) -> None:
        """There is one server on a file at most, and it looks twice a second."""

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

    def interrupt(self) -> None:
        """Ends what runs, from another thread; it raises there."""
        self._database.interrupt()

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
    whole = _WHOLE_ROWS.search(statement.text)
    names = [column.name for column in statement.rows]
    if form == "row" and whole is not None and re.split(r",\s*", whole[1]) == names:
        parameters = ", ".join(f"?{n}" for n in range(1, len(names) + 1))
        return f"{statement.text[: whole.start()]}values ({parameters})"
    if form == "row":
        cells = (f"?{n} as {column.name}" for n, column in enumerate(statement.rows, start=1))
        table = f"(select {', '.join(cells)}) as rows"
    else:
        cells = (f"value ->> {n} as {column.name}" for n, column in enumerate(statement.rows))
        table = f"(select {', '.join(cells)} from json_each(?1)) as rows"  # noqa: S608  # our own column names
    text = statement.text.replace("{rows}", table)
    return _LOCKING.sub("", text)


def _answers_with_rows(statement: Statement) -> bool:
    """Whether each execution of its own would cost SQLite a table for its answer."""
    if any(column.type == "bytes" for column in statement.rows):
        return False  # JSON cannot hold them
    return "returning" in statement.text or statement.text.startswith("select")
