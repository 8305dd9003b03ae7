"""The security page: password, authenticator app, recovery codes, passkeys, signed-in browsers."""

import segno
from markupsafe import Markup
from starlette.responses import Response

from leasehold.errors import Invalid
from leasehold.sign_in import browser_sessions, passkeys, password_change, recovery_codes, totp
from leasehold.web.account.page import Visit

HERE = "/account/security"

_DONE = {
    "password": "Your password is changed. Your other browsers are signed out.",
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

    id: str
    label: str  # "Firefox on Linux"
    address: str
    authenticated_at: int
    seen_at: int
    is_this: bool


async def show(visit: Visit) -> Response:
    """Everything about how one signs in."""
    return await _security(visit)


async def _security(visit: Visit, *, problem: str = "") -> Response:
    person = visit.signed_in()
    user_id = person.user_id
    state = await visit.read(lambda tx, _: _read(tx, user_id))
    return visit.page("security.html", here=HERE, )
