"""Commands and a server on one database at the same time."""

import json
from pathlib import Path

from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.cli.commands import Commands
from tests.running_server import RunningServer, run_server

WORKER = "worker@demo.iam.leasehold.internal"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
ATTEMPTS = 2_000  # a server looks twice a second for what commands changed


def answers(server: RunningServer, token: str, status: int) -> bool:
    return any(
        status == server.call("GET", "demo/taskqueues/resize", token=token).status_code
        for _ in range(ATTEMPTS)
    )


def test_a_running_server_takes_up_what_commands_do(database_url: str, tmp_path: Path) -> None:
    commands = Commands(database_url)
    path = tmp_path / "worker.json"
    with run_server(database_url) as server:
        commands.ok(f"service-account create worker --project demo --key-file {path}")
        commands.ok(f"queue create resize --project demo --consumer {WORKER}")
        credentials = service_account.Credentials.from_service_account_file(path, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # google-auth has none there
        credentials.refresh(Request())

        assert f"{server.url}/token" == json.loads(path.read_text())["token_uri"]
        assert answers(server, credentials.token, 200)
        commands.ok(f"service-account disable {WORKER}")
        assert answers(server, credentials.token, 401)
