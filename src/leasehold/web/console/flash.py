"""A note for the next page: what was done, after the redirect that every form ends with.

It travels in a cookie that lasts a minute, sealed for this browser session alone: nobody can make
us say something, and nobody else reads it.
"""

import base64
import binascii

from starlette.requests import Request
from starlette.responses import Response

from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.sign_in.model import BrowserSession
from leasehold.storage.secret_box import SecretBox
from leasehold.web.account.browser import Cookie

MAX_CHARACTERS = 500  # sealed and encoded, even the longest fit a cookie of 4 kB
_MAX_COOKIE = 4096


class Flash:
    """Puts notes, and takes them."""

    def __init__(self, cookie: Cookie, secret_box: SecretBox, entropy: Entropy) -> None:
        self._cookie = cookie
        self._secret_box = secret_box
        self._entropy = entropy

    def put(self, response: Response, session: BrowserSession, note: str) -> None:
        """Lets the next page of this browser session show the note, which is no secret."""
        text = note[:MAX_CHARACTERS].encode("utf-8", "replace")
        sealed = self._secret_box.seal(text, about=_about(session), entropy=self._entropy)
        self._cookie.put(response, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode())

    def read(self, request: Request, session: BrowserSession) -> str:
        """The note that was put for this page; "" when there is none."""
        cookie = self._cookie.read(request)
        if not cookie or len(cookie) > _MAX_COOKIE:
            return ""
        try:
            sealed = base64.b64decode(cookie + "=" * (-len(cookie) % 4), b"-_", validate=True)
            return self._secret_box.open(sealed, about=_about(session)).decode()
        except (binascii.Error, ValueError, Invalid):
            return ""

    def forget(self, response: Response) -> None:
        """It was shown: not again."""
        self._cookie.remove(response)


def _about(session: BrowserSession) -> str:
    return f"console note {session.id}"
