"""How commands reach the database: the option, and one transaction for one command."""

import functools
import getpass
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from leasehold.administration.actor import Actor
from leasehold.clock import Clock
from leasehold.errors import Invalid, NotFound, Unavailable
from leasehold.settings import Settings
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Busy, Connection, Transaction

PAUSE_SECONDS = 0.01  # between two transactions of one command: a server on the file gets its turn

R = TypeVar("R")
Command = Callable[..., None]

_DEFAULT = Settings.__dataclass_fields__["database"].default

option = click.option(
    "--database",
    envvar="LEASEHOLD_DATABASE",
    default=_DEFAULT,
    show_default=True,
    show_envvar=True,
    metavar="PATH|URL",
    help="Where everything is kept: a file (SQLite) or a postgresql:// URL.",
)


def existing(command: Command) -> Command:
    """Adds `--database`, and hands the command the `engine` of a database that is there."""
    return _with_engine(command, open_existing)


def made_if_missing(command: Command) -> Command:
    """Adds `--database`, and hands the command its `engine`; a missing file is made."""
    return _with_engine(command, open_database)


def _with_engine(command: Command, open_it: Callable[[str], Engine]) -> Command:
    @option
    @functools.wraps(command)
    def run(*args: object, database: str, **options: object) -> None:
        command(*args, engine=open_it(database), **options)

    return run


def open_database(address: str) -> Engine:
    """The engine, its schema up to date; a file that is not there yet is made."""
    engine = open_engine(address)
    with _failures_in_our_words(engine):
        migrate(engine)
    return engine


def open_existing(address: str) -> Engine:
    """The same, but NotFound for a file that is not there: its path may be mistyped."""
    if "://" not in address and not Path(address).exists():
        raise NotFound(
            f"no database at {address}: give the right --database, or make one with"
            " `leasehold user create`"
        )
    return open_database(address)


def transact(engine: Engine, operation: Callable[[Transaction, int], R]) -> R:
    """Runs the operation in a transaction of its own; durable when this returns."""
    with _connection(engine) as connection:
        value = operation(connection.begin(), Clock().now())
        connection.commit()
        return value


def read(engine: Engine, operation: Callable[[Transaction, int], R]) -> R:
    """Runs an operation that only reads."""
    with _connection(engine) as connection:
        value = operation(connection.begin(read_only=True), Clock().now())
        connection.rollback()
        return value


def rehearse(engine: Engine, operation: Callable[[Transaction, int], R]) -> R:
    """Runs the operation as `transact` would, refusals included, and undoes it."""
    with _connection(engine) as connection:
        value = operation(connection.begin(), Clock().now())
        connection.rollback()
        return value


def operator() -> Actor:
    """Who runs the command, as the operating system says, for the audit log."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        name = "unknown"
    return Actor("operator", name, address=socket.gethostname())


def read_each(engine: Engine, operations: Iterable[Callable[[Transaction], R]]) -> Iterator[R]:
    """Runs operations that only read, each in a transaction of its own, so that nobody waits."""
    with _connection(engine) as connection:
        for operation in operations:
            value = operation(connection.begin(read_only=True))
            connection.rollback()
            yield value


def repeat(engine: Engine, operation: Callable[[Transaction, int], int]) -> Iterator[int]:
    """Runs the operation in one transaction after the other until it returns 0; what it returned.

    Each has a connection of its own: closing the last one shortens SQLite's log.
    """
    while count := transact(engine, operation):
        yield count
        time.sleep(PAUSE_SECONDS)


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    with _failures_in_our_words(engine):
        connection = engine.connect()
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        finally:
            connection.close()


@contextmanager
def _failures_in_our_words(engine: Engine) -> Iterator[None]:
    try:
        yield
    except Busy as error:
        raise Unavailable("another process holds the database: try again shortly") from error
    except engine.failures as error:
        raise Unavailable("the database failed", detail=str(error)) from error
    except UnicodeEncodeError as error:
        raise Invalid("an argument is not UTF-8 text, or the database's path is not") from error
