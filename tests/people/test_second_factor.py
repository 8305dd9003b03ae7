"""The second factor in a real browser: an authenticator app, and codes for when it is lost."""

from tests.people.mailbox import Mailbox
from tests.people.visitor import ADA, SECURITY, AuthenticatorApp, Visitor


def sets_up_app(ada: Visitor) -> AuthenticatorApp:
    """From the security page to the recovery codes."""
    ada.opens(SECURITY)
    ada.presses("Set up an app")
    ada.unfolds("You cannot scan it?")
    app = AuthenticatorApp(ada.reads("#app-secret"), ada.site)
    ada.types("Code from your app", app.code())
    ada.presses("Switch the app on")
    ada.sees("Keep these recovery codes")
    return app


def starts_to_sign_in(ada: Visitor) -> None:
    ada.opens("/signin")
    ada.gives_password()
    ada.is_at("/signin/second-step")


def gives_code(ada: Visitor, code: str) -> None:
    ada.types("Code from your app", code)
    ada.presses("Continue")


def test_with_an_app_a_code_is_asked_for_after_the_password(
    ada: Visitor, stranger: Visitor
) -> None:
    ada.has_signed_in()
    app = sets_up_app(ada)

    starts_to_sign_in(stranger)
    assert not stranger.is_signed_in()
    gives_code(stranger, app.next_code())

    stranger.is_at("/account/access")
    stranger.opens(SECURITY)
    stranger.sees("Authenticator app On", "You have 10 unused recovery codes")


def test_the_picture_of_the_secret_is_for_an_app_to_scan(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)

    ada.presses("Set up an app")

    picture = ada.page.get_by_role("img", name="QR code for your authenticator app")
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] == box["height"] > 150


def test_a_wrong_code_does_not_switch_the_app_on(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens(SECURITY)
    ada.presses("Set up an app")

    ada.types("Code from your app", "000000")
    ada.presses("Switch the app on")

    ada.sees("That code is not right")
    ada.follows("Not now")
    ada.sees("Authenticator app Off")


def test_a_code_works_once(ada: Visitor, stranger: Visitor) -> None:
    app = ada.has_app()
    code = app.next_code()
    starts_to_sign_in(stranger)
    gives_code(stranger, code)
    stranger.is_at("/account/access")
    stranger.signs_out()

    starts_to_sign_in(stranger)
    gives_code(stranger, code)

    stranger.sees("That code is not right, or was used already.")


def test_after_five_wrong_codes_one_begins_again(ada: Visitor, stranger: Visitor) -> None:
    ada.has_app()
    starts_to_sign_in(stranger)

    for _ in range(5):
        gives_code(stranger, "000000")
        stranger.sees("That code is not right")
    gives_code(stranger, "000000")

    stranger.is_at("/signin")
    stranger.sees("Please enter your password once more.")


def test_a_recovery_code_signs_in_once(ada: Visitor, stranger: Visitor) -> None:
    code = ada.has_app().recovery_codes[3]

    def uses_it() -> None:
        starts_to_sign_in(stranger)
        stranger.unfolds("have your app with you?")
        stranger.types("Recovery code", code)
        stranger.presses("Use the recovery code")

    uses_it()
    stranger.is_at("/account/access")
    stranger.opens(SECURITY)
    stranger.sees("You have 9 unused recovery codes")
    stranger.signs_out()
    uses_it()

    stranger.sees("That is none of your unused recovery codes.")
    assert stranger.page.get_by_label("Recovery code").is_visible()


def test_new_recovery_codes_replace_the_old_ones(ada: Visitor) -> None:
    before = ada.has_app().recovery_codes
    ada.opens(SECURITY)

    ada.presses("Make new recovery codes")

    after = ada.recovery_codes()
    assert 10 == len(set(after)) == len(set(before))
    assert set() == set(after) & set(before)


def test_without_the_app_the_password_alone_signs_in_again(ada: Visitor) -> None:
    ada.has_app()
    ada.opens(SECURITY)

    ada.presses("Switch the app off")

    ada.sees("The authenticator app is switched off")
    ada.signs_out()
    ada.signs_in()


def test_what_weakens_the_account_wants_a_fresh_sign_in(ada: Visitor) -> None:
    app = ada.has_app()
    ada.site.clock.advance(20 * 60)
    ada.opens(SECURITY)

    ada.presses("Switch the app off")
    ada.confirms()
    gives_code(ada, app.next_code())

    ada.is_at(SECURITY)
    ada.sees("Now you can make that change.", "Authenticator app On")
    ada.presses("Switch the app off")
    ada.sees("The authenticator app is switched off")


def test_a_link_by_mail_does_not_replace_the_second_factor(
    ada: Visitor, stranger: Visitor, mailbox: Mailbox
) -> None:
    ada.has_app()
    stranger.opens("/password/reset")
    stranger.types("E-mail address", ADA)
    stranger.presses("Send the link")

    stranger.opens(mailbox.link(to=ADA))
    stranger.types("New password", "another long password")
    stranger.presses("Save the new password")

    stranger.is_at("/signin/second-step")
