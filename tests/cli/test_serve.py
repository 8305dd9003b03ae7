"""`leasehold serve`: the secret key file, and what it refuses to start with."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Commands
from tests.web.account.person import Person


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
    return started_and_said(database_url, file).partition("\n")[0]


def started_and_said(database_url: str, file: Path) -> str:
    """All that a server prints until it is told to stop, once it is ready."""
    process = serve(database_url, file)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    return line + process.communicate(timeout=30)[0]


def test_it_makes_the_secret_key_file_once(database_url: str, file: Path) -> None:
    file.parent.mkdir()

    first = started_and_stopped(database_url, file)
    key = file.read_text()
    second = started_and_stopped(database_url, file)

    assert first.startswith("leasehold: listening on http://")
    assert second.startswith("leasehold: listening on http://")
    assert key == file.read_text()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def said_at_start(process: subprocess.Popen[str]) -> list[str]:
    """The lines of a server that has no users: where it listens, and the link."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(3)]


def stopped(process: subprocess.Popen[str]) -> str:
    """Stops a server; what it had still to say."""
    process.terminate()
    return process.communicate(timeout=30)[0]


def test_while_nobody_has_an_account_it_prints_a_link_for_the_first(
    database_url: str, file: Path
) -> None:
    file.parent.mkdir()
    process = serve(database_url, file)
    listening, _, link = said_at_start(process)
    person = Person(listening.split()[-1])
    path = link.split()[-1].removeprefix(person.url)
    form = {"token": path.partition("token=")[2], "name": "", "new_password": "correct horse"}

    page = person.open(path)
    nobody = person.send("/register/complete", form | {"email": "ada"})
    made = person.send("/register/complete", form | {"email": "Ada@example.com"})
    again = Person(person.url).send("/register/complete", form | {"email": "eve@example.com"})

    assert "The first account" in page.text
    assert 400 == nobody.status_code
    assert 303 == made.status_code
    assert person.is_signed_in()
    assert 404 == again.status_code
    stopped(process)
    assert "token=" not in started_and_said(database_url, file)


def test_a_link_for_the_first_account_ends_when_somebody_has_one(
    database_url: str, file: Path
) -> None:
    file.parent.mkdir()
    process = serve(database_url, file)
    listening, _, link = said_at_start(process)
    stranger = Person(listening.split()[-1])
    create = [sys.executable, "-m", "leasehold", "user", "create", "ada@example.com"]
    environment = {"LEASEHOLD_DATABASE": database_url}
    subprocess.run(
        [*create, "--password-stdin"],
        env=environment,
        input="correct horse\n",
        text=True,
        check=True,
    )

    page = stranger.open(link.split()[-1].removeprefix(stranger.url))

    stopped(process)
    assert 404 == page.status_code


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
