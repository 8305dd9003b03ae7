"""Every page as people see it: in order for axe-core, on a phone, in the light and in the dark.

With `LEASEHOLD_SCREENSHOTS=DIRECTORY` each page is also written there as pictures.
"""

from dataclasses import replace
from pathlib import Path

from leasehold.oauth2 import consent_screens
from leasehold.storage.transaction import Transaction
from tests.browser import NewPage, virtual_authenticator
from tests.oauth2.registration.pictures import png
from tests.people.accessibility import is_in_order
from tests.people.application import Shop
from tests.people.mailbox import Mailbox
from tests.people.visitor import ADA, SECURITY, Visitor
from tests.running_server import PROJECT, RunningServer, run_server
from tests.web.account.person import Person
from tests.web.consenting import CONSUMER, TASKQUEUE, in_production, make_client

BOB = "bob@example.com"
ALL = f"openid {TASKQUEUE} {CONSUMER} email profile"


def test_the_pages_for_who_is_not_signed_in(ada: Visitor) -> None:
    ada.opens("/")
    is_in_order(ada.page, "landing")
    ada.opens("/signin")
    is_in_order(ada.page, "sign-in")
    ada.gives_password("wrong")
    ada.sees("is wrong")
    is_in_order(ada.page, "sign-in-wrong")
    for _ in range(9):
        Person(ada.site.url).sign_in(ADA, "wrong")
    ada.gives_password("wrong")
    ada.sees("too many tries")
    is_in_order(ada.page, "sign-in-throttled")
    ada.opens("/signin?continue=https://evil.example")
    is_in_order(ada.page, "sign-in-elsewhere")
    ada.opens("/nowhere")
    is_in_order(ada.page, "404")
    ada.opens("/signout")
    is_in_order(ada.page, "405")


def test_the_pages_that_mail_leads_to(ada: Visitor, mailbox: Mailbox) -> None:
    ada.opens("/register")
    is_in_order(ada.page, "register")
    ada.types("E-mail address", BOB)
    ada.presses("Send the link")
    ada.sees("Look at your e-mail")
    is_in_order(ada.page, "register-mail-sent")
    link = mailbox.link(to=BOB)
    ada.opens(link)
    is_in_order(ada.page, "register-complete")
    ada.opens(link[:-1])
    is_in_order(ada.page, "link-invalid")
    ada.opens("/password/reset")
    is_in_order(ada.page, "reset")
    ada.types("E-mail address", ADA)
    ada.presses("Send the link")
    ada.sees("Look at your e-mail")
    is_in_order(ada.page, "reset-mail-sent")
    ada.opens(mailbox.link(to=ADA))
    is_in_order(ada.page, "reset-complete")
    for _ in range(3):
        Person(ada.site.url).send("/password/reset", {"email": ADA})
    ada.opens("/password/reset")
    ada.types("E-mail address", ADA)
    ada.presses("Send the link")
    ada.sees("Try again in")
    is_in_order(ada.page, "429")


def test_the_page_for_who_was_not_invited(new_page: NewPage, tmp_path: Path) -> None:
    with run_server(f"{tmp_path}/x.db", host_name="localhost") as site:
        visitor = Visitor(new_page(), site)
        visitor.opens("/register")
        is_in_order(visitor.page, "register-by-invitation")


def test_the_pages_of_the_second_factor(ada: Visitor, stranger: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)
    is_in_order(ada.page, "security-plain")
    ada.presses("Set up an app")
    is_in_order(ada.page, "app-setup")
    ada.unfolds("You cannot scan it?")
    ada.types("Code from your app", "000000")
    ada.presses("Switch the app on")
    ada.sees("is not right")
    is_in_order(ada.page, "app-setup-wrong")
    ada.has_app()
    ada.opens(SECURITY)
    ada.presses("Make new recovery codes")
    ada.sees("Keep these recovery codes")
    is_in_order(ada.page, "recovery-codes")
    stranger.opens("/signin")
    stranger.gives_password()
    stranger.is_at("/signin/second-step")
    is_in_order(stranger.page, "second-step")
    stranger.unfolds("have your app with you?")
    stranger.types("Recovery code", "wrong")
    stranger.presses("Use the recovery code")
    stranger.sees("none of your unused recovery codes")
    is_in_order(stranger.page, "second-step-recovery")


def test_the_security_page_with_everything_on(
    ada: Visitor, new_page: NewPage, site: RunningServer
) -> None:
    phone = Visitor(new_page(user_agent="Mozilla/5.0 (iPhone) Safari/604.1"), site)
    phone.signs_in()
    ada.has_app()
    virtual_authenticator(ada.page)
    ada.opens(SECURITY)
    ada.types("Name of the new passkey", "Work laptop")
    ada.presses("Add a passkey")
    ada.sees("The passkey is added.")
    is_in_order(ada.page, "security-full")
    ada.presses("Add a passkey")
    ada.sees("has a passkey")
    is_in_order(ada.page, "security-passkey-refused")
    site.clock.advance(16 * 60)
    ada.opens(SECURITY)
    is_in_order(ada.page, "security-later")
    ada.presses("Switch the app off")
    ada.is_at("/signin")
    is_in_order(ada.page, "confirm")


