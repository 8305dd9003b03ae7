"""Two projects, each with one of every kind of thing, and the address of every page of the console.

What somebody may name is named as badly as our rules let them; what they do not let through is
tried in test_stored_script.py. A page that is new has no address here, and its tests say so.
"""

import hashlib
import sqlite3
import string
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from leasehold.accounts import key_file, projects, users
from leasehold.accounts.key_file import KeyPair
from leasehold.administration import (
    api_keys,
    apis,
    audit,
    clients,
    consent_screens,
    delegations,
    members,
    queues,
    quotas,
    service_accounts,
)
from leasehold.administration.actor import Actor
from leasehold.administration.audit import Search
from leasehold.administration.consent_screens import ScreenChanges
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2.client_model import NewClient
from leasehold.queues import configure, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Acl, Queue, Task
from leasehold.queues.task_number import TaskNumbers
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows, ledger
from leasehold.usage.charge import Charge
from leasehold.usage.key_model import NewKey
from leasehold.usage.ledger import Refusal
from leasehold.usage.periods import PERIODS, SECONDS
from leasehold.web.console.routes import GROUPS
from leasehold.web.console.shell import ProjectPage
from tests.oauth2.registration.pictures import png
from tests.people.console.attacks.browsing import Fields, PlainBrowser
from tests.people.visitor import ADA, PASSWORD_HASH, begin_session
from tests.running_server import SECRET_BOX, RunningServer

ADAS, THEIRS = "photo-shop", "their-shop"
BOB, MALLORY = "bob@example.com", "mallory@example.com"
OPERATOR = Actor("operator", "root", address="host")
Verb = Literal["GET", "POST"]

# Each would set `ran`, or make an element that no page of ours has. Names may be 80 characters.
MARKUP = [
    "<script>window.ran=1</script>",
    "\"><img src=x onerror='window.ran=1'>",
    "' autofocus tabindex=1 onfocus='window.ran=1",
    '" autofocus tabindex=1 onfocus="window.ran=1',
    "javascript:window.ran=1",
    "T{{7*7}}T${7*7}T#{7*7}T<%=7*7%>T",
    "</textarea></title></code></script><x-hurt>",
    "--><x-hurt>]]><x-hurt>",
    "=1+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "W" * 80,
]
# What only text without rules can hold: a turn of the writing's direction, and a line without end.
TURNED = "\u202egnp.exe<x-hurt>\u2066"
TEXTS = [*MARKUP, TURNED, "W" * 490]
EMAIL = "'/autofocus/onfocus='ran=1//{{7*7}}${7*7}`@example.com"
FORMULA = "=1+1+cmd@example.com"
LINK = "https://evil.example/'onfocus='ran=1//;$(id)?javascript:alert(1)"
URI = "https://app.example.com/'onfocus='ran=1//;$(id)?a=javascript:alert(1)"
OUTCOME = Refusal("notFound")

