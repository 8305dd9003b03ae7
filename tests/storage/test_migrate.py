"""Migrations: each file is run once, whoever starts first; a newer schema is not touched."""

import subprocess
import sys

import pytest

from leasehold.errors import Conflict
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate, schema_files
from leasehold.storage.statements import parse

SQL = parse("""
-- name: versions
select version from schema_version order by version
-- name: record_version
insert into schema_version (version) values (:version)
""")

MIGRATE_AT_A_SIGN = """
import sys
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
print(*migrate(open_engine(sys.argv[1])))
"""


@pytest.fixture
def empty(empty_database_url: str) -> Engine:
    """An engine on a database without any table."""
    return open_engine(empty_database_url)


def versions(engine: Engine) -> list[int]:
    connection = engine.connect()
    found = [row[0] for row in connection.begin().all(SQL.versions)]
    connection.rollback()
    connection.close()
    return found


def test_an_empty_database_gets_every_file_in_order(empty: Engine) -> None:
    assert migrate(empty) == sorted(schema_files())
    assert versions(empty) == sorted(schema_files())


def test_a_second_run_changes_nothing(empty: Engine) -> None:
    migrate(empty)

    assert migrate(empty) == []
    assert versions(empty) == sorted(schema_files())


def test_a_schema_of_a_newer_release_is_refused_with_what_to_do(empty: Engine) -> None:
    migrate(empty)
    connection = empty.connect()
    connection.begin().run(SQL.record_version, version=9999)
    connection.commit()
    connection.close()

    with pytest.raises(Conflict, match=r"schema version 9999.*use the newer release"):
        migrate(empty)


def test_of_several_processes_that_start_at_once_one_makes_the_schema(
    empty_database_url: str, empty: Engine
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE_AT_A_SIGN, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, results
    whole = " ".join(map(str, sorted(schema_files())))
    assert sorted(out.strip() for out, _ in results) == ["", "", "", whole]
    assert versions(empty) == sorted(schema_files())
