"""The authenticator app: setting it up with a picture, its recovery codes, switching it off."""

import segno
from markupsafe import Markup
from starlette.responses import Response

from leasehold.errors import Invalid
from leasehold.sign_in import recovery_codes, totp
from leasehold.sign_in.errors import WrongCode
from leasehold.sign_in.totp import TotpSetup
from leasehold.web.account.page import Visit
from leasehold.web.account.second_step import MAX_CODE
from leasehold.web.account.security import HERE

_FIRST = "The app is on. Should your phone be lost, one of these codes signs you in instead."
_NEW = "Should your phone be lost, one of these codes signs you in instead."


async def begin(visit: Visit) -> Response:
    """A new secret, as a picture and as text; the app is off until its first code is given."""
    person = visit.signed_in(recently=True)
    return _page(visit, await totp.begin(visit.pages.sign_in, person))


async def confirm(visit: Visit) -> Response:
    """Switches the app on with a code that it shows; the answer holds the recovery codes, once."""
    person = visit.signed_in(recently=True)
    try:
        codes = await totp.confirm(
            visit.pages.sign_in, person, visit.field("code", max_length=MAX_CODE)
        )
    except (WrongCode, Invalid) as error:
        return _page(visit, await totp.pending(visit.pages.sign_in, person), error.message)
    return visit.page("recovery_codes.html", here=HERE, lead=_FIRST, codes=codes)


async def switch_off(visit: Visit) -> Response:
    """The password alone signs in again."""
    await totp.switch_off(visit.pages.sign_in, visit.signed_in(recently=True))
    return visit.go(f"{HERE}?done=app-off")


async def new_recovery_codes(visit: Visit) -> Response:
    """New codes in place of the old ones, shown in the answer and never again."""
    person = visit.signed_in(recently=True)
    codes = await recovery_codes.regenerate(visit.pages.sign_in, person)
    return visit.page("recovery_codes.html", here=HERE, lead=_NEW, codes=codes)


def _page(visit: Visit, setup: TotpSetup | None, problem: str = "") -> Response:
    return visit.page(
        "app_setup.html",
        status=400 if problem else 200,
        here=HERE,
        secret=setup.secret if setup else "",
        qr=_picture(setup.uri) if setup else None,
        problem_text=problem,
    )


def _picture(uri: str) -> Markup:
    """The QR code as an element of the page: it is in no cache, and at no address of its own."""
    drawing = segno.make(uri, micro=False).svg_inline(
        scale=4,
        border=4,
        light="#fff",
        svgclass="qr",
        lineclass=None,
        omitsize=True,
        title="QR code for your authenticator app",
    )
    return Markup(drawing)  # noqa: S704  # segno escapes the title, and the rest is numbers
