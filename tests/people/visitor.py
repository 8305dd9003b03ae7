"""A person at a page of a real browser, in the words of the manual: opens, types, presses, sees."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from playwright.sync_api import Page, Response, expect

from leasehold.accounts import passwords, users
from leasehold.entropy import Entropy
from leasehold.sign_in import browser_sessions, totp_code
from leasehold.sign_in.model import From
from leasehold.storage.transaction import Transaction
from tests.running_server import SECRET_BOX, RunningServer

ADA = "ada@example.com"
PASSWORD = "correct horse battery"
PASSWORD_HASH = passwords.hash_password(Entropy(), PASSWORD)  # made once: it takes a moment

SECURITY = "/account/security"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a browser profile of their own."""

    page: Page
    site: RunningServer

    def opens(self, path: str) -> Response:
        """Opens a page, by a path of the site or another site's URL."""
        response = self.page.goto(path if path.startswith("http") else self.site.url + path)
        assert response is not None
        return response

    def types(self, label: str, text: str) -> None:
        """Types into the field with this label, which was empty or is emptied."""
        self.page.get_by_label(label, exact=True).fill(text)

    def presses(self, name: str) -> None:
        """Presses the button with this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        """Follows the link with this name."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def unfolds(self, name: str) -> None:
        """Opens what the page keeps folded under this name."""
        self.page.locator("summary", has_text=name).click()

    def sees(self, *texts: str) -> None:
        """All of these are on the page, at once or in a moment."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def sees_no(self, text: str) -> None:
        expect(self.page.locator("body")).not_to_contain_text(text)

    def is_at(self, path: str) -> None:
        """Is shown the page with this path, at once or in a moment."""
        self.page.wait_for_url(
            lambda url: url.partition("?")[0] == self.site.url + path, wait_until="load"
        )

    def reads(self, selector: str) -> str:
        """The text of one part of the page."""
        return self.page.locator(selector).inner_text().strip()

    def gives_password(self, password: str = PASSWORD, *, email: str = ADA) -> None:
        """Fills the sign-in form in and sends it."""
        self.types("E-mail address", email)
        self.types("Password", password)
        self.presses("Sign in")

    def has_signed_in(self, *, email: str = ADA) -> None:
        """Signed in before the test begins, and so without its pages."""
        now = self.site.clock.now()
        cookie = self.site.do(lambda tx, _: begin_session(tx, now, email))
        self.page.context.add_cookies(
            [{"name": "leasehold-session", "value": cookie, "url": self.site.url}]
        )

    def signs_in(self, password: str = PASSWORD, *, email: str = ADA) -> None:
        """Signs in from the start, where there is no second factor."""
        self.opens("/signin")
        self.gives_password(password, email=email)
        self.is_at("/account/access")

    def confirms(self, password: str = PASSWORD) -> None:
        """Proves again who it is, on the page that asks for it."""
        self.is_at("/signin")
        self.types("Password", password)
        self.presses("Sign in")

    def signs_out(self) -> None:
        self.presses("Sign out")
        self.sees("You are signed out.")

    def is_signed_in(self) -> bool:
        """Whether the security page would open."""
        answer = self.page.context.request.get(self.site.url + SECURITY, max_redirects=0)
        return answer.status == 200

    def has_app(self) -> "AuthenticatorApp":
        """Signed in and set an authenticator app up before the test begins, without its pages."""
        self.has_signed_in()
        setup = self._sent("/account/app")
        app = AuthenticatorApp(_between(setup, 'id="app-secret">', "<"), self.site)
        done = self._sent("/account/app/confirm", code=app.code())
        codes = re.findall(r"<li><code>(.*?)</code>", done)
        assert len(codes) == 10, done
        return replace(app, recovery_codes=tuple(codes))

    def _sent(self, path: str, **fields: str | float | bool) -> str:
        """The answer to a form that this browser sends unseen."""
        own = {"Sec-Fetch-Site": "same-origin"}
        answer = self.page.context.request.post(self.site.url + path, form=fields, headers=own)
        return answer.text()

    def recovery_codes(self) -> Sequence[str]:
        """Those that the page shows now."""
        return self.page.locator("#recovery-codes code").all_inner_texts()


def _between(text: str, before: str, after: str) -> str:
    assert before in text, text
    return text.partition(before)[2].partition(after)[0]


def begin_session(tx: Transaction, now: int, email: str) -> str:
    """The cookie of a browser session that begins without a sign-in page."""
    begun = browser_sessions.begin(
        tx,
        now,
        SECRET_BOX,
        Entropy(),
        users.require(tx, email),
        method="password",
        caller=From("127.0.0.1", "", None),
    )
    return begun.cookie


@dataclass(frozen=True, slots=True)
class AuthenticatorApp:
    """An app that was given the secret by typing, and whose clock is the server's."""

    secret: str  # base32
    site: RunningServer
    recovery_codes: tuple[str, ...] = ()

    def code(self) -> str:
        """The code of this half minute."""
        step = self.site.clock.now() // 1_000_000 // totp_code.STEP_SECONDS
        return totp_code.code(base64.b32decode(self.secret), step)

    def next_code(self) -> str:
        """The code of the next half minute, for which it waits."""
        self.site.clock.advance(totp_code.STEP_SECONDS)
        return self.code()
