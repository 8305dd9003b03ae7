"""The plain pages, and what is served beside the API."""

import requests

from tests.running_server import RunningServer


def test_who_opens_the_address_is_told_what_it_is(server: RunningServer) -> None:
    page = requests.get(server.url, timeout=30)

    assert page.status_code == 200
    assert f"{server.url}/discovery/v1/apis/taskqueue/v1beta2/rest" in page.text


def test_a_server_that_runs_is_healthy(server: RunningServer) -> None:
    assert requests.get(f"{server.url}/healthz", timeout=30).text == "ok\n"


def test_an_unknown_page_is_not_found(server: RunningServer) -> None:
    assert requests.get(f"{server.url}/nowhere", timeout=30).status_code == 404
