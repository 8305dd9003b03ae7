"""kill -9 in the middle of the work: of a server, and of PostgreSQL below a server."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from leasehold.storage.engine import open_engine
from tests.durability import early_answers
from tests.durability.ledger import Ledger, holdings
from tests.durability.load import load
from tests.postgres import PostgresServer
from tests.running_server import RunningServer, run_server

WORKER = "worker@demo.iam.leasehold.internal"
REAL = [sys.executable, "-m", "leasehold", "serve", "--port", "0", "--database"]
EARLY = [sys.executable, early_answers.__file__]


def token_for_queue(server: RunningServer) -> str:
    """A token of a service account that may do everything with queue q."""
    server.service_account()
    server.queue_for(WORKER)
    return server.token()


@pytest.fixture
def token(database_url: str) -> str:
    """As above, on a server that has ended since."""
    with run_server(database_url) as server:
        return token_for_queue(server)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server in a process of its own; `url` is its root."""

    url: str
    kill: Callable[[], None]  # with SIGKILL


@contextmanager
def process(command: list[str], database_url: str, log: Path) -> Iterator[ServerProcess]:
    """A started server, killed at the end; what it says on standard error is added to `log`."""
    environment = {**os.environ, "LEASEHOLD_SECRET_KEY_FILE": str(log.with_name("secret.key"))}
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [*command, database_url],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as running,
    ):
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip().removeprefix("leasehold: listening on ")
            assert url.startswith("http://"), log.read_text()
            yield ServerProcess(url, running.kill)
        finally:
            running.kill()


def kill_under_load(
    server: ServerProcess, token: str, ledger: Ledger, name: str, *, calls: int
) -> None:
    """Lets the server acknowledge so many calls, and kills it amid the next ones."""
    goal = ledger.acknowledged + calls
    with load(server.url, token, ledger, name):
        ledger.wait_until(lambda ledger: ledger.acknowledged >= goal)
        server.kill()


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_server_has_kept_what_it_acknowledged(
    database_url: str, token: str, tmp_path: Path, kills: int
) -> None:
    ledger = Ledger()
    log = tmp_path / "log"

    for number in range(kills + 1):
        with process(REAL, database_url, log) as server:
            assert ledger.complaints(holdings(open_engine(database_url))) == []
            if number < kills:
                calls = random.randint(100, 500)  # noqa: S311  # any moment will do
                kill_under_load(server, token, ledger, f"round-{number}", calls=calls)

    assert ledger.inserted
    assert ledger.deleted
    assert "Traceback" not in log.read_text()


def test_a_server_that_answers_before_its_commit_is_found_out(
    database_url: str, token: str, tmp_path: Path
) -> None:
    ledger = Ledger()
    log = tmp_path / "log"

    with process(EARLY, database_url, log) as server:
        kill_under_load(server, token, ledger, "early", calls=50)
    with process(REAL, database_url, log):
        holds = holdings(open_engine(database_url))

    assert ledger.lost(payload for payload, _ in holds.etas)
    assert any(complaint.startswith("lost") for complaint in ledger.complaints(holds))


def test_a_server_outlives_the_kill_of_its_postgresql_and_loses_nothing(
    postgres_server: PostgresServer,
) -> None:
    ledger = Ledger()
    url = postgres_server.create_database()
    with run_server(url) as server:
        token = token_for_queue(server)
        with load(server.url, token, ledger, "load"):
            for _ in range(2):
                wait_for_calls(ledger)
                postgres_server.kill9()
                try:
                    wait_for_refusals(ledger)
                finally:
                    postgres_server.start()
            wait_for_calls(ledger)
        complaints = ledger.complaints(holdings(open_engine(url)))

    assert complaints == []


def wait_for_calls(ledger: Ledger) -> None:
    goal = ledger.acknowledged + 200
    ledger.wait_until(lambda ledger: ledger.acknowledged >= goal)


def wait_for_refusals(ledger: Ledger) -> None:
    goal = ledger.unavailable + 100
    ledger.wait_until(lambda ledger: ledger.unavailable >= goal)