# Every page of the console, with what it needs to show something: the words in braces are those of
# `Things`, and stand quoted in the address.
ADDRESSES: Mapping[str, str] = {
    "overview": "overview",
    "overview/now": "overview/now",
    "apis": "apis",
    "apis/{api}/on": "apis/taskqueue/on",
    "apis/{api}/off": "apis/taskqueue/off",
    "members": "members",
    "members/remove": "members/remove?email={member}",
    "queues": "queues",
    "new-queue": "new-queue",
    "queues/{queue}/edit": "queues/{queue}/edit",
    "queues/{queue}": "queues/{queue}",
    "queues/{queue}/now": "queues/{queue}/now",
    "queues/{queue}/pause": "queues/{queue}/pause",
    "queues/{queue}/resume": "queues/{paused}/resume",
    "queues/{queue}/delete": "queues/{queue}/delete",
    "queues/{queue}/access": "queues/{queue}/access",
    "queues/{queue}/access/revoke": "queues/{queue}/access/revoke?email={consumer}",
    "queues/{queue}/purge": "queues/{queue}/purge",
    "queues/{queue}/purge/now": "queues/{queue}/purge/now?tasks=1",
    "queues/{queue}/purge/rest": "queues/{queue}/purge/rest",
    "queues/{queue}/tasks": "queues/{queue}/tasks",
    "queues/{queue}/insert": "queues/{queue}/insert",
    "queues/{queue}/tasks/{task}": "queues/{queue}/tasks/{task}",
    "queues/{queue}/tasks/{task}/payload": "queues/{queue}/tasks/{task}/payload",
    "queues/{queue}/tasks/{task}/release": "queues/{queue}/tasks/{task}/release",
    "queues/{queue}/tasks/{task}/delete": "queues/{queue}/tasks/{task}/delete",
    "queue-file": "queue-file",
    "credentials": "credentials",
    "service-accounts": "service-accounts",
    "service-accounts/new": "service-accounts/new",
    "service-accounts/account": "service-accounts/account?email={account}",
    "service-accounts/disable": "service-accounts/disable?email={account}",
    "service-accounts/enable": "service-accounts/enable?email={off_account}",
    "service-accounts/delete": "service-accounts/delete?email={account}",
    "service-accounts/keys/delete": "service-accounts/keys/delete?email={account}&key={file_key}",
    "clients": "clients",
    "clients/new": "clients/new?type=web",
    "clients/{client}": "clients/{client}",
    "clients/{client}/secrets": "clients/{client}/secrets",
    "clients/{client}/secrets/{secret}/end": "clients/{client}/secrets/{secret}/end",
    "clients/{client}/delete": "clients/{client}/delete",
    "api-keys": "api-keys",
    "api-keys/new": "api-keys/new",
    "api-keys/{key}": "api-keys/{key}",
    "api-keys/{key}/rotate": "api-keys/{key}/rotate",
    "api-keys/{key}/strings/{string}/end": "api-keys/{key}/strings/{string}/end",
    "api-keys/{key}/delete": "api-keys/{key}/delete",
    "api-keys/{key}/undelete": "api-keys/{gone_key}/undelete",
    "delegations": "delegations",
    "consent-screen": "consent-screen",
    "consent-screen/preview": "consent-screen/preview",
    "consent-screen/logo": "consent-screen/logo",
    "consent-screen/logo/remove": "consent-screen/logo/remove",
    "consent-screen/testers": "consent-screen/testers",
    "consent-screen/testers/remove": "consent-screen/testers/remove?email={tester}",
    "quotas": "quotas",
    "quotas/now": "quotas/now",
    "quotas/{quota}": "quotas/calls_per_day",
    "quotas/{quota}/back": "quotas/calls_per_day/back",
    "usage": "usage?span=hour&group=email",
    "usage/now": "usage/now?span=hour&group=api_key",
    "usage/stored": "usage/stored",
    "usage/files/{file}": "usage/files/calls.csv?group=email",
    "billing": "billing",
    "billing/csv": "billing/csv",
    "billing/json": "billing/json",
    "audit": "audit",
    "audit/csv": "audit/csv",
    "audit/json": "audit/json",
    "audit/{entry}": "audit/{entry}",
    "explorer": "explorer",
    "explorer/authorized": "explorer/authorized?state=x&code=x",
    "explorer/token": "explorer/token",
    "explorer/{api}/{method}": "explorer/taskqueue.v1beta2/tasks.insert",
    "explorer/{api}/{method}/authorize": "explorer/taskqueue.v1beta2/tasks.insert/authorize",
    "explorer/{api}/{method}/remove": "explorer/taskqueue.v1beta2/tasks.insert/remove",
    "settings": "settings",
    "settings/off": "settings/off",
    "settings/on": "settings/on",
    "settings/delete": "settings/delete",
    "settings/undelete": "settings/undelete",
}

# Forms that no page of the world shows as it is: of scripts, and of what is off or gone.
UNSHOWN: Mapping[str, Fields] = {
    "apis/{api}/on": [("", "")],
    "consent-screen/preview": [("name", "Shop"), ("stage", "testing")],
    "explorer/token": [("", "")],
    "explorer/{api}/{method}/remove": [("", "")],
    "queues/{queue}/purge/rest": [("until", "1")],
    "settings/on": [("", "")],
    "settings/undelete": [("", "")],
}

