"""`leasehold demo` as a reader runs it: real processes, real HTTP, a real lease that runs out."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

DEMO = [sys.executable, "-m", "leasehold", "demo"]
WITHOUT = """\
import sys
sys.modules[{!r}] = None
from leasehold.cli.main import main
main()
"""
ADA = "ada@example.com"
SECRETS = ("producer.json", "worker.json", "client_secrets.json", "ada-password.txt")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where demos are started, beside a database that is somebody's own."""
    path = tmp_path_factory.mktemp("demo")
    (path / "leasehold.db").write_text("precious")
    return path


@pytest.fixture(scope="module")
def story(directory: Path) -> subprocess.CompletedProcess[str]:
    """A demo that ended after its story."""
    return run(directory, "--port", "0")


def test_the_task_of_a_worker_that_dies_comes_back_and_all_are_done(
    story: subprocess.CompletedProcess[str],
) -> None:
    lines = [line for line in story.stdout.splitlines() if line.startswith(("worker", "demo "))]

    assert (0, "") == (story.returncode, story.stderr)
    assert "worker A  leased   cat.jpg for 3 s, retry_count 1" == lines[0]
    killed = next(n for n, line in enumerate(lines) if "killed worker A (SIGKILL" in line)
    again = lines.index("worker B  leased   cat.jpg for 30 s, retry_count 2")
    assert killed < again
    assert lines[again + 1].startswith("demo      cat.jpg came back")
    assert 1 == sum("came back" in line for line in lines)
    assert 5 == sum("deleted" in line for line in lines)
    assert "worker B  queue resize is empty: 0 tasks, 6 leases in the last minute" == lines[-1]


def test_it_tells_the_commands_that_it_runs(story: subprocess.CompletedProcess[str]) -> None:
    commands = [line for line in story.stdout.splitlines() if line.startswith("$ ")]

    assert [
        "$ export LEASEHOLD_DATABASE=leasehold-demo/leasehold.db",
        f"$ leasehold user create {ADA} --password-stdin < leasehold-demo/ada-password.txt",
        f"$ leasehold project create demo --owner {ADA}",
        "$ leasehold api enable taskqueue --project demo",
    ] == commands[:4]
    assert "$ leasehold queue apply leasehold-demo/queue.yaml --project demo" in commands


def test_what_is_printed_to_a_file_has_no_escape_sequences(
    story: subprocess.CompletedProcess[str],
) -> None:
    assert story.stdout.isascii()
    assert story.stdout.replace("\n", "").isprintable()


def test_all_that_it_writes_is_in_its_directory_and_secrets_are_for_their_owner_only(
    story: subprocess.CompletedProcess[str], directory: Path
) -> None:
    secrets = [directory / "leasehold-demo" / name for name in SECRETS]

    assert 0 == story.returncode
    assert "precious" == (directory / "leasehold.db").read_text()
    assert {"leasehold.db", "leasehold-demo"} == {path.name for path in directory.iterdir()}
    assert {0o600} == {secret.stat().st_mode & 0o777 for secret in secrets}


def test_it_leaves_no_process(story: subprocess.CompletedProcess[str], directory: Path) -> None:
    assert 0 == story.returncode
    assert [] == processes_in(directory)


def test_the_server_closes_its_database_when_it_is_told_to_end(
    story: subprocess.CompletedProcess[str], directory: Path
) -> None:
    names = {path.name for path in (directory / "leasehold-demo").iterdir()}

    assert 0 == story.returncode
    left = {name for name in names if name.startswith("leasehold.db")}
    assert {"leasehold.db", "leasehold.db.key"} == left


@pytest.fixture(scope="module")
def again(
    story: subprocess.CompletedProcess[str], directory: Path
) -> subprocess.CompletedProcess[str]:
    """Another there, with a new password of Ada's and without the library that asks her."""
    assert 0 == story.returncode
    subprocess.run(
        [sys.executable, "-m", "leasehold", "user", "set-password", ADA, "--password-stdin"],
        env=os.environ | {"LEASEHOLD_DATABASE": str(directory / "leasehold-demo/leasehold.db")},
        input="another long password",
        capture_output=True,
        text=True,
        check=True,
    )
    return run(directory, "--port", "0", program=without("google_auth_oauthlib"))


def test_it_may_be_run_again_in_the_same_directory(
    again: subprocess.CompletedProcess[str],
) -> None:
    assert (0, "") == (again.returncode, again.stderr)
    assert "cat.jpg came back" in again.stdout
    assert "$ leasehold user create" not in again.stdout


def test_the_next_one_has_the_same_ada_and_a_client_that_knows_its_address(
    story: subprocess.CompletedProcess[str],
    again: subprocess.CompletedProcess[str],
    directory: Path,
) -> None:
    client = json.loads((directory / "leasehold-demo" / "client_secrets.json").read_text())

    assert told(story.stdout, "Ada") == told(again.stdout, "Ada")
    assert f"$ leasehold user set-password {ADA} --password-stdin < " in again.stdout
    assert told(again.stdout, "Tokens") == client["installed"]["token_uri"]


def test_without_the_library_that_asks_people_it_says_how_to_install_it(
    story: subprocess.CompletedProcess[str], again: subprocess.CompletedProcess[str]
) -> None:
    assert "-m pip install google-auth-oauthlib" in again.stdout
    assert "pip install" not in story.stdout


@dataclass
class Serving:
    """A demo that has told its story and serves on; `lines` are what it printed."""

    process: subprocess.Popen[str]
    lines: list[str]
    taken_port: int


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A demo whose port was taken by somebody else, with a terminal's process group."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        subprocess.Popen(
            [*DEMO, "--port", str(other.getsockname()[1])],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.removesuffix("\n"))
            if "serving until Ctrl-C" in line:
                break
        yield Serving(process, lines, other.getsockname()[1])
        process.terminate()


