"""The foundation of every page: what a page is handed, how its form comes in, how it fails.

A page is two functions of a `Visit`, one that shows it and one that acts on its form:

    async def show(visit: Visit) -> Response:
        person = visit.signed_in()                 # else: sign in first, then come back here
        return visit.page("things.html", things=await visit.read(rows.things_of(person.user_id)))

    async def act(visit: Visit) -> Response:
        person = visit.signed_in(recently=True)    # proved a short time ago who they are
        name = visit.field("name", max_length=100)
        await visit.pages.committer.write(lambda tx, now: rename(tx, now, person.user_id, name))
        return visit.go("/account/things?done=renamed")     # 303

    Route("/account/things", Page(pages, show=show, act=act))

`show` answers GET, `act` POST; a page that has only one refuses the other with 405. Before `act`
runs, the form was read within bounds and came from a page of ours (else 403); nothing more is
needed against forged requests. Errors of `leasehold.errors` that a function raises become pages
with the fitting status; catch what the form itself should show (`except Invalid as error: return
visit.page("things.html", status=400, problem=error.message)`). Templates extend `base.html`, and
are given `session` (None when nobody is signed in) and `static(name)` by themselves.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from leasehold.clock import Clock
from leasehold.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from leasehold.settings import Settings
from leasehold.sign_in import browser_sessions
from leasehold.sign_in.errors import AuthenticationTooOld, LinkInvalid, Throttled
from leasehold.sign_in.model import BrowserSession, From
from leasehold.sign_in.server import SignInServer
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction
from leasehold.web.account.browser import Browsers
from leasehold.web.account.client_address import trusted_networks
from leasehold.web.account.look import Look, Referrer
from leasehold.web.account.upload import Sent, read_upload
from leasehold.web.oauth.form import (
    MAX_BODY_BYTES,
    Form,
    FormRefused,
    read_body,
    read_query,
)

MAX_FIELD = 1024  # characters, where a page does not say

_NOT_OURS = (
    "This form was not sent from a page of this site. Open the page again in this browser, and"
    " send the form from there."
)
_USED_LINK = "This link does not work any more"
_log = logging.getLogger("leasehold.pages")

Handler = Callable[["Visit"], Awaitable[Response]]
R = TypeVar("R")


class SignInFirst(Exception):
    """The page is for somebody who is signed in (`reason` "") or was so just now ("again")."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason

    def address(self, back: str) -> str:
        """The sign-in page that leads back to this path."""
        query = {"continue": back} | ({"reason": self.reason} if self.reason else {})
        return f"/signin?{urlencode(query)}"


class Pages:
    """What all pages share: services, the look, and how requests of browsers are read."""

    def __init__(self, sign_in: SignInServer) -> None:
        """Raises Invalid for a setting `trusted_proxies` that cannot be read."""
        self.sign_in = sign_in
        self.committer: Committer = sign_in.committer
        self.clock: Clock = sign_in.clock
        self.settings: Settings = sign_in.settings
        self.look = Look()
        self.browsers = Browsers(sign_in.issuer, trusted_networks(self.settings.trusted_proxies))

    async def session(self, request: Request) -> BrowserSession | None:
        """The browser session of the request's cookie, if it is (still) one."""
        return await browser_sessions.current(self.sign_in, self.browsers.session.read(request))

    async def visit(self, request: Request, form: Form, file: bytes | None = None) -> "Visit":
        """One request for a page, whoever sent it. Raises FormRefused for its query."""
        return Visit(self, request, await self.session(request), read_query(request), form, file)

    async def not_found(self, request: Request, error: Exception) -> Response:
        """Answers what no route knows, and what Starlette's routes refuse: for its handlers."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if "text/html" not in request.headers.get("accept", ""):
            text = "There is nothing here.\n" if status == 404 else "This cannot be done here.\n"
            return PlainTextResponse(text, status, headers={"Cache-Control": "no-store"})
        return self.look.refusal(status, "Check the address, or start from the beginning.")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page."""

    pages: Pages
    request: Request
    session: BrowserSession | None  # None: nobody is signed in
    query: Form
    form: Form  # empty unless the page acts
    file: bytes | None = None  # the one that came with the form, of a page that takes files

    @property
    def caller(self) -> From:
        """From where the request came: what sign-in remembers and counts."""
        return self.pages.browsers.caller(self.request, self.session)

    def signed_in(self, *, recently: bool = False) -> BrowserSession:
        """Who is signed in; `recently`: proved it so short a time ago that a thief is unlikely.

        Otherwise raises SignInFirst: the person signs in and comes back to this page.
        """
        if self.session is None:
            raise SignInFirst
        if recently and not self.is_recent():
            raise SignInFirst("again")
        return self.session

    def is_recent(self) -> bool:
        """Whether somebody is signed in who proved a short time ago who they are."""
        return self.session is not None and self.session.is_recent(self.pages.clock.now())

    def field(self, name: str, *, max_length: int = MAX_FIELD) -> str:
        """A field of the form; "" when it is absent. Raises Invalid when it is too long."""
        return _one(self.form, name, max_length)

    def parameter(self, name: str, *, max_length: int = MAX_FIELD) -> str:
        """A parameter of the query; "" when it is absent. Raises Invalid when it is too long."""
        return _one(self.query, name, max_length)

    async def read(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs an operation that only reads."""
        return await self.pages.committer.read(operation)

    async def write(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs an operation; it is durable when this returns."""
        return await self.pages.committer.write(operation)

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        form_targets: Sequence[str] = (),
        referrer: Referrer = "same-origin",
        **values: object,
    ) -> Response:
        """A page; see `Look.page`. The template is given `session` too."""
        return self.pages.look.page(
            template,
            status=status,
            form_targets=form_targets,
            referrer=referrer,
            session=self.session,
            **values,
        )

    def go(self, path: str) -> Response:
        """Sends the browser on with GET, as after every form that was acted on."""
        return RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})


