"""What the requests work on: a project, a queue with tasks in it, and a caller with a token."""

import base64
import random
from collections.abc import Callable
from functools import partial

from google.auth.transport.requests import Request
from google.oauth2 import service_account

from bench.google_requests import PROJECT, QUEUE
from leasehold.accounts import key_file, projects, service_accounts, users
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.queues import configure, task_id
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.model import Acl, Queue
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction

OWNER = "owner@example.com"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
PAYLOAD_BYTES = 1024
PAYLOADS = 64  # different ones; together more than gzip looks back, so that no reply profits
TASKS_AT_ONCE = 2_000

GetToken = Callable[[str], str]


def build(engine: Engine, backlog: int) -> GetToken:
    """Fills an empty, migrated database; `backlog` tasks wait in the queue.

    Returns what fetches a token from the server at a URL, as Google's library does.
    """
    keys = key_file.generate_key_pair()
    account, key, queue = transact(engine, partial(_people, keys=keys))
    numbers = TaskNumbers()
    tasks = [NewTask(queue, base64.b64decode(payload)) for payload in payloads()]
    for start in range(0, backlog, TASKS_AT_ONCE):
        some = [tasks[n % PAYLOADS] for n in range(start, min(start + TASKS_AT_ONCE, backlog))]
        transact(engine, partial(_fill, tasks=some, numbers=numbers))

    def get_token(url: str) -> str:
        file = key_file.key_file(account, key, keys.private_pem, url)
        credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # google-auth's own
            file, scopes=[SCOPE]
        )
        credentials.refresh(Request())
        return str(credentials.token)

    return get_token


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
    tx: Transaction, now: int, *, keys: key_file.KeyPair
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
        id=0, project_id=PROJECT, name=QUEUE, mode="pull", created_at=now, acl=Acl(both, both)
    )
    return account, key, configure.create(tx, queue)


def _fill(tx: Transaction, now: int, *, tasks: list[NewTask], numbers: TaskNumbers) -> None:
    refused = insert(tx, now, tasks, task_id.load(tx, Entropy()), numbers)
    assert len(refused) == len(tasks)
