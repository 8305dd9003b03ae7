"""The browser that tests drive: real, fresh for each test, and strict about errors of pages."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import (
    NARROW,
    SCREENSHOTS_VARIABLE,
    WIDE,
    Chromium,
    ChromiumMissing,
    NewPage,
    PageErrors,
    find_chromium,
    screenshot,
    virtual_authenticator,
)
from tests.running_server import RunningServer

PNG_HEAD = b"\x89PNG\r\n\x1a\n"

MAKE_PASSKEY = """async () => {
  const credential = await navigator.credentials.create({publicKey: {
    challenge: new Uint8Array(32),
    rp: {id: 'localhost', name: 'Leasehold'},
    user: {id: new Uint8Array([7]), name: 'a@example.com', displayName: 'A'},
    pubKeyCredParams: [{type: 'public-key', alg: -7}],
    authenticatorSelection: {residentKey: 'required', userVerification: 'required'},
  }});
  return credential.type;
}"""


def test_a_browser_sees_the_servers_first_page(page: Page, browser_server: RunningServer) -> None:
    response = page.goto(f"{browser_server.url}/")

    assert response is not None
    assert 200 == response.status
    expect(page.locator("body")).to_contain_text(f"{browser_server.url}/token")


def test_localhost_is_a_secure_context(page: Page, browser_server: RunningServer) -> None:
    page.goto(f"{browser_server.url}/")

    assert page.evaluate("window.isSecureContext")


def test_each_page_has_a_profile_of_its_own(
    new_page: NewPage, browser_server: RunningServer
) -> None:
    one, other = new_page(), new_page()
    one.goto(f"{browser_server.url}/")
    other.goto(f"{browser_server.url}/")

    one.evaluate("document.cookie = 'a=1'")

    assert ("a=1", "") == (one.evaluate("document.cookie"), other.evaluate("document.cookie"))


def test_a_virtual_authenticator_keeps_passkeys(page: Page, browser_server: RunningServer) -> None:
    page.goto(f"{browser_server.url}/")
    authenticator = virtual_authenticator(page)

    assert "public-key" == page.evaluate(MAKE_PASSKEY)

    (credential,) = authenticator.credentials()
    assert ("localhost", True) == (credential["rpId"], credential["isResidentCredential"])


def test_an_authenticator_that_does_not_recognise_its_owner_makes_no_passkey(
    page: Page, browser_server: RunningServer
) -> None:
    page.goto(f"{browser_server.url}/")
    authenticator = virtual_authenticator(page)
    authenticator.set_user(verified=False)

    refused = page.evaluate(f"({MAKE_PASSKEY})().catch((error) => error.name)")

    assert "NotAllowedError" == refused
    assert [] == authenticator.credentials()


@pytest.mark.parametrize(
    ("script", "event", "part"),
    [
        ("console.error('oh no')", "console", "oh no"),
        ("setTimeout(() => { throw new Error('thrown') })", "weberror", "thrown"),
        ("fetch('/nowhere')", "console", "404"),
    ],
    ids=["console", "script", "server"],
)
def test_what_a_page_complains_about_is_seen(
    page: Page,
    page_errors: PageErrors,
    browser_server: RunningServer,
    script: str,
    event: Literal["console", "weberror"],
    part: str,
) -> None:
    page.goto(f"{browser_server.url}/")

    with page.context.expect_event(event):
        page.evaluate(f"() => {{ {script} }}")

    page_errors.expect(part)


def test_an_error_page_is_no_error_of_a_page(
    page: Page, page_errors: PageErrors, browser_server: RunningServer
) -> None:
    response = page.goto(f"{browser_server.url}/nowhere")

    assert response is not None
    assert 404 == response.status
    assert [] == page_errors.texts()


def test_an_error_that_was_expected_and_did_not_come_is_a_failure(page_errors: PageErrors) -> None:
    with pytest.raises(AssertionError, match="no error of a page says 'oh no'"):
        page_errors.expect("oh no")


def test_pages_of_others_are_out_of_reach_but_for_a_test_that_plays_them(page: Page) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body="played")

    page.route("https://app.example.com/**", answer)

    page.goto("https://app.example.com/callback?code=1")

    assert "played" == page.inner_text("body")


async def loop_runs() -> bool:
    return asyncio.get_running_loop().is_running()


def test_other_tests_run_event_loops_while_the_browser_is_there(chromium: Chromium) -> None:
    with chromium.driven() as browser:
        assert browser.is_connected()

    assert asyncio.run(loop_runs())


def test_screenshots_are_written_in_two_widths_and_two_schemes(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCREENSHOTS_VARIABLE, str(tmp_path / "new"))
    page.set_content("<p>a picture")

    written = screenshot(page, "plain")

    assert 4 == len(written) == len(list((tmp_path / "new").iterdir()))
    assert {f"plain-{w}-{s}.png" for w in (WIDE, NARROW) for s in ("dark", "light")} == {
        path.name for path in written
    }
    assert all(path.read_bytes().startswith(PNG_HEAD) for path in written)
    assert WIDE == page.evaluate("window.innerWidth")


def test_without_the_variable_no_screenshot_is_taken(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCREENSHOTS_VARIABLE, raising=False)

    assert [] == screenshot(page, "plain")


def test_a_missing_chromium_is_installed(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(f'#!/bin/sh\n[ "$1" = update ] || touch {program}\n')
    apt_get.chmod(0o755)

    assert program == find_chromium(program, str(apt_get))


def test_a_chromium_that_cannot_be_installed_fails_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(ChromiumMissing, match="apt-get install -y chromium"):
        find_chromium(tmp_path / "chromium", "/bin/false")
