"""Signing in with a password, over real HTTP."""

import re
from pathlib import Path
from urllib.parse import quote

from tests.running_server import RunningServer, run_server
from tests.web.account.person import EMAIL, PASSWORD, Person, add_user, text_of


def test_the_right_password_signs_in_and_goes_on(ada: Person) -> None:
    answer = ada.sign_in(**{"continue": "/account/security"})

    assert ada.goes_to(answer) == "/account/security"
    assert EMAIL in text_of(ada.open("/account/security"))


def test_without_a_place_to_go_on_the_account_opens(ada: Person) -> None:
    assert ada.goes_to(ada.sign_in()) == "/account"
    assert ada.goes_to(ada.open("/account")) == "/account/access"


def test_what_asks_for_a_grant_is_gone_to_by_a_page_of_its_own(ada: Person) -> None:
    wanted = "/o/oauth2/v2/auth?client_id=1&state=%22%3E"

    between = ada.goes_to(ada.sign_in(**{"continue": wanted}))

    assert between == f"/signin/continue?to={quote(wanted, safe='')}"
    page = ada.open(between)
    assert page.status_code == 200
    escaped = wanted.replace("&", "&amp;")
    assert f'<meta http-equiv="refresh" content="0; url={escaped}">' in page.text


def test_the_cookies_are_not_for_scripts_nor_for_other_sites(ada: Person) -> None:
    cookies = ada.sign_in().raw.headers.getlist("set-cookie")

    put = [cookie for cookie in cookies if "Max-Age=0" not in cookie]
    assert sorted(cookie.partition("=")[0] for cookie in put) == [
        "leasehold-known-browser",
        "leasehold-session",
    ]
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in put)
    assert all("Path=/" in cookie and "Domain" not in cookie for cookie in put)


def test_each_sign_in_gives_the_browser_a_new_secret(ada: Person) -> None:
    ada.sign_in()
    first = ada.browser.cookies["leasehold-session"]

    ada.sign_in()

    assert ada.browser.cookies["leasehold-session"] != first
    thief = Person(ada.url)
    thief.browser.cookies.set("leasehold-session", first)
    assert not thief.is_signed_in()


def test_a_planted_cookie_is_not_taken_over(ada: Person) -> None:
    planted = "A" * 43
    ada.browser.cookies.set("leasehold-session", planted)

    ada.sign_in()

    attacker = Person(ada.url)
    attacker.browser.cookies.set("leasehold-session", planted)
    assert not attacker.is_signed_in()


def test_a_wrong_password_and_an_unknown_address_read_the_same(ada: Person) -> None:
    wrong = ada.sign_in(password="not it at all")
    unknown = ada.sign_in(email="bob@example.com")

    assert wrong.status_code == unknown.status_code == 400
    assert text_of(wrong) == text_of(unknown)
    assert 'role="alert"' in wrong.text


def test_a_failed_try_keeps_the_address_and_never_the_password(ada: Person) -> None:
    page = ada.sign_in(password="not it at all", **{"continue": "/account/security"})

    assert f'value="{EMAIL}"' in page.text
    assert 'name="continue" value="/account/security"' in page.text
    assert "not it at all" not in page.text


def test_too_many_tries_are_told_when_the_next_one_is_possible(ada: Person) -> None:
    for _ in range(10):
        ada.sign_in(password="not it at all")

    page = ada.sign_in()

    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert "too many tries. Try again in" in text_of(page)
    assert "Forgot your password?" in text_of(page)


def test_a_made_up_forwarded_address_gives_no_further_tries(ada: Person) -> None:
    for number in range(100):
        ada.sign_in(email=f"user{number}@example.com")

    page = ada.send(
        "/signin",
        {"email": "one-more@example.com", "password": PASSWORD},
        **{"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"},
    )

    assert page.status_code == 429


def test_behind_a_trusted_proxy_each_caller_has_tries_of_its_own(tmp_path: Path) -> None:
    with run_server(str(tmp_path / "db"), trusted_proxies="127.0.0.0/8") as server:
        add_user(server)
        ada = Person(server.url)
        ada.sign_in()

        ada.send(
            "/signin", {"email": EMAIL, "password": PASSWORD}, **{"X-Forwarded-For": "203.0.113.9"}
        )

        assert "From 203.0.113.9" in text_of(ada.open("/account/security"))


def test_who_is_signed_in_goes_on_at_once(ada: Person) -> None:
    ada.sign_in()

    assert ada.goes_to(ada.open("/signin?continue=/account/security")) == "/account/security"


def test_who_is_signed_in_and_wants_nothing_is_told_as_whom(ada: Person) -> None:
    ada.sign_in()

    page = ada.open("/signin")

    assert f"You are signed in as {EMAIL}" in text_of(page)
    assert "Sign in as somebody else" in text_of(page)


def test_a_fresh_sign_in_is_asked_for_with_the_address_filled_in(ada: Person) -> None:
    ada.sign_in()

    page = ada.open("/signin?continue=/account/security&reason=again")

    assert "Confirm it" in text_of(page)
    assert re.search(rf'name="email"[^>]*value="{EMAIL}"[^>]*readonly', page.text)
    assert "Not you?" in text_of(page)


def test_another_account_can_be_signed_in_instead(site: RunningServer, ada: Person) -> None:
    add_user(site, "bob@example.com")
    ada.sign_in()

    page = ada.open("/signin?continue=/account/security&reason=switch")
    ada.sign_in(email="bob@example.com")

    assert f'value="{EMAIL}"' not in page.text
    assert "Signed in as bob@example.com" in text_of(ada.open("/account/security"))


def test_a_page_of_the_account_asks_strangers_to_sign_in_and_leads_back(ada: Person) -> None:
    there = ada.goes_to(ada.open("/account/security?done=ended"))

    assert there == "/signin?continue=%2Faccount%2Fsecurity%3Fdone%3Dended"


def test_signing_out_ends_the_session_also_for_who_copied_the_cookie(ada: Person) -> None:
    ada.sign_in()
    copied = ada.browser.cookies["leasehold-session"]

    answer = ada.send("/signout")

    assert "You are signed out" in text_of(ada.open(ada.goes_to(answer)))
    ada.browser.cookies.set("leasehold-session", copied)
    assert not ada.is_signed_in()


def test_a_link_cannot_sign_out(ada: Person) -> None:
    ada.sign_in()

    assert ada.open("/signout").status_code == 405
    assert ada.is_signed_in()


def test_text_from_strangers_is_shown_as_text(ada: Person) -> None:
    page = ada.open("/signin?email=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&continue=/%22%3E%3Cb%3E")

    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
