"""The authorization endpoint over HTTP: its pages, and the redirects that answer clients.

`show` answers the request itself, by GET; a POST is the same request and is sent on to GET, for a
form on another site brings no cookie of ours. `act` takes the form of the consent screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leasehold.oauth2 import authorization_requests, authorize, redirect_uris, scopes, stamps
from leasehold.oauth2.authorization_requests import Asker
from leasehold.oauth2.authorize import Asked, Form
from leasehold.oauth2.authorize_decision import (
    AnswerNow,
    AskConsent,
    ChooseAccount,
    NotATester,
    SignIn,
    Situation,
    decide,
    is_imitable,
)
from leasehold.oauth2.authorize_model import (
    Answer,
    AuthorizationRequest,
    AuthorizeError,
    Issuing,
    NotRedirectable,
    Offer,
    PendingConsent,
    ReplyTo,
    SignedInUser,
)
from leasehold.oauth2.server import AuthorizationServer
from leasehold.sign_in.model import BrowserSession
from leasehold.web.account.look import form_target
from leasehold.web.account.page import Page, Pages, Visit
from leasehold.web.oauth.consent_card import choices, destination, logo_url, sentences
from leasehold.web.oauth.form import FormRefused, read_body

PATHS = ("/o/oauth2/v2/auth", "/o/oauth2/auth")
ANSWER_PATH = "/o/oauth2/consent"

MAX_SHOWN = 300  # characters of what a stranger sent

# Our own, in the URL to which a person comes back; what is in them, only we can write.
_SENT_TO_SIGN_IN = "signin_since"
_HAS_CHOSEN = "account_chosen"


class AuthorizationEndpoint:
    """An ASGI application: GET is the page, and POST leads to it."""

    def __init__(self, pages: Pages, server: AuthorizationServer) -> None:
        self._pages = pages
        self._server = server
        self._page: ASGIApp = Page(pages, show=self._show)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["method"] != "POST":
            await self._page(scope, receive, send)
            return
        try:
            response = await self._to_get(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody is there to read an answer
        except FormRefused as error:
            response = self._refuse_post(error.status, error.message)
        await response(scope, receive, send)

    async def _show(self, visit: Visit) -> Response:
        return await AuthorizationVisit(visit, self._server).show()

    async def _to_get(self, request: Request) -> Response:
        if request.scope["query_string"]:
            # What is in the URL and what is in the body could be two different requests.
            return self._refuse_post(
                400, "Send the parameters in the URL or in the body, not in both."
            )
        seconds = self._pages.settings.header_seconds
        parameters = authorize.encoded(authorize.known(await read_body(request, seconds=seconds)))
        if len(parameters) > authorize.MAX_ENCODED:
            return self._refuse_post(413, "The request is too long.")
        return _go(f"{request.scope['path']}?{parameters}")

    def _refuse_post(self, status: int, message: str) -> Response:
        response = self._pages.look.refusal(status, message)
        response.headers["Connection"] = "close"
        return response


@dataclass(frozen=True, slots=True)
class AuthorizationVisit:
    """One visit to the authorization endpoint."""

    visit: Visit
    server: AuthorizationServer

    async def show(self) -> Response:
        """Answers an authorization request, with a page or a redirect."""
        form = authorize.known(self.visit.query)
        try:
            client_id = authorize.client_id(form)
            asker = await self.visit.read(
                lambda tx, _: authorization_requests.find_asker(tx, client_id, self._person)
            )
            if asker is None:
                raise authorize.unknown_client(client_id)
            uri = authorize.certain_redirect_uri(form, asker.client, self.server.settings)
        except NotRedirectable as error:
            return self._explain(error)
        try:
            return await self._go_on(asker, Asked(form, asker.client, uri, self.server.settings))
        except AuthorizeError as error:
            return self._reply(authorize.refusal(error, authorize.reply_to(form, uri)))

    async def act(self) -> Response:
        """Takes the form of the consent screen."""
        person = self._person
        if person is None:
            return self._explain(_signed_out())
        request_id = self.visit.field("request", max_length=100)
        issuing = await self._issuing(person)
        ticked = " ".join(self.visit.form.get("scope", [])).split()
        says_yes = self.visit.field("answer") == "allow"
        try:
            if says_yes:
                answer = await self.visit.write(
                    lambda tx, now: authorization_requests.accept(
                        tx, now, issuing, request_id=request_id, ticked=ticked
                    )
                )
            else:
                answer = await self.visit.write(
                    lambda tx, now: authorization_requests.refuse(
                        tx, now, issuing, request_id=request_id
                    )
                )
        except NotRedirectable as error:
            return self._explain(error)
        return self._reply(answer)

    @property
    def _person(self) -> SignedInUser | None:
        return _person(self.visit.session) if self.visit.session else None

    async def _go_on(self, asker: Asker, asked: Asked) -> Response:
        request = authorize.read(asked)
        authorize.check_switches(asker.apis, request)
        following = decide(request, self._situation(asker, asked.form))
        person = self._person
        if isinstance(following, SignIn) or person is None:
            again = isinstance(following, SignIn) and following.again
            return _go(self._sign_in(asked.form, request, reason="again" if again else ""))
        if isinstance(following, ChooseAccount):
            return self._choose_account(asker, asked.form, request, why=following.why)
        if isinstance(following, NotATester):
            return self._not_a_tester(asker, request)
        if isinstance(following, AskConsent):
            return await self._ask(asker, asked.form, request, person, following.offer)
        return await self._answer_now(request, person, following)

    def _situation(self, asker: Asker, form: Form) -> Situation:
        return Situation(
            client=asker.client,
            person=self._person,
            granted=asker.granted,
            is_allowed=asker.is_allowed,
            proved_since=self._stamped(_SENT_TO_SIGN_IN, authorize.encoded(form)),
            has_chosen=self._stamped(_HAS_CHOSEN, self._chosen_about(form)) is not None,
            now=self.server.clock.now(),
        )

    def _stamped(self, purpose: str, about: str) -> int | None:
        given = self.visit.query.get(purpose, [""])[0]
        box, now = self.server.secret_box, self.server.clock.now()
        return stamps.stamped_at(box, now, given, purpose=purpose, about=about)

    def _stamp(self, purpose: str, about: str) -> str:
        box, now = self.server.secret_box, self.server.clock.now()
        return stamps.stamp(box, now, purpose=purpose, about=about)

    def _chosen_about(self, form: Form) -> str:
        session = self.visit.session
        return f"{session.id if session else ''} {authorize.encoded(form)}"

    def _here(self, form: Form, **stamped: str) -> str:
        path = self.visit.request.scope["path"]
        return f"{path}?{authorize.encoded(form)}&{urlencode(stamped)}"

    def _sign_in(self, form: Form, request: AuthorizationRequest, *, reason: str) -> str:
        """Where a person signs in, and comes back from; who does that need not do it again."""
        since = self._stamp(_SENT_TO_SIGN_IN, authorize.encoded(form))
        query = {"continue": self._here(form, **{_SENT_TO_SIGN_IN: since})}
        if reason:
            query["reason"] = reason
        if "@" in request.login_hint and reason != "again":
            query["email"] = request.login_hint[:254]
        return f"/signin?{urlencode(query)}"

    def _choose_account(
        self, asker: Asker, form: Form, request: AuthorizationRequest, *, why: str
    ) -> Response:
        chosen = self._stamp(_HAS_CHOSEN, self._chosen_about(form))
        expected = request.login_hint or (
            request.domain_hint and f"somebody at {request.domain_hint}"
        )
        return self.visit.page(
            "choose_account.html",
            name=asker.screen.name,
            expected=expected if why == "hint" else "",
            go_on=self._here(form, **{_HAS_CHOSEN: chosen}),
            switch=self._sign_in(form, request, reason="switch"),
        )

    def _not_a_tester(self, asker: Asker, request: AuthorizationRequest) -> Response:
        to = authorization_requests.reply_to(request)
        error = AuthorizeError("access_denied", "the project is in testing, for its testers only")
        is_shown = redirect_uris.legacy_switch(to.redirect_uri) is not None
        back = "" if is_shown else authorize.url(authorize.refusal(error, to), self.server.issuer)
        return self.visit.page(
            "authorize_error.html",
            status=403,
            title=f"{asker.screen.name} is still being tested",
            message=f"Only people whom its developer has listed as testers can give it access, and"
            f" {self.visit.signed_in().email} is not one of them.",
            code=error.code,
            sent="",
            fix=f"The developer can add you as a tester: write to {asker.screen.support_email}."
            if asker.screen.support_email
            else "The developer can add you as a tester.",
            back=back,
        )

    async def _ask(
        self,
        asker: Asker,
        form: Form,
        request: AuthorizationRequest,
        person: SignedInUser,
        offer: Offer,
    ) -> Response:
        server = self.server
        pending = PendingConsent(request, offer)
        request_id = await self.visit.write(
            lambda tx, now: authorization_requests.put(
                tx, now, server.secret_box, server.entropy, person=person, pending=pending
            )
        )
        return self.visit.page(
            "consent.html",
            form_targets=_form_targets(request.redirect_uri),
            action=ANSWER_PATH,
            request_id=request_id,
            client=asker.client,
            screen=asker.screen,
            logo=logo_url(asker.screen.project_id) if asker.screen.logo_type else "",
            choices=choices(offer.tickable),
            fixed=sentences(offer.fixed & ~scopes.OFFLINE_ACCESS),
            granted=sentences(offer.granted & ~scopes.OFFLINE_ACCESS),
            is_offline=request.is_offline,
            minutes=server.settings.access_token_seconds // 60,
            destination=destination(request.redirect_uri),
            is_local=is_imitable(request, asker.client),
            shows_code=redirect_uris.legacy_switch(request.redirect_uri) is not None,
            switch=self._sign_in(form, request, reason="switch"),
        )

    async def _answer_now(
        self, request: AuthorizationRequest, person: SignedInUser, following: AnswerNow
    ) -> Response:
        issuing = await self._issuing(person)
        answer = await self.visit.write(
            lambda tx, now: authorization_requests.answer_now(
                tx, now, issuing, request, given=following.scopes
            )
        )
        return self._reply(answer)

    async def _issuing(self, person: SignedInUser) -> Issuing:
        needs_key = self.server.settings.implicit_grant
        key = await self.server.signing_keys.current() if needs_key else None
        return Issuing(self.server, person, key)

    def _reply(self, answer: Answer) -> Response:
        """Sends the answer to the client; where it has no address, shows it."""
        if redirect_uris.legacy_switch(answer.reply_to.redirect_uri):
            return self._show_answer(answer.reply_to, answer.parameters)
        return _go(authorize.url(answer, self.server.issuer))

    def _show_answer(self, to: ReplyTo, parameters: Mapping[str, str]) -> Response:
        # Programs read the title of the browser's window, as Google's pages had it.
        word = "Denied" if "error" in parameters else "Success"
        first = {k: v for k, v in parameters.items() if k in ("code", "error")}
        title = urlencode(({"state": to.state} if to.state else {}) | first)
        return self.visit.page(
            "code.html", page_title=f"{word} {title}", code=parameters.get("code", "")
        )

    def _explain(self, error: NotRedirectable) -> Response:
        """A refusal that is not sent to anybody."""
        return self.visit.page(
            "authorize_error.html",
            status=400,
            title=_TITLES.get(error.code, "The application made a mistake"),
            message=error.message,
            code=error.code,
            sent=_shortened(error.sent),
            fix=error.fix,
            back="",
        )


def answer_page(pages: Pages, server: AuthorizationServer) -> Page:
    """Where the consent screen's form goes."""

    async def act(visit: Visit) -> Response:
        return await AuthorizationVisit(visit, server).act()

    return Page(pages, act=act)


_TITLES = {"expired": "Please start again"}


def _person(session: BrowserSession) -> SignedInUser:
    return SignedInUser(
        user_id=session.user_id,
        session_id=session.id,
        email=session.email,
        subject=session.subject,
        authenticated_at=session.authenticated_at,
    )


def _go(url: str) -> Response:
    """303 whatever the method was; what is in our own URL is nobody else's business."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


def _form_targets(redirect_uri: str) -> list[str]:
    """Where the consent form may lead, besides here.

    Chromium holds every redirect after a form to its page's policy, and clients commonly redirect
    once more after they were answered, to another host of theirs. So https: is open as a whole,
    and this machine to who is answered there.
    """
    if redirect_uris.legacy_switch(redirect_uri):
        return []
    on_this_machine = ["http://127.0.0.1:*", "http://localhost:*"]
    more = on_this_machine if redirect_uri.startswith("http://") else []
    return [form_target(redirect_uri), "https:", *more]


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} …"


def _signed_out() -> NotRedirectable:
    return NotRedirectable(
        "expired",
        "You were signed out while the page was open. Nothing was allowed. Go back to the"
        " application and start again there.",
    )
