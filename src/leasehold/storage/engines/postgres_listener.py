"""LISTEN and NOTIFY: how servers on one PostgreSQL hear at once that there is something new."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from leasehold.errors import Unavailable
from leasehold.storage.transaction import Row

NOTIFY = "select pg_notify('leasehold', '')"
_LISTEN = "listen leasehold"
RETRY_SECONDS = 1.0  # until a lost connection is tried anew
JOIN_SECONDS = 5.0


class PostgresListener:
    """A thread that waits for notifications; whoever needs certainty looks by themselves too."""

    def __init__(
        self, open_database: "Callable[[], psycopg.Connection[Row]]", on_change: Callable[[], None]
    ) -> None:
        self._open = open_database
        self._on_change = on_change
        self._database: psycopg.Connection[Row] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="listener", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._closed.is_set():
            with suppress(psycopg.Error, Unavailable, OSError):  # it is only a hint: see `announce`
                self._listen()
            self._closed.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._open() as database:
            self._database = database
            database.autocommit = True
            database.execute(_LISTEN)
            self._on_change()  # what was announced before is not repeated
            while not self._closed.is_set():
                for _ in database.notifies(timeout=RETRY_SECONDS, stop_after=1):
                    self._on_change()

    def close(self) -> None:
        """Cuts the connection, for the thread to notice at once."""
        self._closed.set()
        database = self._database
        if database is not None and not database.closed:
            with (
                suppress(OSError, psycopg.Error),
                socket.socket(fileno=os.dup(database.fileno())) as cut,
            ):
                cut.shutdown(socket.SHUT_RDWR)
        self._thread.join(JOIN_SECONDS)
