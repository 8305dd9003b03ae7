"""A world with one service account in it: sign assertions, exchange them, look into the tables."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from leasehold.accounts import projects, service_accounts, users
from leasehold.accounts.key_file import KeyPair
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2 import signing_keys, token
from leasehold.oauth2.access_tokens import AccessToken, digest, find
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants.jwt_bearer import GRANT
from leasehold.oauth2.model import IdTokenResponse, TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction

T = TypeVar("T")

ISSUER = "https://queue.example.com"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
BOX = SecretBox(b"k" * KEY_BYTES)
SIGNING_KEY = signing_keys.make(BOX, Entropy())
START = 1_700_000_000  # seconds


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = START
        self.clock = Clock(lambda: self.seconds * 1_000_000_000)

    def set_back(self, seconds: int) -> None:
        """As if the server were started again on a machine whose clock is wrong."""
        self.seconds -= seconds
        self.clock = Clock(lambda: self.seconds * 1_000_000_000)


@dataclass(frozen=True, slots=True)
class World:
    """The account `robot` of the project `app`, and its key."""

    engine: Engine
    pair: KeyPair
    account: ServiceAccount
    key: ServiceAccountKey
    hands: Hands = field(default_factory=Hands)
    settings: Settings = field(default_factory=Settings)
    forgotten: list[bytes] = field(default_factory=list)  # digests of tokens that were ended

    @property
    def now(self) -> int:
        """Seconds."""
        return self.hands.seconds

    def claims(self, **changes: object) -> dict[str, object]:
        """What Google's library puts into an assertion; a change to None leaves a claim out."""
        usual = {
            "iss": self.account.email,
            "scope": SCOPE,
            "aud": GOOGLE_AUDIENCE,
            "iat": self.now,
            "exp": self.now + 3600,
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def header(self, **changes: object) -> dict[str, object]:
        usual: dict[str, object] = {"alg": "RS256", "kid": self.key.id, "typ": "JWT"}
        return usual | changes

    def assertion(self, **changes: object) -> str:
        """A signed assertion with changed claims."""
        return self.signed(json.dumps(self.header()), json.dumps(self.claims(**changes)))

    def signed(self, header: str, claims: str) -> str:
        """Whatever the texts are, signed with the account's key."""
        return signed(header, claims, self.pair.private_pem)

    def exchange(self, assertion: str) -> TokenResponse:
        """Through the whole token endpoint, but for HTTP."""
        return self.post(grant_type=[GRANT.grant_type], assertion=[assertion])

    def post(self, **form: Sequence[str]) -> TokenResponse:
        response = self.serve(lambda server: token.exchange(form, server))
        assert isinstance(response, TokenResponse)
        return response

    def post_as(
        self, authorization: str | None, form: Mapping[str, Sequence[str]]
    ) -> TokenResponse:
        """The same with an Authorization header."""
        response = self.serve(lambda server: token.exchange(form, server, authorization))
        assert isinstance(response, TokenResponse)
        return response

    def id_token(self, audience: object) -> str:
        """What is answered to an assertion with this `target_audience`."""
        assertion = self.assertion(scope=None, target_audience=audience)
        form = {"grant_type": [GRANT.grant_type], "assertion": [assertion]}
        response = self.serve(lambda server: token.exchange(form, server))
        assert isinstance(response, IdTokenResponse)
        return response.id_token

    def refusal(self, assertion: str) -> tuple[str, str]:
        """The code and the description with which an assertion is refused."""
        return refusal(lambda: self.exchange(assertion))

    def serve(self, visit: Callable[[AuthorizationServer], Awaitable[T]]) -> T:
        """Runs `visit` with an authorization server that is there for it only."""

        async def run() -> T:
            async with running(self.engine, self.hands.clock) as committer:
                return await visit(self.server(committer))

        return asyncio.run(run())

    def server(self, committer: Committer) -> AuthorizationServer:
        keys = SigningKeys(committer, BOX, Entropy(), days=30)
        return AuthorizationServer(
            committer=committer,
            clock=self.hands.clock,
            entropy=Entropy(),
            settings=self.settings,
            issuer=ISSUER,
            signing_keys=keys,
            secret_box=BOX,
            forget_tokens=self.forgotten.extend,
        )

    def do(self, change: Callable[[Transaction, int], T]) -> T:
        """A transaction, as a command would do it."""
        with transaction(self.engine) as tx:
            return change(tx, self.now * 1_000_000)

    def find(self, access_token: str) -> AccessToken | None:
        return self.do(lambda tx, _now: find(tx, digest(access_token)))

    def is_good(self, access_token: str) -> bool:
        found = self.find(access_token)
        return found is not None and found.is_good(self.now * 1_000_000)

    def add_account(self, name: str, pair: KeyPair) -> tuple[ServiceAccount, ServiceAccountKey]:
        """Another account of the project, with a key."""
        return self.do(lambda tx, now: _add_account(tx, now, name, pair))


def make_world(url: str, pair: KeyPair) -> World:
    engine = open_engine(url)
    migrate(engine)
    now = START * 1_000_000
    with transaction(engine) as tx:
        users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")
        projects.create(tx, now, project_id="app", owner_email="ada@example.com")
        projects.enable_api(tx, now, project_id="app", api="taskqueue")
        account, key = _add_account(tx, now, "robot", pair)
        signing_keys.add(tx, now, key=SIGNING_KEY, period=30 * signing_keys.DAY)
    return World(engine, pair, account, key)


@contextmanager
def transaction(engine: Engine) -> Iterator[Transaction]:
    connection = engine.connect()
    try:
        yield connection.begin()
        connection.commit()
    finally:
        connection.rollback()
        connection.close()


@asynccontextmanager
async def running(engine: Engine, clock: Clock) -> AsyncIterator[Committer]:
    committer = Committer()
    committer.start(engine.open_lanes(clock.now))
    try:
        yield committer
    finally:
        await committer.close()


def signed(header: str, claims: str, private_pem: str) -> str:
    """A compact JWS with RSASSA-PKCS1-v1_5 and SHA-256, whatever its header says."""
    private = load_pem_private_key(private_pem.encode(), None)
    assert isinstance(private, RSAPrivateKey)
    text = f"{base64url(header)}.{base64url(claims)}"
    return f"{text}.{base64url(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def base64url(data: str | bytes) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the description of the OAuthError that the call raises."""
    try:
        call()
    except OAuthError as error:
        return error.code, error.description
    raise AssertionError("it was not refused")


def swapped(members: Mapping[str, object], name: str, text: str) -> str:
    """JSON of the members in which one value is written as the given text."""
    others = [f"{json.dumps(n)}: {json.dumps(v)}" for n, v in members.items() if n != name]
    return "{" + ", ".join([*others, f'"{name}": {text}']) + "}"


def _add_account(
    tx: Transaction, now: int, name: str, pair: KeyPair
) -> tuple[ServiceAccount, ServiceAccountKey]:
    account = service_accounts.create(tx, now, Entropy(), project_id="app", name=name)
    key = service_accounts.add_key(
        tx,
        now,
        Entropy(),
        email=account.email,
        public_key=pair.public_pem,
        certificate=pair.certificate_pem,
    )
    return account, key
