"""A table of the storage tests' own: notes, with a column of each type that statements know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leasehold.clock import Clock
from leasehold.storage.committer import DEADLINE, Committer
from leasehold.storage.engine import Engine
from leasehold.storage.group import Operation
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Row, Transaction

SQL = parse("""
-- name: add
insert into notes (id, words, body)
values (:id, :words, :body)

-- name: add_many
-- rows: id bigint, words text, body bytes
insert into notes (id, words, body)
select id, words, body
  from {rows}

-- name: add_words
-- A form without bytes that answers with rows: SQLite runs it once over a list.
-- rows: id bigint, words text
insert into notes (id, words)
select id, words
  from {rows}
returning id, words

-- name: find
-- rows: id bigint
select notes.id, notes.words, notes.body
  from {rows}
  join notes
    on notes.id = rows.id

-- name: everything
select id, words, body
  from notes
 order by id

-- name: remove_from
delete from notes
 where id >= :first
""")

_TABLE = """
create table notes (
  id    {int} not null primary key,
  words text,
  body  {bytes}
) {table}
"""


def make_table(engine: Engine) -> None:
    """Makes the table in an empty database."""
    connection = engine.connect()
    connection.begin()
    text = _TABLE
    for word, meaning in engine.schema_words().items():
        text = text.replace("{" + word + "}", meaning)
    connection.run_script(text)
    connection.commit()
    connection.close()


def adding(number: int, words: str | None = None, body: bytes | None = None) -> Operation[int]:
    """An operation that adds a note and returns its id."""

    def add(tx: Transaction, now: int) -> int:  # noqa: ARG001  # every operation is given the time
        tx.run(SQL.add, id=number, words=words, body=body)
        return number

    return add


def stored(engine: Engine) -> list[Row]:
    """Every note, by id, as another process sees them."""
    connection = engine.connect()
    notes = connection.begin(read_only=True).all(SQL.everything)
    connection.rollback()
    connection.close()
    return notes


def stored_ids(engine: Engine) -> list[int]:
    """The ids alone."""
    return [row[0] for row in stored(engine)]


@asynccontextmanager
async def committing(engine: Engine, *, deadline: float = DEADLINE) -> AsyncIterator[Committer]:
    """A committer on the engine's lanes; `deadline` in seconds."""
    committer = Committer(deadline=deadline)
    committer.start(engine.open_lanes(Clock().now))
    try:
        yield committer
    finally:
        await committer.close()
