"""The project photo-shop as a real one looks after a year: the same each time, at one instant."""

import functools
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from leasehold.accounts import key_file, users
from leasehold.accounts.key_file import KeyPair
from leasehold.administration import (
    api_keys,
    apis,
    audit,
    clients,
    consent_screens,
    delegations,
    members,
    projects,
    queues,
    quotas,
    service_accounts,
)
from leasehold.administration.actor import Actor
from leasehold.administration.consent_screens import ScreenChanges
from leasehold.administration.projects import ProjectChanges
from leasehold.administration.queues import QueueSettings
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2.client_model import NewClient
from leasehold.settings import Settings
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import price_sheet
from leasehold.usage.key_model import KeyChanges, NewKey
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE
from tests.migrated_database import make_migrated_file
from tests.moved_clock import MovedClock
from tests.people.console import lively_usage
from tests.people.console.conftest import BOB, SHOP
from tests.people.console.lively_queues import (
    DAY,
    FULL,
    MAIL,
    PAUSED,
    QUEUE,
    USUALLY,
    Shelves,
    Tasks,
    instant,
    make_queues,
    picture,
)
from tests.people.console.lively_usage import Caller
from tests.people.visitor import ADA, PASSWORD_HASH
from tests.running_server import SECRET_BOX, RunningServer, run_server_on

CAROL = "carol@example.com"
TESTER = "grace@example.com"
NOW = instant("2026-11-18 14:22:31")
BEGUN = instant("2025-10-06 08:12:40")

_AUTH = "https://www.googleapis.com/auth/"
_ADDRESS = "192.0.2.17"


@dataclass(frozen=True, slots=True)
class Lively:
    """What has an id of its own; all else has a name that is known."""

    tasks: Tasks
    account: str  # e-mail address of a service account with two keys
    account_key: str
    disabled_account: str
    client: str  # of the type web, with two secrets
    client_secret: int
    installed_client: str
    browser_client: str
    api_key: str  # with two strings
    key_string: int
    deleted_key: str
    entry: int  # of the audit log, with what was before and after


