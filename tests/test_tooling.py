"""What the tests stand on: a PostgreSQL to crash, Node, locks without addresses, make."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from tests.migrated_database import MigratedPostgres, make_migrated_file
from tests.node import CLIENT, OLDEST_VERSION, find_node, node_modules, run_script
from tests.postgres import CHOICE_VARIABLE, PostgresMissing, PostgresServer, running_postgres
from tests.taking_turns import turn

CHECKOUT = Path(__file__).parent.parent
PEER = CHECKOUT / "bench" / "node"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this file's own, because its tests crash it."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[str]:
    url = server.create_database()
    yield url
    server.drop_database(url)


def write(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists written (number bigint)")
        connection.execute("insert into written values (%s)", (number,))


def read(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("select number from written")]


def show(url: str, setting: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select current_setting(%s)", (setting,)).fetchone()
    assert row is not None
    return str(row[0])


def test_each_database_of_the_server_is_empty_and_apart(
    server: PostgresServer, database: str
) -> None:
    write(server.create_database(), 1)

    write(database, 2)

    assert [2] == read(database)


def test_an_emptied_database_has_no_tables_and_nobody_connected(
    server: PostgresServer, database: str
) -> None:
    write(database, 1)
    with psycopg.connect(database) as forgotten:
        server.empty_database(database)

        with pytest.raises(psycopg.OperationalError):
            forgotten.execute("select 1")
    write(database, 2)
    assert [2] == read(database)


@pytest.fixture
def migrated(server: PostgresServer, database: str) -> MigratedPostgres:
    return MigratedPostgres(server, database)


def dump(server: PostgresServer, url: str) -> str:
    """All that is in the database, as pg_dump writes it, but for a word that it draws anew."""
    dumped = subprocess.run(
        [server.bin / "pg_dump", "--inserts", url], check=True, capture_output=True, text=True
    ).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", dumped, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "use",
    [
        "insert into users (subject, email, name, created_at) values ('1', 'a@b.c', '', 1)",
        "update configuration_version set version = version + 1; delete from audit_head",
        "alter table users rename to people",
        "drop table tasks",
    ],
)
def test_a_renewed_database_is_as_migrations_leave_it(
    server: PostgresServer, migrated: MigratedPostgres, use: LiteralString
) -> None:
    url = migrated.renew()
    new = dump(server, url)
    with psycopg.connect(url) as connection:
        connection.execute(use)
    assert dump(server, url) != new

    assert new == dump(server, migrated.renew())


def test_a_renewed_database_has_nobody_connected(migrated: MigratedPostgres) -> None:
    migrated.renew()
    with psycopg.connect(migrated.renew()) as forgotten:
        migrated.renew()

        with pytest.raises(psycopg.OperationalError):
            forgotten.execute("select 1")


def test_the_migrated_file_is_what_our_own_migration_makes(tmp_path: Path) -> None:
    path = make_migrated_file(tmp_path / "copied.db")

    assert [] == migrate(open_engine(path))


def test_a_turn_is_one_processs_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.taking_turns.LOCKS", tmp_path)

    with (
        turn("install"),
        (tmp_path / "install.lock").open() as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_server_listens_on_loopback_with_a_password_and_on_a_socket_without(
    server: PostgresServer,
) -> None:
    with psycopg.connect(server.socket_url()) as connection:
        assert connection.info.host == str(server.directory)

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url().replace(server.password, "wrong"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "on"), ("synchronous_commit", "on"), ("max_connections", "200")],
)
def test_the_server_is_as_durable_as_a_user_would_have_it(
    server: PostgresServer, setting: str, value: str
) -> None:
    assert value == show(server.url(), setting)


def test_what_was_committed_outlives_a_killed_server(server: PostgresServer, database: str) -> None:
    write(database, 7)

    server.kill9()
    assert not server.is_running
    server.start()

    assert [7] == read(database)


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_a_stopped_server_starts_again_at_the_same_address(
    server: PostgresServer, database: str, mode: str
) -> None:
    write(database, 7)

    server.restart(mode)  # type: ignore[arg-type]  # pytest's parameters have no literal type

    assert [7] == read(database)


def test_a_changed_setting_holds_for_new_connections_until_it_is_put_back(
    server: PostgresServer,
) -> None:
    default = show(server.url(), "work_mem")

    server.configure(work_mem="5MB", autovacuum=False)
    assert "5MB" == show(server.url(), "work_mem")
    assert "off" == show(server.url(), "autovacuum")
    server.configure(work_mem=None, autovacuum=None)

    assert default == show(server.url(), "work_mem")


def test_a_choice_of_postgres_that_cannot_be_had_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHOICE_VARIABLE, "cloud")

    with pytest.raises(PostgresMissing, match="set it to wheel or machine"), running_postgres():
        pass


def test_no_postgres_at_all_fails_with_the_command_that_installs_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.postgres.OLDEST_VERSION", 99)

    with pytest.raises(PostgresMissing, match="apt-get install"), running_postgres():
        pass


def test_a_fresh_database_address_is_of_the_engine_that_is_tested(
    engine_name: str, database_url: str
) -> None:
    assert (engine_name == "postgres") == database_url.startswith("postgresql://")


def test_node_is_new_enough() -> None:
    assert find_node().version >= OLDEST_VERSION


def test_googles_node_client_still_has_the_task_queue() -> None:
    printed = run_script("""
        const {google} = require('googleapis');
        const api = google.taskqueue({version: 'v1beta2'});
        console.log(typeof api.tasks.insert, typeof api.tasks.lease, typeof api.tasks.delete);
    """)

    assert "function function function\n" == printed


def test_the_certified_openid_client_can_be_required() -> None:
    printed = run_script("""
        const client = require('openid-client');
        console.log(typeof client.discovery, typeof client.authorizationCodeGrant);
    """)

    assert "function function\n" == printed


def test_node_packages_are_installed_once() -> None:
    before = (node_modules() / "googleapis").stat().st_ino

    assert before == (node_modules() / "googleapis").stat().st_ino


@pytest.mark.parametrize("name", ["runtime.lock", "dev.lock", "oauth2client.lock"])
def test_a_lock_holds_versions_and_hashes_and_no_addresses(name: str) -> None:
    text = (CHECKOUT / "requirements" / name).read_text()

    assert "://" not in text
    assert not re.findall(r"^\s*--(?!hash)", text, re.MULTILINE)
    for requirement in re.findall(r"^[a-z0-9].*(?:\n    --hash.*)*", text, re.MULTILINE):
        assert "==" in requirement
        assert "--hash=sha256:" in requirement


@pytest.mark.parametrize("directory", [CLIENT, PEER], ids=["client", "peer"])
def test_a_node_lock_names_no_download_address(directory: Path) -> None:
    packages = json.loads((directory / "package-lock.json").read_text())["packages"]

    fetched = [package for path, package in packages.items() if path]

    assert all("resolved" not in package for package in fetched)
    assert all(package["integrity"].startswith("sha512-") for package in fetched)


def make_venv(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make .venv` in an empty checkout, on a machine where bin/ below it is the whole PATH."""
    (checkout / "requirements").mkdir()
    for name in ("Makefile", "requirements/dev.lock"):
        shutil.copy(CHECKOUT / name, checkout / name)
    return subprocess.run(
        [program("make"), ".venv"],
        check=False,
        cwd=checkout,
        capture_output=True,
        text=True,
        env={"PATH": str(checkout / "bin"), **environment},
    )


def program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"apt-get install -y {name}"
    return path


def test_make_without_python_fails_with_the_command_that_installs_it(tmp_path: Path) -> None:
    result = make_venv(tmp_path)

    assert result.returncode != 0
    assert "apt-get install -y python3 python3-venv" in result.stderr


def test_make_with_a_python_that_lacks_venv_fails_with_the_command_that_installs_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    (tmp_path / "ensurepip.py").write_text("raise ImportError")  # Debian leaves it out of python3

    result = make_venv(tmp_path, PYTHONPATH=str(tmp_path))

    assert result.returncode != 0
    assert "apt-get install -y python3 python3-venv" in result.stderr


def test_make_help_lists_every_target() -> None:
    targets = set(re.findall(r"^([a-z.-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))

    listed = subprocess.run(
        [program("make"), "--no-print-directory", "help"],
        check=True,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},  # not the flags of a make that runs these tests
    ).stdout

    assert {line.split()[0] for line in listed.splitlines()} == targets
