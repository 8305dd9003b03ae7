"""Plans: no statement of the queues walks a whole table, on either engine."""

import asyncio
import re
from dataclasses import replace

import apsw
import pytest

from leasehold.queues.rows import SQL
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.engines.sqlite_connection import _translate
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import PARAMETER, Statement, parse
from leasehold.storage.transaction import Transaction
from tests.storage.notes import committing

# Statements that may read a whole table, and why.
MAY_SCAN = {
    "take_numbers": "the table has one row",
    "take_changes": "reads the oldest rows by primary key and stops at its limit",
    "deleted_queue_with_tasks": "queues are few, and a chore asks twice a minute",
    "all_totals": "queues are few, and one server asks once a minute",
    "full_projects": "projects with a limit are found by an index of their own",
}

# What SQLite calls what it was given with the statement, or has found by a part of it.
NO_TABLES = {"CONSTANT", "json_each", "rows", "found", "available", "to_come"}

ONE_CELL = {"bigint": 1, "text": "x", "bytes": b"x"}


@pytest.fixture
def engine(database_url: str) -> Engine:
    engine = open_engine(database_url)
    migrate(engine)
    return engine


def plan(engine: Engine, statement: Statement) -> str:
    """How a server's lane would run it, as the engine words it."""
    word = "explain query plan" if engine.name == "sqlite" else "explain (costs off)"
    explaining = replace(statement, text=f"{word}\n{statement.text}")

    def explain(tx: Transaction, now: int) -> str:  # noqa: ARG001  # every operation is given the time
        if statement.rows:
            found = tx.many(explaining, [[ONE_CELL[column.type] for column in statement.rows]])
        else:
            values = dict.fromkeys(PARAMETER.findall(statement.text), 1)
            text = {name for name in values if name in {"tag", "name", "project_id", "mode"}}
            found = tx.all(explaining, **values | dict.fromkeys(text, "x"))
        return "\n".join(str(row[-1]) for row in found)

    async def scenario() -> str:
        async with committing(engine) as committer:
            return await committer.read(explain)

    return asyncio.run(scenario())


def test_a_lease_reads_tasks_in_the_order_of_the_index(engine: Engine) -> None:
    shown = plan(engine, SQL.available_tasks)

    assert "tasks_by_eta" in shown
    assert not re.search(r"sort|temp b-tree|seq scan", shown, re.IGNORECASE)


def test_a_lease_by_tag_reads_tasks_in_the_order_of_its_own_index(engine: Engine) -> None:
    shown = plan(engine, SQL.available_tasks_of_tag)

    assert "tasks_by_tag" in shown
    assert not re.search(r"sort|temp b-tree|seq scan", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    "name", ["lease_tasks", "renew_lease", "delete_tasks", "delete_payloads", "find_task"]
)
def test_a_task_is_found_by_its_primary_key(engine: Engine, name: str) -> None:
    shown = plan(engine, getattr(SQL, name))

    if engine.name == "sqlite":
        assert re.search(r"SEARCH (tasks|payloads) USING (INTEGER PRIMARY KEY|INDEX)", shown)
        assert not re.search(r"SCAN (tasks|payloads)", shown)
    else:
        assert re.search(r"Index Scan using (tasks|payloads)_pkey", shown)
        assert "Seq Scan" not in shown


def scanned_tables(database: apsw.Connection, statement: Statement, form: str) -> list[str]:
    """The tables that SQLite would walk from end to end."""
    cells = (None,) * (1 if form == "list" else len(statement.rows))
    values = cells if statement.rows else dict.fromkeys(PARAMETER.findall(statement.text))
    text = f"explain query plan {_translate(statement, form)}"
    details = [str(row[3]) for row in database.execute(text, values)]
    scans = [match[1] for detail in details if (match := re.match(r"SCAN (\w+)", detail))]
    return [table for table in scans if table not in NO_TABLES]


@pytest.mark.parametrize("statement", list(SQL), ids=lambda statement: statement.name)
@pytest.mark.parametrize("form", ["row", "list"])
def test_no_statement_walks_a_whole_table(
    tmp_path_factory: pytest.TempPathFactory, statement: Statement, form: str
) -> None:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    migrate(open_engine(str(path)))
    database = apsw.Connection(str(path))

    scanned = scanned_tables(database, statement, form)
    database.close()

    assert bool(scanned) == (statement.name in MAY_SCAN), scanned


def test_rows_that_are_inserted_as_they_are_need_no_table() -> None:
    """Measured: a table of one row makes such a statement cost twice as much."""
    statements = parse(
        "-- name: as_they_are\n"
        "-- rows: id bigint, body bytes\n"
        "insert into things (id, body)\nselect id, body\n  from {rows}\n"
        "-- name: turned_round\n"
        "-- rows: id bigint, body bytes\n"
        "insert into things (body, id)\nselect body, id\n  from {rows}\n"
    )

    as_they_are = _translate(statements.as_they_are, "row")
    turned_round = _translate(statements.turned_round, "row")

    assert "insert into things (id, body)\nvalues (?1, ?2)" == as_they_are
    assert turned_round.endswith("from (select ?1 as id, ?2 as body) as rows")