class Page:
    """An ASGI application around the two functions of a page."""

    def __init__(
        self,
        pages: Pages,
        *,
        show: Handler | None = None,
        act: Handler | None = None,
        back: str = "",
        max_bytes: int | None = None,
        max_file_bytes: int | None = None,
    ) -> None:
        """`back`: the path of the page that shows the form, where it is another one.

        `max_bytes`: of a form that may be longer than usual. `max_file_bytes`: of a file that may
        come with it, of which one byte more is kept when it is longer; None: no file may come.
        """
        self._pages = pages
        self._back = back
        self._max_bytes = max_bytes or MAX_BODY_BYTES
        self._max_file_bytes = max_file_bytes
        self._show = show
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return  # nobody is there to read an answer
        except SignInFirst as need:
            response = self._to_sign_in(request, need)
        except AuthenticationTooOld:
            response = self._to_sign_in(request, SignInFirst("again"))
        except FormRefused as error:
            response = self._pages.look.refusal(error.status, error.message)
            response.headers["Connection"] = "close"
        except Error as error:
            response = refuse(self._pages.look, error, back=self._back or request.scope["path"])
        except Exception:
            _log.exception("page.failed path=%r", request.scope["path"])
            response = self._pages.look.refusal(
                500, "It is not your fault. Please try again later."
            )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "POST" and self._act:
            if not self._pages.browsers.is_own_form(request):
                raise Forbidden(_NOT_OURS)
            sent = await self._read(request)
            return await self._act(await self._pages.visit(request, sent.form, sent.file))
        if request.method in ("GET", "HEAD") and self._show:
            return await self._show(await self._pages.visit(request, {}))
        return self._wrong_method()

    async def _read(self, request: Request) -> Sent:
        seconds = self._pages.settings.header_seconds
        if self._max_bytes > MAX_BODY_BYTES and await self._pages.session(request) is None:
            raise SignInFirst  # megabytes are read for people whom we know
        if self._max_file_bytes is not None:
            return await read_upload(request, seconds=seconds, max_file_bytes=self._max_file_bytes)
        return Sent(await read_body(request, seconds=seconds, max_bytes=self._max_bytes), None)

    def _wrong_method(self) -> Response:
        page = self._pages.look.refusal(405, "Open it in the browser and use its buttons.")
        page.headers["Allow"] = ", ".join(
            [*(["GET, HEAD"] if self._show else []), *(["POST"] if self._act else [])]
        )
        return page

    def _to_sign_in(self, request: Request, need: SignInFirst) -> Response:
        """To the sign-in page, and from there back here: to what GET shows, not to the form."""
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        back = f"{path}?{query}" if query else path
        if request.method == "POST":
            back = (self._back or path) + ("?done=proved" if need.reason else "")
        return RedirectResponse(need.address(back), 303, headers={"Cache-Control": "no-store"})


def refuse(look: Look, error: Error, *, back: str) -> Response:
    """The page for an error that no form shows; `back` is the path from which to try again."""
    status, headers = status_of(error)
    if isinstance(error, LinkInvalid):
        page = look.refusal(
            status, error.message, title=_USED_LINK, back=back, action="Ask for a new link"
        )
    else:
        page = look.refusal(status, error.message, back=back)
    page.headers.update(headers)
    return page


def status_of(error: Error) -> tuple[int, dict[str, str]]:
    """HTTP's number for an error, and the headers that go with it."""
    if isinstance(error, Throttled):
        return 429, {"Retry-After": str(error.retry_after)}
    headers = {"Retry-After": "1"} if isinstance(error, Unavailable) else {}
    return next(
        (status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500
    ), headers


_STATUSES: dict[type[Error], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
}


def _one(form: Form, name: str, max_length: int) -> str:
    values = form.get(name, [""])
    if len(values) > 1:
        raise Invalid(f"the field {name} was sent more than once", field=name)
    if len(values[0]) > max_length:
        raise Invalid(f"that is too long: {max_length} characters at most", field=name)
    if "\0" in values[0]:
        raise Invalid("that holds a character which cannot be kept", field=name)
    return values[0]
