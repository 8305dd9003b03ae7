"""The security page: password, authenticator app, recovery codes, passkeys, browsers."""

import base64
import re

import pytest

from leasehold.clock import MICROSECONDS
from leasehold.sign_in import totp_code
from leasehold.sign_in.model import RECENT_SECONDS
from tests.running_server import RunningServer
from tests.web.account.person import EMAIL, PASSWORD, Person, add_user, text_of

HERE = "/account/security"
NEW = "another long password"


@pytest.fixture
def signed_in(ada: Person) -> Person:
    ada.sign_in()
    return ada


def secret_on(page_text: str) -> bytes:
    found = re.search(r'id="app-secret">([A-Z2-7 ]+)<', page_text)
    assert found
    return base64.b32decode(found[1])


def set_up_app(site: RunningServer, person: Person) -> tuple[bytes, list[str]]:
    """The app's secret, and the recovery codes."""
    secret = secret_on(person.send("/account/app").text)
    shown = person.send("/account/app/confirm", {"code": code_at(site, secret)})
    return secret, re.findall(r"<li><code>([^<]+)</code>", shown.text)


def code_at(site: RunningServer, secret: bytes) -> str:
    return totp_code.code(secret, site.clock.now() // (30 * MICROSECONDS))


def test_the_password_is_changed_and_other_browsers_are_signed_out(
    site: RunningServer, signed_in: Person
) -> None:
    other = Person(site.url)
    other.sign_in()

    answer = signed_in.send("/account/password", {"password": PASSWORD, "new_password": NEW})

    assert "Your password is changed" in text_of(signed_in.open(signed_in.goes_to(answer)))
    assert not other.is_signed_in()
    assert other.sign_in(password=NEW).status_code == 303


def test_without_the_current_password_nothing_changes(signed_in: Person) -> None:
    answer = signed_in.send("/account/password", {"password": "a guess", "new_password": NEW})

    assert answer.status_code == 400
    assert "not your current password" in text_of(answer)
    assert signed_in.sign_in().status_code == 303


def test_a_new_password_that_is_too_short_is_refused_with_the_reason(signed_in: Person) -> None:
    answer = signed_in.send("/account/password", {"password": PASSWORD, "new_password": "short"})

    assert answer.status_code == 400
    assert "The password is too short" in text_of(answer)


def test_an_app_is_set_up_with_a_picture_and_a_first_code(
    site: RunningServer, signed_in: Person
) -> None:
    page = signed_in.send("/account/app")

    codes = signed_in.send("/account/app/confirm", {"code": code_at(site, secret_on(page.text))})

    assert "<svg" in page.text
    assert 'class="qr"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert len(re.findall(r"<li><code>", codes.text)) == 10
    assert "10 unused recovery codes" in text_of(signed_in.open(HERE))


def test_a_wrong_first_code_leaves_the_app_off_and_shows_the_same_picture(
    signed_in: Person,
) -> None:
    secret = secret_on(signed_in.send("/account/app").text)

    page = signed_in.send("/account/app/confirm", {"code": "nonsense"})

    assert page.status_code == 400
    assert secret_on(page.text) == secret
    assert "Set up an app" in text_of(signed_in.open(HERE))


def test_the_second_step_asks_for_the_apps_code(site: RunningServer, signed_in: Person) -> None:
    secret, _ = set_up_app(site, signed_in)
    signed_in.send("/signout")
    site.clock.advance(30)

    step = signed_in.goes_to(signed_in.sign_in(**{"continue": HERE}))
    page = signed_in.open(step)
    wrong = signed_in.send("/signin/second-step", {"code": "000000x", "continue": HERE})
    right = signed_in.send("/signin/second-step", {"code": code_at(site, secret), "continue": HERE})

    assert step == "/signin/second-step?continue=%2Faccount%2Fsecurity"
    assert "One more step" in text_of(page)
    assert wrong.status_code == 400
    assert "not right" in text_of(wrong)
    assert signed_in.goes_to(right) == HERE


def test_the_password_alone_opens_nothing(site: RunningServer, signed_in: Person) -> None:
    set_up_app(site, signed_in)
    thief = Person(site.url)

    thief.sign_in()

    assert not thief.is_signed_in()
    assert thief.goes_to(thief.open(HERE)).startswith("/signin?")


def test_a_recovery_code_signs_in_once(site: RunningServer, signed_in: Person) -> None:
    _, codes = set_up_app(site, signed_in)
    fields = {"recovery_code": codes[0].upper().replace("-", " "), "continue": HERE}
    phoneless = Person(site.url)
    phoneless.sign_in()

    first = phoneless.send("/signin/second-step", fields)
    phoneless.send("/signout")
    phoneless.sign_in()
    second = phoneless.send("/signin/second-step", fields)

    assert phoneless.goes_to(first) == HERE
    assert second.status_code == 400


def test_the_second_step_cannot_be_opened_without_the_first(ada: Person) -> None:
    assert ada.goes_to(ada.open("/signin/second-step")).startswith("/signin?")
    assert ada.goes_to(ada.send("/signin/second-step", {"code": "123456"})).startswith("/signin?")


def test_after_too_many_codes_signing_in_begins_again(
    site: RunningServer, signed_in: Person
) -> None:
    set_up_app(site, signed_in)
    guesser = Person(site.url)
    guesser.sign_in()

    answers = [guesser.send("/signin/second-step", {"code": "12345x"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [303]
    assert "enter your password once more" in text_of(guesser.open(guesser.goes_to(answers[-1])))


SENSITIVE = [
    "/account/app",
    "/account/app/confirm",
    "/account/app/off",
    "/account/recovery-codes",
    "/account/passkeys/remove",
]


def test_what_a_thief_would_do_needs_a_fresh_sign_in(
    site: RunningServer, signed_in: Person
) -> None:
    site.clock.advance(RECENT_SECONDS + 1)

    places = {path: signed_in.goes_to(signed_in.send(path, {"id": "1"})) for path in SENSITIVE}

    again = "/signin?continue=%2Faccount%2Fsecurity%3Fdone%3Dproved&reason=again"
    assert places == dict.fromkeys(SENSITIVE, again)
    signed_in.sign_in(**{"continue": HERE})
    assert signed_in.send("/account/app").status_code == 200


def test_the_script_is_told_to_sign_in_again_too(site: RunningServer, signed_in: Person) -> None:
    site.clock.advance(RECENT_SECONDS + 1)

    answer = signed_in.browser.post(
        f"{site.url}/account/passkeys/begin",
        json={},
        headers={"Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )

    assert answer.status_code == 401
    assert answer.json()["goTo"].startswith("/signin?")


@pytest.mark.parametrize("credential", [None, {}, {"id": "x"}, {"id": 1, "response": []}])
def test_an_answer_that_no_authenticator_gave_signs_nobody_in(
    ada: Person, credential: object
) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin/passkey/finish",
        json={"continue": "", "credential": credential},
        headers={"Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )

    assert answer.status_code in (400, 401)
    assert "Set-Cookie" not in answer.headers


def test_browsers_are_listed_and_one_is_ended(site: RunningServer, signed_in: Person) -> None:
    other = Person(site.url)
    other.sign_in()
    found = re.search(
        r'action="/account/browsers/end">\s*<input[^>]*value="([^"]+)"', (signed_in.open(HERE).text)
    )
    assert found

    signed_in.send("/account/browsers/end", {"id": found[1]})

    assert not other.is_signed_in()
    assert signed_in.is_signed_in()


def test_all_other_browsers_are_ended_at_once(site: RunningServer, signed_in: Person) -> None:
    others = [Person(site.url) for _ in range(2)]
    for other in others:
        other.sign_in()

    signed_in.send("/account/browsers/end-others")

    assert [other.is_signed_in() for other in others] == [False, False]
    assert "Firefox on Linux This browser" in text_of(signed_in.open(HERE))


def test_nobody_ends_the_browsers_of_somebody_else(site: RunningServer, signed_in: Person) -> None:
    add_user(site, "bob@example.com")
    bob = Person(site.url)
    bob.sign_in("bob@example.com")
    other = Person(site.url)
    other.sign_in()
    ids = re.findall(r'name="id" value="([^"]+)"', signed_in.open(HERE).text)

    for session_id in ids:
        bob.send("/account/browsers/end", {"id": session_id})
        bob.send("/account/passkeys/rename", {"id": "1", "name": "mine"})

    assert other.is_signed_in()


def test_a_browsers_own_words_are_shown_as_text(site: RunningServer, signed_in: Person) -> None:
    odd = Person(site.url)
    odd.browser.headers["User-Agent"] = "<script>alert(1)</script>"
    odd.sign_in()

    page = signed_in.open(HERE)

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_a_server_without_a_name_says_that_passkeys_need_one(signed_in: Person) -> None:
    assert "Passkeys need this site to have a name" in text_of(signed_in.open(HERE))


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 18, "9" * 30, "²"])
def test_a_passkey_that_is_not_there_cannot_be_removed(signed_in: Person, number: str) -> None:
    answer = signed_in.send("/account/passkeys/remove", {"id": number})

    assert answer.status_code in (400, 404)
    assert EMAIL not in answer.text
