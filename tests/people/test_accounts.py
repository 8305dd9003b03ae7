"""Accounts in a real browser: making one, signing in and out, passwords, and where one is."""

from leasehold.entropy import Entropy
from leasehold.sign_in import registration
from tests.browser import NewPage
from tests.people.mailbox import Mailbox
from tests.people.visitor import ADA, PASSWORD, SECURITY, Visitor
from tests.running_server import SECRET_BOX, RunningServer
from tests.web.account.person import Person

BOB = "bob@example.com"
NEW = "another long password"
WRONG = "not the password"


def register(visitor: Visitor, link: str, name: str = "Bob") -> None:
    visitor.opens(link)
    visitor.types("Your name", name)
    visitor.types("Password", NEW)
    visitor.presses("Create the account")


def guess_wrong(site: RunningServer, times: int) -> None:
    """Somebody tries passwords, without the patience to use a browser."""
    guesser = Person(site.url)
    for _ in range(times):
        assert "is wrong" in guesser.sign_in(ADA, WRONG).text


def test_who_is_invited_makes_an_account_and_is_signed_in(stranger: Visitor) -> None:
    link = stranger.site.do(
        lambda tx, now: registration.invite(
            tx, now, Entropy(), SECRET_BOX, email=BOB, issuer=stranger.site.url
        )
    )

    register(stranger, link)

    stranger.is_at("/account/access")
    stranger.sees(f"Signed in as {BOB}.")
    stranger.signs_out()
    stranger.signs_in(NEW, email=BOB)


def test_where_registration_is_open_a_link_by_mail_makes_the_account(
    stranger: Visitor, mailbox: Mailbox
) -> None:
    stranger.opens("/signin")
    stranger.follows("Create an account")
    stranger.types("E-mail address", BOB)
    stranger.presses("Send the link")
    stranger.sees("Look at your e-mail")

    register(stranger, mailbox.link(to=BOB))

    stranger.is_at("/account/access")
    stranger.sees(f"Signed in as {BOB}.")


def test_who_has_an_account_already_is_told_so_by_mail_alone(
    stranger: Visitor, mailbox: Mailbox
) -> None:
    stranger.opens("/register")
    stranger.types("E-mail address", ADA)
    stranger.presses("Send the link")

    stranger.sees("If the address can have an account here, we have sent it a message.")
    stranger.opens(mailbox.link(to=ADA))
    stranger.is_at("/signin")


def test_a_link_that_was_used_says_how_to_get_another(stranger: Visitor, mailbox: Mailbox) -> None:
    stranger.opens("/register")
    stranger.types("E-mail address", BOB)
    stranger.presses("Send the link")
    link = mailbox.link(to=BOB)
    register(stranger, link)
    stranger.is_at("/account/access")

    stranger.opens(link)

    stranger.sees("This link does not work any more")
    stranger.follows("Ask for a new link")
    stranger.is_at("/register")


def test_a_short_password_is_refused_before_it_is_sent(stranger: Visitor, mailbox: Mailbox) -> None:
    stranger.opens("/register")
    stranger.types("E-mail address", BOB)
    stranger.presses("Send the link")
    link = mailbox.link(to=BOB)
    stranger.opens(link)
    stranger.types("Password", "short")

    stranger.presses("Create the account")

    field = stranger.page.get_by_label("Password", exact=True)
    assert field.evaluate("field => field.validity.tooShort")
    register(stranger, link)
    stranger.is_at("/account/access")


def test_signing_in_leads_to_where_one_wanted(ada: Visitor) -> None:
    ada.opens(SECURITY)
    ada.is_at("/signin")

    ada.gives_password()

    ada.is_at(SECURITY)


def test_who_signs_out_is_out_also_by_the_back_button(ada: Visitor) -> None:
    ada.signs_in()
    ada.opens(SECURITY)

    ada.signs_out()
    ada.page.go_back()

    ada.is_at("/signin")


def test_a_wrong_password_says_what_to_do_and_keeps_the_address(ada: Visitor) -> None:
    ada.opens("/signin")

    ada.gives_password(WRONG)

    ada.sees("The e-mail address or the password is wrong")
    assert ADA == ada.page.get_by_label("E-mail address").input_value()
    assert "" == ada.page.get_by_label("Password").input_value()


