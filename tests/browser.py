"""A real Chromium for tests of pages: Debian's own, driven by Playwright.

A page belongs to a browser profile of its own, and a test in which a page reports an error fails.
Servers under test are reached as `http://localhost:PORT` (`browser_server`): passkeys belong to a
domain, and browsers trust localhost as they trust https.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.running_server import RunningServer, run_server
from tests.taking_turns import turn

if TYPE_CHECKING:  # slow to import, and most tests need none of it
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        CDPSession,
        ConsoleMessage,
        Page,
        Response,
        WebError,
    )

CHROMIUM = Path("/usr/bin/chromium")
INSTALL_SECONDS = 600
WAIT_SECONDS = 10  # for what a test expects of a page
SCREENSHOTS_VARIABLE = "LEASEHOLD_SCREENSHOTS"
WIDE, NARROW, HEIGHT = 1280, 360, 800  # CSS pixels: a desk, and the smallest phones
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")

ARGUMENTS = (
    "--no-sandbox",  # root cannot have one, and it sees pages of ours alone
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


class ChromiumMissing(RuntimeError):
    """There is none; the message says how to get it."""


def find_chromium(program: Path = CHROMIUM, apt_get: str | None = None) -> Path:
    """Debian's Chromium, installed with `apt_get` when it is missing; None looks for that.

    Raises `ChromiumMissing` when it cannot be had.
    """
    if program.exists():
        return program
    command = "apt-get update && apt-get install -y chromium"
    installer = apt_get or (shutil.which("apt-get") if os.geteuid() == 0 else None)
    if installer is None:
        raise ChromiumMissing(f"no {program}: as root, run `{command}`")
    with turn("apt-get"):
        reasons = _installed(program, installer)
    if not program.exists():
        raise ChromiumMissing(f"no {program}, and `{command}` failed:\n{reasons[-1]}")
    return program


_INSTALL = ("install", "--yes", "--no-install-recommends", "chromium")


def _installed(program: Path, installer: str) -> list[str]:
    """What each attempt complained about; none is made if the program is there by now."""
    commands = [] if program.exists() else [_INSTALL, ("update",), _INSTALL]
    return [_apt_get(installer, *words) for words in commands]


def _apt_get(program: str, *words: str) -> str:
    """What it complained about."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(
        [program, *words],
        check=False,
        capture_output=True,
        text=True,
        env=quiet,
        timeout=INSTALL_SECONDS,
    )
    return result.stderr


@dataclass(frozen=True, slots=True)
class Chromium:
    """The browser of a whole run, and the event loop in which Playwright speaks to it."""

    browser: "Browser"
    _loop: asyncio.AbstractEventLoop

    @contextmanager
    def driven(self) -> Iterator["Browser"]:
        """The browser, for as long as the block lasts.

        Playwright's loop is a greenlet of this thread and stays its running loop after every
        call, so that no other test could use `asyncio.run`: it runs only inside this block.
        """
        asyncio._set_running_loop(self._loop)  # noqa: SLF001  # there is no public way
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001  # likewise


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests, started when the first of them asks."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # slow to import

    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        running = Chromium(browser, asyncio.get_running_loop())
        with running.driven():
            pass  # from now on it is not this thread's loop
        yield running
        asyncio._set_running_loop(running._loop)  # noqa: SLF001  # for the end of both
        browser.close()


