"""What a library needs to act for a person: a registered client, and Ada, who says yes.

Ada uses a browser that reads forms, follows redirects and keeps cookies, over real HTTP. It stops
where it is sent to somebody else's address, as a test may not have anything there.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from leasehold.accounts import users
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from leasehold.oauth2 import clients
from leasehold.oauth2.client_file import client_file
from leasehold.oauth2.client_model import Client, NewClient
from tests.running_server import PROJECT, SECRET_BOX, RunningServer
from tests.web.account.person import EMAIL, PASSWORD, Person, add_user
from tests.web.consenting import in_production

CALLBACK = "https://app.example.com/callback"
TASKQUEUE = "https://www.googleapis.com/auth/taskqueue"
CONSUMER = "https://www.googleapis.com/auth/taskqueue.consumer"
USERINFO_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
QUEUE = "jobs"
JOB = {"queueName": QUEUE, "payloadBase64": "am9i"}

_CONSENT, _SIGN_IN = "/o/oauth2/consent", "/signin"
_MOST_STEPS = 10  # of a person, from the authorization URL to the client


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and what its developer was given."""

    client: Client
    secret: str
    file: Path  # its client_secrets.json

    @property
    def id(self) -> str:
        return self.client.id


def register(
    server: RunningServer, directory: Path, type_: str = "web", *uris: str, **more: object
) -> Registered:
    """Registers a client and writes its file, as `leasehold client create` does."""
    usual = (CALLBACK,) if type_ == "web" else ("http://localhost", "http://127.0.0.1")
    new = NewClient(
        project_id=PROJECT,
        type=type_,  # type: ignore[arg-type]  # a test's own word
        name="Shop worker",
        redirect_uris=uris or usual,
        **more,  # type: ignore[arg-type]  # likewise
    )
    client, secret = server.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))
    assert secret is not None
    file = directory / f"client_secrets_{client.id[:8]}.json"
    file.write_text(json.dumps(client_file(client, secret.text, server.url)))
    return Registered(client, secret.text, file)


@dataclass
class Visitor:
    """A person with a browser, who is nowhere signed in yet."""

    server: RunningServer
    email: str = EMAIL
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.person = Person(self.server.url)

    def is_sent_to(self, url: str, *, says: str = "allow", without: Collection[str] = ()) -> str:
        """The address of the client to which an authorization URL leads in the end.

        `without` are the scopes that are unticked on the consent screen.
        """
        end = self._end_of(url, says=says, without=without)
        assert end.is_redirect, end.text
        return end.headers["Location"]

    def is_shown(self, url: str, *, says: str = "allow") -> str:
        """The page to which it leads, where the client has no address."""
        end = self._end_of(url, says=says, without=())
        assert 200 == end.status_code, end.text
        return end.text

    def user(self) -> User:
        return self.server.do(lambda tx, _: users.require(tx, self.email))

    def _end_of(self, url: str, *, says: str, without: Collection[str]) -> requests.Response:
        response = self._get(url)
        for _ in range(_MOST_STEPS):
            following = self._next(response, says, without)
            if following is None:
                return response
            response = following
        raise AssertionError(f"the way from {url} to the client has no end")

    def _next(
        self, response: requests.Response, says: str, without: Collection[str]
    ) -> requests.Response | None:
        """Where the browser, or the person, goes from here; None at the end of the way."""
        if response.is_redirect:
            return self._go(response, response.headers["Location"])
        page = _Page(response.text)
        if page.refresh:
            return self._go(response, page.refresh)
        if _SIGN_IN in page.forms:
            return self._sign_in(page)
        return self._consent(page, says, without) if _CONSENT in page.forms else None

    def _sign_in(self, page: "_Page") -> requests.Response:
        typed = {"email": self.email, "password": PASSWORD}
        return self._send(_SIGN_IN, list((dict(page.forms[_SIGN_IN]) | typed).items()))

    def _consent(self, page: "_Page", says: str, without: Collection[str]) -> requests.Response:
        fields = page.forms[_CONSENT]
        ticks = {value for name, value in fields if name == "scope"}
        assert ticks >= set(without), f"{without} cannot be unticked: there is {ticks}"
        kept = [pair for pair in fields if pair[1] not in without]
        return self._send(_CONSENT, [*kept, ("answer", says)])

    def _go(self, response: requests.Response, to: str) -> requests.Response | None:
        url = urljoin(response.url, to)
        return self._get(url) if url.startswith(f"{self.server.url}/") else None

    def _get(self, url: str) -> requests.Response:
        assert url.startswith(f"{self.server.url}/"), url
        return self.person.open(url.removeprefix(self.server.url))

    def _send(self, path: str, fields: list[tuple[str, str]]) -> requests.Response:
        return self.person.browser.post(
            self.server.url + path,
            data=fields,
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=30,
            allow_redirects=False,
        )


class _Page(HTMLParser):
    """A page's forms by where they are sent to, with what would be sent, and its refresh."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, list[tuple[str, str]]] = {}
        self.refresh: str = ""
        self._form: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given["action"], [])
        elif tag == "input" and "name" in given:
            if given.get("type") != "checkbox" or "checked" in given:
                self._form.append((given["name"], given.get("value", "")))
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh = given["content"].partition("url=")[2]


def ada(server: RunningServer) -> Visitor:
    """Ada, and the queue `jobs`, in which she may insert and lease."""
    in_production(server)
    add_user(server)
    server.queue_for(EMAIL, QUEUE)
    return Visitor(server)


def query_of(url: str) -> dict[str, str]:
    """What an address tells whoever it leads to."""
    return dict(parse_qsl(urlsplit(url).query))


def status_of_lease(server: RunningServer, token: str) -> int:
    """What the API answers to who leases with this token."""
    path = f"demo/taskqueues/{QUEUE}/tasks/lease?numTasks=1&leaseSecs=60"
    return server.call("POST", path, token=token).status_code
