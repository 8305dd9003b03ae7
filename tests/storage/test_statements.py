"""Named SQL: how a file becomes statements, and that both engines run them alike."""

import pytest

from leasehold.storage.statements import Column, parse
from leasehold.storage.transaction import Connection


def test_a_file_becomes_statements_by_name() -> None:
    statements = parse("""
    What stands before the first name is no statement.
-- name: first
-- Why it is there.
select 1  -- the number

-- name: second
select 2
""")

    assert [statement.name for statement in statements] == ["first", "second"]
    assert statements.first.text == "select 1"


def test_a_line_declares_the_columns_of_rows() -> None:
    statements = parse("""
-- name: put
-- rows: id bigint, body bytes, name text
insert into things select id, body, name from {rows}
""")

    assert statements.put.rows == (
        Column("id", "bigint"),
        Column("body", "bytes"),
        Column("name", "text"),
    )


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two statements are named again"):
        parse("-- name: again\nselect 1\n-- name: again\nselect 2\n")


def test_a_statement_that_is_not_there_is_named_in_the_error() -> None:
    statements = parse("-- name: one\nselect 1\n")

    with pytest.raises(AttributeError, match="no statement named two"):
        _ = statements.two


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select cast(:number as bigint) + 1", 42),
        ("select cast(:number as bigint) % 2", 1),  # psycopg would take a lone % for its own
        ("select case when 'a%b' like 'a%' then 1 else 0 end", 1),
        ("select coalesce(cast(:nothing as bigint), :number)", 41),
        ("select cast(:large as bigint)", 2**62),
    ],
)
def test_parameters_are_named(connection: Connection, sql: str, expected: int) -> None:
    statement = parse(f"-- name: it\n{sql}\n").it
    every = {"number": 41, "nothing": None, "large": 2**62}
    values = {name: value for name, value in every.items() if f":{name}" in sql}

    answer = connection.begin().one(statement, **values)

    assert answer == (expected,)
