"""A person at a browser, over real HTTP: keeps cookies, and sends forms as browsers send them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import requests

from leasehold.accounts import passwords, users
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from tests.running_server import RunningServer

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

# What a link may hold to get people to another site, as browsers or frameworks have read it.
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\t//evil.example/",
    " //evil.example/",
    "/account\r\nSet-Cookie: leasehold-session=planted",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "https:evil.example",
    "/account/ü",
    "/\0/evil.example",
]


@dataclass
class Person:
    """Somebody with a browser of their own."""

    url: str
    browser: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.browser.headers.update({"User-Agent": FIREFOX, "Accept": "text/html"})

    def open(self, path: str, **headers: str) -> requests.Response:
        """Opens a page; a redirect is not followed."""
        return self.browser.get(self.url + path, headers=headers, timeout=30, allow_redirects=False)

    def send(
        self, path: str, fields: Mapping[str, str] | None = None, **headers: str
    ) -> requests.Response:
        """Sends a form from a page of ours; a redirect is not followed."""
        sent = {"Sec-Fetch-Site": "same-origin"} | headers
        return self.browser.post(
            self.url + path, data=fields or {}, headers=sent, timeout=30, allow_redirects=False
        )

    def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, **more: str
    ) -> requests.Response:
        """Sends the sign-in form."""
        return self.send("/signin", {"email": email, "password": password, **more})

    def goes_to(self, response: requests.Response) -> str:
        """The path to which a redirect leads."""
        assert response.status_code == 303, response.text
        return urljoin("/", response.headers["Location"].removeprefix(self.url))

    def is_signed_in(self) -> bool:
        """Whether the security page opens."""
        return self.open("/account/security").status_code == 200


def add_user(server: RunningServer, email: str = EMAIL, password: str = PASSWORD) -> User:
    """Adds a user, as `leasehold user create` does."""
    hashed = passwords.hash_password(Entropy(), password)
    return server.do(
        lambda tx, now: users.create(
            tx, now, Entropy(), email=email, password_hash=hashed, email_verified=True
        )
    )


def text_of(page: requests.Response) -> str:
    """What a reader sees of a page, in one line."""
    body = page.text.partition("<body")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())
