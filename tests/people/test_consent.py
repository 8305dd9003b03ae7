"""Saying yes or no to an application, in a real browser, from its own site and back to it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from tests.browser import NewPage
from tests.people.application import Shop
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import RunningServer
from tests.web.consenting import CONSUMER, TASKQUEUE, in_production, make_client

BOB = "bob@example.com"
MANAGE = "Add, lease, change and delete tasks, and manage queues"
LEASE = "Lease tasks, and change and delete those in your queues"
KNOW = "Know that it is you, by a number that stays the same"
SEE_EMAIL = "See your e-mail address"


@pytest.fixture
def signed_in(ada: Visitor) -> Visitor:
    """Ada, who signed in before the application sends her."""
    ada.has_signed_in()
    return ada


def allows(visitor: Visitor, shop: Shop, **changes: str) -> dict[str, str]:
    """Is sent to the consent screen and says yes to all of it."""
    visitor.opens(shop.url(**changes))
    visitor.sees("Shop asks")
    visitor.presses("Allow")
    return shop.is_told(visitor.page)


def ticks(visitor: Visitor) -> list[str]:
    """What the screen offers, all of it ticked."""
    boxes = visitor.page.get_by_role("checkbox")
    for box in boxes.all():
        expect(box).to_be_checked()
    return visitor.page.locator(".tick label").all_inner_texts()


def add_bob(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=BOB, password_hash=PASSWORD_HASH, email_verified=True)


def test_who_is_not_signed_in_signs_in_first_and_then_is_asked(ada: Visitor, shop: Shop) -> None:
    ada.opens(shop.url())
    ada.gives_password()
    ada.sees("Shop asks for access", f"Signed in as {ADA}.")

    ada.presses("Allow")

    told = shop.is_told(ada.page)
    assert {"code", "state", "iss"} == told.keys()
    assert ("xyz", ada.site.url) == (told["state"], told["iss"])


def test_all_that_is_asked_for_is_ticked_and_given(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url(scope=f"{TASKQUEUE} {CONSUMER} email"))

    assert [MANAGE, LEASE, SEE_EMAIL] == ticks(signed_in)
    signed_in.presses("Allow")

    tokens = shop.redeems(shop.is_told(signed_in.page)["code"])
    assert {TASKQUEUE, CONSUMER, "email"} == set(tokens["scope"].split())


def test_what_is_unticked_is_not_given(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url(scope=f"openid {TASKQUEUE} email"))
    signed_in.sees(KNOW)
    signed_in.page.get_by_label(MANAGE).uncheck()

    signed_in.presses("Allow")

    tokens = shop.redeems(shop.is_told(signed_in.page)["code"])
    assert {"openid", "email"} == set(tokens["scope"].split())


def test_unticking_everything_is_a_no(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url())
    signed_in.page.get_by_label(MANAGE).uncheck()

    signed_in.presses("Allow")

    assert "access_denied" == shop.is_told(signed_in.page)["error"]


def test_the_application_is_told_of_a_no(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url())

    signed_in.presses("Refuse")

    told = shop.is_told(signed_in.page)
    assert ("access_denied", "xyz", signed_in.site.url) == (
        told["error"],
        told["state"],
        told["iss"],
    )
    assert "code" not in told


def test_who_allowed_it_before_is_sent_back_without_a_screen(
    signed_in: Visitor, shop: Shop
) -> None:
    allows(signed_in, shop)

    signed_in.opens(shop.url(state="again"))

    told = shop.is_told(signed_in.page)
    assert "again" == told["state"]
    assert TASKQUEUE == shop.redeems(told["code"])["scope"]


def test_only_what_is_new_is_asked_for(signed_in: Visitor, shop: Shop) -> None:
    allows(signed_in, shop)

    signed_in.opens(shop.url(scope="email", include_granted_scopes="true"))

    assert [SEE_EMAIL] == ticks(signed_in)
    assert MANAGE == signed_in.reads("#already-allowed")
    signed_in.presses("Allow")
    tokens = shop.redeems(shop.is_told(signed_in.page)["code"])
    assert {TASKQUEUE, "email"} == set(tokens["scope"].split())


def test_the_screen_is_shown_again_where_the_application_wants_it(
    signed_in: Visitor, shop: Shop
) -> None:
    allows(signed_in, shop)

    signed_in.opens(shop.url(prompt="consent"))

    signed_in.sees("Shop asks", "Already allowed")
    signed_in.presses("Allow")
    assert "code" in shop.is_told(signed_in.page)


def test_a_program_on_this_computer_asks_each_time_and_the_page_says_why(
    signed_in: Visitor, shop_url: str
) -> None:
    in_production(signed_in.site)
    port = shop_url.rpartition(":")[2]
    callback = f"http://127.0.0.1:{port}/callback"
    client = make_client(signed_in.site, "installed", "http://127.0.0.1/callback")
    program = Shop(signed_in.site, client, callback)
    allows(signed_in, program)

    signed_in.opens(program.url())

    signed_in.sees(
        "Shop asks",
        "Say yes only if you started this application yourself just now.",
        f"a program on this computer (127.0.0.1:{port})",
    )
    signed_in.presses("Allow")
    assert "code" in program.is_told(signed_in.page)


def test_the_application_may_pass_its_answer_on_to_another_host(
    signed_in: Visitor, shop: Shop
) -> None:
    passing = shop.redirect_uri.replace("/callback", "/passing")

    signed_in.opens(shop.url(redirect_uri=passing))
    signed_in.presses("Allow")

    assert "code" in shop.is_told(signed_in.page)
    assert signed_in.page.url.startswith("http://localhost:")


def nothing(_: Visitor, __: Shop) -> None:
    pass


def signs_in(ada: Visitor, _: Shop) -> None:
    ada.has_signed_in()


def has_allowed(ada: Visitor, shop: Shop) -> None:
    ada.has_signed_in()
    allows(ada, shop)


@pytest.mark.parametrize(
    ("before", "told"),
    [(nothing, "login_required"), (signs_in, "consent_required"), (has_allowed, None)],
)
def test_without_a_page_the_application_is_told_what_it_lacks(
    ada: Visitor, shop: Shop, before: Callable[[Visitor, Shop], None], told: str | None
) -> None:
    before(ada, shop)

    ada.opens(shop.url(prompt="none"))

    answer = shop.is_told(ada.page)
    assert told == answer.get("error")
    assert ("code" in answer) == (told is None)


def test_another_account_can_be_used_in_the_middle(signed_in: Visitor, shop: Shop) -> None:
    signed_in.site.do(add_bob)
    signed_in.opens(shop.url(scope="openid email"))

    signed_in.follows("Use another account")
    signed_in.gives_password(email=BOB)

    signed_in.sees("Shop asks", f"Signed in as {BOB}.")
    signed_in.presses("Allow")
    assert "code" in shop.is_told(signed_in.page)
    signed_in.opens("/account/access")
    signed_in.sees("Shop", f"Signed in as {BOB}.")


def test_a_screen_that_was_left_open_is_not_answered_by_somebody_else(
    signed_in: Visitor, shop: Shop
) -> None:
    signed_in.site.do(add_bob)
    signed_in.opens(shop.url())
    other_tab = Visitor(signed_in.page.context.new_page(), signed_in.site)
    other_tab.opens("/signin?reason=switch")
    other_tab.gives_password(email=BOB)
    other_tab.is_at("/account/access")

    signed_in.presses("Allow")

    signed_in.sees("Please start again", "Nothing was allowed.")
    other_tab.opens("/account/access")
    other_tab.sees("No application has access to your account.")


def test_a_screen_that_waited_too_long_asks_to_start_again(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url())
    signed_in.site.clock.advance(601)

    signed_in.presses("Allow")

    signed_in.sees("Please start again", "Nothing was allowed.")
    assert signed_in.page.url.startswith(signed_in.site.url)


def test_going_back_to_an_answered_screen_allows_nothing_more(
    signed_in: Visitor, shop: Shop
) -> None:
    signed_in.opens(shop.url())
    signed_in.presses("Refuse")
    shop.is_told(signed_in.page)

    signed_in.page.go_back()
    signed_in.sees("Shop asks")
    signed_in.presses("Allow")

    assert "code" in shop.is_told(signed_in.page)  # it was shown, and so put, once more


def test_the_application_may_want_a_fresh_sign_in(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url(prompt="login"))
    signed_in.confirms()

    signed_in.sees("Shop asks")


def test_the_application_may_let_people_choose_the_account(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url(prompt="select_account"))
    signed_in.sees("Choose an account", "Use another account")

    signed_in.follows(f"Go on as {ADA}")

    signed_in.sees("Shop asks")


def test_who_is_not_whom_the_application_expects_is_asked_first(
    signed_in: Visitor, shop: Shop
) -> None:
    signed_in.opens(shop.url(login_hint=BOB))

    signed_in.sees("Choose an account", f"It expects {BOB}.")


def test_a_stranger_to_an_application_in_testing_is_told_why(
    signed_in: Visitor, shop: Shop
) -> None:
    in_production(signed_in.site, stage="testing", support_email="help@example.com")

    signed_in.opens(shop.url())

    signed_in.sees("Shop is still being tested", f"{ADA} is not one of them", "help@example.com")
    signed_in.follows("Back to the application")
    assert "access_denied" == shop.is_told(signed_in.page)["error"]


def test_an_address_that_is_not_registered_is_never_gone_to(ada: Visitor, shop: Shop) -> None:
    response = ada.opens(shop.url(redirect_uri=f"{shop.redirect_uri}/other"))

    assert 400 == response.status
    assert ada.page.url.startswith(ada.site.url)
    assert "redirect_uri_mismatch" == ada.reads("#error-code")
    assert f"{shop.redirect_uri}/other" == ada.reads("#sent")
    ada.sees("Nothing was given to the application.")


def test_an_unknown_application_is_not_gone_to(ada: Visitor, shop: Shop) -> None:
    response = ada.opens(shop.url(client_id="nobody"))

    assert 400 <= response.status < 500
    assert "invalid_client" == ada.reads("#error-code")


def test_who_is_signed_out_meanwhile_is_told_so(signed_in: Visitor, shop: Shop) -> None:
    signed_in.opens(shop.url())
    signed_in.page.context.clear_cookies()

    signed_in.presses("Allow")

    signed_in.sees("You were signed out while the page was open.")


def test_the_screen_works_without_scripts(
    new_page: NewPage, site: RunningServer, shop: Shop
) -> None:
    ada = Visitor(new_page(java_script_enabled=False), site)
    ada.opens(shop.url())

    ada.gives_password()
    ada.presses("Allow")

    assert "code" in shop.is_told(ada.page)