def test_an_address_that_nobody_has_gets_the_same_answer(ada: Visitor) -> None:
    ada.opens("/signin")
    ada.gives_password(WRONG)
    known = ada.reads("#problem")

    ada.gives_password(WRONG, email="nobody@example.com")

    assert known == ada.reads("#problem")


def test_after_many_wrong_passwords_the_page_says_when_to_try_again(stranger: Visitor) -> None:
    guess_wrong(stranger.site, 10)
    stranger.opens("/signin")

    stranger.gives_password(WRONG)

    stranger.sees("There were too many tries. Try again in 3 minutes.")
    stranger.site.clock.advance(181)
    stranger.signs_in()


def test_while_strangers_guess_the_owners_own_browser_gets_in(
    ada: Visitor, stranger: Visitor
) -> None:
    ada.signs_in()
    ada.signs_out()
    guess_wrong(stranger.site, 10)
    stranger.opens("/signin")
    stranger.gives_password(PASSWORD)
    stranger.sees("There were too many tries.")

    ada.signs_in()

    ada.sees(f"Signed in as {ADA}.")


def test_a_forgotten_password_is_replaced_through_a_link_by_mail(
    ada: Visitor, stranger: Visitor, mailbox: Mailbox
) -> None:
    stranger.has_signed_in()
    ada.opens("/signin")
    ada.follows("Forgot your password?")
    ada.types("E-mail address", ADA)
    ada.presses("Send the link")
    ada.sees("Look at your e-mail")

    ada.opens(mailbox.link(to=ADA))
    ada.types("New password", NEW)
    ada.presses("Save the new password")

    ada.is_at("/account/access")
    assert not stranger.is_signed_in()
    ada.signs_out()
    ada.signs_in(NEW)


def test_a_link_for_a_new_password_ends_after_an_hour(ada: Visitor, mailbox: Mailbox) -> None:
    ada.opens("/password/reset")
    ada.types("E-mail address", ADA)
    ada.presses("Send the link")
    link = mailbox.link(to=ADA)
    ada.site.clock.advance(3601)

    ada.opens(link)

    ada.sees("This link does not work any more")


def test_a_new_password_signs_the_other_browsers_out(ada: Visitor, stranger: Visitor) -> None:
    ada.has_signed_in()
    stranger.has_signed_in()
    ada.opens(SECURITY)
    ada.types("Current password", PASSWORD)
    ada.types("New password", NEW)

    ada.presses("Change the password")

    ada.sees("Your password is changed.")
    assert not stranger.is_signed_in()
    assert ada.is_signed_in()
    stranger.signs_in(NEW)


def test_the_old_password_is_asked_for_before_it_is_changed(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)
    ada.types("Current password", WRONG)
    ada.types("New password", NEW)

    ada.presses("Change the password")

    ada.sees("That is not your current password. Nothing was changed.")


def test_every_browser_in_which_one_is_signed_in_is_listed_and_can_be_ended(
    ada: Visitor, new_page: NewPage, site: RunningServer
) -> None:
    iphone = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
    )
    phone = Visitor(new_page(user_agent=iphone), site)
    phone.signs_in()
    ada.signs_in()
    ada.opens(SECURITY)
    ada.sees("Chrome on Linux This browser", "Safari on iPhone")

    ada.presses("End the session of Safari on iPhone from 127.0.0.1")

    ada.sees("That browser is signed out.")
    ada.sees_no("Safari on iPhone")
    assert not phone.is_signed_in()


def test_all_other_browsers_are_ended_with_one_button(
    ada: Visitor, stranger: Visitor, new_page: NewPage
) -> None:
    third = Visitor(new_page(), ada.site)
    for visitor in (ada, stranger, third):
        visitor.has_signed_in()
    ada.opens(SECURITY)

    ada.presses("End all others")

    ada.sees("All other browsers are signed out.")
    assert [True, False, False] == [each.is_signed_in() for each in (ada, stranger, third)]


def test_a_browser_that_is_not_seen_for_a_fortnight_is_signed_out(ada: Visitor) -> None:
    ada.has_signed_in()

    ada.site.clock.advance(14 * 86_400 + 1)

    assert not ada.is_signed_in()
