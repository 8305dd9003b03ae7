"""Projects whose programs and people call each other's queues, each with a credential of its own.

Projects: shop has the queues, and calls them; depot, poor and off call shop's, each at its own
expense; tools has the client that a person uses; office has the client that reads the reports.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from joserfc import jws
from joserfc.jwk import RSAKey
from msgspec import json

from leasehold.accounts import key_file, projects, secret_key, service_accounts, users
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, clients, consents, scopes, token_families
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.oauth2.client_model import NewClient
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.settings import Settings
from leasehold.storage.engine import Engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, quotas
from leasehold.usage.key_model import ApiKey, NewKey
from tests.durability.call_book import Charge

R = TypeVar("R")

PERSON = "ada@example.com"  # owns all projects
PROJECTS = ("shop", "depot", "poor", "off", "tools", "office")
ACCOUNTS = {  # by name, their projects
    "worker": "shop",
    "reader": "shop",
    "carter": "depot",
    "beggar": "poor",
    "sleeper": "off",
}
GOOD_SECONDS = 30 * 86_400  # of a token

_KEY_PAIR = key_file.generate_key_pair()


@dataclass(frozen=True, slots=True)
class Credential:
    """What is sent with each call, and who pays for it."""

    name: str
    headers: Mapping[str, str]
    payer: tuple[str, str, str, str] | None  # project, credential, key, address; None: nobody
    parameters: str = ""  # of every URL

    def charge(self, api: str, method: str) -> Charge | None:
        """What a call is counted as; None: nowhere."""
        if self.payer is None:
            return None
        project, credential, key, email = self.payer
        return Charge(project, api, method, credential, key, email)

    def with_key(self, text: str, key_id: str, *, in_header: bool = False) -> "Credential":
        """The same with an API key; its id is "" where it is none."""
        assert self.payer is not None
        project, credential, _, email = self.payer
        return Credential(
            name=f"{self.name} with a key",
            headers={**self.headers, **({"X-Goog-Api-Key": text} if in_header else {})},
            payer=(project, credential, key_id, email),
            parameters="" if in_header else f"key={text}",
        )


@dataclass
class Market:
    """A database with these projects in it, before any server has been started on it."""

    engine: Engine
    box: SecretBox
    keys: dict[str, tuple[ApiKey, str]] = field(default_factory=dict)  # by name; and the string
    accounts: dict[str, tuple[ServiceAccount, ServiceAccountKey]] = field(default_factory=dict)

    def do(self, operation: Callable[[Transaction, int], R]) -> R:
        return transact(self.engine, operation)

    def queue(self, name: str, **settings: object) -> None:
        """A queue of shop, for all service accounts but the reader."""
        emails = frozenset(
            account.email for name, (account, _) in self.accounts.items() if name != "reader"
        )
        base = Queue(id=0, project_id="shop", name=name, mode="pull", created_at=0)
        queue = replace(base, acl=Acl(emails, emails), **settings)  # type: ignore[arg-type]  # a test's own words
        self.do(lambda tx, now: configure.create(tx, replace(queue, created_at=now)))

    def limit(self, project_id: str, quota: str, most: int) -> None:
        """Gives the project a quota of its own."""
        self.do(
            partial(
                quotas.set_override,
                project_id=project_id,
                quota=quota,
                source="operator",
                most=most,
                set_by="root",
                why="a test",
                settings=Settings(),
            )
        )

    def key(self, name: str, project_id: str, **said: object) -> None:
        """Makes an API key, to be found in `keys`."""
        new = NewKey(project_id=project_id, name=name, **said)  # type: ignore[arg-type]  # as above
        key, string = self.do(lambda tx, now: api_keys.create(tx, now, Entropy(), self.box, new))
        self.keys[name] = key, string.text

    def account(self, name: str, project_id: str) -> None:
        """Makes a service account with a key, to be found in `accounts`."""

        def make(tx: Transaction, now: int) -> tuple[ServiceAccount, ServiceAccountKey]:
            account = service_accounts.create(tx, now, Entropy(), project_id=project_id, name=name)
            key = service_accounts.add_key(
                tx,
                now,
                Entropy(),
                email=account.email,
                public_key=_KEY_PAIR.public_pem,
                certificate=_KEY_PAIR.certificate_pem,
            )
            return account, key

        self.accounts[name] = self.do(make)

    def program(self, name: str, mask: int = scopes.TASKQUEUE) -> Credential:
        """A service account with an access token."""
        account, key = self.accounts[name]
        token = self._token(mask, service_account_id=account.id, key_id=key.id)
        return _bearer(name, token, (account.project_id, account.id, "", account.email))

    def self_signed(self, name: str, *, second: int) -> Credential:
        """A service account with a JWT that it signed for itself at that second."""
        account, key = self.accounts[name]
        claims = {
            "iss": account.email,
            "sub": account.email,
            "scope": scopes.text(scopes.TASKQUEUE),
            "iat": second,
            "exp": second + 3600,
        }
        token = jws.serialize_compact(
            {"alg": "RS256", "kid": key.id, "typ": "JWT"},
            json.encode(claims),
            RSAKey.import_key(_KEY_PAIR.private_pem),
            algorithms=["RS256"],
        )
        payer = (account.project_id, account.id, "", account.email)
        return _bearer(f"{name}, self-signed", token, payer)

    def person(self, project_id: str, mask: int) -> Credential:
        """The person, by a client of that project."""

        def grant(tx: Transaction, now: int) -> tuple[str, int]:
            new = NewClient(
                project_id=project_id,
                type="web",
                name="Console",
                redirect_uris=("https://console.example.com/callback",),
            )
            client, _ = clients.create(tx, now, Entropy(), self.box, new)
            user = users.require(tx, PERSON)
            consent = consents.give(tx, now, user_id=user.id, client_id=client.id, scopes=mask)
            family = token_families.start(
                tx, now, consent_id=consent.id, scopes=mask, authenticated_at=now
            )
            assert family is not None
            return client.id, family.id

        client_id, family_id = self.do(grant)
        token = self._token(mask, client_id=client_id, family_id=family_id)
        return _bearer(PERSON, token, (project_id, client_id, "", PERSON))

    def key_alone(self, name: str) -> Credential:
        """An API key, and nobody who uses it."""
        key, text = self.keys[name]
        return Credential(f"key {name}", {}, (key.project_id, "", key.id, ""), f"key={text}")

    def _token(self, mask: int, **origin: object) -> str:
        text = access_tokens.mint(Entropy())

        def store(tx: Transaction, now: int) -> bool:
            token = AccessToken(
                digest=access_tokens.digest(text),
                scopes=mask,
                issued_at=now,
                expires_at=now + GOOD_SECONDS * MICROSECONDS,
                **{"client_id": "", **origin},  # type: ignore[arg-type]  # ids, by their names
            )
            return access_tokens.store(tx, token)

        assert self.do(store)
        return text


def market_on(engine: Engine, secret_key_file: Path) -> Market:
    """The market on an empty database; its servers need that secret key file."""
    migrate(engine)
    box = transact(engine, lambda tx, _: secret_key.unlock(tx, secret_key_file, Entropy()))
    market = Market(engine, box)
    market.do(_open)
    for name, project_id in ACCOUNTS.items():
        market.account(name, project_id)
    for project_id in ("shop", "depot"):
        market.key(project_id, project_id)
    market.key("walled", "shop", addresses=("192.0.2.0/24",))
    for name, settings in _QUEUES.items():
        market.queue(name, **settings)
    return market


_QUEUES: dict[str, dict[str, object]] = {
    "kept": {},  # nobody takes anything from it
    "work": {},
    "slow": {"requests_per_second": 0.1},
    "full": {"max_tasks": 0},
    "push": {"mode": "push"},
}


def _open(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=PERSON, password_hash="!")
    for project_id in PROJECTS:
        projects.create(tx, now, project_id=project_id, owner_email=PERSON)
        if project_id != "off":
            projects.enable_api(tx, now, project_id=project_id, api="taskqueue")


def _bearer(name: str, token: str, payer: tuple[str, str, str, str]) -> Credential:
    return Credential(name, {"Authorization": f"Bearer {token}"}, payer)


def next_midnight() -> int:
    """The second at which the next day begins, UTC."""
    day = 86_400
    return (int(time.time()) // day + 1) * day
