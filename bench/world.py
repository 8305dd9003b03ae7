"""What the requests work on: a project, a queue with tasks in it, and a caller with a token."""

import base64
import json
import random
import secrets
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from google.auth.transport.requests import Request
from google.oauth2 import service_account
from joserfc import jws
from joserfc.jwk import RSAKey

from bench.google_requests import PROJECT, QUEUE
from leasehold.accounts import key_file, projects, secret_key, service_accounts, users
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import NewClient
from leasehold.queues import configure, task_id
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.model import Acl, Queue
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, NewKey, NewKeyString

OWNER = "owner@example.com"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
PAYLOAD_BYTES = 1024
PAYLOADS = 64  # different ones; together more than gzip looks back, so that no reply profits
TASKS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Worker:
    """A service account that may do all with the queue, and a key of it."""

    account: ServiceAccount
    key: ServiceAccountKey
    private_pem: str = field(repr=False)
    queue: Queue

    def token(self, url: str) -> str:
        """An access token from the server at this URL, fetched as Google's library does."""
        file = key_file.key_file(self.account, self.key, self.private_pem, url)
        credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # google-auth's own
            file, scopes=[SCOPE]
        )
        credentials.refresh(Request())
        return str(credentials.token)

    def assertions(self, url: str, count: int) -> list[str]:
        """Different ones, each good for an hour at the server at this URL."""
        key = RSAKey.import_key(self.private_pem)
        now = int(time.time())
        claims = {
            "iss": self.account.email,
            "scope": SCOPE,
            "aud": f"{url}/token",
            "iat": now,
            "exp": now + 3600,
        }
        header = {"alg": "RS256", "kid": self.key.id, "typ": "JWT"}
        texts = (json.dumps({**claims, "jti": secrets.token_hex(8)}) for _ in range(count))
        return [jws.serialize_compact(header, text, key, ["RS256"]) for text in texts]


def build(engine: Engine, backlog: int, *, requests_per_second: float | None = None) -> Worker:
    """Fills an empty, migrated database; `backlog` tasks wait in the queue.

    The queue takes so many calls a second; None: no limit.
    """
    keys = key_file.generate_key_pair()
    people = partial(_people, keys=keys, requests_per_second=requests_per_second)
    account, key, queue = transact(engine, people)
    numbers = TaskNumbers()
    tasks = [NewTask(queue, base64.b64decode(payload)) for payload in payloads()]
    for start in range(0, backlog, TASKS_AT_ONCE):
        some = [tasks[n % PAYLOADS] for n in range(start, min(start + TASKS_AT_ONCE, backlog))]
        transact(engine, partial(_fill, tasks=some, numbers=numbers))
    return Worker(account, key, keys.private_pem, queue)


def register_client(engine: Engine, key_file: Path) -> tuple[str, str]:
    """A client that may get tokens for itself: its id and its secret.

    `key_file` is the secret key file of the server.
    """
    new = NewClient(project_id=PROJECT, type="web", name="Measured client", client_credentials=True)

    def register(tx: Transaction, now: int) -> tuple[str, str]:
        box = secret_key.unlock(tx, key_file, Entropy())
        client, secret = clients.create(tx, now, Entropy(), box, new)
        assert secret is not None  # clients of this type have one
        return client.id, secret.text

    return transact(engine, register)


def make_key(
    engine: Engine, key_file: Path, *, calls_per_minute: int | None
) -> tuple[ApiKey, NewKeyString]:
    """An API key of the project, and its string. `key_file` is as above."""
    new = NewKey(project_id=PROJECT, name="Measured key", calls_per_minute=calls_per_minute)

    def create(tx: Transaction, now: int) -> tuple[ApiKey, NewKeyString]:
        box = secret_key.unlock(tx, key_file, Entropy())
        return api_keys.create(tx, now, Entropy(), box, new)

    return transact(engine, create)


def payloads() -> list[str]:
    """Payloads in base64: JSON as a producer might send it, always the same ones."""
    source = random.Random(1)  # noqa: S311  # no secret
    return [_payload(source) for _ in range(PAYLOADS)]


def _payload(source: random.Random) -> str:
    text = ""
    while len(text) < PAYLOAD_BYTES:
        text += (
            f'{{"object": "images/{source.randrange(10**9)}.png",'
            f' "digest": "{source.randbytes(16).hex()}", "width": {source.randrange(5000)}}}, '
        )
    return base64.urlsafe_b64encode(text[:PAYLOAD_BYTES].encode()).decode()


def _people(
    tx: Transaction, now: int, *, keys: key_file.KeyPair, requests_per_second: float | None
) -> tuple[ServiceAccount, ServiceAccountKey, Queue]:
    entropy = Entropy()
    users.create(tx, now, Entropy(), email=OWNER, password_hash="!")  # noqa: S106  # matches no password
    projects.create(tx, now, project_id=PROJECT, owner_email=OWNER)
    projects.enable_api(tx, now, project_id=PROJECT, api="taskqueue")
    account = service_accounts.create(tx, now, entropy, project_id=PROJECT, name="worker")
    key = service_accounts.add_key(
        tx,
        now,
        entropy,
        email=account.email,
        public_key=keys.public_pem,
        certificate=keys.certificate_pem,
    )
    both = frozenset([account.email])
    queue = Queue(
        id=0,
        project_id=PROJECT,
        name=QUEUE,
        mode="pull",
        created_at=now,
        acl=Acl(both, both),
        requests_per_second=requests_per_second,
    )
    return account, key, configure.create(tx, queue)


def _fill(tx: Transaction, now: int, *, tasks: list[NewTask], numbers: TaskNumbers) -> None:
    refused = insert(tx, now, tasks, task_id.load(tx, Entropy()), numbers)
    assert len(refused) == len(tasks)
