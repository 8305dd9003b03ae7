"""`leasehold serve`: the secret key file, and what it refuses to start with."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Commands


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "secret.key"


def serve(database_url: str, file: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "leasehold", "serve", "--port", "0", *more],
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


@pytest.mark.parametrize(
    "url",
    [
        "tasks.example.com",
        "ftp://tasks.example.com",
        "https://",
        "https://Tasks.example.com",
        "https://ada@tasks.example.com",
        "https://tasks.example.com:port",
        "https://tasks.example.com/queue",
        "https://tasks.example.com?x=1",
    ],
)
def test_it_refuses_a_url_at_which_clients_would_not_find_it(database_url: str, url: str) -> None:
    said = Commands(database_url).refused(f"serve --port 0 --issuer {url}")

    assert f"LEASEHOLD_ISSUER is a URL like https://tasks.example.com, not {url!r}" in said


@pytest.mark.parametrize("url", ["https://tasks.example.com:8443/", "http://[::1]:8080"])
def test_a_url_may_have_a_port_and_a_slash_at_the_end(database_url: str, url: str) -> None:
    said = Commands(database_url).ok(f"user invite eve@example.com --issuer {url}")

    assert f"{url.rstrip('/')}/register/complete?" in said


def test_it_says_that_certificate_and_key_cannot_be_used(tmp_path: Path, file: Path) -> None:
    file.parent.mkdir()
    pem = tmp_path / "empty.pem"
    pem.touch()

    tls = ("--tls-certificate", str(pem), "--tls-key", str(pem))
    process = serve(str(tmp_path / "leasehold.db"), file, *tls)
    _, said = process.communicate(timeout=30)

    assert 1 == process.returncode
    assert "--tls-certificate and --tls-key cannot be used" in said
    assert "Traceback" not in said
