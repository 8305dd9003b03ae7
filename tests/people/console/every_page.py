"""A project with one of everything, and for every page of the console an address that shows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from leasehold.accounts.key_file import KeyPair, generate_key_pair
from leasehold.administration import (
    api_keys,
    apis,
    audit,
    clients,
    consent_screens,
    delegations,
    queues,
    quotas,
    service_accounts,
    tasks,
)
from leasehold.administration.actor import Actor
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2.client_model import NewClient
from leasehold.queues import task_id
from leasehold.queues.model import Acl
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from leasehold.usage.key_model import NewKey
from leasehold.web.console.routes import GROUPS
from tests.oauth2.registration.pictures import png
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.test_billing import running, set_prices, stores
from tests.people.visitor import ADA
from tests.running_server import SECRET_BOX, RunningServer

QUEUE = "resize"
TESTER = "grace@example.com"
WORKER = f"worker@{SHOP}.iam.leasehold.internal"
SCOPE = "https://www.googleapis.com/auth/taskqueue"

# What answers GET and is no page of its own.
PARTS = {
    "overview/now",
    "queues/{queue}/now",
    "queues/{queue}/purge/now",
    "quotas/now",
    "usage/now",
}
FILES = {
    "audit/csv",
    "audit/json",
    "billing/csv",
    "billing/json",
    "queues/{queue}/tasks/{task}/payload",
    "usage/files/{file}",
}
LEADS_ON = {"explorer/authorized"}

# What paths and queries of some pages have in them, where it is not the same for all.
PLACES = {
    "apis/{api}/off": {"api": "taskqueue"},
    "explorer/{api}/{method}": {"api": "taskqueue.v1beta2", "method": "tasks.lease"},
}
QUERIES = {
    "consent-screen/testers/remove": {"email": TESTER},
    "members/remove": {"email": BOB},
    "queues/{queue}/access/revoke": {"email": WORKER},
    "service-accounts/account": {"email": WORKER},
    "service-accounts/disable": {"email": WORKER},
    "service-accounts/delete": {"email": WORKER},
}


@dataclass(frozen=True, slots=True)
class Made:
    """What has an id of its own, by its name in the paths of pages."""

    ids: Mapping[str, str]
    account_key: str


def fill(site: RunningServer) -> Made:
    """Puts one of everything into Ada's project."""
    made = site.do(lambda tx, now: _Builder(tx, now, site.settings).build(generate_key_pair()))
    set_prices(site)
    month = running(site)
    site.do(lambda tx, _: stores(tx, month, {QUEUE: 10**9}, SHOP))
    return made


def pages(made: Made) -> dict[str, str]:
    """The address of each page, by the path as its group has it. Fails for one that is unknown."""
    queries = QUERIES | {"service-accounts/keys/delete": {"email": WORKER, "key": made.account_key}}
    shown = [page.path for group in GROUPS for page in group.pages if page.show is not None]
    found = {"": "/console", "new": "/console/new"}
    for path in shown:
        if path not in PARTS | FILES | LEADS_ON:
            query = urlencode(queries.get(path, {}))
            found[path] = f"{AT}/{_filled(path, made)}" + (f"?{query}" if query else "")
    return found


def _filled(path: str, made: Made) -> str:
    places = {**made.ids, **PLACES.get(path, {})}
    return re.sub(r"\{(\w+)\}", lambda found: places[found[1]], path)


class _Builder:
    """What Ada, Bob and the operator did."""

    def __init__(self, tx: Transaction, now: int, settings: Settings) -> None:
        self.tx, self.now, self.settings = tx, now, settings
        self.ada = Actor("person", ADA, "192.0.2.17")
        self.root = Actor("operator", "root", "tasks.example.com")
        self.entropy = Entropy()

    def build(self, pair: KeyPair) -> Made:
        apis.enable(self.tx, self.now, self.ada, project_id=SHOP, api="taskqueue")
        account_key = self._account(pair)
        task = self._queue_with_tasks()
        client, secret = self._client()
        key, string = self._api_key()
        self._consent_screen()
        self._usage()
        ids = {
            "queue": QUEUE,
            "task": task,
            "client": client,
            "secret": secret,
            "key": key,
            "string": string,
            "quota": "calls_per_day",
            "entry": self._newest_entry(),
        }
        return Made(ids, account_key)

    def _account(self, pair: KeyPair) -> str:
        entropy = self.entropy
        service_accounts.create(
            self.tx, self.now, self.ada, entropy=entropy, project_id=SHOP, name="worker"
        )
        made = service_accounts.create_key(
            self.tx, self.now, self.ada, entropy=entropy, pair=pair, project_id=SHOP, email=WORKER
        )
        delegations.add(
            self.tx,
            self.now,
            self.root,
            account_email=WORKER,
            domain="example.com",
            scope=SCOPE,
        )
        return made.key.id

    def _queue_with_tasks(self) -> str:
        """The id of a task that is delayed, has a tag, and JSON in it."""
        acl = Acl(consumers=frozenset([WORKER]), producers=frozenset([WORKER]))
        queues.create(self.tx, self.now, self.ada, project_id=SHOP, name=QUEUE, acl=acl)
        etas = [self.now, self.now + 3_600 * MICROSECONDS]
        made = [
            tasks.insert(
                self.tx,
                self.now,
                self.ada,
                ids=task_id.load(self.tx, self.entropy),
                project_id=SHOP,
                queue=QUEUE,
                payload=b'{"photo": 17, "sizes": [128, 256]}',
                tag="holiday",
                eta=eta,
            )
            for eta in etas
        ]
        return made[-1].id

    def _client(self) -> tuple[str, str]:
        new = NewClient(
            project_id=SHOP,
            type="web",
            name="Printer",
            redirect_uris=("https://app.example.com/callback",),
        )
        made = clients.create(
            self.tx, self.now, self.ada, entropy=self.entropy, box=SECRET_BOX, new=new
        )
        assert made.secret is not None
        return made.client.id, str(made.secret.secret.id)

    def _api_key(self) -> tuple[str, str]:
        new = NewKey(project_id=SHOP, name="Printing house", queues=(f"{SHOP}/{QUEUE}",))
        made = api_keys.create(
            self.tx, self.now, self.ada, entropy=self.entropy, box=SECRET_BOX, new=new
        )
        return made.key.id, str(made.strings[0].id)

    def _consent_screen(self) -> None:
        consent_screens.set_logo(self.tx, self.now, self.ada, project_id=SHOP, content=png())
        consent_screens.add_tester(self.tx, self.now, self.ada, project_id=SHOP, email=TESTER)

    def _usage(self) -> None:
        for method in ("insert", "lease", "delete"):
            charge = Charge(SHOP, "taskqueue", f"taskqueue.tasks.{method}", WORKER, "", WORKER, 1)
            ledger.record(self.tx, self.now, [(charge, None)] * 7)

    def _newest_entry(self) -> str:
        """Of the audit log: a limit that was set, and set again."""
        for most in (900, 800):
            quotas.set_limit(
                self.tx,
                self.now,
                self.ada,
                project_id=SHOP,
                quota="calls_per_day",
                most=most,
                why="we need no more",
                settings=self.settings,
            )
        found = audit.search(self.tx, self.ada, project_id=SHOP)
        return str(found.items[0].number)
