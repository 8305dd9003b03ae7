"""Signing in with a password, going on from there, and signing out."""

from urllib.parse import urlencode

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH
from leasehold.errors import Invalid
from leasehold.sign_in import browser_sessions, passkeys, sign_in
from leasehold.sign_in.errors import Refused, Throttled
from leasehold.sign_in.model import SecondFactorNeeded, SignedIn
from leasehold.web.account.continue_to import HOME, MAX_CHARACTERS, continue_to
from leasehold.web.account.page import Visit, status_of

# What the page says above its form, for each reason for which people are sent there.
_LEADS = {
    "": "With your account on this server.",
    "again": "What you are about to do needs a fresh sign-in: this keeps others who find your"
    " browser open from doing it.",
    "switch": "As somebody else than before.",
}
_OTHER_WAYS = (
    "If it was not you who tried: a passkey, or a link to set a new password, works at once."
)
_NOTES = {
    "out": "You are signed out.",
    "expired": "That took a little long. Please enter your password once more.",
}


async def show(visit: Visit) -> Response:
    """The form; who is signed in goes on, unless a fresh sign-in or another account is wanted."""
    wanted = continue_to(visit.parameter("continue", max_length=MAX_CHARACTERS))
    reason = visit.parameter("reason")
    if visit.session is None or reason in ("again", "switch"):
        email = visit.parameter("email", max_length=MAX_LENGTH)
        return _form(visit, wanted, reason=reason, email=email)
    if visit.parameter("continue", max_length=MAX_CHARACTERS):
        return visit.go(wanted)
    return visit.page("signed_in_already.html")


async def act(visit: Visit) -> Response:
    """Checks the password."""
    wanted = continue_to(visit.field("continue", max_length=MAX_CHARACTERS))
    email = visit.field("email", max_length=MAX_LENGTH)
    try:
        result = await sign_in.with_password(
            visit.pages.sign_in, email=email, password=visit.field("password"), caller=visit.caller
        )
    except (Refused, Invalid) as error:
        reason = visit.field("reason")
        return _form(visit, wanted, reason=reason, email=email, problem=error.message)
    except Throttled as error:
        return _throttled(visit, wanted, email, error)
    return after_password(visit, result, wanted)


def after_password(visit: Visit, result: SignedIn | SecondFactorNeeded, wanted: str) -> Response:
    """On to the second step where there is one, else to where the person wanted."""
    if isinstance(result, SignedIn):
        return go_on(visit, result, wanted)
    response = visit.go(f"/signin/second-step?{urlencode({'continue': wanted})}")
    visit.pages.browsers.second_step.put(response, result.cookie)
    return response


def go_on(visit: Visit, signed_in: SignedIn, wanted: str) -> Response:
    """Gives the browser its new session in place of the old one, and sends it where it wanted."""
    response = visit.go(next_page(wanted))
    put_session(visit, signed_in, response)
    return response


def put_session(visit: Visit, signed_in: SignedIn, response: Response) -> None:
    """The cookies of a browser session that has begun."""
    browsers = visit.pages.browsers
    browsers.session.put(response, signed_in.cookie)
    browsers.known_browser.put(response, signed_in.known_browser)
    browsers.second_step.remove(response)


async def show_continue(visit: Visit) -> Response:
    """The step between a form and a page that may send the browser to another site."""
    wanted = continue_to(visit.parameter("to", max_length=MAX_CHARACTERS))
    return visit.page("signed_in.html", continue_to=wanted)


async def sign_out(visit: Visit) -> Response:
    """Ends this browser's session; nobody being signed in is no error."""
    session = visit.session
    if session is not None:
        await visit.write(
            lambda tx, now: browser_sessions.end(tx, now, session.user_id, session.id)
        )
    response = visit.go("/signin?done=out")
    visit.pages.browsers.session.remove(response)
    return response


def next_page(wanted: str) -> str:
    """Our own pages at once; the others by way of a page that forms do not bind.

    Chromium holds a form's whole chain of redirects to the policy of the form's page, and an
    authorization request may end at any client's address.
    """
    is_own = wanted == HOME or wanted.startswith(f"{HOME}/")
    return wanted if is_own else f"/signin/continue?{urlencode({'to': wanted})}"


def _throttled(visit: Visit, wanted: str, email: str, error: Throttled) -> Response:
    """The form again, for it also leads to the ways in that strangers cannot use up."""
    problem = f"{error.message} {_OTHER_WAYS}"
    response = _form(visit, wanted, reason=visit.field("reason"), email=email, problem=problem)
    response.status_code, headers = status_of(error)
    response.headers.update(headers)
    return response


def _form(
    visit: Visit, wanted: str, *, reason: str = "", email: str = "", problem: str = ""
) -> Response:
    again = reason == "again" and visit.session is not None
    known = visit.session.email if visit.session and again else email
    return visit.page(
        "sign_in.html",
        status=400 if problem else 200,
        lead=_LEADS.get(reason, _LEADS[""]),
        again=again,
        email=known,
        continue_to=wanted,
        has_passkeys=passkeys.are_possible(visit.pages.sign_in.issuer),
        switch=f"/signin?{urlencode({'continue': wanted, 'reason': 'switch'})}",
        problem_text=problem,
        note_text=_NOTES.get(visit.parameter("done"), ""),
    )
