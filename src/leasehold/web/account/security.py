"""The security page: how one signs in, and in which browsers one is signed in now."""

from dataclasses import dataclass

from starlette.responses import Response

from leasehold.accounts import users
from leasehold.errors import Invalid
from leasehold.sign_in import browser_sessions, passkeys, password_change, recovery_codes, totp
from leasehold.sign_in.errors import Refused
from leasehold.sign_in.model import BrowserSession, Passkey, SessionLimits
from leasehold.storage.transaction import Transaction
from leasehold.web.account.browser_name import browser_name
from leasehold.web.account.page import SignInFirst, Visit

HERE = "/account/security"

_DONE = {
    "password": "Your password is changed. Your other browsers are signed out.",
    "password-access": "Your password is changed. Your other browsers are signed out, and no client"
    " has access any more.",
    "app-off": "The authenticator app is switched off: your password alone signs you in.",
    "passkey": "The passkey is added. You can sign in with it from now on.",
    "renamed": "The passkey has its new name.",
    "removed": "The passkey is removed: it signs nobody in any more.",
    "ended": "That browser is signed out.",
    "others-ended": "All other browsers are signed out.",
    "proved": "Thank you. Now you can make that change.",
}


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser session as the page lists it."""

    session: BrowserSession
    name: str  # "Firefox on Linux"
    is_this: bool


@dataclass(frozen=True, slots=True)
class _Ways:
    """By which a person can sign in, and where they are signed in."""

    has_password: bool
    has_totp: bool
    recovery_codes_left: int
    passkeys: list[Passkey]
    sessions: list[BrowserSession]


async def show(visit: Visit) -> Response:
    """Everything on one page."""
    return await _page(visit)


async def change_password(visit: Visit) -> Response:
    """A new password for the old one; other browsers are signed out."""
    person = visit.signed_in()
    old = visit.field("password") if "password" in visit.form else None  # None: there is none yet
    try:
        await password_change.change(
            visit.pages.sign_in,
            person,
            old=old,
            new=visit.field("new_password"),
            ends_access=visit.field("end_access") == "yes",
        )
    except Refused:
        return await _page(visit, problem="That is not your current password. Nothing was changed.")
    except Invalid as error:
        return await _page(visit, problem=error.message)
    ended = visit.field("end_access") == "yes"
    return visit.go(f"{HERE}?done={'password-access' if ended else 'password'}")


async def end_browser(visit: Visit) -> Response:
    """Signs one browser out; one that is signed out already is no error."""
    user_id = visit.signed_in().user_id
    session_id = visit.field("id")
    await visit.write(lambda tx, now: browser_sessions.end(tx, now, user_id, session_id))
    return visit.go(f"{HERE}?done=ended")


async def end_other_browsers(visit: Visit) -> Response:
    """Signs all browsers out but this one."""
    person = visit.signed_in()
    await visit.write(
        lambda tx, now: browser_sessions.end_all(tx, now, person.user_id, kept=person.id)
    )
    return visit.go(f"{HERE}?done=others-ended")


async def _page(visit: Visit, *, problem: str = "") -> Response:
    person = visit.signed_in()
    limits = visit.pages.sign_in.limits
    ways = await visit.read(lambda tx, now: _ways(tx, now, person.user_id, limits))
    return visit.page(
        "security.html",
        status=400 if problem else 200,
        here=HERE,
        ways=ways,
        browsers=[_browser(session, person) for session in ways.sessions],
        is_recent=visit.is_recent(),
        has_passkeys=passkeys.are_possible(visit.pages.sign_in.issuer),
        confirm=SignInFirst("again").address(f"{HERE}?done=proved"),
        note_text=_DONE.get(visit.parameter("done"), "") if not problem else "",
        problem_text=problem,
    )


def _ways(tx: Transaction, now: int, user_id: int, limits: SessionLimits) -> _Ways:
    user = users.find_by_id(tx, user_id)
    return _Ways(
        has_password=user is not None and user.password_hash is not None,
        has_totp=totp.is_on(tx, user_id),
        recovery_codes_left=recovery_codes.left(tx, user_id),
        passkeys=passkeys.of_user(tx, user_id),
        sessions=browser_sessions.of_user(tx, now, user_id, limits=limits),
    )


def _browser(session: BrowserSession, this: BrowserSession) -> Browser:
    return Browser(session, browser_name(session.user_agent), is_this=session.id == this.id)