def test_the_lines_that_it_prints_lease_a_task_and_ctrl_c_ends_it(
    serving: Serving, tmp_path: Path
) -> None:
    first = serving.lines.index("from google.oauth2.service_account import Credentials")
    last = next(n for n, line in enumerate(serving.lines) if line.startswith("Run them: "))
    program = "\n".join(serving.lines[first:last])

    leased = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    os.killpg(serving.process.pid, signal.SIGINT)
    rest, errors = serving.process.communicate()

    assert (0, "") == (leased.returncode, leased.stderr)
    assert "'retry_count': 1" in leased.stdout
    assert program.strip() == (tmp_path / "leasehold-demo" / "lease_one.py").read_text().strip()
    assert (0, "") == (serving.process.returncode, errors)
    assert "stopped" in rest
    assert [] == processes_in(tmp_path)
    assert any(f"port {serving.taken_port} is taken" in line for line in serving.lines)


def test_a_program_leases_a_task_as_ada_until_she_takes_it_back(
    serving: Serving, tmp_path: Path, page: Page
) -> None:
    shown = "\n".join(serving.lines)
    password = told(shown, "Ada").removeprefix(f"{ADA}, password ")
    access = told(shown, "Sign in").replace("/signin", "/account/access")

    with asking(tmp_path) as program:
        page.goto(program.next_line().rpartition(" ")[2])
        page.get_by_label("E-mail address").fill(ADA)
        page.get_by_label("Password").fill(password)
        press(page, "Sign in")
        press(page, "Allow")
        leased = program.next_line()
        page.goto(access)
        press(page, "Remove access")
        expect(page.locator("body")).to_contain_text("Access removed.")
        refused = program.ends_after_enter()

    assert "'retry_count': 1" in leased
    assert f"Now take it back at {access} and press Enter: Refused: invalid_grant" in refused


def test_a_directory_is_one_demos_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "leasehold-demo"
    path.mkdir()
    with (path / ".leasehold-demo").open("w") as held_by_another:
        fcntl.flock(held_by_another, fcntl.LOCK_EX)

        refused = run(tmp_path)

    assert 1 == refused.returncode
    assert refused.stderr == (
        "leasehold: a demo runs in leasehold-demo already: stop it, or give another --directory\n"
    )


def test_a_directory_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    refused = run(tmp_path, "--directory", ".")

    assert 1 == refused.returncode
    assert refused.stderr.startswith("leasehold: . holds other files")
    assert ["thesis.tex"] == [path.name for path in tmp_path.iterdir()]


def test_without_googles_library_it_says_how_to_install_it(tmp_path: Path) -> None:
    refused = run(tmp_path, program=without("googleapiclient"))

    assert 1 == refused.returncode
    assert "-m pip install google-api-python-client" in refused.stderr
    assert [] == list(tmp_path.iterdir())


def test_when_something_goes_wrong_it_says_what_and_leaves_no_process(tmp_path: Path) -> None:
    in_the_way = tmp_path / "leasehold-demo" / "worker-A.log"
    in_the_way.mkdir(parents=True)
    (tmp_path / "leasehold-demo" / ".leasehold-demo").touch()

    failed = run(tmp_path, "--port", "0")

    assert 1 == failed.returncode
    assert failed.stderr.startswith("leasehold: the demo cannot go on: ")
    assert "worker-A.log" in failed.stderr
    assert [] == processes_in(tmp_path)


@dataclass
class Asking:
    """The program that asks Ada, as its reader sees it at a terminal."""

    process: subprocess.Popen[str]

    def next_line(self) -> str:
        """What it prints next; its errors, when that is nothing."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, self.process.communicate()
        return line

    def ends_after_enter(self) -> str:
        """What it still says, without an error."""
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        # Not `communicate`: it would miss what came together with an earlier line.
        rest, errors = self.process.stdout.read(), self.process.stderr.read()
        assert (0, "") == (self.process.wait(), errors)
        return rest


@contextmanager
def asking(directory: Path) -> Iterator[Asking]:
    """Runs the program that asks Ada; the block's end is its end."""
    with subprocess.Popen(
        [sys.executable, "-u", "leasehold-demo/ask_ada.py"],
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Asking(process)
        finally:
            process.kill()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def told(shown: str, name: str) -> str:
    """What the demo's list of what is where has under this name."""
    (line,) = [line for line in shown.splitlines() if line.startswith(f"  {name} ")]
    return line.removeprefix(f"  {name} ").strip()


def without(library: str) -> list[str]:
    """The demo where a library is not installed."""
    return [sys.executable, "-c", WITHOUT.format(library), "demo"]


def run(
    directory: Path, *arguments: str, program: list[str] = DEMO
) -> subprocess.CompletedProcess[str]:
    """Runs the demo to its end, without a terminal."""
    return subprocess.run(
        [*program, *arguments],
        cwd=directory,
        env=environment() | {"DEMO_EXIT": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def environment() -> dict[str, str]:
    """Ours, with a proxy and with settings of another server, which must not matter."""
    return os.environ | {
        "DEMO_EXIT": "",
        "LEASEHOLD_ISSUER": "https://elsewhere.example.com",
        "http_proxy": "http://127.0.0.1:9",
    }


def processes_in(directory: Path) -> list[int]:
    """The ids of what runs with this as its working directory."""
    return [
        process.pid
        for process in psutil.process_iter(["cwd"])
        if process.info["cwd"] == str(directory.resolve())
    ]
