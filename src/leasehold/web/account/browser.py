"""What we know of the browser that asks: its cookies, its address, and whose page sent the form."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from leasehold.sign_in.model import BrowserSession, From
from leasehold.web.account.client_address import Network, client_address

MAX_USER_AGENT = 300  # characters that are kept of it
_DAY = 86_400
_YEAR = 365 * _DAY  # seconds for which a browser keeps a cookie; the server ends sessions earlier
_STEP_SECONDS = 900  # longer than a second step may take
_NOTE_SECONDS = 60  # from a form to the page after it
_CONSENT_SECONDS = 900  # from the explorer to the consent page, perhaps signing in, and back


@dataclass(frozen=True, slots=True)
class Cookie:
    """A secret that the browser keeps for us; scripts and other sites cannot read it."""

    name: str
    is_secure: bool
    max_age: int  # seconds

    def read(self, request: Request) -> str | None:
        """Its value as it was put; None when it was not sent.

        Not by `request.cookies`: for what is in quotation marks Python's own reading takes time
        that grows with the square of its length, half a minute for one request of a stranger.
        Of several the last counts: browsers send those first that were planted for one path.
        """
        found = None
        for header in request.headers.getlist("cookie"):
            for pair in header.split(";"):
                name, sign, value = pair.partition("=")
                if sign and name.strip() == self.name:
                    found = value.strip()
        return found

    def put(self, response: Response, value: str) -> None:
        """Lets the browser keep it."""
        response.set_cookie(
            self.name,
            value,
            max_age=self.max_age,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    def remove(self, response: Response) -> None:
        """Lets the browser forget it."""
        response.delete_cookie(
            self.name, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )


class Browsers:
    """Reads requests as one installation must: by its own URL and its own proxies.

    No header says what our URL is: Host and the X-Forwarded ones may be anybody's invention.
    """

    def __init__(self, issuer: str, trusted_proxies: tuple[Network, ...]) -> None:
        self._origin = _origin(issuer)
        self._trusted_proxies = trusted_proxies
        is_secure = self._origin.startswith("https://")
        # With __Host- no other host of our domain can plant a session here.
        prefix = "__Host-leasehold" if is_secure else "leasehold"
        self.session = Cookie(f"{prefix}-session", is_secure, _YEAR)
        self.second_step = Cookie(f"{prefix}-second-step", is_secure, _STEP_SECONDS)
        self.known_browser = Cookie(f"{prefix}-known-browser", is_secure, _YEAR)
        self.note = Cookie(f"{prefix}-note", is_secure, _NOTE_SECONDS)
        self.explorer_request = Cookie(f"{prefix}-explorer-request", is_secure, _CONSENT_SECONDS)
        # What is in it says when it ends.
        self.explorer_token = Cookie(f"{prefix}-explorer-token", is_secure, _DAY)

    def is_own_form(self, request: Request) -> bool:
        """Whether a page of ours sent this, as far as the browser tells; nobody else is believed.

        Browsers of today send Sec-Fetch-Site wherever the address is https or this machine, and
        Origin with every form elsewhere.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return request.headers.get("origin") == self._origin

    def caller(self, request: Request, session: BrowserSession | None) -> From:
        """From where somebody tries to sign in."""
        peer = request.client.host if request.client else None
        forwarded_for = request.headers.getlist("x-forwarded-for")
        return From(
            address=client_address(peer, forwarded_for, self._trusted_proxies),
            user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
            known_browser=self.known_browser.read(request),
            session=session,
        )


def _origin(issuer: str) -> str:
    """Scheme, host and port as a browser writes them: the usual port is left out."""
    parts = urlsplit(issuer.lower())
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (
        f":{parts.port}" if parts.port not in (None, usual) else ""
    )
