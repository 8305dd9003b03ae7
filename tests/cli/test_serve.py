"""`leasehold serve` and the secret key file: made at the first start, missed when it is gone."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "secret.key"


def serve(database_url: str, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "leasehold", "serve", "--port", "0"],
        env={"LEASEHOLD_DATABASE": database_url, "LEASEHOLD_SECRET_KEY_FILE": str(file)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started_and_stopped(database_url: str, file: Path) -> str:
    """The line that a server prints when it is ready."""
    process = serve(database_url, file)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=30)
    return line


def test_it_makes_the_secret_key_file_once(database_url: str, file: Path) -> None:
    file.parent.mkdir()

    first = started_and_stopped(database_url, file)
    key = file.read_text()
    second = started_and_stopped(database_url, file)

    assert first.startswith("leasehold: listening on http://")
    assert second.startswith("leasehold: listening on http://")
    assert key == file.read_text()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_it_does_not_start_without_the_file_that_it_had(database_url: str, file: Path) -> None:
    file.parent.mkdir()
    started_and_stopped(database_url, file)
    file.unlink()

    process = serve(database_url, file)
    _, said = process.communicate(timeout=30)

    assert 1 == process.returncode
    assert f"the secret key file {file} is missing" in said
    assert "Traceback" not in said


def test_it_says_that_the_file_cannot_be_made(tmp_path: Path, file: Path) -> None:
    process = serve(str(tmp_path / "leasehold.db"), file)
    _, said = process.communicate(timeout=30)

    assert 1 == process.returncode
    assert "cannot be made" in said
