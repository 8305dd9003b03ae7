"""`leasehold queue purge` and `delete`: they ask, go in small steps, and may be interrupted."""

import signal
import subprocess
import sys
from pathlib import Path

import apsw
import psycopg
import pytest

from leasehold.cli.database import open_database
from leasehold.cli.group import INTERRUPTED
from leasehold.cli.removal import remove_all
from leasehold.queues.sweep import MAX_TASKS
from leasehold.storage.transaction import Transaction
from tests.cli.commands import Commands

MORE_THAN_ONE_STEP = MAX_TASKS + 100


def test_purge_asks_and_says_how_many_tasks_it_destroys(resize: Commands) -> None:
    resize.fill("resize", 3)

    result = resize.run("queue purge resize --project shop", typed="y\n")

    assert 0 == result.exit_code
    assert "Destroy the 3 tasks of queue resize of project shop? [y/N]" in result.stderr
    assert "3 tasks of queue resize destroyed." in result.stdout
    assert 0 == resize.count_tasks("resize")


@pytest.mark.parametrize("command", ["purge", "delete"])
def test_nothing_happens_without_a_yes(resize: Commands, command: str) -> None:
    resize.fill("resize", 3)

    for answer in ("n\n", "\n", ""):
        said = resize.refused(f"queue {command} resize --project shop", typed=answer)

        assert "nothing was changed: answer y, or give --yes" in said
    assert 3 == resize.count_tasks("resize")


def test_purge_does_not_ask_when_told_so_or_when_there_is_nothing(resize: Commands) -> None:
    empty = resize.json("queue purge resize --project shop")
    resize.fill("resize", MORE_THAN_ONE_STEP)
    full = resize.json("queue purge resize --project shop --yes")

    assert (0, MORE_THAN_ONE_STEP) == (empty["tasks_removed"], full["tasks_removed"])


def test_delete_takes_the_tasks_with_it_and_frees_the_name(resize: Commands) -> None:
    resize.fill("resize", MORE_THAN_ONE_STEP)

    result = resize.run("queue delete resize --project shop", typed="y\n")
    resize.ok("queue create resize --project shop")

    assert f"with its {MORE_THAN_ONE_STEP:,} tasks?" in result.stderr
    assert f"was deleted, and {MORE_THAN_ONE_STEP} tasks with it." in result.stdout
    assert 0 == resize.count_tasks("resize")


def test_a_purge_that_was_interrupted_is_finished_by_the_next(
    engine_name: str, resize: Commands
) -> None:
    resize.fill("resize", MORE_THAN_ONE_STEP)

    if engine_name == "sqlite":
        said = purge_that_fails_at_the_last_task(resize)
    else:
        said = purge_that_is_interrupted_at_the_last_task(resize)
    left = resize.count_tasks("resize")
    again = resize.json("queue purge resize --project shop --yes")

    assert (
        f"{MAX_TASKS} tasks of {MORE_THAN_ONE_STEP} were removed before this stopped; run" in said
    )
    assert (100, 100) == (left, again["tasks_removed"])


def purge_that_fails_at_the_last_task(commands: Commands) -> str:
    with apsw.Connection(commands.database_url) as database:
        (last,) = database.execute("select max(number) from tasks").fetchall()[0]
        database.execute(
            f"create trigger stop before delete on tasks when old.number = {last}"
            " begin select raise(abort, 'the disk is on fire'); end"
        )
    said = commands.refused("queue purge resize --project shop --yes")
    with apsw.Connection(commands.database_url) as database:
        database.execute("drop trigger stop")
    assert "leasehold: the database failed (the disk is on fire)" in said
    return said


def purge_that_is_interrupted_at_the_last_task(commands: Commands) -> str:
    line = "queue purge resize --project shop --yes --database"
    with (
        psycopg.connect(commands.database_url) as holder,
        psycopg.connect(commands.database_url, autocommit=True) as watcher,
    ):
        holder.execute(
            "select 1 from tasks where number = (select max(number) from tasks) for update"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "leasehold", *line.split(), commands.database_url],
            stderr=subprocess.PIPE,
            text=True,
        )
        waiting = (
            "select 1 from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        )
        while watcher.execute(waiting).fetchone() is None and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert INTERRUPTED == process.returncode, said
    assert said.endswith("leasehold: stopped\n")
    assert "Traceback" not in said
    return said


def test_what_was_removed_before_ctrl_c_stays_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = open_database(str(tmp_path / "leasehold.db"))
    counts = iter([20, 30])

    def remove_some(_tx: Transaction, _now: int) -> int:
        for count in counts:
            return count
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove_all(engine, remove_some, total=1_000, when_cut="go on later")

    expected = "leasehold: 50 tasks of 1,000 were removed before this stopped; go on later\n"
    assert expected == capsys.readouterr().err
