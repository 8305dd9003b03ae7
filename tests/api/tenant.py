"""A project of its own on a shared server: its program, its queue, its API keys, and its report.

Tests that only look at one project need no server of their own, even if they move the clock.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import requests

from leasehold.accounts import key_file, projects, service_accounts
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, scopes
from leasehold.oauth2.access_tokens import AccessToken
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, quotas, reports
from leasehold.usage.key_model import ApiKey, KeyChanges, NewKey
from tests.running_server import API, OWNER, SECRET_BOX, RunningServer

QUEUE = "jobs"
DAY = 86_400  # seconds
ASKS = (
    5_000  # until a test fails because the server did not notice a change; it takes half a second
)

_KEY_PAIR = key_file.generate_key_pair()
_numbers = itertools.count(1)

# What a reply of an error says: status, domain, reason, location.
Word = tuple[int, str, str, str]
DONE: Word = (200, "", "", "")


def word(reply: requests.Response) -> Word:
    """What a reply says, in short."""
    if reply.status_code < 400:
        return (200, "", "", "")
    error = reply.json()["error"]
    (entry,) = error["errors"]
    assert reply.status_code == error["code"]
    assert entry["message"] == error["message"]
    return reply.status_code, entry["domain"], entry["reason"], entry.get("location", "")


def until(found: Callable[[], bool]) -> None:
    """Asks again until the server has noticed what another process changed."""
    assert any(found() for _ in range(ASKS))


@dataclass(frozen=True, slots=True)
class Tenant:
    """A project, a program in it that may do everything on its queue, and the program's token."""

    server: RunningServer
    project_id: str
    account_id: str  # of the program
    email: str
    token: str
    queue: Queue

    @property
    def tasks(self) -> str:
        """The path of the queue's tasks, below `/taskqueue/v1beta2/projects/`."""
        return f"{self.project_id}/taskqueues/{QUEUE}/tasks"

    def call(
        self,
        verb: str = "GET",
        path: str = "",
        *,
        token: str | None = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401  # as `requests` takes it
    ) -> requests.Response:
        """Lists the queue, unless told otherwise; `path` goes below its tasks.

        With its own token, or with another one, or with None; `key` is sent as a header.
        """
        sent = dict(headers or {}) | ({} if key is None else {"X-Goog-Api-Key": key})
        bearer = self.token if token == "" else token
        return self.server.call(verb, f"{self.tasks}{path}", token=bearer, headers=sent, **more)

    def insert(self, payload: str = "am9i", **more: Any) -> requests.Response:  # noqa: ANN401  # likewise
        """Inserts a task."""
        return self.call("POST", json={"payloadBase64": payload}, **more)

    def words(self, calls: int, **more: Any) -> list[Word]:  # noqa: ANN401  # likewise
        """What so many equal calls are answered."""
        return [word(self.call(**more)) for _ in range(calls)]

    def key(self, **more: Any) -> tuple[ApiKey, str]:  # noqa: ANN401  # each has its field's type
        """A new key of the project, and its string."""
        new = NewKey(**{"project_id": self.project_id, "name": "Printer"} | more)

        def create(tx: Transaction, _now: int) -> tuple[ApiKey, str]:
            now = self.server.clock.now()
            key, string = api_keys.create(tx, now, Entropy(), SECRET_BOX, new)
            return key, string.text

        return self.server.do(create)

    def change_key(self, key: ApiKey, **changes: Any) -> None:  # noqa: ANN401  # likewise
        """Gives the key other settings."""
        self.server.do(lambda tx, now: api_keys.change(tx, now, key.id, KeyChanges(**changes)))

    def change_queue(self, **settings: Any) -> None:  # noqa: ANN401  # likewise
        """Gives the queue other settings."""
        self.server.do(
            lambda tx, _: configure.change(
                tx, replace(configure.find_to_change(tx, self.project_id, QUEUE), **settings)
            )
        )

    def limit(self, quota: str, most: int | None) -> None:
        """The operator gives the project this much."""
        self.server.do(
            lambda tx, now: quotas.set_override(
                tx,
                now,
                project_id=self.project_id,
                quota=quota,
                source="operator",
                most=most,
                set_by="root",
                why="a test",
                settings=self.server.settings,
            )
        )

    def allow(self, email: str) -> None:
        """Somebody else may do everything on the queue as well."""
        both = self.queue.acl.consumers | {email}
        self.change_queue(acl=Acl(both, both))

    def counts(self, *by: str) -> Counter[tuple[str, ...]]:
        """All calls that were counted, by method and outcome or by other dimensions."""
        now = self.server.clock.now()
        report = self.server.do(
            partial(
                reports.report,
                project_id=self.project_id,
                since=now - 400 * DAY * MICROSECONDS,
                until=now + DAY * MICROSECONDS,
                period="day",
                by=by or ("method", "outcome"),
            )
        )
        found: Counter[tuple[str, ...]] = Counter()
        for line in report.lines:
            found[line.values] += line.calls
        return found

    def outcomes(self) -> dict[str, int]:
        """All calls that were counted, by outcome."""
        return {outcome: calls for (outcome,), calls in self.counts("outcome").items()}


def make_tenant(
    server: RunningServer,
    *,
    is_api_on: bool = True,
    mask: int = scopes.TASKQUEUE,
    **queue: Any,  # noqa: ANN401  # as above
) -> Tenant:
    """A new project; `mask` are the scopes of its token, `queue` settings of its queue."""
    project_id = f"tenant-{next(_numbers)}"

    def fill(tx: Transaction, now: int) -> tuple[str, str, str, Queue]:
        projects.create(tx, now, project_id=project_id, owner_email=OWNER)
        if is_api_on:
            projects.enable_api(tx, now, project_id=project_id, api=API)
        account = service_accounts.create(tx, now, Entropy(), project_id=project_id, name="program")
        made = Queue(
            id=0,
            project_id=project_id,
            name=QUEUE,
            mode="pull",
            created_at=now,
            acl=Acl(frozenset([account.email]), frozenset([account.email])),
        )
        made = configure.create(tx, replace(made, **queue))
        return account.id, account.email, _token(tx, server, account.id, account.email, mask), made

    account_id, email, token, made = server.do(fill)
    return Tenant(server, project_id, account_id, email, token, made)


def _token(tx: Transaction, server: RunningServer, account_id: str, email: str, mask: int) -> str:
    """A token that outlives every move of the clock."""
    now = server.clock.now()
    key = service_accounts.add_key(
        tx,
        now,
        Entropy(),
        email=email,
        public_key=_KEY_PAIR.public_pem,
        certificate=_KEY_PAIR.certificate_pem,
    )
    text = access_tokens.mint(Entropy())
    record = AccessToken(
        digest=access_tokens.digest(text),
        service_account_id=account_id,
        key_id=key.id,
        client_id=account_id,
        scopes=mask,
        issued_at=now,
        expires_at=now + 365 * DAY * MICROSECONDS,
    )
    assert access_tokens.store(tx, record)
    return text
