"""Pictures of the console: those of the documents, and of every page for who looks at its design.

`make pictures` writes those of the documents anew. With `LEASEHOLD_SCREENSHOTS=DIRECTORY` the long
tests write each page and state there, wide and narrow, dark and light.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import FloatRect, Page, Route, expect

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from leasehold.web.console import queue_purge
from leasehold.web.console.queue_file import EXAMPLE
from leasehold.web.console.routes import GROUPS
from tests.browser import WIDE, NewPage, PageErrors, screenshot
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.lively_pages import addresses
from tests.people.console.lively_project import Lively, fill, lively_site
from tests.people.console.lively_queues import BINARY, DELAYED, EMPTY, FULL, MAIL, PAUSED, QUEUE
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import RunningServer

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "docs/images"
PICTURES_VARIABLE = "LEASEHOLD_PICTURES"  # "yes": the pictures of the documents are written
LARGEST = 200_000  # bytes of one of them
MARGIN = 10  # CSS pixels: half of what is between two cards

LEASE = f"{AT}/explorer/taskqueue.v1beta2/tasks.lease"

# Addresses of this server and parts of a second are others each time; so is how long a call took,
# which is left out: no picture shows a time that nobody measured.
_SETTLE = """(url) => {
  const settled = (text) => text.replaceAll(url, 'https://tasks.example.com')
    .replace(/, after \\d+ ms/, '')
    .replace(/(Timestamp": "\\d{10})\\d{6}/g, (_, second) => `${second}000000`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (settled(node.data) !== node.data) node.data = settled(node.data);
  }
}"""


# Every chart has something on it, and the browser has shown it.
_IS_DRAWN = """() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const isDrawn = (canvas) => canvas.getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
  tell([...document.querySelectorAll('canvas')].every(isDrawn));
})))"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the documents: what is done before it is taken, and how much of the page is on it."""

    name: str
    path: str
    until: str  # the last part of the page that is on it
    shows: tuple[str, ...]  # that the page is still what it was
    since: str = ""  # the first one; "": it begins at the top, with all that is beside
    prepare: Callable[[Visitor], None] = lambda _: None
    scheme: Literal["dark", "light"] = "light"


def authorizes_and_leases(visitor: Visitor) -> None:
    """The explorer leases a photograph."""
    visitor.presses("Authorize")
    visitor.presses("Allow")
    visitor.sees("Enough for this method")
    visitor.page.locator("#parameter-taskqueue").fill(QUEUE)
    visitor.page.locator("#parameter-numTasks").fill("1")
    visitor.page.locator("#parameter-leaseSecs").fill("60")
    visitor.presses("Run")
    visitor.sees("200 OK, after")


