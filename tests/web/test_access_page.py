"""The user's page of clients with access, over real HTTP: what it lists, and what removing ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leasehold.oauth2 import clients, consent_screens
from tests.running_server import PROJECT, RunningServer, run_server
from tests.web.account.person import text_of
from tests.web.consenting import (
    TASKQUEUE,
    Asking,
    in_production,
    make_client,
    redeem,
)

HERE = "/account/access"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningServer]:
    with run_server(str(tmp_path / "leasehold.db")) as server:
        in_production(server)
        yield server


@pytest.fixture
def web(site: RunningServer) -> Asking:
    asking = Asking(site, make_client(site))
    asking.sign_in()
    return asking


def remove(asking: Asking, consent_id: str = "", **headers: str) -> int:
    """Presses the button of the only client, or of another consent; the status of the answer."""
    page = asking.open(HERE).text
    shown = page.partition('name="consent" value="')[2].partition('"')[0]
    answer = asking.person.send(f"{HERE}/remove", {"consent": consent_id or shown}, **headers)
    return answer.status_code


def test_the_page_is_for_who_is_signed_in(site: RunningServer) -> None:
    asking = Asking(site, make_client(site))

    assert "/signin?" in asking.open(HERE).headers["Location"]


def test_an_empty_page_says_what_it_is_for(web: Asking) -> None:
    assert "No application has access to your account" in text_of(web.open(HERE))


def test_the_page_says_who_may_do_what_since_when(web: Asking) -> None:
    web.server.do(lambda tx, now: consent_screens.verify(tx, now, PROJECT))
    web.allow(scope=f"{TASKQUEUE} email")
    web.server.clock.advance(2 * 3600)

    text = text_of(web.open(HERE))

    for part in ["Shop Verified", "Shop worker, of the project demo", "See your e-mail address"]:
        assert part in text
    assert "Add, lease, change and delete tasks" in text
    assert "Allowed 2 hours ago (" in text
    assert "Last used Not yet" in text


def test_the_page_says_when_access_was_last_used(web: Asking) -> None:
    redeem(web, web.allow(access_type="offline")["code"])
    web.server.clock.advance(86_400 + 60)

    assert "Last used 1 day ago (" in text_of(web.open(HERE))


def test_removing_ends_every_token_from_the_next_request_on(server: RunningServer) -> None:
    in_production(server)
    server.queue()
    asking = Asking(server, make_client(server))
    asking.sign_in("owner@example.com")
    tokens = redeem(asking, asking.allow(access_type="offline")["code"])
    path = "demo/taskqueues/q"
    before = server.call("GET", path, token=tokens["access_token"]).status_code

    status = remove(asking)
    after = server.call("GET", path, token=tokens["access_token"]).status_code
    refreshed = redeem(asking, tokens["refresh_token"], grant="refresh_token")

    assert (200, 303, 401) == (before, status, after)
    assert "invalid_grant" == refreshed["error"]
    assert "No application has access" in text_of(asking.open(HERE))


def test_after_removal_the_screen_is_shown_again(web: Asking) -> None:
    web.allow()
    code_before = web.allow(prompt="consent")["code"]

    remove(web)

    assert [TASKQUEUE] == web.screen().ticks
    assert "invalid_grant" == redeem(web, code_before)["error"]


def test_the_consent_of_somebody_else_is_as_good_as_none(web: Asking) -> None:
    web.allow()
    page = web.open(HERE).text
    of_ada = page.partition('name="consent" value="')[2].partition('"')[0]
    bob = Asking(web.server, web.client)
    bob.sign_in("bob@example.com")

    statuses = [remove(bob, of_ada), remove(bob, "999"), remove(bob, "x"), remove(bob, "9" * 20)]

    assert [404, 404, 404, 404] == statuses
    assert {TASKQUEUE} == web.consented()


@pytest.mark.parametrize("site_name", ["cross-site", "same-site", "none"])
def test_another_sites_page_cannot_press_the_button(web: Asking, site_name: str) -> None:
    web.allow()

    assert 403 == remove(web, **{"Sec-Fetch-Site": site_name})
    assert {TASKQUEUE} == web.consented()


def test_a_deleted_client_is_not_listed(web: Asking) -> None:
    web.allow()
    web.server.do(lambda tx, now: clients.delete(tx, now, web.client.id))

    assert "No application has access" in text_of(web.open(HERE))


def test_access_is_removed_with_one_button(web: Asking) -> None:
    web.allow()

    form = web.open(HERE).text.partition(f'action="{HERE}/remove"')[2].partition("</form>")[0]

    assert ">Remove access</button>" in form
    assert "<details>" not in web.open(HERE).text
