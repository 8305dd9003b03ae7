"""Plans: no statement about tokens walks a whole table."""

import re

import apsw
import pytest

from leasehold.oauth2 import grant_rows, rows
from leasehold.storage.engine import open_engine
from leasehold.storage.engines.sqlite_connection import _translate
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import Statement

MAY_SCAN = {
    *("signing_keys", "add_signing_key", "sweep_signing_keys"),  # there are two or three
    *("forget_client_secrets", "forget_offline_families"),  # all of them: their key is lost
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    migrate(open_engine(str(path)))
    return apsw.Connection(str(path))


@pytest.mark.parametrize(
    "statement",
    [one for one in (*grant_rows.SQL, *rows.SQL) if one.name not in MAY_SCAN],
    ids=lambda statement: statement.name,
)
def test_no_statement_walks_a_whole_table(database: apsw.Connection, statement: Statement) -> None:
    text = _translate(statement, "row")
    values = dict.fromkeys(re.findall(r"[:?]([a-z0-9_]+)", text), 1)

    plan = database.execute(f"explain query plan {text}", values)
    steps = [str(row[3]) for row in plan]

    assert [] == [step for step in steps if re.match(r"SCAN (?!CONSTANT|rows)", step)]
