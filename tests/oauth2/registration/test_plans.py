"""Plans: no statement about clients walks a whole table."""

import re

import apsw
import pytest

from leasehold.oauth2.client_rows import SQL
from leasehold.storage.engine import open_engine
from leasehold.storage.engines.sqlite_connection import _translate
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import PARAMETER, Statement

MAY_SCAN = {"all_delegations": "an operator lists them; they are few"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    migrate(open_engine(str(path)))
    return apsw.Connection(str(path))


@pytest.mark.parametrize("statement", list(SQL), ids=lambda statement: statement.name)
def test_no_statement_walks_a_whole_table(database: apsw.Connection, statement: Statement) -> None:
    values = dict.fromkeys(PARAMETER.findall(statement.text))

    plan = database.execute(f"explain query plan {_translate(statement, 'row')}", values)
    scanned = [row[3] for row in plan if re.match(r"SCAN (?!CONSTANT)", str(row[3]))]

    assert bool(scanned) == (statement.name in MAY_SCAN), scanned
