"""The plain pages, and what is served beside the API."""

import requests

from tests.running_server import RunningServer

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_who_opens_the_address_is_told_what_it_is(server: RunningServer) -> None:
    page = requests.get(server.url, headers=BROWSER, timeout=30)

    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"{server.url}/discovery/v1/apis/taskqueue/v1beta2/rest" in page.text
    assert 'href="/signin"' in page.text


def test_who_asks_without_a_browser_reads_plain_text(server: RunningServer) -> None:
    page = requests.get(server.url, timeout=30)

    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"{server.url}/discovery/v1/apis/taskqueue/v1beta2/rest" in page.text


def test_a_server_that_runs_is_healthy(server: RunningServer) -> None:
    assert requests.get(f"{server.url}/healthz", timeout=30).text == "ok\n"


def test_an_unknown_page_is_not_found(server: RunningServer) -> None:
    page = requests.get(f"{server.url}/nowhere", headers=BROWSER, timeout=30)
    text = requests.get(f"{server.url}/nowhere", timeout=30)

    assert page.status_code == text.status_code == 404
    assert "There is no page here" in page.text
    assert text.text == "There is nothing here.\n"
