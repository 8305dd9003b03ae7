"""A scene: servers on a market, callers with a book, and what the servers report of these."""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import requests

from leasehold.oauth2 import scopes
from leasehold.storage.engine import open_engine
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from leasehold.usage import fold, reports
from leasehold.usage.count_rows import DIMENSIONS
from leasehold.usage.periods import Period, start_of
from tests.durability.call_book import DONE, Bounds, CallBook, Charge, Line, settled
from tests.durability.callers import Caller, Planner, Telephone
from tests.durability.ledger import holdings
from tests.durability.machine_clock import MICROSECONDS, MachineClock
from tests.durability.market import PROJECTS, Credential, Market, market_on, next_midnight
from tests.durability.server_processes import Address, ServerProcesses, server_processes

REAL = [sys.executable, "-m", "tests.durability.machine_clock"]
LATE = [sys.executable, "-m", "tests.durability.late_count"]
SERVERS = {"sqlite": 1, "postgres": 2}  # of each engine

STEP_SECONDS = 40  # by which the clock is moved at a time: past an edge, and never near to one
SHOWN = ("api", "method", "credential", "apiKey", "email", "outcome")  # as the API calls them

OFFICE = "office"  # reads the reports, which are no calls of this book
PAYING = tuple(project for project in PROJECTS if project != OFFICE)

SQL = parse("""
-- name: counted
select project_id, cast(sum(calls) as bigint)
  from (select project_id, calls from usage_entries
         union all
        select project_id, calls from usage_counts where period = 'day') as counted
 group by project_id
""")


@dataclass
class Scene:
    """Servers on a market, and callers with a book."""

    market: Market
    clock: MachineClock
    midnight: int  # seconds; the clock is moved past it
    servers: ServerProcesses
    rng: random.Random
    auditor: Credential
    book: CallBook = field(default_factory=CallBook)
    telephones: list[Telephone] = field(default_factory=list)

    def add(self, credential: Credential, plan: Planner) -> None:
        """One more caller."""
        name = f"caller-{len(self.telephones)}"
        rng = random.Random(self.rng.random())  # noqa: S311  # traffic, not secrets
        self.telephones.append(
            Telephone(
                Caller(credential, rng, name),
                plan,
                servers=self.servers,
                book=self.book,
                clock=self.clock,
            )
        )

    def move_clock(self, step: int) -> None:
        """To so many steps before (less than 0) or after midnight, and a half."""
        self.clock.move_to(self.midnight + step * STEP_SECONDS + STEP_SECONDS // 2)

    def kill_one_amid_calls(self, calls: int) -> int:
        """Kills a server after so many calls; which one."""
        self.book.wait_for_calls(calls)
        index = self.rng.randrange(len(self.servers.addresses))
        self.servers.kill(index)
        return index

    def fold_some(self) -> int:
        """As the chore of every server does, now and then."""
        return self.market.do(fold.fold_entries)

    def fold_all(self) -> None:
        """Until every entry is folded."""
        while self.fold_some():
            pass

    def reports(self, period: Period) -> list[dict[Line, int]]:
        """What each of the servers reports of all projects, through the administration API."""
        times = [self.midnight + seconds for seconds in (-3_600, 3_600)]
        return [
            {
                line: calls
                for project in PAYING
                for line, calls in _shown(address, self.auditor, project, period, times)
            }
            for address in self.servers.addresses
            if address is not None
        ]

    def report(self, period: Period = "minute") -> dict[Line, int]:
        """The same past the servers, from the database."""
        return {
            line: calls
            for project in PAYING
            for line, calls in self.market.do(
                partial(_read, project=project, period=period, midnight=self.midnight)
            )
        }

    def complaints(self) -> list[str]:
        """What is wrong with the report, in words; none when all is well."""
        bounds = Bounds(settled(self.book.entries, self.kept()))
        return [*bounds.complaints(self.report()), *self.book.surprises]

    def kept(self) -> set[str]:
        """The payloads of all tasks that are there."""
        return {payload for payload, _ in holdings(self.market.engine).etas}

    def counted(self) -> dict[str, int]:
        """How many calls the database has, by project."""
        rows = self.market.do(lambda tx, _: tx.all(SQL.counted))
        return {project: calls for project, calls in rows if project != OFFICE}


def _read(
    tx: Transaction, now: int, *, project: str, period: Period, midnight: int
) -> list[tuple[Line, int]]:
    since, until = ((midnight + seconds) * MICROSECONDS for seconds in (-3_600, 3_600))
    found = reports.report(tx, now, project, since=since, until=until, period=period, by=DIMENSIONS)
    return [
        (Line(line.starts, Charge(project, *line.values[:-1]), line.values[-1]), line.calls)
        for line in found.lines
    ]


def _shown(
    address: Address, auditor: Credential, project: str, period: Period, times: Sequence[int]
) -> Iterator[tuple[Line, int]]:
    since, until = (datetime.fromtimestamp(second, UTC).isoformat() for second in times)
    reply = requests.get(
        f"http://{address[0]}:{address[1]}/admin/v1/projects/{project}/usage",
        params={"since": since, "until": until, "period": period, "by": ",".join(SHOWN)},
        headers=dict(auditor.headers),
        timeout=30,
    )
    assert reply.status_code == requests.codes.ok, reply.text
    for line in reply.json()["lines"]:
        *charged, outcome = (line["values"][name] for name in SHOWN)
        refused = 0 if outcome == DONE else line["calls"]
        assert (line["errors"], line["cost"]) == (refused, line["calls"] - refused)
        starts = int(datetime.fromisoformat(line["starts"]).timestamp())
        yield Line(starts, Charge(project, *charged), outcome), line["calls"]


def added_up(minutes: Mapping[Line, int], period: Period) -> dict[Line, int]:
    """A report by minute as one by a longer period."""
    longer: Counter[Line] = Counter()
    for line, calls in minutes.items():
        longer[line._replace(starts=start_of(period, line.starts))] += calls
    return dict(longer)


@contextmanager
def scene(
    database_url: str, directory: Path, *, number: int, command: Sequence[str] = REAL
) -> Iterator[Scene]:
    """So many servers on an empty database, without callers yet, two minutes before midnight."""
    secret_key = directory / "secret.key"
    market = market_on(open_engine(database_url), secret_key)
    midnight = next_midnight()
    clock = MachineClock(directory / "clock", second=midnight - 120)
    with server_processes(
        [*command, str(clock.path), "serve", "--port", "0", "--database", database_url],
        number=number,
        log=directory / "log",
        LEASEHOLD_SECRET_KEY_FILE=str(secret_key),
    ) as servers:
        auditor = market.person(OFFICE, scopes.LEASEHOLD_ADMIN_READ)
        rng = random.Random(number)  # noqa: S311  # traffic, not secrets
        yield Scene(market, clock, midnight, servers, rng, auditor)
