"""Plans: no statement of signing in walks a whole table, whatever strangers fill it with."""

from pathlib import Path

import apsw
import pytest

from leasehold.sign_in.rows import SQL
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import Statement
from tests.storage.test_plans import scanned_tables

MAY_SCAN = {"forget_sessions"}  # all of them: their key is lost


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    migrate(open_engine(str(path)))
    return path


@pytest.mark.parametrize(
    "statement",
    [one for one in SQL if one.name not in MAY_SCAN],
    ids=lambda statement: statement.name,
)
def test_no_statement_walks_a_whole_table(path: Path, statement: Statement) -> None:
    database = apsw.Connection(str(path))

    scanned = scanned_tables(database, statement, "row")
    database.close()

    assert [] == scanned
