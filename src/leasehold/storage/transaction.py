"""What a verb sees of a database: a transaction; and what a lane sees: a connection."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from leasehold.errors import Unavailable
from leasehold.storage.statements import Statement

# A row as the database gives it. `Any` because SQL decides the types: `rows.py` names them.
Row = tuple[Any, ...]


class Transaction(Protocol):
    """A running transaction. Verbs get one, and never begin or commit themselves."""

    def all(self, statement: Statement, /, **values: object) -> list[Row]:
        """Every row of the answer; in no order unless the statement says `order by`."""

    def one(self, statement: Statement, /, **values: object) -> Row | None:
        """The first row of the answer, or None."""

    def run(self, statement: Statement, /, **values: object) -> int:
        """Runs a change; how many rows it touched."""

    def many(self, statement: Statement, rows: Iterable[Sequence[object]], /) -> list[Row]:
        """Runs a statement with `{rows}` once for all of them; what it returns, in no order."""

    def announce(self) -> None:
        """Wakes every server on this database once this is committed: there is news for them.

        Only a hint, which may get lost; never in a hot verb, whose commits would wait in line.
        """

    def on_rollback(self, undo: Callable[[], None], /) -> None:
        """Calls `undo` should what was done up to now be rolled back."""


class Connection(Protocol):
    """One connection, used by one thread at a time."""

    def begin(self, *, read_only: bool = False) -> Transaction:
        """Starts a transaction; Busy when another process holds the database for a moment."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A part of the transaction that is undone alone when its body raises."""

    def commit(self) -> bool:
        """Commits; whether anything was changed. OutcomeUnknown when nobody can tell."""

    def rollback(self) -> None:
        """Undoes the whole transaction; never raises."""

    def run_script(self, text: str) -> None:
        """Runs SQL of this engine: for migrations and set-up."""

    def close(self) -> None:
        """Gives the connection back."""


class Busy(Unavailable):
    """Another process holds the database; trying again in a moment will do."""

    def __init__(self) -> None:
        super().__init__("another process holds the database: try again in a moment")


class Deadlock(Unavailable):
    """Two transactions waited for each other, and this one gave way: running it again will do."""

    def __init__(self) -> None:
        super().__init__("the database was busy with changes of the same things: try again")
