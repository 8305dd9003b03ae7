"""Links by mail: making an account, and a new password for a forgotten one."""

import logging
import re

import pytest

from leasehold.entropy import Entropy
from leasehold.sign_in import registration
from tests.running_server import SECRET_BOX, RunningServer
from tests.web.account.person import EMAIL, Person, text_of

NEW = "another long password"


@pytest.fixture
def mailbox(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Without a mail server links are in the log."""
    caplog.set_level(logging.WARNING, logger="leasehold.mail")
    return caplog


def path_in(mailbox: pytest.LogCaptureFixture, site: RunningServer, person: Person) -> str:
    """The path of the newest link; the pages meanwhile give the outbox its turn."""
    for _ in range(100):
        links = re.findall(r"link=(\S+)", mailbox.text)
        if links:
            return str(links[-1]).removeprefix(site.url)
        person.open("/healthz")
    raise AssertionError("no mail was sent")


def token_of(path: str) -> str:
    return path.partition("token=")[2]


def test_an_account_is_made_through_a_link(
    site: RunningServer, mailbox: pytest.LogCaptureFixture
) -> None:
    bob = Person(site.url)
    sent = bob.send("/register", {"email": "Bob@example.com"})
    path = path_in(mailbox, site, bob)

    form = bob.open(path)
    made = bob.send(
        "/register/complete",
        {"token": token_of(path), "name": "Bob", "new_password": NEW},
    )

    assert "Look at your e-mail" in text_of(sent)
    assert 'value="bob@example.com"' in form.text
    assert bob.goes_to(made) == "/account"
    assert "Signed in as bob@example.com" in text_of(bob.open("/account/security"))


def test_a_link_is_good_once_and_then_says_what_to_do(
    site: RunningServer, mailbox: pytest.LogCaptureFixture
) -> None:
    bob = Person(site.url)
    bob.send("/register", {"email": "bob@example.com"})
    path = path_in(mailbox, site, bob)
    fields = {"token": token_of(path), "name": "", "new_password": NEW}
    bob.send("/register/complete", fields)

    again = Person(site.url).send("/register/complete", fields)

    assert again.status_code == 404
    assert "Ask for a new one" in text_of(again)
    assert 'href="/register"' in again.text


def test_a_mistake_does_not_use_the_link_up(
    site: RunningServer, mailbox: pytest.LogCaptureFixture
) -> None:
    bob = Person(site.url)
    bob.send("/register", {"email": "bob@example.com"})
    token = token_of(path_in(mailbox, site, bob))

    short = bob.send("/register/complete", {"token": token, "name": "B", "new_password": "short"})
    made = bob.send("/register/complete", {"token": token, "name": "B", "new_password": NEW})

    assert short.status_code == 400
    assert "too short" in text_of(short)
    assert 'name="name" type="text" autocomplete="name" value="B"' in short.text
    assert made.status_code == 303


def test_a_page_with_a_link_in_its_address_tells_nobody_the_address(
    site: RunningServer, mailbox: pytest.LogCaptureFixture
) -> None:
    bob = Person(site.url)
    bob.send("/register", {"email": "bob@example.com"})

    page = bob.open(path_in(mailbox, site, bob))

    assert page.headers["Referrer-Policy"] == "strict-origin"


def test_an_address_with_an_account_gets_the_same_answer(
    site: RunningServer, ada: Person, mailbox: pytest.LogCaptureFixture
) -> None:
    known = ada.send("/register", {"email": EMAIL})
    unknown = ada.send("/register", {"email": "nobody@example.com"})

    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert path_in(mailbox, site, ada)


def test_by_invitation_only_the_page_says_whom_to_ask(server: RunningServer) -> None:
    stranger = Person(server.url)

    page = stranger.open("/register")
    refused = stranger.send("/register", {"email": "bob@example.com"})

    assert "by invitation" in text_of(page)
    assert "<form" not in page.text.partition("<main")[2]
    assert refused.status_code == 403
    assert "by invitation" in text_of(refused)


def test_an_invitation_opens_also_where_registration_is_closed(server: RunningServer) -> None:
    link = server.do(
        lambda tx, now: registration.invite(
            tx, now, Entropy(), SECRET_BOX, email="bob@example.com", issuer=server.url
        )
    )
    bob = Person(server.url)
    path = link.removeprefix(server.url)

    form = bob.open(path)
    made = bob.send(
        "/register/complete", {"token": token_of(path), "name": "Bob", "new_password": NEW}
    )

    assert 'value="bob@example.com"' in form.text
    assert made.status_code == 303
    assert bob.is_signed_in()


@pytest.mark.parametrize("page", ["/register/complete", "/password/reset/complete"])
@pytest.mark.parametrize("token", ["", "made-up", "A" * 43, "%00", "%F0%9F%98%80"])
def test_a_made_up_link_is_refused(ada: Person, page: str, token: str) -> None:
    answer = ada.open(f"{page}?token={token}")

    assert answer.status_code in (400, 404)
    assert 'role="alert"' in answer.text


def test_a_forgotten_password_is_replaced_and_other_browsers_are_signed_out(
    site: RunningServer, ada: Person, mailbox: pytest.LogCaptureFixture
) -> None:
    ada.sign_in()
    elsewhere = Person(site.url)
    elsewhere.send("/password/reset", {"email": EMAIL})
    path = path_in(mailbox, site, elsewhere)

    form = elsewhere.open(path)
    saved = elsewhere.send(
        "/password/reset/complete", {"token": token_of(path), "new_password": NEW}
    )

    assert f'value="{EMAIL}"' in form.text
    assert elsewhere.goes_to(saved) == "/account"
    assert elsewhere.is_signed_in()
    assert not ada.is_signed_in()
    assert ada.goes_to(ada.sign_in(password=NEW)) == "/account"


def test_asking_for_a_new_password_does_not_tell_whether_there_is_an_account(ada: Person) -> None:
    known = ada.send("/password/reset", {"email": EMAIL})
    unknown = ada.send("/password/reset", {"email": "nobody@example.com"})

    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text


def test_opening_a_link_changes_nothing(
    site: RunningServer, ada: Person, mailbox: pytest.LogCaptureFixture
) -> None:
    ada.send("/password/reset", {"email": EMAIL})
    path = path_in(mailbox, site, ada)

    pages = [Person(site.url).open(path) for _ in range(3)]

    assert [page.status_code for page in pages] == [200] * 3
    assert ada.sign_in().status_code == 303
