"""The authorization endpoint over real HTTP: what is answered where, and the consent screen.

The attacks are those that the OAuth security documents list, each tried as its name says.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from leasehold.accounts import projects, users
from leasehold.oauth2 import clients, consent_screens, consents
from leasehold.storage.transaction import Transaction
from tests.running_server import OWNER, PROJECT, RunningServer, run_server
from tests.web.consenting import (
    ADA,
    CALLBACK,
    CHALLENGE,
    CLOUD,
    CONSUMER,
    PATH,
    TASKQUEUE,
    Asking,
    Screen,
    address,
    in_production,
    make_client,
    told,
    way_back,
)

OOB = "urn:ietf:wg:oauth:2.0:oob"
LOGO = bytes.fromhex(  # a picture of 16 by 16 pixels
    "89504e470d0a1a0a0000000d49484452000000100000001008000000003a98a0bd0000000d494441"
    "54789c63601805c8000001100001a09311a50000000049454e44ae426082"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningServer]:
    """With every legacy switch off."""
    with run_server(str(tmp_path / "leasehold.db")) as server:
        in_production(server)
        yield server


@pytest.fixture
def web(site: RunningServer) -> Asking:
    """A confidential client, and Ada, who is signed in."""
    asking = Asking(site, make_client(site))
    asking.sign_in()
    return asking


@pytest.fixture
def installed(site: RunningServer) -> Asking:
    """An installed client, which is public, and Ada, who is signed in."""
    asking = Asking(site, make_client(site, "installed"))
    asking.sign_in()
    return asking


@pytest.fixture
def old_site(tmp_path: Path) -> Iterator[RunningServer]:
    """With every legacy switch of the endpoint on."""
    with run_server(
        str(tmp_path / "old.db"),
        implicit_grant=True,
        plain_pkce=True,
        code_without_pkce=True,
        out_of_band=True,
        postmessage=True,
    ) as server:
        in_production(server)
        yield server


@pytest.fixture(scope="module")
def still_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """For requests that are refused: nothing changes there."""
    with run_server(str(tmp_path_factory.mktemp("still") / "leasehold.db")) as server:
        in_production(server)
        yield server


@pytest.fixture(scope="module")
def still_web(still_site: RunningServer) -> Asking:
    asking = Asking(still_site, make_client(still_site))
    asking.sign_in()
    return asking


@pytest.fixture(scope="module")
def still_installed(still_site: RunningServer) -> Asking:
    asking = Asking(still_site, make_client(still_site, "installed"))
    asking.sign_in()
    return asking


# -- the flow


def test_a_yes_gives_the_client_a_code_for_what_was_ticked(server: RunningServer) -> None:
    in_production(server)
    asking = Asking(server, make_client(server))
    asking.sign_in()

    answer = asking.answer(asking.screen(scope=f"{TASKQUEUE} openid", nonce="n"))

    assert CALLBACK == address(answer)
    assert {"code", "state", "iss"} == told(answer).keys()
    assert ("xyz", server.url) == (told(answer)["state"], told(answer)["iss"])
    code = asking.code(told(answer)["code"])
    assert (asking.client.id, CALLBACK) == (code.client_id, code.redirect_uri)
    assert (CHALLENGE, "S256", "n") == (code.code_challenge, code.challenge_method, code.nonce)
    assert asking.session is not None
    assert asking.session.authenticated_at == code.authenticated_at
    assert not code.offline
    assert {TASKQUEUE, "openid"} == asking.given(told(answer)["code"])


def test_who_is_not_signed_in_signs_in_and_comes_back(site: RunningServer) -> None:
    asking = Asking(site, make_client(site))

    back = way_back(asking.ask())
    asking.sign_in()

    assert 200 == asking.open(back).status_code


def test_the_sign_in_page_is_given_the_address_that_the_client_expects(site: RunningServer) -> None:
    asking = Asking(site, make_client(site))

    sign_in = asking.ask(login_hint=ADA).headers["Location"]

    assert [ADA] == parse_qs(urlsplit(sign_in).query)["email"]


@pytest.mark.parametrize("path", ["/o/oauth2/auth", "/o/oauth2/v2/auth"])
def test_a_form_of_another_site_is_sent_on_to_get(web: Asking, path: str) -> None:
    posted = requests.post(  # without a cookie, as browsers do from another site
        web.server.url + path, data=web.parameters(), timeout=30, allow_redirects=False
    )

    assert 303 == posted.status_code
    assert path == urlsplit(posted.headers["Location"]).path
    assert 200 == web.open(posted.headers["Location"]).status_code


def test_the_screen_says_who_asks_and_what_for_and_for_how_long(web: Asking) -> None:
    in_production(web.server, privacy_link="https://shop.example/privacy")
    web.server.do(lambda tx, _: consent_screens.set_logo(tx, PROJECT, LOGO))

    page = web.screen(scope=f"{TASKQUEUE} openid").page.text

    for text in ["Shop asks for access", "Not verified", ADA, PROJECT, OWNER, "app.example.com"]:
        assert text in page
    assert "Add, lease, change and delete tasks" in page
    assert "an hour at a time" in page
    assert 'href="https://shop.example/privacy"' in page
    assert f'src="/logos/{PROJECT}"' in page


def test_a_verified_project_is_called_so(web: Asking) -> None:
    web.server.do(lambda tx, now: consent_screens.verify(tx, now, PROJECT))

    assert '<span class="badge">Verified</span>' in web.screen().page.text


def test_offline_access_is_said_to_last_until_it_is_taken_back(web: Asking) -> None:
    text = web.screen(access_type="offline").page.text

    assert "Until you take it back, also while you are away." in text


def test_a_scope_that_is_unticked_is_not_given(web: Asking) -> None:
    screen = web.screen(scope=f"{TASKQUEUE} email")

    answer = web.answer(screen, ticked=["email"])

    assert {"email"} == web.given(told(answer)["code"])
    assert {"email"} == web.consented()


def test_allowing_nothing_new_leaves_what_was_allowed_before(web: Asking) -> None:
    web.answer(web.screen(scope="email"), ticked=["email"])

    answer = web.answer(web.screen(scope=f"email openid {TASKQUEUE}"), ticked=[])

    assert {"email"} == web.given(told(answer)["code"])


def test_two_names_of_one_thing_are_one_tick(web: Asking) -> None:
    both = "email https://www.googleapis.com/auth/userinfo.email"

    screen = web.screen(scope=both)
    answer = web.answer(screen)

    assert [both] == screen.ticks
    assert set(both.split()) == web.given(told(answer)["code"])


def test_who_the_person_is_goes_with_every_yes(web: Asking) -> None:
    screen = web.screen(scope=f"openid {TASKQUEUE} email")

    answer = web.answer(screen, ticked=["email"])

    assert ["Know that it is you, by a number that stays the same"] == screen.sentences("fixed")
    assert {"openid", "email"} == web.given(told(answer)["code"])


def test_a_yes_without_a_tick_is_a_no(web: Asking) -> None:
    answer = web.answer(web.screen(scope=f"openid {TASKQUEUE}"), ticked=[])

    assert "access_denied" == told(answer)["error"]
    assert set() == web.consented()


def test_a_no_is_told_to_the_client(web: Asking) -> None:
    answer = web.answer(web.screen(), says="refuse")

    assert CALLBACK == address(answer)
    assert ("access_denied", "xyz", web.server.url) == (
        told(answer)["error"],
        told(answer)["state"],
        told(answer)["iss"],
    )
    assert set() == web.consented()


def test_a_redirect_uri_keeps_its_own_query(site: RunningServer) -> None:
    asking = Asking(site, make_client(site, "web", f"{CALLBACK}?shop=1"))
    asking.sign_in()

    location = asking.answer(asking.screen()).headers["Location"]

    assert location.startswith(f"{CALLBACK}?shop=1&code=")


# -- remembered, incremental and forced consent


def test_what_was_granted_before_needs_no_screen(web: Asking) -> None:
    web.allow(scope=f"{TASKQUEUE} {CONSUMER}")

    answer = web.ask(scope=CONSUMER)

    assert {CONSUMER} == web.given(told(answer)["code"])


def test_without_a_screen_there_is_no_refresh_token(web: Asking) -> None:
    first = web.allow(access_type="offline")
    silent = told(web.ask(access_type="offline"))
    forced = web.allow(access_type="offline", prompt="consent")

    assert [True, False, True] == [
        web.code(answer["code"]).offline for answer in (first, silent, forced)
    ]


def test_approval_prompt_force_is_prompt_consent(web: Asking) -> None:
    web.allow(access_type="offline")

    assert web.code(web.allow(access_type="offline", approval_prompt="force")["code"]).offline


def test_the_scope_offline_access_means_access_type_offline(web: Asking) -> None:
    with_prompt = web.allow(scope=f"openid {TASKQUEUE} offline_access", prompt="consent")
    without = Asking(web.server, make_client(web.server))
    without.sign_in()

    assert web.code(with_prompt["code"]).offline
    assert "offline_access" in web.given(with_prompt["code"])
    assert not without.code(without.allow(scope=f"{TASKQUEUE} offline_access")["code"]).offline


def test_incremental_consent_offers_only_what_is_new(web: Asking) -> None:
    web.allow(scope=TASKQUEUE)

    screen = web.screen(scope=f"{TASKQUEUE} email")
    answer = web.answer(screen)

    assert ["email"] == screen.ticks
    assert ["Add, lease, change and delete tasks, and manage queues"] == screen.sentences(
        "already-allowed"
    )
    assert {TASKQUEUE, "email"} == web.given(told(answer)["code"])


def test_include_granted_scopes_brings_the_earlier_ones_along_and_says_so(web: Asking) -> None:
    web.allow(scope=TASKQUEUE)

    screen = web.screen(scope="email", include_granted_scopes="true")
    answer = web.answer(screen)

    assert 1 == len(screen.sentences("already-allowed"))
    assert {TASKQUEUE, "email"} == web.given(told(answer)["code"])
    assert {"email"} == web.given(told(web.ask(scope="email"))["code"])
    assert {TASKQUEUE, "email"} == web.given(
        told(web.ask(scope="email", include_granted_scopes="true"))["code"]
    )


def test_a_forced_screen_that_offers_nothing_new_is_answered_with_what_it_shows(
    web: Asking,
) -> None:
    web.allow()

    screen = web.screen(prompt="consent")

    assert [] == screen.ticks
    assert {TASKQUEUE} == web.given(told(web.answer(screen))["code"])


# -- prompts


def test_prompt_none_answers_at_once_when_all_was_granted(web: Asking) -> None:
    web.allow()

    assert "code" in told(web.ask(prompt="none"))


def test_prompt_none_says_what_is_missing(web: Asking, installed: Asking) -> None:
    stranger = Asking(web.server, web.client)
    installed.allow()

    errors = [
        told(stranger.ask(prompt="none"))["error"],
        told(web.ask(prompt="none"))["error"],
        told(installed.ask(prompt="none"))["error"],
    ]

    assert ["login_required", "consent_required", "interaction_required"] == errors


def test_prompt_none_for_another_person_is_refused_only_after_consent(web: Asking) -> None:
    before = told(web.ask(prompt="none", login_hint="bob@example.com"))["error"]
    web.allow()
    after = told(web.ask(prompt="none", login_hint="bob@example.com"))["error"]

    assert ("consent_required", "account_selection_required") == (before, after)


def test_prompt_login_demands_a_fresh_sign_in_once(web: Asking) -> None:
    web.server.clock.advance(60)

    back = way_back(web.ask(prompt="login"))
    unproved = way_back(web.open(back))
    web.sign_in()

    assert "reason=again" in web.ask(prompt="login").headers["Location"]
    assert 200 == web.open(unproved).status_code
    assert 200 == web.open(back).status_code


def test_a_sign_in_that_is_older_than_max_age_is_not_enough(web: Asking) -> None:
    web.server.clock.advance(100)

    enough, back = web.ask(max_age="200"), way_back(web.ask(max_age="60"))
    silent = told(web.ask(max_age="60", prompt="none"))["error"]
    web.sign_in()

    assert 200 == enough.status_code
    assert "login_required" == silent
    assert 200 == web.open(back).status_code


def test_max_age_zero_asks_for_one_sign_in_and_no_more(web: Asking) -> None:
    back = way_back(web.ask(max_age="0"))
    web.sign_in()

    assert 200 == web.open(back).status_code


def test_a_stamp_of_another_request_or_of_ones_own_invention_proves_nothing(web: Asking) -> None:
    web.server.clock.advance(60)
    stamp = parse_qs(urlsplit(way_back(web.ask(prompt="login"))).query)["signin_since"][0]
    web.sign_in()
    request = urlencode(web.parameters(prompt="login", state="another"))

    for invented in (stamp, "0." + stamp.partition(".")[2], "0", "x", f"{'9' * 30}.x", "-1.x"):
        page = web.open(f"{PATH}?{request}&{urlencode({'signin_since': invented})}")
        assert "/signin?" in page.headers["Location"]


def test_prompt_select_account_shows_a_choice_once(web: Asking) -> None:
    choice = web.ask(prompt="select_account")

    assert "Go on as ada@example.com" in choice.text
    go_on = choice.text.partition('id="go-on" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "Shop asks for access" in web.open(go_on).text


def test_who_switches_the_account_is_not_asked_again_which_one(web: Asking) -> None:
    choice = web.ask(prompt="select_account")
    switch = choice.text.partition('id="switch" href="')[2].partition('"')[0].replace("&amp;", "&")

    web.server.clock.advance(1)
    web.sign_in("bob@example.com")

    back = parse_qs(urlsplit(switch).query)["continue"][0]
    assert "bob@example.com" in web.open(back).text
    assert "Shop asks for access" in web.open(back).text


@pytest.mark.parametrize(
    "hint", [{"login_hint": "bob@example.com"}, {"login_hint": "2" * 21}, {"hd": "other.example"}]
)
def test_when_another_person_is_expected_one_is_offered_to_switch(
    still_web: Asking, hint: dict[str, str | None]
) -> None:
    page = still_web.ask(**hint).text

    assert "Choose an account" in page
    assert "It expects" in page


@pytest.mark.parametrize(
    "hint", [{"login_hint": "ADA@example.com"}, {"hd": "example.com"}, {"hd": "*"}]
)
def test_who_is_expected_goes_on_at_once(still_web: Asking, hint: dict[str, str | None]) -> None:
    assert "Shop asks for access" in still_web.ask(**hint).text


def test_the_subject_is_a_hint_too(web: Asking) -> None:
    assert web.session is not None

    assert "Shop asks for access" in web.ask(login_hint=web.session.subject).text


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "none consent"},
        {"prompt": "none login"},
        {"prompt": "anything"},
        {"prompt": "consent", "approval_prompt": "force"},
        {"approval_prompt": "always"},
        {"access_type": "forever"},
        {"include_granted_scopes": "maybe"},
        {"max_age": "-1"},
        {"max_age": "٣"},
        {"response_type": None},
        {"response_mode": "form_post"},
        {"response_mode": "web_message"},
        {"response_mode": "https://evil.example"},
    ],
)
def test_what_makes_no_sense_is_told_to_the_client(
    still_web: Asking, change: dict[str, str | None]
) -> None:
    answer = still_web.ask(**change)

    assert CALLBACK == address(answer)
    assert ("invalid_request", "xyz", still_web.server.url) == (
        told(answer)["error"],
        told(answer)["state"],
        told(answer)["iss"],
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scope": f"{TASKQUEUE} unheard-of"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": CLOUD}, "invalid_scope"),
        ({"response_type": "password"}, "unsupported_response_type"),
        ({"response_type": "code id_token", "nonce": "n"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
def test_each_refusal_has_its_code(
    still_web: Asking, change: dict[str, str | None], code: str
) -> None:
    answer = still_web.ask(**change)

    found = {**told(answer), **told(answer, by="fragment")}
    assert CALLBACK == address(answer)
    assert (code, "xyz", still_web.server.url) == (found["error"], found["state"], found["iss"])


def test_response_mode_fragment_is_answered_there(web: Asking) -> None:
    answer = web.answer(web.screen(response_mode="fragment"))

    assert {} == told(answer)
    assert {"code", "state", "iss"} == told(answer, by="fragment").keys()


def test_unknown_and_empty_parameters_are_ignored(web: Asking) -> None:
    assert 200 == web.ask(unheard_of="1", display="", prompt="", ui_locales="de").status_code


# -- projects in testing


def test_in_testing_only_testers_and_members_are_asked(web: Asking) -> None:
    in_production(web.server, stage="testing")

    stranger = web.ask()
    silent = told(web.ask(prompt="none"))["error"]
    web.sign_in(OWNER)
    member = web.ask()
    web.server.do(lambda tx, _: consent_screens.add_tester(tx, project_id=PROJECT, email=ADA))
    web.sign_in(ADA)

    assert 403 == stranger.status_code
    assert "still being tested" in stranger.text
    assert "error=access_denied" in stranger.text  # the way back to the application
    assert "access_denied" == silent
    assert (200, 200) == (member.status_code, web.ask().status_code)


def test_who_is_no_tester_any_longer_when_the_form_comes_gives_nothing(web: Asking) -> None:
    screen = web.screen()
    in_production(web.server, stage="testing")

    answer = web.answer(screen)

    assert 400 == answer.status_code
    assert set() == web.consented()


# -- attacks: unknown clients and redirect URIs


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"prompt": "none"},
        {"response_mode": "fragment"},
        {"response_type": "nonsense"},
        {"scope": "nonsense"},
        {"request": "e30.e30."},
        {"request_uri": "https://evil.example"},
    ],
)
@pytest.mark.parametrize(
    "who",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": "' or 1=1 --"},
        {"client_id": "x\0"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_nothing_redirects_to_who_is_not_registered(
    still_web: Asking, who: dict[str, str | None], more: dict[str, str | None]
) -> None:
    for asking in (still_web, Asking(still_web.server, still_web.client)):
        page = asking.ask(**(who | more))

        assert 400 == page.status_code
        assert "Location" not in page.headers
        assert "evil.example" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback?",
        "https://app.example.com/callback/",
        "https://app.example.com/callback;x=1",
        "https://app.example.com/callback#",
        "https://app.example.com/callback#code",
        "https://app.example.com/callback%2e%2e",
        "https://app.example.com/%63allback",
        "https://app.example.com/x/../callback",
        "https://app.example.com/callback/../../evil",
        "https://app.example.com/callback\\@evil.example",
        "https://app.example.com\\@evil.example/callback",
        "https://evil@app.example.com/callback",
        "https://app.example.com@evil.example/callback",
        "https://app.example.com.evil.example/callback",
        "https://app.example.com./callback",
        "https://APP.example.com/callback",
        "HTTPS://app.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com:8443/callback",
        "http://app.example.com/callback",
        "//app.example.com/callback",
        "https:app.example.com/callback",
        "https:///app.example.com/callback",
        "https://app.example.com/callback\r\nSet-Cookie: x=1",
        " https://app.example.com/callback",
        "https://app.example.com/callback\t",
        "https://*.example.com/callback",
        "https://app.example.com/",
        "https://xn--app-.example.com/callback",
        "https://app。example.com/callback",
    ],
)
def test_a_redirect_uri_is_the_registered_one_character_by_character(
    still_web: Asking, uri: str
) -> None:
    page = still_web.ask(redirect_uri=uri)

    assert 400 == page.status_code
    assert "Location" not in page.headers
    assert "redirect_uri_mismatch" in page.text


@pytest.mark.parametrize(
    ("uri", "is_good"),
    [
        ("http://127.0.0.1:1234", True),
        ("http://127.0.0.1:1234/", True),
        ("http://127.0.0.1", True),
        ("http://localhost:1234", False),
        ("http://[::1]:1234", False),
        ("http://127.0.0.2:1234", False),
        ("http://127.0.0.1:0", False),
        ("http://127.0.0.1:99999", False),
        ("http://127.0.0.1:1234@evil.example", False),
        ("http://127.0.0.1:1234/x", False),
        ("https://127.0.0.1:1234", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_vary(
    still_installed: Asking, uri: str, *, is_good: bool
) -> None:
    assert (200 if is_good else 400) == still_installed.ask(redirect_uri=uri).status_code


def test_the_port_of_another_clients_loopback_address_may_not_vary(site: RunningServer) -> None:
    asking = Asking(site, make_client(site, "web", "http://127.0.0.1:8000/cb"))
    asking.sign_in()

    assert 200 == asking.ask().status_code
    assert 400 == asking.ask(redirect_uri="http://127.0.0.1:8001/cb").status_code


def test_the_page_of_a_wrong_redirect_uri_shows_it_as_text(web: Asking) -> None:
    page = web.ask(redirect_uri='https://evil.example/"><script>alert(1)</script>')

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


# -- attacks: mix-up and PKCE


def test_the_issuer_is_in_errors_too(web: Asking) -> None:
    answers = [
        told(web.ask(scope="nonsense")),
        told(web.ask(prompt="none")),
        told(web.answer(web.screen(), says="refuse")),
        told(web.ask(state="s" * 5000)),
    ]

    assert {web.server.url} == {answer["iss"] for answer in answers}


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},  # which means plain
        {"code_challenge_method": "S512"},
        {"code_challenge_method": "s256"},
        {"code_challenge": None},
        {"code_challenge": "a" * 42},
        {"code_challenge": "a" * 129},
        {"code_challenge": "a" * 42 + "="},
    ],
)
def test_a_weak_or_broken_challenge_is_refused(
    still_web: Asking, change: dict[str, str | None]
) -> None:
    assert "invalid_request" == told(still_web.ask(**change))["error"]


@pytest.mark.parametrize("type_", ["installed", "browser"])
def test_a_public_client_cannot_leave_pkce_out(site: RunningServer, type_: str) -> None:
    asking = Asking(site, make_client(site, type_))
    asking.sign_in()

    answer = told(asking.ask(code_challenge=None, code_challenge_method=None))

    assert "invalid_request" == answer["error"]
    assert "PKCE" in answer["error_description"]


def test_a_client_with_a_secret_may_leave_pkce_out(web: Asking) -> None:
    answer = web.allow(code_challenge=None, code_challenge_method=None)

    assert web.code(answer["code"]).code_challenge is None


# -- attacks: what is sent twice, too long or unreadable


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_two_clients_or_redirect_uris_are_answered_to_nobody(still_web: Asking, name: str) -> None:
    page = still_web.open(
        f"{PATH}?{urlencode(still_web.parameters())}&{urlencode({name: 'another'})}"
    )

    assert 400 == page.status_code
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    "name", ["scope", "state", "response_type", "code_challenge", "prompt", "response_mode"]
)
def test_a_parameter_that_comes_twice_is_refused(still_web: Asking, name: str) -> None:
    twice = urlencode([(name, "one"), (name, "two")])

    answer = still_web.open(f"{PATH}?{urlencode(still_web.parameters(**{name: None}))}&{twice}")

    assert CALLBACK == address(answer)
    assert "invalid_request" == told(answer)["error"]
    assert "one" not in told(answer).values()


def test_parameters_in_the_url_and_in_the_body_are_not_mixed(web: Asking) -> None:
    page = requests.post(
        f"{web.server.url}{PATH}?{urlencode({'client_id': web.client.id})}",
        data=web.parameters(),
        timeout=30,
        allow_redirects=False,
    )

    assert 400 == page.status_code
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "s " * 2500},
        {"state": "s" * 5000},
        {"state": "ü" * 4000},
        {"nonce": "n" * 1025},
        {"scope": f"{TASKQUEUE}\0"},
        {"state": "a\0b"},
        {"state": "a\r\nSet-Cookie: x=1"},
        {"login_hint": "\x1b[31m"},
        {"nonce": "\u202e"},
    ],
)
def test_what_is_too_long_or_unreadable_is_refused(
    still_web: Asking, change: dict[str, str | None]
) -> None:
    answer = still_web.ask(**change)

    assert CALLBACK == address(answer)
    assert "invalid_request" == told(answer)["error"]
    assert "Set-Cookie" not in answer.headers


def test_a_scope_of_50_kilobytes_costs_nothing(web: Asking) -> None:
    answer = web.ask(scope="s" * 50_000)
    posted = requests.post(
        web.server.url + PATH,
        data=web.parameters(scope="s" * 50_000),
        timeout=30,
        allow_redirects=False,
    )

    assert "invalid_request" == told(answer)["error"]
    assert 413 == posted.status_code


def test_the_longest_request_survives_the_sign_in_page(site: RunningServer) -> None:
    asking = Asking(site, make_client(site))

    back = way_back(asking.ask(state="s" * 4096, nonce="ü" * 400))
    sign_in = asking.open(f"/signin?{urlencode({'continue': back})}")
    asking.sign_in()

    assert 200 == sign_in.status_code
    assert "s" * 4096 == told(asking.answer(Screen(asking.open(back))))["state"]


# -- attacks: the form of the consent screen


def test_another_sites_page_cannot_say_yes(web: Asking) -> None:
    fields = {"request": web.screen().request_id, "answer": "allow", "scope": TASKQUEUE}
    senders = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ]

    for headers in senders:
        answer = web.person.browser.post(
            f"{web.server.url}/o/oauth2/consent", data=fields, headers=headers, timeout=30
        )
        assert 403 == answer.status_code
    assert set() == web.consented()


def test_the_screen_cannot_be_framed_and_tells_no_other_site_where_it_was(web: Asking) -> None:
    headers = web.screen().page.headers

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "DENY" == headers["X-Frame-Options"]
    assert "same-origin" == headers["Referrer-Policy"]
    assert "no-store" == headers["Cache-Control"]


def test_the_answer_is_a_303_that_leaks_no_address(web: Asking) -> None:
    answer = web.answer(web.screen())

    assert 303 == answer.status_code
    assert "no-referrer" == answer.headers["Referrer-Policy"]
    assert "no-store" == answer.headers["Cache-Control"]


def test_ticks_that_were_not_shown_count_for_nothing(web: Asking) -> None:
    screen = web.screen(scope="email")

    answer = web.answer(screen, ticked=["email", TASKQUEUE, CONSUMER, CLOUD, "openid", "nonsense"])

    assert {"email"} == web.given(told(answer)["code"])
    assert {"email"} == web.consented()


def test_only_ticks_that_were_not_shown_are_a_no(web: Asking) -> None:
    answer = web.answer(web.screen(scope="email"), ticked=[TASKQUEUE])

    assert "access_denied" == told(answer)["error"]


def test_fields_that_are_smuggled_into_the_form_change_nothing(web: Asking) -> None:
    answer = web.answer(
        web.screen(),
        redirect_uri="https://evil.example",
        client_id="nobody",
        response_type="token",
        access_type="offline",
        state="planted",
        code_challenge="a" * 43,
        prompt="none",
    )

    assert CALLBACK == address(answer)
    assert "xyz" == told(answer)["state"]
    code = web.code(told(answer)["code"])
    assert (CHALLENGE, False) == (code.code_challenge, code.offline)


def test_a_question_is_answered_once(web: Asking) -> None:
    screen = web.screen()
    first, second = web.answer(screen), web.answer(screen)
    other = web.screen(prompt="consent")
    refused, after = web.answer(other, says="refuse"), web.answer(other)

    assert "code" in told(first)
    assert "access_denied" == told(refused)["error"]
    for page in (second, after):
        assert 400 == page.status_code
        assert "start again" in page.text


def test_a_question_waits_ten_minutes(web: Asking) -> None:
    screen = web.screen()
    web.server.clock.advance(601)

    assert 400 == web.answer(screen).status_code


def test_a_question_is_nobody_elses(web: Asking) -> None:
    screen = web.screen()
    bob = Asking(web.server, web.client)
    bob.sign_in("bob@example.com")
    other_browser = Asking(web.server, web.client)
    other_browser.sign_in()
    signed_out = Asking(web.server, web.client)

    answers = [asking.answer(screen) for asking in (bob, other_browser, signed_out)]

    assert [400, 400, 400] == [answer.status_code for answer in answers]
    assert set() == web.consented() | web.consented("bob@example.com")
    assert "code" in told(web.answer(screen))


def test_who_became_somebody_else_while_the_page_was_open_says_nothing(web: Asking) -> None:
    screen = web.screen()
    web.sign_in("bob@example.com")

    answer = web.answer(screen)

    assert 400 == answer.status_code
    assert set() == web.consented() | web.consented("bob@example.com")


def test_consent_is_for_one_client_and_one_person(web: Asking) -> None:
    web.allow()
    other_client = Asking(web.server, make_client(web.server))
    other_client.sign_in()

    assert "consent_required" == told(other_client.ask(prompt="none"))["error"]
    web.sign_in("bob@example.com")
    assert "consent_required" == told(web.ask(prompt="none"))["error"]


def test_a_client_that_was_deleted_meanwhile_gets_nothing(web: Asking) -> None:
    screen = web.screen()
    web.server.do(lambda tx, now: clients.delete(tx, now, web.client.id))

    answer = web.answer(screen)

    assert 400 == answer.status_code
    assert "Location" not in answer.headers


def test_a_redirect_uri_that_was_removed_meanwhile_gets_nothing(web: Asking) -> None:
    yes, no = web.screen(), web.screen()
    uris = ("https://app.example.com/other",)
    web.server.do(lambda tx, _: clients.set_redirect_uris(tx, web.client.id, uris))

    for answer in (web.answer(yes), web.answer(no, says="refuse")):
        assert 400 == answer.status_code
        assert "Location" not in answer.headers


def test_a_person_who_was_disabled_meanwhile_gives_nothing(web: Asking) -> None:
    screen = web.screen()
    web.server.do(lambda tx, now: users.disable(tx, now, ADA))

    assert 400 == web.answer(screen).status_code


def test_consent_that_was_taken_back_is_asked_for_again(web: Asking) -> None:
    web.allow()
    open_screen = web.screen(prompt="consent")
    _take_back(web)

    answer = web.answer(open_screen)

    assert 400 == answer.status_code
    assert [TASKQUEUE] == web.screen().ticks


def test_a_program_on_the_persons_machine_is_never_let_in_silently(installed: Asking) -> None:
    installed.allow()

    screen = installed.screen()

    assert "started this application yourself" in screen.page.text
    assert {TASKQUEUE} == installed.given(told(installed.answer(screen))["code"])


def test_a_public_client_never_gets_more_than_its_screen_says(installed: Asking) -> None:
    installed.allow(scope=TASKQUEUE)

    screen = installed.screen(scope="email", include_granted_scopes="true")
    answer = installed.answer(screen)

    assert [] == screen.sentences("already-allowed")
    assert {"email"} == installed.given(told(answer)["code"])


def test_a_browser_client_at_an_address_of_its_own_is_remembered(site: RunningServer) -> None:
    asking = Asking(site, make_client(site, "browser"))
    asking.sign_in()
    asking.allow(scope=f"{TASKQUEUE} email")

    assert {"email"} == asking.given(
        told(asking.ask(scope="email", include_granted_scopes="true"))["code"]
    )


def test_a_cookie_that_was_planted_before_the_sign_in_is_worth_nothing(web: Asking) -> None:
    planted = web.person.browser.cookies["leasehold-session"]
    web.sign_in()
    web.person.browser.cookies.set("leasehold-session", planted)

    assert "/signin?" in web.ask().headers["Location"]


# -- attacks: proxy headers, and text that strangers wrote


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_headers_of_a_proxy_change_no_link_and_no_issuer(
    web: Asking, headers: dict[str, str]
) -> None:
    path = f"{PATH}?{urlencode(web.parameters())}"
    page = web.open(path, **headers)
    error = told(web.open(f"{PATH}?{urlencode(web.parameters(scope='x'))}", **headers))
    web.person.browser.cookies.clear()
    sign_in = web.open(path, **headers).headers["Location"]

    assert "evil" not in page.text + str(page.headers)
    assert web.server.url == error["iss"]
    assert sign_in.startswith("/signin?")
    assert "evil" not in sign_in


def test_names_of_strangers_are_shown_as_text(site: RunningServer) -> None:
    script = "<script>alert(1)</script>"
    in_production(site, name=script)
    asking = Asking(site, make_client(site, name=f'"><img src=x onerror={1}>'))
    asking.sign_in()

    page = asking.screen(state=script, login_hint=ADA).page.text

    assert script not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_a_hint_of_a_stranger_is_shown_as_text(web: Asking) -> None:
    assert "<b>" not in web.ask(login_hint="<b>bob</b>").text


def test_a_logo_is_sent_as_nothing_but_a_picture(web: Asking) -> None:
    web.server.do(lambda tx, _: consent_screens.set_logo(tx, PROJECT, LOGO))

    logo = web.open(f"/logos/{PROJECT}")

    assert LOGO == logo.content
    assert "image/png" == logo.headers["Content-Type"]
    assert "nosniff" == logo.headers["X-Content-Type-Options"]
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert [404, 404] == [web.open(f"/logos/{name}").status_code for name in ("other", "..%2Fx")]


# -- legacy switches


def test_every_legacy_switch_is_off_until_it_is_switched_on_and_then_shown(
    site: RunningServer, old_site: RunningServer
) -> None:
    def metadata(server: RunningServer) -> dict[str, Any]:
        url = f"{server.url}/.well-known/oauth-authorization-server"
        found: dict[str, Any] = requests.get(url, timeout=30).json()
        return found

    strict, old = metadata(site), metadata(old_site)

    switches = {"implicit_grant", "plain_pkce", "code_without_pkce", "out_of_band", "postmessage"}
    assert switches.isdisjoint(strict["leasehold_legacy_switches"])
    assert switches <= {*old["leasehold_legacy_switches"]}
    assert (["code"], ["S256"]) == (
        strict["response_types_supported"],
        strict["code_challenge_methods_supported"],
    )
    assert ["code", "token", "id_token", "id_token token"] == old["response_types_supported"]
    assert ["S256", "plain"] == old["code_challenge_methods_supported"]
    assert strict["authorization_response_iss_parameter_supported"] is True


def test_the_log_names_the_legacy_switches_that_are_on_at_the_start(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "leasehold", "serve", "--port", "0"],
        env={"LEASEHOLD_DATABASE": str(tmp_path / "new.db"), "LEASEHOLD_OUT_OF_BAND": "on"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, log = process.communicate(timeout=30)

    assert "WARNING legacy.on out_of_band" in log
    assert "implicit_grant" not in log


def test_the_implicit_grant_is_off_even_for_a_client_that_registered_for_it(
    site: RunningServer,
) -> None:
    asking = Asking(site, make_client(site, "browser", implicit=True))
    asking.sign_in()

    answer = asking.ask(response_type="token", code_challenge=None, code_challenge_method=None)

    assert "unsupported_response_type" == told(answer, by="fragment")["error"]


def test_the_implicit_grant_is_for_clients_that_registered_for_it(old_site: RunningServer) -> None:
    asking = Asking(old_site, make_client(old_site, "browser"))
    asking.sign_in()

    answer = asking.ask(response_type="token", code_challenge=None, code_challenge_method=None)

    assert "unauthorized_client" == told(answer, by="fragment")["error"]


def _implicit(server: RunningServer) -> Asking:
    asking = Asking(server, make_client(server, "browser", implicit=True))
    asking.sign_in()
    return asking


BARE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def test_where_it_is_on_the_implicit_grant_gives_tokens_in_the_fragment(
    old_site: RunningServer,
) -> None:
    asking = _implicit(old_site)
    more = {"response_type": "token id_token", "scope": f"openid {TASKQUEUE}", "nonce": "n"}

    answer = asking.answer(asking.screen(**BARE | more))

    assert {} == told(answer)
    given = told(answer, by="fragment")
    assert {"access_token", "token_type", "expires_in", "scope", "id_token", "state", "iss"} == (
        given.keys()
    )
    url = f"{old_site.url}/tokeninfo"
    token = requests.get(url, params={"access_token": given["access_token"]}, timeout=30).json()
    identity = requests.get(url, params={"id_token": given["id_token"]}, timeout=30).json()
    assert asking.client.id == token["aud"] == identity["aud"]
    assert "n" == identity["nonce"]
    assert identity["at_hash"]


@pytest.mark.parametrize(
    "change",
    [
        {"response_mode": "query"},
        {"code_challenge": CHALLENGE},
        {"response_type": "id_token", "scope": "openid"},  # without a nonce
    ],
)
def test_the_implicit_grant_refuses_what_would_weaken_it(
    old_site: RunningServer, change: dict[str, str | None]
) -> None:
    asking = _implicit(old_site)

    answer = asking.ask(**BARE | {"response_type": "token"} | change)

    assert {} == told(answer)
    assert "invalid_request" == told(answer, by="fragment")["error"]


def test_an_id_token_needs_the_scope_openid(old_site: RunningServer) -> None:
    answer = _implicit(old_site).ask(**BARE | {"response_type": "id_token", "nonce": "n"})

    assert "invalid_scope" == told(answer, by="fragment")["error"]


def test_a_client_whose_implicit_grant_ended_meanwhile_gets_no_token(
    old_site: RunningServer,
) -> None:
    asking = _implicit(old_site)
    screen = asking.screen(**BARE | {"response_type": "token"})
    old_site.do(lambda tx, _: _end_implicit(tx, asking.client.id))

    answer = asking.answer(screen)

    assert "unauthorized_client" == told(answer, by="fragment")["error"]
    assert set() == asking.consented()


def test_plain_challenges_and_none_at_all_are_taken_where_they_are_on(
    old_site: RunningServer,
) -> None:
    asking = Asking(old_site, make_client(old_site, "installed"))
    asking.sign_in()

    plain = asking.allow(code_challenge="a" * 43, code_challenge_method="plain")
    bare = asking.allow(**BARE)

    assert "plain" == asking.code(plain["code"]).challenge_method
    assert asking.code(bare["code"]).code_challenge is None


@pytest.mark.parametrize(
    ("type_", "uri"), [("installed", OOB), ("installed", f"{OOB}:auto"), ("web", "postmessage")]
)
def test_out_of_band_is_off(site: RunningServer, type_: str, uri: str) -> None:
    asking = Asking(site, make_client(site, type_, uri))
    asking.sign_in()

    page = asking.ask()

    assert 400 == page.status_code
    assert "switched off" in page.text


@pytest.mark.parametrize(
    ("type_", "uri"), [("installed", OOB), ("installed", f"{OOB}:auto"), ("web", "postmessage")]
)
def test_where_it_is_on_out_of_band_shows_the_code(
    old_site: RunningServer, type_: str, uri: str
) -> None:
    asking = Asking(old_site, make_client(old_site, type_, uri))
    asking.sign_in()

    page = asking.answer(asking.screen())
    refused = asking.answer(asking.screen(prompt="consent"), says="refuse")

    assert (200, 200) == (page.status_code, refused.status_code)
    title = page.text.partition("<title>")[2].partition("</title>")[0]
    code = title.partition("code=")[2].replace("&amp;", "&").partition("&")[0]
    assert title.startswith("Success state=xyz&amp;code=")
    assert f'value="{code}"' in page.text
    assert {TASKQUEUE} == asking.given(code)
    assert "<title>Denied state=xyz&amp;error=access_denied</title>" in refused.text


def _take_back(asking: Asking) -> None:
    def revoke(tx: Transaction, now: int) -> None:
        user_id = users.require(tx, ADA).id
        consent = consents.find(tx, user_id, asking.client.id)
        assert consent is not None
        consents.revoke(tx, now, consent_id=consent.id, user_id=user_id, because="consent")

    asking.server.do(revoke)


def _end_implicit(tx: Transaction, client_id: str) -> None:
    clients.change(tx, replace(clients.find_to_change(tx, client_id), implicit=False))


# -- switches


def test_the_client_of_a_project_that_is_off_is_not_known(site: RunningServer, web: Asking) -> None:
    site.do(lambda tx, now: projects.disable(tx, now, PROJECT))
    response = web.ask()

    assert 400 == response.status_code
    assert "No application is registered here" in response.text


def test_nobody_is_asked_for_an_api_that_is_off(site: RunningServer, web: Asking) -> None:
    site.do(lambda tx, _: projects.disable_api(tx, project_id=PROJECT, api="taskqueue"))
    response = web.ask()

    assert "invalid_scope" == told(response)["error"]


def test_a_yes_counts_for_nothing_once_the_project_is_off(site: RunningServer, web: Asking) -> None:
    screen = web.screen()
    site.do(lambda tx, now: projects.disable(tx, now, PROJECT))
    response = web.answer(screen)

    assert "Nothing was allowed" in response.text
