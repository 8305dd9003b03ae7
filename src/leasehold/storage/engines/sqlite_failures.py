"""SQLite's failures that are nobody's mistake, and how callers are told of them."""

import apsw

from leasehold.errors import Unavailable

# A disk that is full or fails, a lock that another process holds, a read that took too long.
FAILURES = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.NoMemError,
    apsw.InterruptError,
)


def unavailable(error: Exception) -> Unavailable:
    """The caller may try again; what failed is for the log."""
    return Unavailable("the database is not available: try again shortly", detail=repr(error))
