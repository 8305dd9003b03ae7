"""An application that asks, and a person who answers: authorization requests over real HTTP."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.oauth2 import authorization_codes, clients, consent_screens, consents, scopes
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.oauth2.model import AuthorizationCode
from leasehold.sign_in import browser_sessions
from leasehold.sign_in.model import BrowserSession, From, SignedIn
from leasehold.storage.transaction import Transaction
from tests.running_server import PROJECT, SECRET_BOX, RunningServer
from tests.web.account.person import FIREFOX, Person

ADA = "ada@example.com"
CALLBACK = "https://app.example.com/callback"
TASKQUEUE = "https://www.googleapis.com/auth/taskqueue"
CONSUMER = "https://www.googleapis.com/auth/taskqueue.consumer"
CLOUD = "https://www.googleapis.com/auth/cloud-taskqueue"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
PATH = "/o/oauth2/v2/auth"

_FIELD = re.compile(r'name="request" value="([^"]+)"')
_TICK = re.compile(r'name="scope" value="([^"]+)" checked')


@dataclass(frozen=True, slots=True)
class Screen:
    """The consent screen as a person sees it."""

    page: requests.Response

    @property
    def request_id(self) -> str:
        found = _FIELD.search(self.page.text)
        assert found, self.page.text
        return found[1]

    @property
    def ticks(self) -> list[str]:
        """What may be ticked, all of which is at first."""
        return [html.unescape(value) for value in _TICK.findall(self.page.text)]

    def sentences(self, part: str) -> list[str]:
        """The list with this id; empty when it is not there."""
        found = re.search(rf'id="{part}">(.*?)</ul>', self.page.text, re.DOTALL)
        return re.findall(r"<li>(.*?)</li>", found[1]) if found else []


@dataclass
class Asking:
    """A client that asks a person who uses one browser; nobody is signed in at first."""

    server: RunningServer
    client: Client
    person: Person = field(init=False)
    session: BrowserSession | None = None
    secret: str = ""  # made when it is first needed

    def __post_init__(self) -> None:
        self.person = Person(self.server.url)

    def sign_in(self, email: str = ADA) -> BrowserSession:
        """Begins a browser session, as the sign-in page does after every proof."""
        before = self.session
        signed_in = self.server.do(lambda tx, _: _begin(tx, self.server.clock.now(), email, before))
        self.person.browser.cookies.clear()
        self.person.browser.cookies.set("leasehold-session", signed_in.cookie)
        self.session = signed_in.session
        return signed_in.session

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """A good request with changes; None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uris[0],
            "response_type": "code",
            "scope": TASKQUEUE,
            "state": "xyz",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def ask(self, **changes: str | None) -> requests.Response:
        """Opens the authorization endpoint."""
        return self.open(f"{PATH}?{urlencode(self.parameters(**changes))}")

    def open(self, path: str, **headers: str) -> requests.Response:
        return self.person.open(path, **headers)

    def screen(self, **changes: str | None) -> Screen:
        """The consent screen to which the request leads."""
        page = self.ask(**changes)
        assert page.status_code == 200, (page.status_code, page.headers, page.text)
        return Screen(page)

    def answer(
        self,
        screen: Screen,
        *,
        says: str = "allow",
        ticked: Sequence[str] | None = None,
        **more: str,
    ) -> requests.Response:
        """Sends the form; `ticked` None leaves the ticks as they are."""
        fields = [("request", screen.request_id), ("answer", says), *more.items()]
        fields += [("scope", tick) for tick in (screen.ticks if ticked is None else ticked)]
        return self.person.browser.post(
            f"{self.server.url}/o/oauth2/consent",
            data=fields,
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=30,
            allow_redirects=False,
        )

    def allow(self, **changes: str | None) -> dict[str, str]:
        """Asks, says yes, and returns what the client was told."""
        return told(self.answer(self.screen(**changes)))

    def code(self, text: str) -> AuthorizationCode:
        """What was stored for a code."""
        found = self.server.do(lambda tx, _: authorization_codes.find(tx, SECRET_BOX, text))
        assert found is not None
        return found

    def given(self, text: str) -> set[str]:
        """The scopes of a code."""
        return set(scopes.text(self.code(text).scopes).split())

    def consented(self, email: str = ADA) -> set[str]:
        """What the person has granted the client until now."""
        consent = self.server.do(
            lambda tx, _: consents.find(tx, users.require(tx, email).id, self.client.id)
        )
        return set(scopes.text(consent.scopes).split()) if consent else set()


def redeem(asking: Asking, text: str, *, grant: str = "authorization_code") -> dict[str, str]:
    """What the token endpoint answers to the client for a code, or a refresh token."""
    new = asking.server.do(
        lambda tx, now: (
            clients.add_secret(tx, now, Entropy(), SECRET_BOX, asking.client.id)
            if not asking.secret
            else None
        )
    )
    asking.secret = new.text if new else asking.secret
    form = {
        "grant_type": grant,
        "code" if grant == "authorization_code" else "refresh_token": text,
        "redirect_uri": asking.client.redirect_uris[0],
        "code_verifier": VERIFIER,
        "client_id": asking.client.id,
        "client_secret": asking.secret,
    }
    answer: dict[str, str] = requests.post(
        f"{asking.server.url}/token", data=form, timeout=30
    ).json()
    return answer


def told(response: requests.Response, *, by: str = "query") -> dict[str, str]:
    """What a redirect tells the client; it goes nowhere but to a registered address."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["Location"])
    return dict(parse_qsl(getattr(parts, by)))


def address(response: requests.Response) -> str:
    """Where a redirect goes, without what it tells."""
    return urlsplit(response.headers["Location"])._replace(query="", fragment="").geturl()


def way_back(response: requests.Response) -> str:
    """The path that the sign-in page is given to continue at."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["Location"])
    assert parts.path == "/signin"
    return parse_qs(parts.query)["continue"][0]


def make_client(server: RunningServer, type_: str = "web", *uris: str, **more: object) -> Client:
    """Registers a client."""
    usual = {"project_id": PROJECT, "type": type_, "name": "Shop worker"}
    new = NewClient(**usual | {"redirect_uris": uris or _usual(type_)} | more)  # type: ignore[arg-type]  # a test's own words
    return server.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))[0]


def _usual(type_: str) -> tuple[str, ...]:
    return ("http://127.0.0.1",) if type_ == "installed" else (CALLBACK,)


def in_production(server: RunningServer, **changes: object) -> None:
    """Everybody may be asked, by a project that is called Shop."""
    server.do(lambda tx, _: _put_screen(tx, {"stage": "production", "name": "Shop"} | changes))


def _put_screen(tx: Transaction, changes: dict[str, object]) -> None:
    screen = consent_screens.find_to_change(tx, PROJECT)
    consent_screens.put(tx, replace(screen, **changes))  # type: ignore[arg-type]  # a test's own words


def _begin(tx: Transaction, now: int, email: str, before: BrowserSession | None) -> SignedIn:
    user = users.find(tx, email) or users.create(
        tx, now, Entropy(), email=email, password_hash=None, name="Ada", email_verified=True
    )
    caller = From("127.0.0.1", FIREFOX, None, before)
    return browser_sessions.begin(
        tx, now, SECRET_BOX, Entropy(), user, method="passkey", caller=caller
    )
