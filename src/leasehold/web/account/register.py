"""Making an account: a link by mail, then a name and a password."""

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH
from leasehold.errors import Conflict, Invalid
from leasehold.sign_in import registration
from leasehold.sign_in.errors import LinkInvalid
from leasehold.web.account.continue_to import HOME
from leasehold.web.account.page import Visit
from leasehold.web.account.sign_in import go_on

MAX_TOKEN = 200  # characters
MAX_NAME = 100

# The same for an address that has an account already: its owner is told in the mail.
_SENT = (
    "If the address can have an account here, we have sent it a message. Open the link in it to"
    " finish."
)


async def show(visit: Visit) -> Response:
    """The form, or that accounts are made by invitation."""
    return _form(visit)


async def act(visit: Visit) -> Response:
    """Sends the link."""
    email = visit.field("email", max_length=MAX_LENGTH)
    try:
        await registration.request(visit.pages.sign_in, email, visit.caller)
    except Invalid as error:
        return _form(visit, email=email, problem=error.message)
    return visit.page("mail_sent.html", message=_SENT, back="/register")


async def show_complete(visit: Visit) -> Response:
    """The form that the link opens; looking at it uses nothing up, for mail scanners look too."""
    return await _complete_form(visit, visit.parameter("token", max_length=MAX_TOKEN))


async def act_complete(visit: Visit) -> Response:
    """Makes the account, and signs in."""
    token = visit.field("token", max_length=MAX_TOKEN)
    name = visit.field("name", max_length=MAX_NAME)
    typed = visit.field("email", max_length=MAX_LENGTH)
    try:
        signed_in = await registration.complete(
            visit.pages.sign_in,
            token=token,
            name=name,
            password=visit.field("new_password"),
            caller=visit.caller,
            email=typed,
        )
    except (Invalid, Conflict) as error:
        return await _complete_form(visit, token, typed=typed, name=name, problem=error.message)
    return go_on(visit, signed_in, HOME)


def _form(visit: Visit, *, email: str = "", problem: str = "") -> Response:
    return visit.page(
        "register.html",
        status=400 if problem else 200,
        is_open=visit.pages.settings.registration == registration.OPEN,
        email=email,
        problem_text=problem,
    )


async def _complete_form(
    visit: Visit, token: str, *, typed: str = "", name: str = "", problem: str = ""
) -> Response:
    email = await registration.invited_email(visit.pages.sign_in, token)
    if email is None:
        raise LinkInvalid
    return visit.page(
        "register_complete.html",
        status=400 if problem else 200,
        referrer="strict-origin",
        token=token,
        is_first=not email,
        email=email or typed,
        name=name,
        problem_text=problem,
    )
