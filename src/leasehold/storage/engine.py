"""What a database engine is: how one is chosen, and what it opens by its address."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from leasehold.errors import Invalid, Unavailable
from leasehold.storage.lane import Lane
from leasehold.storage.listener import Listener
from leasehold.storage.transaction import Connection


class Engine(Protocol):
    """A database by its address: SQLite in a file, or a PostgreSQL server."""

    name: str
    failures: tuple[type[Exception], ...]  # what its driver raises when the database fails

    def connect(self) -> Connection:
        """A connection whose commit returns only when the change is durable."""

    def open_lanes(self, now: Callable[[], int]) -> dict[str, Lane]:
        """The lanes of a server process, by what runs on them; needs a running event loop.

        Always there: `read` and `write`, and `insert`, `lease` and `delete` for the hot verbs. What
        has no lane of its own, such as chores on SQLite, runs on that of `write`.
        """

    def listen(self, on_change: Callable[[], None]) -> Listener | None:
        """Calls `on_change`, in a thread, for each `announce` of any process; None: never.

        Announcements may get lost, while the connection is opened anew for example.
        """

    def schema_words(self) -> dict[str, str]:
        """What the words in braces of the migrations stand for."""


def open_engine(address: str, *, sync: bool = True) -> Engine:
    """The engine for a path (SQLite) or a `postgresql://` URL.

    `sync=False` leaves out the sync before each reply: what was acknowledged in the last
    moments before a power cut may then be lost. Raises Invalid for any other kind of address.
    """
    if address.startswith(("postgresql://", "postgres://")):
        # psycopg is an extra: it is imported only by those who use it.
        try:
            from leasehold.storage.engines.postgres import PostgresEngine  # noqa: PLC0415  # as above
        except ImportError as error:
            raise Unavailable(
                "PostgreSQL needs psycopg: install leasehold[postgres]", detail=str(error)
            ) from error

        return PostgresEngine(address, sync=sync)
    if "://" in address:
        raise Invalid(
            f"{address.partition('://')[0]}:// is not a database that is known here: "
            "give a file's path or a postgresql:// URL"
        )
    from leasehold.storage.engines.sqlite import SqliteEngine  # noqa: PLC0415  # apsw likewise

    return SqliteEngine(Path(address), sync=sync)
