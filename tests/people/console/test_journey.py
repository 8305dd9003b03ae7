"""From an empty database to a leased task, in a browser and without any command but `serve`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account
from playwright.sync_api import expect

from leasehold.settings import Settings
from leasehold.storage.engine import open_engine
from tests.browser import NewPage
from tests.moved_clock import MovedClock
from tests.people.accessibility import is_in_order
from tests.people.visitor import ADA, PASSWORD, Visitor
from tests.running_server import RunningServer

AT = "/console/photo-shop"
WORKER = "resizer@photo-shop.iam.leasehold.internal"
SCOPE = "https://www.googleapis.com/auth/taskqueue.consumer"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where `leasehold serve` listens on an empty database, and the path of the link it prints."""
    command = [sys.executable, "-m", "leasehold", "serve", "--host", "localhost", "--port", "0"]
    environment = os.environ | {
        "LEASEHOLD_DATABASE": str(tmp_path / "empty.db"),
        "LEASEHOLD_SECRET_KEY_FILE": str(tmp_path / "secret.key"),
    }
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    lines = [server.stdout.readline().split() for _ in range(3)]
    url = lines[0][-1]
    yield url, lines[2][-1].removeprefix(url)
    server.terminate()
    server.communicate(timeout=30)


def visits(visitor: Visitor, *names: str) -> None:
    """Goes to a page of the project by the navigation, and on by its links."""
    visitor.page.locator("nav.side").get_by_role("link", name=names[0], exact=True).click()
    for name in names[1:]:
        visitor.page.locator("main").get_by_role("link", name=name).first.click()


def makes_the_first_account(ada: Visitor, link: str) -> None:
    ada.opens(link)
    ada.sees("The first account")
    is_in_order(ada.page, "journey-first-account")
    ada.types("E-mail address", ADA)
    ada.types("Password", PASSWORD)
    ada.presses("Create the account")
    ada.sees(ADA)


def makes_a_project_with_the_api(ada: Visitor) -> None:
    ada.opens("/console")
    ada.page.get_by_role("link", name="New project").first.click()
    ada.types("Project id", "photo-shop")
    ada.presses("Make the project")
    ada.sees("From here to a leased task")
    is_in_order(ada.page, "journey-new-project")
    visits(ada, "APIs")
    ada.page.get_by_role("button", name="Switch it on").first.click()
    ada.sees("Switch off …")


def makes_a_service_account(ada: Visitor, key_file: Path) -> None:
    visits(ada, "Credentials", "New service account")
    ada.types("Name", "resizer")
    ada.presses("Make the account")
    ada.presses("Make a key")
    with ada.page.expect_download() as download:
        ada.page.get_by_role("link", name=re.compile("^Download ")).click()
    download.value.save_as(key_file)
    assert WORKER == json.loads(key_file.read_text())["client_email"]


def makes_a_queue_for_it(ada: Visitor) -> None:
    visits(ada, "Queues", "New queue")
    ada.types("Name", "resize")
    ada.unfolds("Who may use it")
    ada.page.locator("#consumers").fill(WORKER)
    ada.presses("Make the queue")
    ada.sees(WORKER)


def makes_an_api_key(ada: Visitor) -> str:
    visits(ada, "Credentials", "New API key")
    ada.types("Name", "explorer")
    ada.presses("Make the key")
    return ada.page.locator(".once code").inner_text()


def inserts_a_task_by_the_explorer(ada: Visitor, api_key: str) -> None:
    visits(ada, "Explorer")
    ada.types("Search the methods", "insert")
    ada.presses("Search")
    ada.page.get_by_role("link", name="tasks.insert").first.click()
    ada.page.locator("#parameter-taskqueue").fill("resize")
    ada.page.locator("#body").fill('{"payloadBase64": "cGhvdG8gMTc=", "tag": "holiday"}')
    ada.presses("Authorize")
    ada.presses("Allow")
    ada.sees("The explorer has access now.")
    ada.page.get_by_label("An API key").check()
    ada.page.locator("#key").fill(api_key)
    ada.presses("Run")
    ada.sees("200 OK, after")


def leases(url: str, key_file: Path) -> list[dict[str, str]]:
    """What a worker elsewhere leases with its key file."""
    key = service_account.Credentials.from_service_account_file(key_file, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # the library's
    session = AuthorizedSession(key.with_subject(WORKER))  # type: ignore[no-untyped-call]  # likewise
    queue = f"{url}/taskqueue/v1beta2/projects/photo-shop/taskqueues/resize"
    answer = session.post(f"{queue}/tasks/lease?numTasks=1&leaseSecs=60", timeout=30)
    items: list[dict[str, str]] = answer.json()["items"]
    return items


def test_from_an_empty_database_to_a_leased_task(
    started: tuple[str, str], new_page: NewPage, tmp_path: Path
) -> None:
    url, link = started
    key_file, engine = tmp_path / "resizer.json", open_engine(str(tmp_path / "empty.db"))
    ada = Visitor(new_page(), RunningServer(url, engine, MovedClock(), Settings()))

    makes_the_first_account(ada, link)
    makes_a_project_with_the_api(ada)
    makes_a_service_account(ada, key_file)
    makes_a_queue_for_it(ada)
    inserts_a_task_by_the_explorer(ada, makes_an_api_key(ada))
    (task,) = leases(url, key_file)

    assert "cGhvdG8gMTc=" == task["payloadBase64"]
    visits(ada, "Queues", "resize", "Tasks")
    ada.page.locator("tbody a").first.click()
    ada.sees("photo 17", "Leased", "holiday")
    is_in_order(ada.page, "journey-task")
    visits(ada, "Usage", "Method")
    ada.sees("By method")
    for method in ("taskqueue.tasks.insert", "taskqueue.tasks.lease"):
        row = ada.page.get_by_role("row", name=f"{method} 1 0 1")
        expect(row).to_be_visible()
    is_in_order(ada.page, "journey-usage")
    visits(ada, "Overview")
    is_in_order(ada.page, "journey-overview")
    visits(ada, "Audit log")
    ada.sees("queues.create")
