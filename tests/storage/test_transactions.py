"""Transactions: what each engine promises to the verbs that run in them."""

from contextlib import suppress

import pytest

from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Connection, Row
from tests.storage import notes
from tests.storage.notes import SQL

WORDS = ["plain", "", "naïve 日本 🙂", 'it\'s "quoted" \\ {rows} :id %s %', "12", "null", None]


def note(number: int) -> tuple[int, str | None, bytes | None]:
    """A note whose cells are None now and then."""
    body = None if number % 5 == 0 else bytes([0, number % 256, 255])
    return number, WORDS[number % len(WORDS)], body


@pytest.mark.parametrize("count", [0, 1, 3, 4, 1000])
def test_many_stores_every_row_as_it_was(connection: Connection, count: int) -> None:
    rows: list[Row] = [note(number) for number in range(count)]

    tx = connection.begin()
    answer = tx.many(SQL.add_many, rows)

    assert answer == []
    assert tx.all(SQL.everything) == rows


@pytest.mark.parametrize("count", [0, 1, 3, 4, 1000])
def test_many_answers_with_the_rows_of_all(connection: Connection, count: int) -> None:
    rows = [note(number)[:2] for number in range(count)]

    tx = connection.begin()
    added = tx.many(SQL.add_words, rows)
    found = tx.many(SQL.find, [(number,) for number in range(-2, count)])

    assert sorted(added) == rows
    assert sorted(found) == [(*row, None) for row in rows]


@pytest.mark.parametrize("count", [1, 5])
def test_a_column_may_be_none_in_every_row(connection: Connection, count: int) -> None:
    tx = connection.begin()
    tx.many(SQL.add_many, [(number, None, None) for number in range(count)])
    added = tx.many(SQL.add_words, [(number, None) for number in range(100, 100 + count)])

    assert sorted(added) == [(number, None) for number in range(100, 100 + count)]
    assert len(tx.all(SQL.everything)) == 2 * count


@pytest.mark.parametrize("count", [1, 4])
def test_numbers_keep_their_64_bits(connection: Connection, count: int) -> None:
    numbers = [-(2**62), -1, 2**53 + 1, 2**63 - 1][-count:]

    tx = connection.begin()
    added = tx.many(SQL.add_words, [(number, "x") for number in numbers])

    assert sorted(row[0] for row in added) == numbers


def test_one_is_the_first_row_or_none(connection: Connection) -> None:
    tx = connection.begin()
    before = tx.one(SQL.everything)
    tx.many(SQL.add_many, [note(2), note(1)])

    assert before is None
    assert tx.one(SQL.everything) == note(1)


def test_run_says_how_many_rows_it_touched(connection: Connection) -> None:
    tx = connection.begin()
    tx.many(SQL.add_many, [note(number) for number in range(10)])

    assert tx.run(SQL.remove_from, first=7) == 3
    assert tx.run(SQL.remove_from, first=7) == 0


def test_a_commit_is_seen_by_others_and_a_rollback_by_nobody(
    engine: Engine, connection: Connection
) -> None:
    connection.begin().many(SQL.add_many, [note(1)])
    changed = connection.commit()
    connection.begin().many(SQL.add_many, [note(2)])
    connection.rollback()

    assert changed
    assert notes.stored_ids(engine) == [1]


def test_what_was_undone_calls_its_undo_the_last_first(connection: Connection) -> None:
    undone: list[str] = []

    tx = connection.begin()
    tx.on_rollback(lambda: undone.append("first"))
    tx.on_rollback(lambda: undone.append("second"))
    connection.rollback()

    assert undone == ["second", "first"]


def test_what_was_committed_is_never_undone(connection: Connection) -> None:
    undone: list[str] = []

    connection.begin().on_rollback(lambda: undone.append("committed"))
    connection.commit()
    connection.begin()
    connection.rollback()

    assert undone == []


def test_a_savepoint_undoes_only_itself(engine: Engine, connection: Connection) -> None:
    undone: list[str] = []

    tx = connection.begin()
    tx.on_rollback(lambda: undone.append("outside"))
    tx.many(SQL.add_many, [note(1)])
    with suppress(KeyError), connection.savepoint():
        tx.on_rollback(lambda: undone.append("inside"))
        tx.many(SQL.add_many, [note(2)])
        raise KeyError
    with connection.savepoint():
        tx.many(SQL.add_many, [note(3)])
    connection.commit()

    assert undone == ["inside"]
    assert notes.stored_ids(engine) == [1, 3]


def test_a_savepoint_survives_a_statement_that_the_database_refused(
    engine: Engine, connection: Connection
) -> None:
    tx = connection.begin()
    tx.many(SQL.add_many, [note(1)])
    with pytest.raises(Exception, match=r"(?i)unique"), connection.savepoint():
        tx.many(SQL.add_many, [note(1)])
    tx.many(SQL.add_many, [note(2)])
    connection.commit()

    assert notes.stored_ids(engine) == [1, 2]
