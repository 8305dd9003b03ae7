"""How commands find the database, and how a real process ends when something is wrong."""

import json
import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from tests.cli.commands import Commands
from tests.postgres import PostgresServer


def leasehold(
    *arguments: str, typed: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "leasehold", *arguments],
        check=False,
        capture_output=True,
        input=typed,
        env={**os.environ, **(environment or {})},
        text=True,
        timeout=60,
    )


def test_a_mistyped_path_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "leasehlod.db"

    said = Commands(str(path)).refused("user list")

    assert f"no database at {path}" in said
    assert "`leasehold user create`" in said
    assert not path.exists()


def test_the_address_comes_from_the_option_before_the_environment(
    ada: Commands, tmp_path: Path
) -> None:
    elsewhere = Commands(str(tmp_path / "elsewhere.db"))

    listed = elsewhere.json(f"user list --database {ada.database_url}")

    assert ["ada@example.com"] == [user["email"] for user in listed]


def test_a_path_that_cannot_be_a_database_is_told_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to be read as a header\n" * 20)
    foreign = tmp_path / "foreign.db"
    apsw.Connection(str(foreign)).execute("create table users (name)").connection.close()

    expected = {
        str(text): "is not a Leasehold database",
        str(tmp_path): "cannot be opened",
        str(tmp_path / "none" / "leasehold.db"): "cannot be opened",
        str(foreign): "is another program's database",
        "mysql://localhost/x": "not a database that is known here",
        f"{tmp_path}/\udcff": "not UTF-8 text",
    }
    for address, why in expected.items():
        line = "user create ada@example.com --password-stdin"
        said = Commands(address).refused(line, typed="correct horse")
        assert why in said
        assert 1 == said.count("\n")


def test_a_postgresql_that_does_not_answer_is_told_with_the_cause() -> None:
    said = Commands("postgresql://ada:horse@127.0.0.1:1/shop").refused("user list")

    assert said.startswith("leasehold: the database cannot be reached (")
    assert "Connection refused" in said
    assert 1 == said.count("\n")
    assert "horse" not in said


def test_a_wrong_password_is_told_and_not_shown(postgres_server: PostgresServer) -> None:
    url = postgres_server.url().replace(postgres_server.password, "wrong-horse")

    said = Commands(url).refused("user list")

    assert "password authentication failed" in said
    assert "wrong-horse" not in said


@pytest.mark.parametrize("password", ["ho%rse", "ho/rse", "ho@rse", "ho@/rse", "horse@[::1"])
def test_a_password_that_was_not_encoded_is_not_shown(password: str) -> None:
    said = Commands(f"postgresql://ada:{password}@127.0.0.1:1/shop").refused("user list")

    assert "%40 for @" in said
    assert "rse" not in said
    assert 1 == said.count("\n")


def test_errors_are_a_line_on_stderr_and_status_1(tmp_path: Path) -> None:
    ended = leasehold("user", "list", "--database", str(tmp_path / "none.db"))

    assert (1, "") == (ended.returncode, ended.stdout)
    assert ended.stderr.startswith("leasehold: no database at ")
    assert 1 == ended.stderr.count("\n")


def test_errors_are_a_line_of_json_with_json(tmp_path: Path) -> None:
    ended = leasehold("user", "list", "--json", "--database", str(tmp_path / "none.db"))

    error = json.loads(ended.stderr)["error"]
    assert (1, "") == (ended.returncode, ended.stdout)
    assert "notFound" == error["reason"]
    assert error["message"].startswith("no database at ")
    assert 1 == ended.stderr.count("\n")


def test_misuse_has_status_2() -> None:
    ended = leasehold("user", "create")

    assert 2 == ended.returncode
    assert "Usage: leasehold user create" in ended.stderr


def test_a_reader_that_went_away_is_no_error_to_speak_of(tmp_path: Path) -> None:
    commands = Commands(str(tmp_path / "leasehold.db"))
    commands.ok("user create ada@example.com --password-stdin", typed="correct horse")
    read_end, write_end = os.pipe()
    os.close(read_end)

    ended = subprocess.run(
        [sys.executable, "-m", "leasehold", "user", "list", "--database", commands.database_url],
        check=False,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write_end)

    assert "" == ended.stderr


def test_text_that_the_terminal_cannot_show_ends_in_no_traceback(tmp_path: Path) -> None:
    commands = Commands(str(tmp_path / "leasehold.db"))
    commands.ok("user create ada@example.com --password-stdin", typed="correct horse")
    commands.ok("project create shop --owner ada@example.com")
    text = "queue:\n- name: zoë\n  mode: pull\n"

    ended = leasehold(
        *f"queue apply - --project shop --database {commands.database_url}".split(),
        typed=text,
        environment={"PYTHONIOENCODING": "ascii"},
    )

    assert 1 == ended.returncode
    assert "is not a queue name" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(apsw.Connection(str(path))) as other:
        other.execute("create table notes (text)")
    before = path.read_bytes()

    run = leasehold("user", "list", "--database", str(path))

    assert run.returncode == 1
    assert "another program's database" in run.stderr
    assert path.read_bytes() == before


def test_a_new_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"

    migrate(open_engine(str(path)))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