# What people type into fields that are empty at first.
SAMPLES = {
    "email": MALLORY,
    "name": "another",
    "limit": "5",
    "why": "to try it",
    "file": "queue:\n- name: filed\n  mode: pull\n",
    "payload": "hello",
    "redirect_uris": "https://app.example.com/callback",
    "until": "1",
    "id": "another-project",
}


@dataclass(frozen=True, slots=True)
class Things:
    """Ids of one of every kind of thing in a project."""

    project: str
    queue: str  # with tasks
    paused: str  # a queue, too
    task: str  # leased
    member: str
    tester: str
    consumer: str  # on the queue's access list
    account: str  # address of a service account
    off_account: str
    file_key: str  # of the service account
    client: str
    secret: str
    key: str  # an API key
    string: str
    gone_key: str
    entry: str  # of the audit log

    def named(self) -> dict[str, str]:
        """By the words of ADDRESSES."""
        return {name: getattr(self, name) for name in self.__slots__}


def every_page() -> Iterator[ProjectPage]:
    """Of every group."""
    return (page for group in GROUPS for page in group.pages)


def page_of(path: str) -> ProjectPage:
    """That of this path below its project."""
    return next(page for page in every_page() if page.path == path)


def words_of(page: ProjectPage) -> list[str]:
    """Which things its address names."""
    assert page.path in ADDRESSES, f"no case for {page.path}: write its address down"
    return [word for _, word, _, _ in string.Formatter().parse(ADDRESSES[page.path]) if word]


def address(page: ProjectPage, things: Mapping[str, str]) -> str:
    """The page's address below its project."""
    words = words_of(page)
    return ADDRESSES[page.path].format_map({word: quote(things[word], safe="") for word in words})


def at(things: Things, page: ProjectPage) -> str:
    """The page's whole path."""
    return f"/console/{things.project}/{address(page, things.named())}"


def verbs(page: ProjectPage) -> list[Verb]:
    shows: list[Verb] = ["GET"] if page.show else []
    return [*shows, "POST"] if page.act else shows


def browser_of(site: RunningServer, email: str) -> PlainBrowser:
    """That of somebody who is signed in."""
    now = site.clock.now()
    return PlainBrowser(site.url, site.do(lambda tx, _: begin_session(tx, now, email)))


def forms(browser: PlainBrowser, things: Things) -> dict[str, Fields]:
    """For each page that acts, the form that a page of the project has for it, filled in."""
    acts = {at(things, page): page.path for page in every_page() if page.act}
    found = dict(UNSHOWN)
    for path in _with_forms(things):
        for form in browser.get(path).page.forms:
            name = acts.get(form.action or path)
            if name is not None:
                found.setdefault(name, form.filled(SAMPLES))
    found["consent-screen/logo"] = found["consent-screen"]
    found["queues/{queue}/access"] = [*found["queues/{queue}/access"], ("role", "consumer")]
    missing = set(acts.values()) - set(found)
    assert not missing, f"no page has a form for {missing}"
    return found


def _with_forms(things: Things) -> list[str]:
    """Where to look for forms: every page, and those of things that are paused, off and gone."""
    start = f"/console/{things.project}"
    return [
        *[at(things, page) for page in every_page() if page.show],
        f"{start}/queues/{things.paused}",
        f"{start}/service-accounts/account?email={quote(things.off_account)}",
        f"{start}/api-keys/{things.gone_key}",
    ]


# Who looks leaves a mark in some, and the server's chores add up in others what is counted.
_RESTLESS = (
    "browser_sessions",
    "sign_in_tries",
    "usage_",
    "queue_changes",
    "queue_totals",
    "queue_leases",
)


