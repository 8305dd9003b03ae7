"""A forgotten password: a link by mail, then a new one."""

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH
from leasehold.errors import Invalid
from leasehold.sign_in import reset
from leasehold.web.account.page import Visit
from leasehold.web.account.register import MAX_TOKEN

# The same for an address that nobody has.
_SENT = "If there is an account with this address, we have sent it a link to choose a new password."


async def show(visit: Visit) -> Response:
    """Asks for the address."""
    return visit.page("reset.html", email="", problem_text="")


async def act(visit: Visit) -> Response:
    """Sends the link."""
    email = visit.field("email", max_length=MAX_LENGTH)
    try:
        await reset.request(visit.pages.sign_in, email=email, caller=visit.caller)
    except Invalid as error:
        return visit.page("reset.html", status=400, email=email, problem_text=error.message)
    return visit.page("mail_sent.html", message=_SENT, back="/password/reset")


async def show_complete(visit: Visit) -> Response:
    """The form that the link opens; looking at it uses nothing up, for mail scanners look too."""
    return _complete_form(visit, visit.parameter("token", max_length=MAX_TOKEN))


async def act_complete(visit: Visit) -> Response:
    """Saves the new password. The second factor, if there is one, is asked for at sign-in."""
    token = visit.field("token", max_length=MAX_TOKEN)
    try:
        await reset.complete(
            visit.pages.sign_in,
            token=token,
            password=visit.field("new_password"),
            caller=visit.caller,
        )
    except Invalid as error:
        return _complete_form(visit, token, problem=error.message)
    response = visit.go("/signin?done=reset")
    visit.pages.browsers.session.remove(response)
    return response


def _complete_form(visit: Visit, token: str, *, problem: str = "") -> Response:
    return visit.page(
        "reset_complete.html",
        status=400 if problem else 200,
        referrer="strict-origin",
        token=token,
        problem_text=problem,
    )
