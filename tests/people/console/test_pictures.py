"""Pictures of the console: those of the documents, and of every page for who looks at its design.

`make pictures` writes those of the documents anew. With `LEASEHOLD_SCREENSHOTS=DIRECTORY` the long
tests write each page and state there, wide and narrow, dark and light.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Route, expect

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from leasehold.web.console import queue_purge
from leasehold.web.console.queue_file import EXAMPLE
from leasehold.web.console.routes import GROUPS
from tests.browser import WIDE, NewPage, PageErrors, screenshot
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.every_page import addresses
from tests.people.console.lively_project import CAROL, Lively, fill, lively_site
from tests.people.console.lively_queues import BINARY, DELAYED, EMPTY, FULL, MAIL, PAUSED, QUEUE
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import RunningServer

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "docs/images"
PICTURES_VARIABLE = "LEASEHOLD_PICTURES"  # "yes": the pictures of the documents are written
LARGEST = 200_000  # bytes of one of them
PORT = 30_000  # to which addresses on pictures of the documents are changed
READER = {"locale": "en-GB", "timezone_id": "Europe/Berlin"}

LEASE = f"{AT}/explorer/taskqueue.v1beta2/tasks.lease"
NO_PAGES = re.compile(r"(^|/)(now|csv|json|payload|authorized|\{file\})$")

# Addresses of this server, and how long it took, are others each time.
_SETTLE = """(url) => {
  const settled = (text) => text.replaceAll(url, 'https://tasks.example.com')
    .replace(/after \\d+ ms/, 'after 8 ms');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (settled(node.data) !== node.data) node.data = settled(node.data);
  }
}"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the documents: what is done before it is taken, and how much of the page is on it."""

    name: str
    path: str
    top: int  # CSS pixels from the top of the page, all 1280 wide
    shows: tuple[str, ...]  # that the page is still what it was
    prepare: Callable[[Visitor], None] = lambda _: None
    scheme: Literal["dark", "light"] = "light"


def authorizes_and_leases(visitor: Visitor) -> None:
    """The explorer leases two mails."""
    visitor.presses("Authorize")
    visitor.presses("Allow")
    visitor.sees("Enough for this method")
    visitor.page.locator("#parameter-taskqueue").fill(MAIL)
    visitor.page.locator("#parameter-numTasks").fill("2")
    visitor.page.locator("#parameter-leaseSecs").fill("60")
    visitor.presses("Run")
    visitor.sees("200 OK, after")


PICTURES = (
    Picture("overview", f"{AT}/overview", 1_020, ("Calls today", "What was changed last")),
    Picture("queues", f"{AT}/queues", 760, (QUEUE, "Paused")),
    Picture("queue", f"{AT}/queues/{QUEUE}", 900, ("Available", "Oldest has waited"), scheme="dark"),
    Picture("consent-screen", f"{AT}/consent-screen", 980, ("asks for access",)),
    Picture("usage", f"{AT}/usage?span=week&group=method", 1_000, ("taskqueue.tasks.lease",)),
    Picture("explorer", LEASE, 1_000, ("200 OK",), authorizes_and_leases),
    Picture("audit", f"{AT}/audit", 800, ("queues.change",)),
)


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[tuple[RunningServer, Lively]]:
    """A server on which the project is full of everything."""
    with lively_site(tmp_path / "lively.db") as site:
        yield site, fill(site)


@pytest.fixture
def visitor(lively: tuple[RunningServer, Lively], new_page: NewPage) -> Visitor:
    """Ada in Berlin, at a server whose clock stands still."""
    site, _ = lively
    ada = Visitor(new_page(**READER), site)
    ada.page.clock.set_fixed_time(site.clock.now() / 1_000)
    ada.has_signed_in()
    return ada


@pytest.fixture
def everything(lively: tuple[RunningServer, Lively]) -> Lively:
    return lively[1]
