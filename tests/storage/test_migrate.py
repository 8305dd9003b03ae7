"""Migrations: each file is run once, whoever starts first; a newer schema is not touched."""

import subprocess
import sys

import pytest

from leasehold.errors import Conflict
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate, schema_files
from leasehold.storage.statements import parse
from leasehold.usage import billing_rows, reports
from leasehold.usage.month import Month

DAY = 86_400  # seconds

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


BEFORE_TOTALS = parse("""
-- name: store
-- rows: period text, starts bigint, queue text, b bigint
insert into usage_storage (period, starts, project_id, queue, byte_seconds, task_seconds,
                           most_bytes, most_tasks)
select period, starts, 'shop', queue, b, 60, 7, 1
  from {rows}
-- name: sample
update usage_marks set sampled_until = :until
""")


def migrate_up_to(engine: Engine, last: int) -> None:
    """The database as an older release left it."""
    connection = engine.connect()
    tx = connection.begin()
    connection.run_script("create table schema_version (version bigint not null)")
    for version in range(1, last + 1):
        text = schema_files()[version]
        for word, meaning in engine.schema_words().items():
            text = text.replace("{" + word + "}", meaning)
        connection.run_script(text)
        tx.run(SQL.record_version, version=version)
    connection.commit()
    connection.close()


def test_what_was_stored_before_there_were_totals_is_billed_and_reported(empty: Engine) -> None:
    migrate_up_to(empty, 6)
    month = Month.parse("2026-11")
    noon = month.starts + 2 * DAY + DAY // 2
    days = [("day", month.starts + n * DAY, queue, 2**61) for n in range(3) for queue in ("a", "b")]
    connection = empty.connect()
    tx = connection.begin()
    tx.many(BEFORE_TOTALS.store, [*days[:4], ("day", days[4][1], "a", 5)])
    tx.run(BEFORE_TOTALS.sample, until=noon)
    connection.commit()

    migrate(empty)

    tx = connection.begin()
    assert {"a": 2 * 2**61 + 5, "b": 2 * 2**61} == billing_rows.stored(tx, "shop", month)
    report = reports.stored(
        tx,
        noon * 1_000_000,
        "shop",
        since=month.starts * 1_000_000,
        until=noon * 1_000_000,
        period="day",
    )
    connection.rollback()
    connection.close()
    assert [14, 14, 7] == [line.most_bytes for line in report.lines]
