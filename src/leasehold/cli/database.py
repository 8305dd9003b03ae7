"""How commands reach the database: the option, and one transaction for one command."""

from collections.abc import Callable
from typing import TypeVar

import click

from leasehold.clock import Clock
from leasehold.settings import Settings
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction

R = TypeVar("R")

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


def open_database(address: str) -> Engine:
    """The engine, its schema up to date; a file that is not there yet is made."""
    engine = open_engine(address)
    migrate(engine)
    return engine


def transact(engine: Engine, operation: Callable[[Transaction, int], R]) -> R:
    """Runs the operation in a transaction of its own; durable when this returns."""
    connection = engine.connect()
    try:
        value = operation(connection.begin(), Clock().now())
        connection.commit()
        return value
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()