def state_of(database: Path) -> dict[str, str]:
    """A digest of each table: what is the same afterwards was not changed."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
            if not name.startswith(_RESTLESS)
        ]
        return {name: _digest(connection, name) for name in tables}


def _digest(connection: sqlite3.Connection, table: str) -> str:
    rows = connection.execute(f"select * from {table}").fetchall()  # noqa: S608  # its own name
    return hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest()


def make_world(site: RunningServer) -> tuple[Things, Things]:
    """Ada's project and Mallory's; Bob is an admin of both."""
    site.do(_people)
    return fill(site, ADAS, ADA), fill(site, THEIRS, MALLORY)


def _people(tx: Transaction, now: int) -> None:
    for email in (ADA, BOB, MALLORY, EMAIL, FORMULA, *_members()):
        users.create(tx, now, Entropy(), email=email, password_hash=PASSWORD_HASH, name=MARKUP[0])


def _members() -> list[str]:
    """One for each project, who has a part in no other."""
    return [_member(project_id) for project_id in (ADAS, THEIRS)]


def _member(project_id: str) -> str:
    return EMAIL.replace("@", f"{project_id[:5]}@")


def fill(site: RunningServer, project_id: str, owner: str) -> Things:
    """Makes the project with all that may be in one."""
    actor = Actor("person", owner, "192.0.2.1")
    things = site.do(lambda tx, now: _fill(tx, now, project_id, actor))
    wanted = Search(action="keys.create")
    found = site.do(lambda tx, _: audit.search(tx, actor, project_id=project_id, wanted=wanted))
    return Things(**things, entry=str(found.items[0].number))


def _fill(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    projects.create(tx, now, project_id=project_id, owner_email=owner.name)
    apis.enable(tx, now, owner, project_id=project_id, api="taskqueue")
    for email in (_member(project_id), BOB):
        members.put(tx, now, owner, project_id=project_id, email=email, role="admin")
    return {
        "project": project_id,
        "member": _member(project_id),
        **_accounts(tx, now, project_id, owner),
        **_queues(tx, now, project_id),
        **_clients(tx, now, project_id, owner),
        **_keys(tx, now, project_id, owner),
        **_screen(tx, now, project_id, owner),
        **_calls(tx, now, project_id, owner),
    }


def _accounts(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    entropy, names = Entropy(), ("worker", "resting")
    worker, resting = (
        service_accounts.create(
            tx, now, owner, entropy=entropy, project_id=project_id, name=name
        ).email
        for name in names
    )
    made = service_accounts.create_key(
        tx, now, owner, entropy=entropy, pair=_pair(), project_id=project_id, email=worker
    )
    service_accounts.disable(tx, now, owner, project_id=project_id, email=resting)
    scope = "https://www.googleapis.com/auth/taskqueue"
    delegations.add(tx, now, OPERATOR, account_email=worker, domain="example.com", scope=scope)
    return {"account": worker, "off_account": resting, "file_key": made.key.id}


@cache
def _pair() -> KeyPair:
    return key_file.generate_key_pair()


def _queues(tx: Transaction, now: int, project_id: str) -> dict[str, str]:
    name, paused = f"-1-{project_id}", f"{project_id}-paused"
    consumer = EMAIL.replace("@", f"-c-{project_id[:5]}@")
    readers = frozenset([consumer, FORMULA])
    queue = _queue(tx, now, project_id, name, Acl(readers, readers, readers))
    _queue(tx, now, project_id, paused, Acl())
    actor = Actor("person", next(_owner(tx, project_id)), "192.0.2.1")
    queues.pause(tx, now, actor, project_id=project_id, name=paused)
    ids = task_id.load(tx, Entropy())
    tasks = insert(tx, now, _tasks(queue, now), ids, TaskNumbers(block=1))
    assert all(isinstance(task, Task) for task in tasks), tasks
    request, soon = LeaseRequest(queue, 1, 3_600), now + MICROSECONDS
    (leased,) = lease(tx, soon, [request], ids, HeadCursor())
    assert isinstance(leased, list)
    return {"queue": name, "paused": paused, "consumer": consumer, "task": leased[0].id}


def _owner(tx: Transaction, project_id: str) -> Iterator[str]:
    return (m.email for m in projects.list_members(tx, project_id) if m.role == "owner")


def _queue(tx: Transaction, now: int, project_id: str, name: str, acl: Acl) -> Queue:
    made = Queue(
        id=0, project_id=project_id, name=name, mode="pull", created_at=now, acl=acl, from_file=True
    )
    return configure.create(tx, made)


def _tasks(queue: Queue, now: int) -> list[NewTask]:
    """The first has all of it in a payload that is JSON, and is leased."""
    all_of_it = '{"</script><x-hurt>": "' + "".join(TEXTS[:8]).replace('"', '\\"') + '"}'
    first = NewTask(queue, all_of_it.encode(), eta=now - MICROSECONDS, tag="".join(MARKUP[:9]))
    return [first, *(NewTask(queue, text.encode(), eta=now, tag=text) for text in TEXTS)]


def _clients(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    made = [
        clients.create(
            tx,
            now,
            owner,
            entropy=Entropy(),
            box=SECRET_BOX,
            new=NewClient(
                project_id=project_id,
                type="web",
                name=name,
                redirect_uris=(URI,),
                javascript_origins=("https://app.example.com",),
                client_credentials=True,
            ),
        )
        for name in MARKUP
    ]
    first = made[1]
    assert first.secret is not None
    return {"client": first.client.id, "secret": str(first.secret.secret.id)}


def _keys(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    made = [
        api_keys.create(
            tx,
            now,
            owner,
            entropy=Entropy(),
            box=SECRET_BOX,
            new=NewKey(
                project_id=project_id,
                name=name,
                referrers=("https://app.example.com/'onfocus='ran=1//*",),
                queues=(f"{project_id}/missing",),
            ),
        )
        for name in MARKUP
    ]
    gone, kept = made[0], made[1]
    api_keys.delete(tx, now, owner, project_id=project_id, key_id=gone.key.id)
    return {"key": kept.key.id, "string": str(kept.new_string), "gone_key": gone.key.id}


def _screen(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    tester = EMAIL.replace("@", f"-t-{project_id[:5]}@")
    consent_screens.update(
        tx,
        now,
        owner,
        project_id=project_id,
        changes=ScreenChanges(
            name=MARKUP[1],
            support_email=EMAIL,
            home_page=LINK,
            privacy_link=LINK,
            terms_link=LINK,
            stage="testing",
        ),
    )
    consent_screens.set_logo(tx, now, owner, project_id=project_id, content=png())
    for email in (tester, FORMULA):
        consent_screens.add_tester(tx, now, owner, project_id=project_id, email=email)
    return {"tester": tester}


def _calls(tx: Transaction, now: int, project_id: str, owner: Actor) -> dict[str, str]:
    """Counted calls by callers with such names, a limit of each kind, and what was stored."""
    for actor in (OPERATOR, owner):
        why = MARKUP[1] + MARKUP[6] + "W" * 100
        quotas.set_limit(
            tx,
            now,
            actor,
            project_id=project_id,
            quota="calls_per_day",
            most=1_000,
            why=why,
            settings=Settings(),
        )
    who = [("", email) for email in (EMAIL, FORMULA)] + [(text, "") for text in MARKUP]
    charges = [
        Charge(project_id, "taskqueue", "taskqueue.tasks.insert", "", key, email, 1)
        for key, email in who
    ]
    ledger.record(tx, now, [(one, outcome) for one in charges for outcome in (None, OUTCOME)])
    _store(tx, now, project_id)
    return {}


def _store(tx: Transaction, now: int, project_id: str) -> None:
    """What the queues held today, as the server's chores write it down."""
    billing_rows.replace_held(tx, [(project_id, f"-1-{project_id}", 1, 10**9)])
    for period in PERIODS:
        if period != "minute":
            width = SECONDS[period]
            starts = now // MICROSECONDS // width * width
            billing_rows.add_stored(tx, period, starts, seconds=60)
    billing_rows.replace_held(tx, [])


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables that were changed."""
    return [name for name in before if before[name] != after.get(name)]
