"""A good call of every method: what its path names, its query and its body; and what is there."""

from dataclasses import dataclass, field
from functools import partial

from leasehold.accounts import key_file, projects
from leasehold.accounts.key_file import KeyPair
from leasehold.administration import service_accounts
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Method
from leasehold.web.administration.methods import METHODS
from tests.administration_api.world import ADMIN, Caller, Json, World

BY_ID: dict[str, Method] = {method.id: method for method in METHODS}

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR4nGNgYGD4TyIa1TCqYfhqAAB9Jf8BYl4G"
    "WQAAAABJRU5ErkJggg=="
)
QUEUE_FILE = "queue:\n- name: declared\n  mode: pull\n"
_TIMES = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-30T00:00:00Z"}

# Made once: making one takes a moment.
_KEY_PAIR: KeyPair = key_file.generate_key_pair()

BODIES: dict[str, Json] = {
    "leasehold.projects.create": {"id": "new-project"},
    "leasehold.projects.patch": {"legacyScopes": True, "totalStorageLimit": 1_000_000},
    "leasehold.members.put": {"role": "owner"},
    "leasehold.apis.put": {"enabled": True},
    "leasehold.clients.create": {
        "type": "web",
        "name": "Shop",
        "redirectUris": ["https://shop.example.com/callback"],
    },
    "leasehold.clients.patch": {"name": "Shop window", "rotates": True},
    "leasehold.consentScreen.patch": {"homePage": "https://shop.example.com/"},
    "leasehold.consentScreen.setLogo": {"image": PNG},
    "leasehold.serviceAccounts.create": {"name": "robot"},
    "leasehold.keys.create": {"name": "Page", "referrers": ["https://shop.example.com/*"]},
    "leasehold.keys.patch": {"addresses": ["10.0.0.0/8"], "callsPerMinute": 60},
    "leasehold.keys.rotate": {"olderEndsAt": "2030-01-01T00:00:00Z"},
    "leasehold.queues.create": {"name": "new-queue", "acl": {"consumers": [ADMIN]}},
    "leasehold.queues.apply": {"file": QUEUE_FILE},
    "leasehold.queues.patch": {"maxTasks": 5, "requestsPerSecond": None},
    "leasehold.tasks.insert": {"payload": "am9i", "tag": "t"},
    "leasehold.quotas.put": {"limit": 1000, "why": "a mistake shall not cost much"},
}
QUERIES: dict[str, dict[str, str]] = {
    "leasehold.usage.report": _TIMES | {"by": "method,apiKey", "latency": "true"},
    "leasehold.storage.report": _TIMES | {"byQueue": "true"},
}
# What must have happened before a method can do anything.
FIRST: dict[str, str] = {
    "leasehold.projects.undelete": "leasehold.projects.delete",
    "leasehold.keys.undelete": "leasehold.keys.delete",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A project with one of each object, and their ids as paths name them."""

    ids: dict[str, str]
    of_resource: dict[str, dict[str, str]] = field(default_factory=dict)

    def path(self, method: Method, **others: str) -> str:
        """The path of a call of the method."""
        ids = self.ids | self.of_resource.get(method.resource, {}) | others
        return method.path.format(**ids)


def send(caller: Caller, method: Method, place: Place, **others: str) -> tuple[int, str]:
    """Calls the method as in the examples; status and text of the reply."""
    reply = caller.send(
        method.verb,
        place.path(method, **others),
        params=QUERIES.get(method.id, {}),
        json=BODIES.get(method.id, {}) if method.request is not None else None,
    )
    return reply.status_code, reply.text


def furnish(world: World, owner: str, project_id: str) -> Place:
    """Makes a project with one of each object in it; ADMIN administers it, and owns none of it."""
    world.server.do(
        lambda tx, now: projects.create(tx, now, project_id=project_id, owner_email=owner)
    )
    caller, root = world.caller(owner), f"projects/{project_id}"
    caller.do("PUT", f"{root}/members/{ADMIN}", {"role": "admin"})
    client = caller.do("POST", f"{root}/clients", BODIES["leasehold.clients.create"])
    caller.do("PUT", f"{root}/consentScreen/testers/{ADMIN}")
    account = caller.do("POST", f"{root}/serviceAccounts", {"name": "worker"})["email"]
    add_key = partial(_add_account_key, owner=owner, project_id=project_id, email=account)
    account_key = world.server.do(add_key)
    key = caller.do("POST", f"{root}/keys", {"name": "Page"})["key"]
    caller.do("POST", f"{root}/queues", {"name": f"q-{project_id}", "acl": {"consumers": [ADMIN]}})
    tasks = f"{root}/queues/q-{project_id}/tasks"
    task = caller.do("POST", tasks, {"payload": "am9i", "id": f"t-{project_id}"})
    caller.do("PUT", f"{root}/quotas/calls_per_day", BODIES["leasehold.quotas.put"])
    entry = caller.get(f"{root}/audit")["entries"][0]["number"]
    ids = {
        "project": project_id,
        "email": ADMIN,
        "api": "taskqueue",
        "client": client["client"]["id"],
        "secret": client["secret"]["id"],
        "account": account,
        "key": key["id"],
        "string": key["strings"][0]["id"],
        "queue": f"q-{project_id}",
        "role": "consumer",
        "task": task["id"],
        "quota": "calls_per_day",
        "month": "2026-11",
        "entry": entry,
    }
    return Place(ids, {"serviceAccountKeys": {"key": account_key}})


def _add_account_key(tx: Transaction, now: int, *, owner: str, project_id: str, email: str) -> str:
    made = service_accounts.create_key(
        tx,
        now,
        Actor("person", owner, "127.0.0.1"),
        entropy=Entropy(),
        pair=_KEY_PAIR,
        project_id=project_id,
        email=email,
    )
    return made.key.id
