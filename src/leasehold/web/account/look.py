"""How every page is made: a template, the site's look around it, and the headers that guard it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from leasehold.clock import MICROSECONDS
from leasehold.web.account.static_files import StaticFiles

Referrer = Literal["same-origin", "strict-origin"]

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")

_TITLES = {
    400: "That did not work",
    401: "Please sign in",
    403: "This is not allowed",
    404: "There is no page here",
    405: "This page cannot be used like that",
    408: "That took too long",
    409: "That did not work",
    413: "That was too much",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "Please try again in a moment",
}


class Look:
    """Renders the templates of `web/templates/`."""

    def __init__(self) -> None:
        self.static = StaticFiles()
        self._lasting: dict[tuple[str, str], str] = {}
        self._templates = Environment(
            loader=PackageLoader("leasehold.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = self.static.url
        self._templates.filters["sentence"] = sentence
        self._templates.filters["day"] = day
        self._templates.filters["moment"] = moment
        self._templates.filters["iso"] = iso
        self._templates.filters["amount"] = amount
        self._templates.filters["size"] = size

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        form_targets: Sequence[str] = (),
        referrer: Referrer = "same-origin",
        **values: object,
    ) -> HTMLResponse:
        """A page; `values` are what the template names, escaped where it shows them.

        `form_targets` (see `form_target`) are the places outside to which the answer to a form of
        this page may redirect, at once or after more redirects: Chromium refuses all others.

        `referrer` is the page's Referrer-Policy: "strict-origin" for one whose own address holds a
        secret. (No policy is "no-referrer": browsers then send forms with `Origin: null`, which
        looks like another site's.)
        """
        text = self._templates.get_template(template).render({"session": None, **values})
        return HTMLResponse(text, status, _headers(form_targets, referrer))

    def lasting(self, template: str, key: str, **values: object) -> HTMLResponse:
        """A page that is the same for everybody while the server runs: it is made once.

        For large ones, which take milliseconds. `key` tells it from others of its template.
        """
        text = self._lasting.get((template, key))
        if text is None:
            text = self._templates.get_template(template).render({"session": None, **values})
            self._lasting[template, key] = text
        return HTMLResponse(text, 200, _headers((), "same-origin"))

    def refusal(
        self, status: int, message: str, *, title: str = "", back: str = "/", action: str = ""
    ) -> HTMLResponse:
        """A page that says what went wrong and what to do next.

        `back` is a path, and `action` the words on the button that leads there. A title or words
        of "" are the usual ones.
        """
        usual = "Go to the start page" if back == "/" else "Open the page again"
        return self.page(
            "refusal.html",
            status=status,
            title=title or _TITLES.get(status, "That did not work"),
            message=message,
            back=back,
            action=action or usual,
        )


def form_target(url: str) -> str:
    """What a page's policy calls the place of a redirect: its origin, or its scheme alone.

    >>> form_target("https://shop.example/callback?x=1")
    'https://shop.example'
    >>> form_target("com.example.app:/callback")
    'com.example.app:'
    """
    parts = urlsplit(url)
    host = _HOST.fullmatch(parts.netloc)
    # CSP 3 §2.3.1 has no spelling for [::1], nor for what browsers would quote.
    return f"{parts.scheme}://{parts.netloc}" if host else f"{parts.scheme}:"


def sentence(message: str) -> str:
    """A message as a page has it: ours begin small and without a full stop, for terminals.

    >>> sentence("the password is too short")
    'The password is too short.'
    """
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def day(instant: int) -> str:
    """An instant as people write it, to the day.

    >>> day(1_700_000_000_000_000)
    '14 November 2023'
    """
    then = datetime.fromtimestamp(instant // MICROSECONDS, UTC)
    return f"{then.day} {then:%B %Y}"


def moment(instant: int) -> str:
    """An instant as people write it, to the minute, in UTC.

    >>> moment(1_700_000_000_000_000)
    '14 November 2023, 22:13 UTC'
    """
    then = datetime.fromtimestamp(instant // MICROSECONDS, UTC)
    return f"{day(instant)}, {then:%H:%M} UTC"


def iso(instant: int) -> str:
    """An instant as machines write it, to the second: for `datetime=` and the reader's time zone.

    >>> iso(1_700_000_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return f"{datetime.fromtimestamp(instant // MICROSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}"


def amount(number: float) -> str:
    """A number as people read it: thousands apart, at most one digit after the point.

    >>> amount(1234567), amount(0.25), amount(3.0)
    ('1,234,567', '0.2', '3')
    """
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}".removesuffix(".0")


def size(number: float) -> str:
    """So many bytes, in the unit that fits.

    >>> [size(number) for number in (512, 2048, 5 * 2**20, 3 * 2**40)]
    ['512 bytes', '2 KiB', '5 MiB', '3,072 GiB']
    """
    if number < 1024:
        return "1 byte" if number == 1 else f"{amount(number)} bytes"
    for unit in ("KiB", "MiB"):
        number /= 1024
        if number < 1024:
            return f"{amount(number)} {unit}"
    return f"{amount(number / 1024)} GiB"


def _headers(form_targets: Sequence[str], referrer: Referrer) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": " ".join(["'self'", *form_targets]),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": referrer,
        "Cache-Control": "no-store",
    }