class Even(Entropy):
    """The same bytes each time, one after the other."""

    def __init__(self) -> None:
        self._count = 0

    def bytes(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(b"lively %d" % self._count).digest(count)

    def url_safe(self, count: int) -> str:
        return self.bytes(count).hex()[: count * 4 // 3]


@contextmanager
def lively_site(path: Path) -> Iterator[RunningServer]:
    """A server on a new database at this path, whose clock stands at NOW: for `fill`."""
    engine = open_engine(make_migrated_file(path))
    settings = Settings(registration="open")
    with run_server_on(engine, settings, host_name="localhost", clock=MovedClock(NOW)) as server:
        yield server


def fill(site: RunningServer) -> Lively:
    """Makes Ada, Bob and Carol, and the project with all that is in it."""
    return site.do(lambda tx, _: _Year(tx, site.settings).pass_by())


@functools.cache
def _key_pair() -> KeyPair:
    return key_file.generate_key_pair()


class _Year:
    """What Ada, Bob, Carol and the operator did, in the order in which they did it."""

    def __init__(self, tx: Transaction, settings: Settings) -> None:
        self.tx = tx
        self.settings = settings
        self.entropy = Even()
        self.ada = Actor("person", ADA, _ADDRESS)
        self.bob = Actor("person", BOB, "198.51.100.4")
        self.carol = Actor("person", CAROL, "2001:db8::7a")
        self.root = Actor("operator", "root", "tasks.example.com")

    def pass_by(self) -> Lively:
        """All of it."""
        self._begin()
        mine = self._accounts()
        make_queues(self.tx, BEGUN, self.ada, mine)
        web, installed, browser, secret = self._clients()
        key, string, deleted = self._keys()
        self._consent_screen()
        self._last_days(mine)
        tasks = Shelves(self.tx, NOW, self.entropy).fill()
        self._usage(mine, web, key)
        keys = service_accounts.list_keys(self.tx, self.ada, project_id=SHOP, email=mine["resizer"])
        wanted = audit.Search(action="queues.change")
        entries = audit.search(self.tx, self.ada, project_id=SHOP, wanted=wanted).items
        return Lively(
            tasks=tasks,
            account=mine["resizer"],
            account_key=keys[0].id,
            disabled_account=mine["importer"],
            client=web,
            client_secret=secret,
            installed_client=installed,
            browser_client=browser,
            api_key=key,
            key_string=string,
            deleted_key=deleted,
            entry=entries[0].number,
        )

    def _begin(self) -> None:
        for email, name in ((ADA, "Ada"), (BOB, "Bob"), (CAROL, "Carol")):
            users.create(
                self.tx,
                BEGUN - DAY * MICROSECONDS,
                self.entropy,
                email=email,
                password_hash=PASSWORD_HASH,
                name=name,
                email_verified=True,
            )
        # A sheet is put there before its month begins.
        for at, since, price in (
            ("2025-09-20 10:00", Month(2025, 10), "0.05"),
            ("2026-06-11 09:30", Month(2026, 7), "0.04"),
        ):
            sheet = replace(EXAMPLE, operations_price=Decimal(price))
            price_sheet.put(self.tx, instant(at), from_month=since, sheet=sheet, set_by="root")
        projects.create(self.tx, BEGUN, self.ada, project_id=SHOP)
        soon = BEGUN + 90 * MICROSECONDS
        for email in (BOB, CAROL):
            members.put(self.tx, soon, self.ada, project_id=SHOP, email=email, role="admin")
        apis.enable(self.tx, soon, self.ada, project_id=SHOP, api="taskqueue")

    def _accounts(self) -> dict[str, str]:
        """E-mail addresses by name."""
        found = {}
        for name, at, keys in (
            ("resizer", "2025-10-06 08:20", 2),
            ("mailer", "2025-10-09 15:02", 1),
            ("uploader", "2025-11-21 11:40", 1),
            ("exporter", "2026-03-02 09:15", 1),
            ("importer", "2026-04-28 16:33", 0),
        ):
            account = service_accounts.create(
                self.tx, instant(at), self.ada, entropy=self.entropy, project_id=SHOP, name=name
            )
            found[name] = account.email
            for number in range(keys):
                service_accounts.create_key(
                    self.tx,
                    instant(at) + (60 + number * 211 * DAY) * MICROSECONDS,
                    self.ada,
                    entropy=self.entropy,
                    pair=_key_pair(),
                    project_id=SHOP,
                    email=account.email,
                )
        return found

    def _clients(self) -> tuple[str, str, str, int]:
        """Ids of one of each type, and the number of the first one's older secret."""
        site, albums = "https://photos.example.com", "https://albums.example.com"
        made = [
            clients.create(
                self.tx,
                instant(at),
                self.carol,
                entropy=self.entropy,
                box=SECRET_BOX,
                new=new,
            )
            for at, new in (
                (
                    "2026-05-14 10:02",
                    NewClient(
                        project_id=SHOP,
                        type="web",
                        name="Photo Shop",
                        redirect_uris=(f"{site}/signed-in", "http://localhost:8000/signed-in"),
                    ),
                ),
                (
                    "2026-06-02 13:45",
                    NewClient(project_id=SHOP, type="installed", name="Photo Shop for desktops"),
                ),
                (
                    "2026-08-20 16:10",
                    NewClient(
                        project_id=SHOP,
                        type="browser",
                        name="Album viewer",
                        redirect_uris=(f"{albums}/",),
                        javascript_origins=(albums,),
                    ),
                ),
            )
        ]
        web, installed, browser = (each.client.id for each in made)
        assert made[0].secret is not None
        return web, installed, browser, made[0].secret.secret.id

    def _keys(self) -> tuple[str, int, str]:
        """The id of one with two strings, the number of its older one, and a deleted one's id."""
        new = (
            (
                "2026-02-03 09:00",
                NewKey(
                    project_id=SHOP,
                    name="Web gallery",
                    referrers=("https://photos.example.com/*", "https://albums.example.com/*"),
                    apis=("taskqueue",),
                    queues=(f"{SHOP}/{QUEUE}", f"{SHOP}/{MAIL}"),
                ),
            ),
            (
                "2026-04-17 14:20",
                NewKey(
                    project_id=SHOP,
                    name="Scanner in the workshop",
                    addresses=("192.0.2.0/24", "2001:db8:40::/48"),
                    queues=(f"{SHOP}/{FULL}",),
                    calls_per_minute=600,
                    expires_at=instant("2027-01-01 00:00"),
                ),
            ),
            ("2026-07-30 08:05", NewKey(project_id=SHOP, name="Old kiosk")),
        )
        made = [
            api_keys.create(
                self.tx, instant(at), self.bob, entropy=self.entropy, box=SECRET_BOX, new=each
            )
            for at, each in new
        ]
        return made[0].key.id, made[0].new_string, made[2].key.id

    def _consent_screen(self) -> None:
        at = instant("2026-09-03 10:30")
        links = "https://photos.example.com"
        changes = ScreenChanges(
            name="Photo Shop",
            support_email="help@photos.example.com",
            home_page=f"{links}/",
            privacy_link=f"{links}/privacy",
            terms_link=f"{links}/terms",
        )
        consent_screens.update(self.tx, at, self.carol, project_id=SHOP, changes=changes)
        consent_screens.set_logo(self.tx, at, self.carol, project_id=SHOP, content=picture())
        for tester in (TESTER, "henry@example.com", "iris@example.org"):
            consent_screens.add_tester(self.tx, at, self.carol, project_id=SHOP, email=tester)

    def _last_days(self, mine: dict[str, str]) -> None:
        """What the audit log of the last days has."""
        tx, named = self.tx, {"project_id": SHOP}
        wide = f"{_AUTH}taskqueue {_AUTH}taskqueue.consumer"
        delegations.add(
            tx,
            instant("2026-11-11 09:05"),
            self.root,
            account_email=mine["exporter"],
            domain="photos.example.com",
            scope=wide,
        )
        projects.change(
            tx,
            instant("2026-11-12 08:47"),
            self.ada,
            changes=ProjectChanges(total_storage_limit=64 * 2**30),
            **named,
        )
        quotas.set_limit(
            tx,
            instant("2026-11-13 16:20"),
            self.root,
            quota="calls_per_minute",
            most=5_000_000,
            why="Prints before Christmas: agreed with Ada until January",
            settings=self.settings,
            **named,
        )
        quotas.set_limit(
            tx,
            instant("2026-11-14 11:02"),
            self.ada,
            quota="calls_per_day",
            most=750_000,
            why="A worker gone mad must not cost us more than this in a day",
            settings=self.settings,
            **named,
        )
        queues.pause(tx, instant("2026-11-16 09:31"), self.bob, name=PAUSED, **named)
        service_accounts.disable(
            tx, instant("2026-11-16 09:33"), self.bob, email=mine["importer"], **named
        )
        self._renew_secrets()
        queues.change(
            tx,
            instant("2026-11-18 08:52"),
            self.bob,
            name=QUEUE,
            settings=QueueSettings(task_retry_limit=8, requests_per_second=250.0),
            **named,
        )
        queues.grant(
            tx,
            instant("2026-11-18 13:40"),
            self.ada,
            name=MAIL,
            role="producer",
            email=CAROL,
            **named,
        )

    def _renew_secrets(self) -> None:
        tx, named = self.tx, {"project_id": SHOP}
        web = clients.list_clients(tx, self.carol, project_id=SHOP)
        first = next(each.client for each in web if each.client.type == "web")
        clients.add_secret(
            tx,
            instant("2026-11-16 15:12"),
            self.carol,
            entropy=self.entropy,
            box=SECRET_BOX,
            client_id=first.id,
            **named,
        )
        at = instant("2026-11-17 10:26")
        found = api_keys.list_keys(tx, at, self.bob, project_id=SHOP).items
        by_name = {each.key.name: each.key.id for each in found}
        api_keys.rotate(
            tx,
            at,
            self.bob,
            entropy=self.entropy,
            box=SECRET_BOX,
            key_id=by_name["Web gallery"],
            older_ends_at=instant("2026-11-24 12:00"),
            **named,
        )
        changes = KeyChanges(calls_per_minute=900)
        scanner = by_name["Scanner in the workshop"]
        api_keys.change(tx, at, self.bob, key_id=scanner, changes=changes, **named)
        api_keys.delete(tx, at, self.bob, key_id=by_name["Old kiosk"], **named)

    def _usage(self, mine: dict[str, str], web: str, key: str) -> None:
        accounts = {
            each.account.email: each.account.id
            for each in service_accounts.list_accounts(self.tx, self.ada, project_id=SHOP)
        }

        def caller(method: str, name: str, a_day: int, took: float, outcome: str = "") -> Caller:
            email = mine[name]
            return Caller(f"taskqueue.tasks.{method}", accounts[email], email, a_day, took, outcome)

        callers = [
            caller("insert", "uploader", 210_000, 2.1),
            caller("lease", "resizer", 96_000, 3.4),
            caller("delete", "resizer", 172_000, 1.8),
            caller("lease", "mailer", 30_000, 2.6),
            caller("delete", "mailer", 28_000, 1.7),
            caller("update", "exporter", 9_000, 2.9),
            Caller("taskqueue.tasks.list", "", "", 16_000, 6.5, api_key=key),
            Caller("taskqueue.tasks.insert", web, TESTER, 12_000, 2.4),
            Caller("leasehold.queues.statistics", web, CAROL, 2_900, 4.2),
            caller("delete", "resizer", 5_200, 1.2, "notFound"),
            caller("insert", "uploader", 3_100, 1.4, "quotaExceeded"),
            Caller("taskqueue.tasks.list", "", "", 1_900, 0.8, "keyInvalid", key),
        ]
        since = instant("2025-10-06 09:00") // MICROSECONDS
        lively_usage.call(self.tx, NOW, SHOP, callers, since=since)
        lively_usage.store(self.tx, NOW, SHOP, USUALLY, since=since)
        lively_usage.draw(self.tx, NOW, SHOP, a_day=258_000, a_minute=740)