def test_the_consent_screens(ada: Visitor, shop: Shop, shop_url: str) -> None:
    ada.has_signed_in()
    ada.opens(shop.url(scope=ALL))
    is_in_order(ada.page, "consent")
    ada.presses("Allow")
    shop.is_told(ada.page)
    ada.opens(shop.url(scope=TASKQUEUE, prompt="consent", access_type="offline"))
    is_in_order(ada.page, "consent-again")
    ada.site.do(_make_known)
    ada.opens(shop.url(scope="openid profile", prompt="consent"))
    is_in_order(ada.page, "consent-verified")
    client = make_client(ada.site, "installed", "http://127.0.0.1")
    ada.opens(Shop(ada.site, client, f"{shop_url}/").url(scope=f"{TASKQUEUE} email"))
    is_in_order(ada.page, "consent-local")
    ada.opens(shop.url(prompt="select_account"))
    is_in_order(ada.page, "choose-account")
    ada.opens(shop.url(login_hint=BOB))
    is_in_order(ada.page, "choose-account-expected")
    ada.opens(shop.url(prompt="login"))
    is_in_order(ada.page, "consent-confirm")


def test_the_pages_on_which_nobody_is_let_in(ada: Visitor, shop: Shop) -> None:
    ada.has_signed_in()
    ada.opens(shop.url(redirect_uri=f"{shop.redirect_uri}/other"))
    is_in_order(ada.page, "authorize-mismatch")
    ada.opens(shop.url(client_id="nobody"))
    is_in_order(ada.page, "authorize-unknown-client")
    ada.opens(shop.url())
    ada.site.clock.advance(601)
    ada.presses("Allow")
    ada.sees("Please start again")
    is_in_order(ada.page, "authorize-expired")
    in_production(ada.site, stage="testing")
    ada.opens(shop.url())
    is_in_order(ada.page, "authorize-testing")


def test_the_page_of_clients_with_access(ada: Visitor, shop: Shop) -> None:
    ada.has_signed_in()
    ada.opens("/account/access")
    is_in_order(ada.page, "access-empty")
    ada.site.do(_make_known)
    ada.opens(shop.url(scope=ALL))
    ada.presses("Allow")
    shop.is_told(ada.page)
    ada.opens("/account/access")
    is_in_order(ada.page, "access-full")
    ada.presses("Remove access")
    ada.sees("Access removed.")
    is_in_order(ada.page, "access-removed")
    ada.opens("/signin")
    is_in_order(ada.page, "signed-in-already")


def test_the_pages_of_codes_that_are_copied(new_page: NewPage, tmp_path: Path) -> None:
    with run_server(f"{tmp_path}/x.db", host_name="localhost", out_of_band=True) as site:
        in_production(site)
        uri = "urn:ietf:wg:oauth:2.0:oob"
        program = Shop(site, make_client(site, "installed", uri), uri)
        owner = Visitor(new_page(), site)
        owner.has_signed_in(email="owner@example.com")
        owner.opens(program.url())
        is_in_order(owner.page, "consent-code")
        owner.presses("Allow")
        owner.sees("Copy this code")
        is_in_order(owner.page, "code")
        owner.opens(program.url())
        owner.presses("Refuse")
        owner.sees("Nothing was allowed")
        is_in_order(owner.page, "code-refused")


def test_the_page_for_a_form_of_another_site(ada: Visitor, shop_url: str) -> None:
    ada.opens(f"{shop_url}/callback")
    ada.page.evaluate(
        """(url) => {
          const form = document.createElement('form');
          form.method = 'post';
          form.action = url;
          document.body.append(form);
          form.submit();
        }""",
        f"{ada.site.url}/signin",
    )

    ada.sees("This is not allowed", "Open the page again")
    is_in_order(ada.page, "403")


def test_the_page_for_when_the_database_does_not_answer(new_page: NewPage, tmp_path: Path) -> None:
    with run_server(f"{tmp_path}/x.db", host_name="localhost", deadline_seconds=0.2) as site:
        visitor = Visitor(new_page(), site)
        visitor.opens("/signin")
        other = site.engine.connect()
        other.begin()
        visitor.gives_password()
        visitor.sees("Please try again in a moment")
        other.rollback()
        is_in_order(visitor.page, "503")


def _make_known(tx: Transaction, now: int) -> None:
    screen = replace(
        consent_screens.find_to_change(tx, PROJECT),
        home_page="https://shop.example.com/",
        privacy_link="https://shop.example.com/privacy",
        terms_link="https://shop.example.com/terms",
    )
    consent_screens.put(tx, screen)
    consent_screens.set_logo(tx, PROJECT, png(64, 64))
    consent_screens.verify(tx, now, PROJECT)