@dataclass  # no slots: Playwright leaves an attribute on whose method it calls
class PageErrors:
    """What pages complained about: scripts, the content security policy, what did not load.

    A document that comes with an error status is no error of a page, nor is a missing favicon.ico,
    for which browsers ask unasked.
    """

    _seen: list[tuple[str, str]] = field(default_factory=list)  # text, and the address it is about
    _documents: set[str] = field(default_factory=set)

    def watch(self, context: "BrowserContext") -> None:
        """Takes note of every page of the context, also of those that it opens."""
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("response", self._response)

    def texts(self) -> list[str]:
        """In the order in which they came."""
        return [f"{text} ({url})" for text, url in self._seen if self._matters(text, url)]

    def expect(self, part: str) -> None:
        """Takes away those that have this in their text; there must be one."""
        kept = [(text, url) for text, url in self._seen if part not in text]
        assert len(kept) < len(self._seen), f"no error of a page says {part!r}: {self.texts()}"
        self._seen = kept

    def _matters(self, text: str, url: str) -> bool:
        unasked = url in self._documents or url.endswith("/favicon.ico")
        return not (unasked and text.startswith("Failed to load resource"))

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self._seen.append((message.text, message.location["url"]))

    def _script(self, error: "WebError") -> None:
        self._seen.append((str(error.error), error.page.url if error.page else ""))

    def _response(self, response: "Response") -> None:
        if response.request.is_navigation_request():
            self._documents.add(response.url)


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    """What the test's pages complained about: nothing, or the test fails at its end."""
    errors = PageErrors()
    yield errors
    if errors.texts():
        pytest.fail("a page reported an error:\n" + "\n".join(errors.texts()))


NewPage = Callable[..., "Page"]


@pytest.fixture
def new_page(
    chromium: Chromium, page_errors: PageErrors, request: pytest.FixtureRequest
) -> Iterator[NewPage]:
    """Makes pages, each in a fresh profile: `new_page(java_script_enabled=False)`.

    Arguments are those of Playwright's `Browser.new_context`.
    """
    for server in {"browser_server", "site", "server"} & set(request.fixturenames):
        request.getfixturevalue(server)  # outlives its pages, which may still be loading something
    with chromium.driven() as browser, ExitStack() as stack:

        def make(**options: Any) -> "Page":  # noqa: ANN401  # Playwright's own
            options.setdefault("viewport", {"width": WIDE, "height": HEIGHT})
            context = stack.enter_context(browser.new_context(**options))
            context.set_default_timeout(WAIT_SECONDS * 1000)
            page_errors.watch(context)
            return context.new_page()

        yield make


@pytest.fixture
def page(new_page: NewPage) -> "Page":
    """A page in a fresh profile, as wide as a desk's."""
    return new_page()


@pytest.fixture
def browser_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server on SQLite whose address is `http://localhost:PORT`."""
    with run_server(str(tmp_path / "browser.db"), host_name="localhost") as running:
        yield running


@dataclass(frozen=True, slots=True)
class VirtualAuthenticator:
    """A device for passkeys, of which the page believes that it belongs to the machine."""

    _session: "CDPSession"
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        """The passkeys in it: `credentialId`, `rpId`, `userHandle`, `signCount` and more."""
        answer = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        credentials: list[dict[str, Any]] = answer["credentials"]
        return credentials

    def set_user(self, *, verified: bool) -> None:
        """Whether its fingerprint reader recognises who touches it from now on."""
        self._session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified}
        )

    def remove(self) -> None:
        """It is lost, with all its passkeys."""
        self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


def virtual_authenticator(page: "Page") -> VirtualAuthenticator:
    """A device built into the page's machine: keeps passkeys, and recognises its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    answer = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return VirtualAuthenticator(session, answer["authenticatorId"])


def screenshot(page: "Page", name: str) -> list[Path]:
    """Writes the whole page, wide and narrow, dark and light; nothing unless the variable is set.

    `LEASEHOLD_SCREENSHOTS` names the directory; the files are `<name>-<width>-<scheme>.png`.
    """
    directory = os.environ.get(SCREENSHOTS_VARIABLE)
    if not directory:
        return []
    before = page.viewport_size
    written = [
        _picture(page, Path(directory) / f"{name}-{width}-{scheme}.png", width, scheme)
        for width in (WIDE, NARROW)
        for scheme in SCHEMES
    ]
    page.emulate_media(color_scheme="null")
    if before is not None:
        page.set_viewport_size(before)
    return written


def _picture(page: "Page", path: Path, width: int, scheme: Literal["dark", "light"]) -> Path:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme)
    page.screenshot(path=path, full_page=True)
    return path
