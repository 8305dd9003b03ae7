"""A world in which Ada has an account, and her browser and strangers' try to sign in."""

import asyncio
import base64
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from leasehold.accounts import passwords, users
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from leasehold.settings import Settings
from leasehold.sign_in import browser_sessions, sign_in, totp, totp_code
from leasehold.sign_in.mail import Message
from leasehold.sign_in.model import BrowserSession, From, SecondFactorNeeded, SignedIn
from leasehold.sign_in.outbox import Outbox
from leasehold.sign_in.password_pool import PasswordPool
from leasehold.sign_in.server import SignInServer
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from tests.moved_clock import MovedClock

T = TypeVar("T")

ADA = "ada@example.com"
EVE = "eve@example.com"
PASSWORD = "correct horse"
WRONG = "wrong horse battery"
ISSUER = "https://queue.example.com"
BOX = SecretBox(b"k" * KEY_BYTES)
DAY = 86_400  # seconds

# Made once: it takes a moment, and most tests are not about it.
PASSWORD_HASH = passwords.hash_password(Entropy(), PASSWORD)


@dataclass
class LetterBox:
    """Where mail arrives."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)


@dataclass
class World:
    """A server without HTTP; `run` runs what its pages would call."""

    engine: Engine
    clock: MovedClock
    server: SignInServer
    letters: LetterBox
    ended_access: list[int]  # of users, by their ids
    _runner: asyncio.Runner

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(call)

    def do(self, operation: Callable[[Transaction, int], T]) -> T:
        """A transaction, as a command would have it."""

        async def write() -> T:
            return await self.server.committer.write(operation)

        return self.run(write())

    def set(self, **settings: object) -> None:
        """Changes settings, as a restart would."""
        changed = replace(self.server.settings, **settings)  # type: ignore[arg-type]  # a test's own words
        self.server = replace(self.server, settings=changed)

    def add(self, email: str, password_hash: str | None = PASSWORD_HASH) -> User:
        return self.do(
            lambda tx, now: users.create(
                tx, now, Entropy(), email=email, password_hash=password_hash, email_verified=True
            )
        )

    def user(self, email: str = ADA) -> User:
        return self.do(lambda tx, _: users.require(tx, email))

    def try_password(
        self, password: str = PASSWORD, *, email: str = ADA, caller: From | None = None
    ) -> SignedIn | SecondFactorNeeded:
        return self.run(
            sign_in.with_password(
                self.server, email=email, password=password, caller=caller or browser()
            )
        )

    def sign_in(self, *, email: str = ADA, caller: From | None = None) -> SignedIn:
        """With the right password, where there is no second factor."""
        signed_in = self.try_password(email=email, caller=caller)
        assert isinstance(signed_in, SignedIn)
        return signed_in

    def session(self, cookie: str) -> BrowserSession | None:
        return self.run(browser_sessions.current(self.server, cookie))

    def switch_totp_on(self, email: str = ADA) -> tuple[bytes, list[str]]:
        """The app's secret, and the recovery codes."""
        session = self.sign_in(email=email).session
        setup = self.run(totp.begin(self.server, session))
        secret = secret_of(setup.secret)
        codes = self.run(totp.confirm(self.server, session, self.code(secret)))
        self.clock.advance(totp_code.STEP_SECONDS)  # the code that confirmed is used up
        return secret, codes

    def code(self, secret: bytes, *, steps: int = 0) -> str:
        """What the app shows now, or some half minutes later."""
        step = self.clock.now() // 1_000_000 // totp_code.STEP_SECONDS
        return totp_code.code(secret, step + steps)

    def second_step(self, *, email: str = ADA, caller: From | None = None) -> str:
        """The cookie of somebody who gave the right password."""
        needed = self.try_password(email=email, caller=caller)
        assert isinstance(needed, SecondFactorNeeded)
        return needed.cookie

    def mail(self) -> list[Message]:
        """What has arrived since the last look."""
        self.run(self.server.outbox.flush())
        arrived = self.letters.messages[:]
        self.letters.messages.clear()
        return arrived


def browser(
    address: str = "203.0.113.9",
    *,
    known: str | None = None,
    session: BrowserSession | None = None,
) -> From:
    return From(address, "Firefox", known, session)


def token_of(message: Message) -> str:
    """The token in the one link that the text holds."""
    (link,) = re.findall(r"https?://\S+\?token=\S+", message.text)
    assert link == message.link
    return str(link).partition("?token=")[2]


def secret_of(text: str) -> bytes:
    """What an app makes of the base32 text."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def open_world(database_url: str, runner: asyncio.Runner) -> World:
    """The server on an empty database with Ada in it; to be closed by `close_world`."""
    engine = open_engine(database_url)
    migrate(engine)
    clock, letters, ended = MovedClock(), LetterBox(), list[int]()

    def end_access(_tx: Transaction, _now: int, user_id: int) -> Callable[[], None]:
        return lambda: ended.append(user_id)

    async def start() -> SignInServer:
        committer = Committer()
        committer.start(engine.open_lanes(clock.now))
        return SignInServer(
            committer=committer,
            clock=clock,
            entropy=Entropy(),
            settings=Settings(),
            secret_box=BOX,
            issuer=ISSUER,
            passwords=PasswordPool(Entropy()),
            outbox=Outbox(letters),
            end_access=end_access,
        )

    world = World(engine, clock, runner.run(start()), letters, ended, runner)
    world.add(ADA)
    return world


def close_world(world: World) -> None:
    async def stop() -> None:
        await world.server.close()
        await world.server.committer.close()

    world.run(stop())