PICTURES = (
    Picture("overview", f"{AT}/overview", "[aria-labelledby=held-title]", ("Calls today",)),
    Picture("queues", f"{AT}/queues", "main .scrolls", (QUEUE, "Paused")),
    Picture(
        "queue",
        f"{AT}/queues/{QUEUE}",
        "[aria-labelledby=settings-title]",
        ("Available", "Oldest has waited"),
        scheme="dark",
    ),
    Picture("consent-screen", f"{AT}/consent-screen", ".beside form", ("asks for access",)),
    Picture("usage", f"{AT}/usage?span=week&group=method", "main .card >> nth=1", ("Calls by",)),
    Picture("audit", f"{AT}/audit", "main tbody tr >> nth=7", ("queues.change",)),
    Picture(
        "explorer", LEASE, "#answer", ("200 OK",), prepare=authorizes_and_leases, since="#explorer"
    ),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose clock stands still, at the same instant each time."""
    with lively_site(tmp_path / "lively.db") as running:
        yield running


@pytest.fixture
def lively(site: RunningServer) -> Lively:
    """The project that is full of everything."""
    return fill(site)


@pytest.fixture
def ada(lively: Lively, site: RunningServer, new_page: NewPage) -> Visitor:
    """Ada in Berlin, whose browser has the server's time."""
    del lively  # is there
    ada = Visitor(new_page(locale="en-GB", timezone_id="Europe/Berlin"), site)
    ada.page.clock.set_fixed_time(site.clock.now() / 1_000)
    ada.has_signed_in()
    return ada


# The pictures of the documents


def test_the_pictures_of_the_documents_can_be_taken(ada: Visitor) -> None:
    for picture in PICTURES:
        ada.page.emulate_media(color_scheme=picture.scheme)
        ada.opens(picture.path)
        picture.prepare(ada)

        ada.sees(*picture.shows)
        assert frame(ada.page, picture)
        if os.environ.get(PICTURES_VARIABLE):
            write(ada, picture)


def write(visitor: Visitor, picture: Picture) -> None:
    """Into the folder of the documents, where it takes the place of the one before."""
    page = visitor.page
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("document.activeElement.blur()")
    page.evaluate(_SETTLE, visitor.site.url)
    page.wait_for_function(_IS_DRAWN)
    path = IMAGES / f"console-{picture.name}.png"
    page.screenshot(path=path, full_page=True, animations="disabled", clip=frame(page, picture))
    assert path.stat().st_size <= LARGEST, picture.name


def frame(page: Page, picture: Picture) -> FloatRect:
    """What of the page is on the picture, with a narrow margin."""
    last = box_of(page, picture.until)
    ends = last["y"] + last["height"] + MARGIN
    if not picture.since:
        return {"x": 0, "y": 0, "width": WIDE, "height": ends}
    first = box_of(page, picture.since)
    width = first["width"] + 2 * MARGIN
    top = first["y"] - MARGIN
    return {"x": first["x"] - MARGIN, "y": top, "width": width, "height": ends - top}


def box_of(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box


@pytest.mark.parametrize("document", ["README.md", "docs/console.md"])
def test_each_picture_of_the_console_is_one_that_is_taken(document: str) -> None:
    named = re.findall(r"images/console-([\w-]+)\.png", (ROOT / document).read_text())

    assert named
    assert set(named) <= {picture.name for picture in PICTURES}


def test_no_picture_is_left_over() -> None:
    there = {path.stem.removeprefix("console-") for path in IMAGES.glob("console-*.png")}

    assert {picture.name for picture in PICTURES} == there


# Pictures of everything, for who looks at them all


def named(path: str) -> str:
    return re.sub(r"[{}]", "", path).replace("/", "-")


def takes(visitor: Visitor, name: str, path: str, status: int = 200) -> None:
    """Opens a page and takes its pictures."""
    assert status == visitor.opens(path).status, path
    screenshot(visitor.page, name)


@pytest.mark.long
def test_every_page_of_a_lively_project(ada: Visitor, lively: Lively) -> None:
    for path, address in addresses(lively).items():
        takes(ada, named(path), address)


@pytest.mark.long
def test_pages_in_other_states(ada: Visitor, lively: Lively) -> None:
    tasks = lively.tasks
    for name, path in {
        "queue-empty": f"queues/{EMPTY}",
        "queue-full": f"queues/{FULL}",
        "queue-paused": f"queues/{PAUSED}",
        "queue-delete-empty": f"queues/{EMPTY}/delete",
        "queue-access-of-one": f"queues/{EMPTY}/access",
        "queues-searched": "queues?search=s",
        "queues-not-found": "queues?search=zebra",
        "tasks-empty": f"queues/{EMPTY}/tasks",
        "tasks-leased": f"queues/{QUEUE}/tasks?state=leased",
        "tasks-delayed": f"queues/{DELAYED}/tasks?state=delayed",
        "tasks-tag": f"queues/{QUEUE}/tasks?tag=retouch",
        "tasks-none": f"queues/{QUEUE}/tasks?tag=nothing",
        "task-available": f"queues/{QUEUE}/tasks/{tasks.available}",
        "task-delayed": f"queues/{QUEUE}/tasks/{tasks.delayed}",
        "task-delayed-release": f"queues/{QUEUE}/tasks/{tasks.delayed}/release",
        "task-text": f"queues/{MAIL}/tasks/{tasks.text}",
        "task-binary": f"queues/{BINARY}/tasks/{tasks.binary}",
        "task-delete": f"queues/{QUEUE}/tasks/{tasks.available}/delete",
        "account-disabled": f"service-accounts/account?email={lively.disabled_account}",
        "client-types": "clients/new",
        "client-new-installed": "clients/new?type=installed",
        "client-new-browser": "clients/new?type=browser",
        "client-installed": f"clients/{lively.installed_client}",
        "client-browser": f"clients/{lively.browser_client}",
        "api-key-deleted": f"api-keys/{lively.deleted_key}",
        "usage-hour": "usage?span=hour",
        "usage-week-by-method": "usage?span=week&group=method",
        "usage-month-by-credential": "usage?span=month&group=credential",
        "usage-year": "usage?span=year",
        "usage-only-refusals": "usage?span=week&outcome=notFound",
        "usage-by-outcome": "usage?span=week&group=outcome",
        "usage-own": "usage?span=own&since=2026-11-16&until=2026-11-17+12:00&period=hour",
        "usage-nothing": "usage?method=nothing",
        "usage-stored-month": "usage/stored?span=month",
        "usage-stored-queue": f"usage/stored?span=week&queue={QUEUE}",
        "billing-last-month": "billing?month=2026-10",
        "billing-first-month": "billing?month=2025-10",
        "audit-searched": "audit?action=queues.",
        "audit-nothing": "audit?action=nothing",
        "quota-of-users": "quotas/calls_per_user",
        "quota-of-minutes": "quotas/calls_per_minute",
        "explorer-searched": "explorer?search=purge",
        "explorer-not-found": "explorer?search=unicorns",
        "explorer-insert": "explorer/taskqueue.v1beta2/tasks.insert",
        "explorer-delete": "explorer/leasehold.v1/queues.delete",
    }.items():
        takes(ada, name, f"{AT}/{path}")
    takes(ada, "not-there", f"{AT}/queues/missing", 404)
    takes(ada, "projects", "/console")
    takes(ada, "new-project", "/console/new")
    ada.opens(f"{AT}/overview")
    ada.unfolds(SHOP)
    screenshot(ada.page, "picker")
    ada.opens(f"{AT}/overview")
    ada.unfolds(ADA)
    screenshot(ada.page, "person")


def make_empty(tx: Transaction, now: int) -> None:
    del now
    projects.create(tx, 1_790_000_000_000_000, project_id="new-shop", owner_email=ADA)
    email = "dora@example.com"
    users.create(tx, 1, Entropy(), email=email, password_hash=PASSWORD_HASH, name="Dora")


@pytest.mark.long
def test_an_empty_project_and_the_first(ada: Visitor, new_page: NewPage) -> None:
    ada.site.do(make_empty)
    for group in GROUPS:
        takes(ada, f"empty-{group.path}", f"/console/new-shop/{group.path}")
    for path in (
        "service-accounts",
        "clients",
        "api-keys",
        "delegations",
        "usage/stored",
        "consent-screen/testers",
        "explorer/taskqueue.v1beta2/tasks.lease",
    ):
        takes(ada, f"empty-{named(path)}", f"/console/new-shop/{path}")
    dora = Visitor(new_page(locale="en-GB"), ada.site)
    dora.has_signed_in(email="dora@example.com")
    takes(dora, "projects-none", "/console")
    bob = Visitor(new_page(locale="en-GB"), ada.site)
    bob.has_signed_in(email=BOB)
    for path in ("overview", "members", "settings"):
        takes(bob, f"admin-{path}", f"{AT}/{path}")


def sends(visitor: Visitor, name: str, path: str, button: str, typed: Mapping[str, str]) -> None:
    """Fills a form in by its fields' names, sends it, and takes pictures of what comes."""
    visitor.opens(path)
    for field, text in typed.items():
        box = visitor.page.locator(f"main [name={field}]:not([type=hidden])").first
        if box.get_attribute("type") in {"checkbox", "radio"}:
            visitor.page.locator(f"main [name={field}][value='{text}']").check()
        else:
            visitor.page.locator("main details").evaluate_all(
                "(all) => all.forEach((each) => (each.open = true))"
            )
            box.fill(text)
    visitor.page.locator("form").evaluate_all(
        "(all) => all.forEach((each) => (each.noValidate = true))"
    )
    visitor.presses(button)
    visitor.page.wait_for_load_state()
    screenshot(visitor.page, name)


WRONG_FILE = """\
queue:
- name: resize images
  mode: pull
- name: send-mail
  mode: pul
  rate: fast
"""
NEW_FILE = """\
total_storage_limit: 100G
queue:
- name: resize-images
  mode: pull
  retry_parameters:
    task_retry_limit: 12
- name: make-videos
  mode: pull
  acl:
  - user_email: resizer@photo-shop.iam.leasehold.internal
"""


@pytest.mark.long
def test_forms_that_are_refused(ada: Visitor, lively: Lively) -> None:
    account = f"service-accounts/delete?email={lively.account}"
    for name, path, button, typed in (
        ("members-refused", "members", "Add the member", {"email": "grace"}),
        ("queue-new-refused", "new-queue", "Make the queue", {"name": "resize images"}),
        (
            "queue-edit-refused",
            f"queues/{QUEUE}/edit",
            "Save the settings",
            {"task_retry_limit": "many", "max_tasks": "1"},
        ),
        ("queue-access-refused", f"queues/{QUEUE}/access", "Let them in", {"email": "grace@"}),
        ("queue-purge-refused", f"queues/{QUEUE}/purge", "Purge the queue", {"typed": "mail"}),
        ("queue-delete-refused", f"queues/{QUEUE}/delete", "Delete the queue", {"typed": "mail"}),
        (
            "task-insert-refused",
            f"queues/{QUEUE}/insert",
            "Insert the task",
            {"payload": "Hello", "name": "not a name"},
        ),
        ("queue-file-refused", "queue-file", "Preview", {"file": WRONG_FILE}),
        ("queue-file-preview", "queue-file", "Preview", {"file": NEW_FILE}),
        ("queue-file-example", "queue-file", "Preview", {"file": EXAMPLE}),
        ("account-new-refused", "service-accounts/new", "Make the account", {"name": "A b"}),
        ("account-delete-refused", account, "Delete the account", {"typed": "mailer"}),
        (
            "client-new-refused",
            "clients/new?type=web",
            "Register the client",
            {"name": "Prints", "redirect_uris": "http://prints.example.com/"},
        ),
        (
            "api-key-new-refused",
            "api-keys/new",
            "Make the key",
            {"name": "Prints", "addresses": "everywhere"},
        ),
        ("consent-screen-refused", "consent-screen", "Save", {"privacy_link": "nowhere"}),
        ("testers-refused", "consent-screen/testers", "Add the tester", {"email": "grace"}),
        ("quota-refused", "quotas/calls_per_day", "Set the limit", {"limit": "90000000"}),
        ("settings-refused", "settings", "Save the settings", {"total_storage_limit": "much"}),
        ("settings-delete-refused", "settings/delete", "Delete the project", {"typed": "shop"}),
    ):
        sends(ada, name, f"{AT}/{path}", button, typed)
    sends(ada, "new-project-refused", "/console/new", "Make the project", {"id": "Photo Shop"})


@pytest.mark.long
def test_what_is_shown_once(ada: Visitor, lively: Lively) -> None:
    prints = {"name": "Prints", "redirect_uris": "https://prints.example.com/signed-in"}
    account = f"service-accounts/account?email={lively.account}"
    rotate = f"api-keys/{lively.api_key}/rotate"
    for name, path, button, typed in (
        ("account-key-made", account, "Make a key", {}),
        ("client-made", "clients/new?type=web", "Register the client", prints),
        ("api-key-made", "api-keys/new", "Make the key", {"name": "Prints"}),
        ("api-key-rotated", rotate, "Make the string", {}),
        ("note", "settings", "Save the settings", {}),
    ):
        sends(ada, name, f"{AT}/{path}", button, typed)


@pytest.mark.long
def test_a_purge_in_progress(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_purge, "AT_ONCE", 2)
    held: list[Route] = []
    ada.page.route("**/purge/rest", lambda route: held.append(route))  # noqa: PLW0108  # Playwright writes on it

    sends(ada, "queue-purging", f"{AT}/queues/{FULL}/purge", "Purge the queue", {"typed": FULL})
    held.pop().continue_()

    ada.sees("is purged: all tasks that were in it are destroyed.")
    screenshot(ada.page, "queue-purged")


@pytest.mark.long
def test_the_explorer_at_work(ada: Visitor, page_errors: PageErrors) -> None:
    takes(ada, "explorer-before", LEASE)
    ada.presses("Authorize")
    screenshot(ada.page, "explorer-consent")
    ada.opens(LEASE)
    authorizes_and_leases(ada)
    screenshot(ada.page, "explorer-leased")
    ada.page.locator("#parameter-taskqueue").fill("missing")
    ada.presses("Run")
    ada.sees("404 Not Found")
    page_errors.expect("404")
    screenshot(ada.page, "explorer-refused")
    takes(ada, "explorer-not-enough", f"{AT}/explorer/leasehold.v1/queues.delete")
    ada.page.locator("#parameter-queue").fill(QUEUE)
    ada.presses("Run …")
    expect(ada.page.get_by_role("dialog")).to_be_visible()
    screenshot(ada.page, "explorer-asks")


@pytest.mark.long
def test_a_project_that_is_off_or_deleted(ada: Visitor) -> None:
    now = ada.site.clock.now()
    ada.site.do(lambda tx, _: projects.disable(tx, now, SHOP))
    for path in ("overview", "queues", "settings"):
        takes(ada, f"off-{path}", f"{AT}/{path}")
    takes(ada, "off-explorer", LEASE)
    ada.site.do(lambda tx, _: projects.delete(tx, now, SHOP))
    seen = set()
    for group in GROUPS:
        if ada.opens(f"{AT}/{group.path}").status == 200:
            seen.add(group.path)
        screenshot(ada.page, f"deleted-{group.path}")
    assert {"overview", "usage", "billing", "audit", "settings"} <= seen  # as the first says
    takes(ada, "projects-deleted", "/console")
