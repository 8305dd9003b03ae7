"""oauth2client 4.1.3, Google's library until 2018, unmodified, in an environment of its own.

Its programs are those of `tests/clients/old`: they run in the old environment, say where a person
is to go, and are told where the person came back.
"""

import html
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from tests.clients.conftest import WORKER
from tests.clients.old_environment import RUN_SECONDS, old_python
from tests.clients.signed_in import (
    CALLBACK,
    TASKQUEUE,
    Registered,
    Visitor,
    ada,
    query_of,
    register,
    status_of_lease,
)
from tests.running_server import RunningServer, run_server, write_key_file

OLD = Path(__file__).parent / "old"
SCOPE = f"{TASKQUEUE} email openid"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
INVALID_GRANT = "invalid_grant: the refresh token is unknown or expired"

# What a program prints: replies of many shapes.
Shown = Any


@pytest.fixture
def engine_name() -> str:
    """A library does not see on which engine it works."""
    return "sqlite"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "credentials.json"


@dataclass(frozen=True, slots=True)
class Program:
    """An old program that runs."""

    process: subprocess.Popen[str]

    def url(self) -> str:
        """The next address that it prints, which is where it sends a person."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip().startswith("http"):
                return line.strip()
        raise AssertionError(f"it has ended: {self.process.communicate()[1]}")

    def rest(self, typed: str = "") -> str:
        """What it prints until its end, once this was typed."""
        printed, complaints = self.process.communicate(typed, timeout=RUN_SECONDS)
        assert 0 == self.process.returncode, complaints
        return printed

    def fails(self, typed: str = "") -> str:
        """What it says when it gives up."""
        _, complaints = self.process.communicate(typed, timeout=RUN_SECONDS)
        assert self.process.returncode != 0
        return complaints


@contextmanager
def program(script: str, *arguments: object) -> Iterator[Program]:
    """Starts `tests/clients/old/<script>`. Its browser is one that does nothing."""
    process = subprocess.Popen(
        [old_python(), OLD / script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": "true", "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate()


def authorized(
    visitor: Visitor, web: Registered, storage: Path, *, says: str = "allow", how: str = "file"
) -> Shown:
    """What the web application knows once Ada has answered."""
    told = (how, web.file, storage, CALLBACK, f"{visitor.server.url}/tokeninfo", SCOPE)
    with program("web_flow.py", *told) as application:
        back = visitor.is_sent_to(application.url(), says=says)
        return json.loads(application.rest(f"{back}\n"))


def stored(server: RunningServer, storage: Path, *steps: str) -> Shown:
    """What came of each step that a worker does with stored credentials."""
    with program("stored.py", storage, server.url, *steps) as worker:
        return json.loads(worker.rest())


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("localhost", 0))
        return int(tried.getsockname()[1])


@pytest.mark.parametrize("how", ["file", "constructor"])
def test_a_web_application_gets_in_and_its_worker_finds_the_credentials_in_a_file(
    server: RunningServer, visitor: Visitor, web: Registered, storage: Path, how: str
) -> None:
    known = authorized(visitor, web, storage, how=how)
    worked, scopes = stored(server, storage, "call", "scopes")

    assert ("xyz", visitor.email) == (known["state"], known["email"])
    assert known["has_refresh_token"]
    assert ["am9i"] == worked
    assert sorted(SCOPE.split()) == scopes


def test_an_expired_token_is_replaced_in_the_file_too(
    server: RunningServer, visitor: Visitor, web: Registered, storage: Path
) -> None:
    first = authorized(visitor, web, storage)["access_token"]
    server.clock.advance(3601)

    worked, second = stored(server, storage, "call", "token")
    (third,) = stored(server, storage, "token")

    assert ["am9i"] == worked
    assert first != second
    assert second == third


def test_a_rotating_refresh_token_is_kept_in_the_file(
    server: RunningServer, visitor: Visitor, tmp_path: Path, storage: Path
) -> None:
    rotating = register(server, tmp_path, rotates=True)
    authorized(visitor, rotating, storage)

    for _ in range(2):
        assert [True, ["am9i"]] == stored(server, storage, "refresh", "call")


def test_revocation_ends_access_and_refreshing_and_removes_the_file(
    server: RunningServer, visitor: Visitor, web: Registered, storage: Path
) -> None:
    token = authorized(visitor, web, storage)["access_token"]

    revoked, is_stored, refreshed = stored(server, storage, "revoke", "is_stored", "refresh")

    assert (True, False) == (revoked, is_stored)
    assert refreshed.startswith(INVALID_GRANT)
    assert 401 == status_of_lease(server, token)


def test_a_person_who_refuses_is_an_error_that_the_library_knows(
    visitor: Visitor, web: Registered, storage: Path
) -> None:
    known = authorized(visitor, web, storage, says="refuse")

    assert {"refused": "access_denied"} == known


def test_a_program_on_a_persons_machine_listens_for_the_answer(
    server: RunningServer, visitor: Visitor, tmp_path: Path, storage: Path
) -> None:
    installed = register(server, tmp_path, "installed")
    port = ("--auth_host_port", free_port())

    with program("installed_flow.py", installed.file, storage, SCOPE, "pkce", *port) as asking:
        answer = requests.get(visitor.is_sent_to(asking.url()), timeout=30)
        said = asking.rest()

    assert "The authentication flow has completed." in answer.text
    assert "Authentication successful." in said
    assert [["am9i"]] == stored(server, storage, "call")


def test_without_pkce_it_is_served_where_the_operator_allows_that(
    tmp_path: Path, storage: Path
) -> None:
    with run_server(str(tmp_path / "old.db"), code_without_pkce=True) as server:
        visitor = ada(server)
        installed = register(server, tmp_path, "installed")
        port = ("--auth_host_port", free_port())

        with program("installed_flow.py", installed.file, storage, SCOPE, "none", *port) as asking:
            requests.get(visitor.is_sent_to(asking.url()), timeout=30)

            assert "Authentication successful." in asking.rest()


def test_without_pkce_such_a_program_is_told_what_is_missing(
    server: RunningServer, visitor: Visitor, tmp_path: Path, storage: Path
) -> None:
    installed = register(server, tmp_path, "installed")
    port = ("--auth_host_port", free_port())

    with program("installed_flow.py", installed.file, storage, SCOPE, "none", *port) as asking:
        back = visitor.is_sent_to(asking.url())
        requests.get(back, timeout=30)
        said = asking.fails()

    assert "invalid_request" == query_of(back)["error"]
    assert "code_challenge" in query_of(back)["error_description"]
    assert "Authentication request was rejected." in said


def test_a_code_to_copy_is_shown_where_the_operator_allows_that(
    tmp_path: Path, storage: Path
) -> None:
    with run_server(str(tmp_path / "oob.db"), out_of_band=True) as server:
        visitor = ada(server)
        installed = register(server, tmp_path, "installed", OUT_OF_BAND)
        flags = (SCOPE, "pkce", "--noauth_local_webserver")

        with program("installed_flow.py", installed.file, storage, *flags) as asking:
            page = visitor.is_shown(asking.url())
            code = shown_code(page)
            said = asking.rest(f"{code}\n")

        assert {"code": code} == dict(parse_qsl(title_of(page).removeprefix("Success ")))
        assert "Authentication successful." in said
        assert [["am9i"]] == stored(server, storage, "call")


def test_no_code_is_shown_unless_the_operator_allows_it(
    server: RunningServer, visitor: Visitor, tmp_path: Path, storage: Path
) -> None:
    installed = register(server, tmp_path, "installed", OUT_OF_BAND)
    flags = (SCOPE, "pkce", "--noauth_local_webserver")

    with program("installed_flow.py", installed.file, storage, *flags) as asking:
        page = visitor.person.open(asking.url().removeprefix(server.url))

    assert 400 == page.status_code
    assert "LEASEHOLD_OUT_OF_BAND" in page.text


def test_a_service_account_signs_and_works_for_itself(
    server: RunningServer, tmp_path: Path
) -> None:
    key_file = write_key_file(tmp_path, server.service_account())
    server.queue_for(WORKER, "own")
    url = f"{server.url}/taskqueue/v1beta2/projects/demo/taskqueues/own"

    with program("service_account.py", key_file, url, TASKQUEUE) as worker:
        assert [200, 200] == json.loads(worker.rest())


def shown_code(page: str) -> str:
    found = re.search(r'id="code"[^>]* value="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def title_of(page: str) -> str:
    found = re.search(r"<title>([^<]*)</title>", page)
    assert found, page
    return html.unescape(found[1])
