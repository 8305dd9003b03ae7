"""A forgotten password: a link by mail, then a new one."""

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH
from leasehold.errors import Invalid
from leasehold.sign_in import reset
from leasehold.sign_in.errors import LinkInvalid
from leasehold.web.account.continue_to import HOME
from leasehold.web.account.page import Visit
from leasehold.web.account.register import MAX_TOKEN
from leasehold.web.account.sign_in import after_password

# The same for an address that nobody has.
_SENT = "If there is an account with this address, we have sent it a link to choose a new password."


async def show(visit: Visit) -> Response:
    """Asks for the address."""
    return visit.page("reset.html", email="", problem_text="")


async def act(visit: Visit) -> Response:
    """Sends the link."""
    email = visit.field("email", max_length=MAX_LENGTH)
    try:
        await reset.request(visit.pages.sign_in, email, visit.caller)
    except Invalid as error:
        return visit.page("reset.html", status=400, email=email, problem_text=error.message)
    return visit.page("mail_sent.html", message=_SENT, back="/password/reset")


async def show_complete(visit: Visit) -> Response:
    """The form that the link opens; looking at it uses nothing up, for mail scanners look too."""
    return await _complete_form(visit, visit.parameter("token", max_length=MAX_TOKEN))


async def act_complete(visit: Visit) -> Response:
    """Saves the new password, and signs in: where there is a second factor, by way of that."""
    token = visit.field("token", max_length=MAX_TOKEN)
    try:
        result = await reset.complete(
            visit.pages.sign_in,
            token=token,
            password=visit.field("new_password"),
            caller=visit.caller,
            ends_access=visit.field("end_access") == "yes",
        )
    except Invalid as error:
        return await _complete_form(visit, token, problem=error.message)
    return after_password(visit, result, HOME)


async def _complete_form(visit: Visit, token: str, *, problem: str = "") -> Response:
    email = await reset.email_of(visit.pages.sign_in, token)
    if email is None:
        raise LinkInvalid
    return visit.page(
        "reset_complete.html",
        status=400 if problem else 200,
        referrer="strict-origin",
        token=token,
        email=email,
        problem_text=problem,
    )
