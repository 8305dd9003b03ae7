"""The second step of signing in: a code from the authenticator app, or a recovery code."""

from urllib.parse import urlencode

from starlette.responses import Response

from leasehold.errors import Invalid
from leasehold.sign_in import sign_in
from leasehold.sign_in.errors import StepExpired, WrongCode
from leasehold.sign_in.model import SignedIn
from leasehold.web.account.continue_to import MAX_CHARACTERS, continue_to
from leasehold.web.account.page import Visit
from leasehold.web.account.sign_in import go_on

MAX_CODE = 64  # characters, with the spaces and hyphens that people type

_WRONG_RECOVERY = "That is none of your unused recovery codes. Check it, or use another one."


async def show(visit: Visit) -> Response:
    """The form, for a browser in which the right password was given a moment ago."""
    wanted = continue_to(visit.parameter("continue", max_length=MAX_CHARACTERS))
    cookie = visit.pages.browsers.second_step.read(visit.request)
    if await sign_in.second_step(visit.pages.sign_in, cookie) is None:
        return visit.go(_start(wanted, done="expired" if cookie else ""))
    return _form(visit, wanted)


async def act(visit: Visit) -> Response:
    """Checks the code."""
    wanted = continue_to(visit.field("continue", max_length=MAX_CHARACTERS))
    cookie = visit.pages.browsers.second_step.read(visit.request)
    if cookie is None:
        return visit.go(_start(wanted, done="expired"))
    try:
        return go_on(visit, await _check(visit, cookie), wanted)
    except StepExpired:
        response = visit.go(_start(wanted, done="expired"))
        visit.pages.browsers.second_step.remove(response)
        return response
    except (WrongCode, Invalid) as error:
        is_recovery = isinstance(error, WrongCode) and "recovery_code" in visit.form
        return _form(visit, wanted, problem=_WRONG_RECOVERY if is_recovery else error.message)


async def _check(visit: Visit, cookie: str) -> SignedIn:
    server, caller = visit.pages.sign_in, visit.caller
    code = visit.field("recovery_code", max_length=MAX_CODE)
    if code:
        return await sign_in.with_recovery_code(
            server, step_cookie=cookie, code=code, caller=caller
        )
    code = visit.field("code", max_length=MAX_CODE)
    return await sign_in.with_totp(server, step_cookie=cookie, code=code, caller=caller)


def _form(visit: Visit, wanted: str, *, problem: str = "") -> Response:
    return visit.page(
        "second_step.html",
        status=400 if problem else 200,
        continue_to=wanted,
        by_recovery_code="recovery_code" in visit.form,
        problem_text=problem,
        start=_start(wanted),
    )


def _start(wanted: str, *, done: str = "") -> str:
    return f"/signin?{urlencode({'continue': wanted} | ({'done': done} if done else {}))}"
