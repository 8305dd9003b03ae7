"""google-auth-oauthlib, unmodified: people who let Google's client act for them.

The first half is the whole way as the documents tell it: `leasehold` commands, `leasehold serve`
and a real Chromium. The second half has a person who sends forms, for what needs no browser.
"""

import json
import os
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import (  # type: ignore[import-untyped]  # has no types
    Flow,
    InstalledAppFlow,
)
from googleapiclient import discovery
from oauthlib.oauth2 import AccessDeniedError  # type: ignore[import-untyped]  # has no types

from tests.cli.commands import Commands
from tests.clients.signed_in import (
    CALLBACK,
    CONSUMER,
    JOB,
    TASKQUEUE,
    USERINFO_EMAIL,
    Registered,
    Visitor,
    query_of,
    register,
    status_of_lease,
)
from tests.running_server import RunningServer
from tests.web.account.person import EMAIL, PASSWORD

if TYPE_CHECKING:  # slow to import
    from playwright.sync_api import Page

SECONDS = 30  # for a person to answer

build: Callable[..., Any] = discovery.build  # its methods are those of the document that is read

pytestmark = pytest.mark.usefixtures("hosts_asked_for", "_plain_http")


@pytest.fixture
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the library's manual says for servers under test; elsewhere https is needed."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@dataclass(frozen=True, slots=True)
class Installation:
    """`leasehold serve` in a process of its own, with Ada, who owns the project `shop`."""

    url: str
    commands: Commands

    def client_secrets(self, path: Path) -> Path:
        """The file of a new client for people's machines."""
        command = "client create --project shop --type installed --name Tools --out"
        self.commands.ok(f"{command} {path}")
        return path

    def service(self, credentials: Credentials) -> Any:  # noqa: ANN401  # see `build`
        """Google's API client on this server."""
        document = f"{self.url}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest"
        return build(
            "taskqueue",
            "v1beta2",
            discoveryServiceUrl=document,
            credentials=credentials,
            cache_discovery=False,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    database = str(tmp_path_factory.mktemp("shop") / "leasehold.db")
    commands = Commands(database)
    commands.ok(f"user create {EMAIL} --password-stdin", typed=f"{PASSWORD}\n")
    commands.ok(f"project create shop --owner {EMAIL}")
    commands.ok("api enable taskqueue --project shop")
    commands.ok("queue create jobs --project shop")
    process = subprocess.Popen(
        [sys.executable, "-m", "leasehold", "serve", "--host", "localhost", "--port", "0"],
        env={**os.environ, "LEASEHOLD_DATABASE": database},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield Installation(line.removeprefix("leasehold: listening on ").strip(), commands)
    process.terminate()
    process.communicate(timeout=SECONDS)


@dataclass(frozen=True, slots=True)
class Opened(webbrowser.BaseBrowser):
    """The browser of the person's machine, as far as the library knows: it keeps what to open."""

    urls: "SimpleQueue[str]"

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002  # the standard library's
        self.urls.put(url)
        return True


@dataclass
class Machine:
    """A person's machine, on which an installed program runs its flow."""

    page: "Page"

    def run(self, flow: InstalledAppFlow, answer: Callable[["Page"], None]) -> Credentials:
        """The flow's credentials, once the person has signed in and answered in Chromium."""
        urls: SimpleQueue[str] = SimpleQueue()
        webbrowser.register("opened", None, Opened(urls))
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(
                flow.run_local_server, port=0, browser="opened", timeout_seconds=SECONDS
            )
            self.page.goto(urls.get(timeout=SECONDS))
            if self.page.locator("#password").count():
                self._sign_in()
            answer(self.page)
            self.page.get_by_text("The authentication flow has completed").wait_for()
            credentials: Credentials = running.result(SECONDS)
        return credentials

    def _sign_in(self) -> None:
        self.page.fill("#email", EMAIL)
        self.page.fill("#password", PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def machine(page: "Page") -> Machine:
    return Machine(page)


def allow(page: "Page") -> None:
    page.get_by_role("button", name="Allow").click()


def installed_flow(path: Path, *scopes: str) -> InstalledAppFlow:
    flow: InstalledAppFlow = InstalledAppFlow.from_client_secrets_file(str(path), scopes)
    return flow


def test_a_person_signs_in_with_chromium_and_an_installed_program_works_for_them(
    installation: Installation, machine: Machine, tmp_path: Path
) -> None:
    secrets = installation.client_secrets(tmp_path / "client_secrets.json")
    flow = installed_flow(secrets, TASKQUEUE, "openid", USERINFO_EMAIL)

    credentials = machine.run(flow, allow)
    with installation.service(credentials) as service:
        tasks = service.tasks()
        inserted = tasks.insert(project="shop", taskqueue="jobs", body=JOB).execute()
        leased = tasks.lease(project="shop", taskqueue="jobs", numTasks=1, leaseSecs=60).execute()

    assert {TASKQUEUE, "openid", USERINFO_EMAIL} == set(credentials.granted_scopes)
    assert [inserted["id"]] == [task["id"] for task in leased["items"]]


def test_a_person_unticks_a_scope_and_the_program_gets_the_others(
    installation: Installation,
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    secrets = installation.client_secrets(tmp_path / "client_secrets.json")

    def allow_half(page: "Page") -> None:
        page.get_by_label("Add, lease, change and delete tasks").uncheck()
        allow(page)

    credentials = machine.run(installed_flow(secrets, TASKQUEUE, CONSUMER), allow_half)

    assert [CONSUMER] == list(credentials.granted_scopes)
    with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call]  # has no types
        url = f"{installation.url}/taskqueue/v1beta2/projects/shop/taskqueues/jobs/tasks"
        assert (200, 403) == (session.get(url).status_code, session.post(url, json=JOB).status_code)


@pytest.fixture
def engine_name() -> str:
    """A library does not see on which engine it works; where it matters both are tested."""
    return "sqlite"


def begin(client: Registered, *scopes: str, **more: str) -> tuple[Flow, str]:
    """A web application's flow, and where it sends a person."""
    flow = Flow.from_client_secrets_file(str(client.file), scopes, redirect_uri=CALLBACK)
    url, _ = flow.authorization_url(**more)
    return flow, url


def finish(flow: Flow, address: str) -> Credentials:
    """What it gets for the address at which the person came back."""
    flow.fetch_token(authorization_response=address)
    credentials: Credentials = flow.credentials
    return credentials


def authorized(visitor: Visitor, client: Registered, *scopes: str, **more: str) -> Credentials:
    flow, url = begin(client, *(scopes or [TASKQUEUE]), **more)
    return finish(flow, visitor.is_sent_to(url))


def session_status(server: RunningServer, credentials: Credentials) -> int:
    """The status of an insert with the library's own session, which refreshes when it must."""
    url = f"{server.url}/taskqueue/v1beta2/projects/demo/taskqueues/jobs/tasks"
    with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call]  # has no types
        return int(session.post(url, json=JOB).status_code)


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"])
def test_a_web_application_gets_what_it_asked_for_and_works_with_it(
    server: RunningServer, visitor: Visitor, web: Registered, hosts_asked_for: list[str]
) -> None:
    credentials = authorized(visitor, web, TASKQUEUE, "openid", USERINFO_EMAIL)

    assert {TASKQUEUE, "openid", USERINFO_EMAIL} == set(credentials.granted_scopes)
    assert 200 == session_status(server, credentials)
    assert not [one for one in threading.enumerate() if "AccessBoundary" in type(one).__name__]
    assert [] == hosts_asked_for  # nothing of Google's has seen the token


def test_the_id_token_is_good_for_googles_own_check(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    credentials = authorized(visitor, web, "openid", USERINFO_EMAIL)

    claims = id_token.verify_token(
        credentials.id_token,
        Request(),
        audience=web.id,
        certs_url=f"{server.url}/oauth2/v1/certs",
        clock_skew_in_seconds=5,
    )

    assert (server.url, visitor.email) == (claims["iss"], claims["email"])


def test_an_expired_token_is_refreshed_by_the_library(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    credentials = authorized(visitor, web)
    first = credentials.token
    server.clock.advance(3601)

    assert 200 == session_status(server, credentials)
    assert first != credentials.token


def test_a_rotating_refresh_token_is_taken_up_by_the_library(
    server: RunningServer, visitor: Visitor, tmp_path: Path
) -> None:
    credentials = authorized(visitor, register(server, tmp_path, rotates=True))
    first = credentials.refresh_token

    for _ in range(2):
        credentials.refresh(Request())  # type: ignore[no-untyped-call]  # has no types

    assert first != credentials.refresh_token
    assert 200 == session_status(server, credentials)


@pytest.mark.parametrize("kind", ["token", "refresh_token"])
def test_revocation_as_google_tells_it_ends_access_and_refreshing(
    server: RunningServer, visitor: Visitor, web: Registered, kind: str
) -> None:
    credentials = authorized(visitor, web)

    revoked = requests.post(
        f"{server.url}/revoke",
        params={"token": getattr(credentials, kind)},
        headers={"content-type": "application/x-www-form-urlencoded"},
        timeout=30,
    )

    assert 200 == revoked.status_code
    assert 401 == status_of_lease(server, str(credentials.token))
    with pytest.raises(RefreshError, match="invalid_grant"):
        session_status(server, credentials)


def test_stored_credentials_need_the_token_address_said_again(
    server: RunningServer, visitor: Visitor, web: Registered, tmp_path: Path
) -> None:
    kept = authorized(visitor, web)
    info = {
        "client_id": kept.client_id,
        "client_secret": kept.client_secret,
        "refresh_token": kept.refresh_token,
        "token_uri": kept.token_uri,
    }

    file = tmp_path / "authorized_user.json"
    file.write_text(json.dumps(info))
    read = Credentials.from_authorized_user_file(str(file))  # type: ignore[no-untyped-call]  # has no types
    made = Credentials(None, **info)  # type: ignore[no-untyped-call]  # has no types

    assert "https://oauth2.googleapis.com/token" == read.token_uri  # whatever the file says
    assert 200 == session_status(server, made)


@pytest.mark.parametrize("answer", [{"says": "refuse"}, {"without": [TASKQUEUE]}])
def test_a_person_who_refuses_is_an_error_that_the_library_knows(
    visitor: Visitor, web: Registered, answer: dict[str, Any]
) -> None:
    flow, url = begin(web, TASKQUEUE)
    back = visitor.is_sent_to(url, **answer)

    with pytest.raises(AccessDeniedError):
        finish(flow, back)


def test_fewer_scopes_than_asked_for_are_an_error_for_the_library_unless_it_is_told(
    visitor: Visitor, web: Registered
) -> None:
    flow, url = begin(web, TASKQUEUE, CONSUMER)
    back = visitor.is_sent_to(url, without=[TASKQUEUE])

    with pytest.raises(Warning, match="Scope has changed"):
        finish(flow, back)


def test_a_library_that_was_told_takes_fewer_scopes(
    visitor: Visitor, web: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    flow, url = begin(web, TASKQUEUE, CONSUMER)

    credentials = finish(flow, visitor.is_sent_to(url, without=[TASKQUEUE]))

    assert [CONSUMER] == list(credentials.granted_scopes)


def test_a_later_request_may_include_what_was_granted_before(
    visitor: Visitor, web: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    authorized(visitor, web, CONSUMER)

    more = authorized(visitor, web, TASKQUEUE, include_granted_scopes="true")
    alone = authorized(visitor, web, TASKQUEUE)

    assert {TASKQUEUE, CONSUMER} == set(more.granted_scopes)
    assert {TASKQUEUE} == set(alone.granted_scopes)


def test_more_scopes_than_asked_for_are_an_error_for_the_library_unless_it_is_told(
    visitor: Visitor, web: Registered
) -> None:
    authorized(visitor, web, CONSUMER)

    with pytest.raises(Warning, match="Scope has changed"):
        authorized(visitor, web, TASKQUEUE, include_granted_scopes="true")


def test_a_second_consent_gives_no_second_refresh_token_unless_it_is_asked_for(
    visitor: Visitor, web: Registered
) -> None:
    first = authorized(visitor, web)
    silent = authorized(visitor, web)
    asked = authorized(visitor, web, prompt="consent")

    assert (True, False, True) == tuple(bool(one.refresh_token) for one in (first, silent, asked))


def test_the_state_is_that_of_the_request(visitor: Visitor, web: Registered) -> None:
    flow, url = begin(web, TASKQUEUE, state="chosen")

    back = visitor.is_sent_to(url)

    assert "chosen" == query_of(back)["state"]
    assert finish(flow, back).valid
