"""Every call is counted once: reports equal what callers were told, though servers are killed."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from leasehold.oauth2 import scopes
from leasehold.storage.engine import open_engine
from leasehold.storage.statements import parse
from leasehold.usage import fold
from tests.durability import late_count, machine_clock, traffic
from tests.durability.call_book import (
    DONE,
    LOST,
    Bounds,
    CallBook,
    Charge,
    Line,
    outside,
    settled,
)
from tests.durability.callers import Caller, Planner, calling
from tests.durability.callers import Line as CallersLine
from tests.durability.ledger import holdings
from tests.durability.machine_clock import MachineClock
from tests.durability.market import (
    PROJECTS,
    Credential,
    Market,
    market_on,
    next_midnight,
)
from tests.durability.server_processes import Address, ServerProcesses, server_processes

REAL = [sys.executable, machine_clock.__file__]
LATE = [sys.executable, late_count.__file__]

CALLERS_PAY = tuple(project for project in PROJECTS if project != "office")  # which only reads
POOR_CALLS = 60  # of the project poor, each day
STEP_SECONDS = 35  # by which the clock is moved at a time, so that it is never near an edge
BY = "api,method,credential,apiKey,email,outcome"
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}

SQL = parse("""
-- name: charged
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
    midnight: int  # seconds
    servers: ServerProcesses
    book: CallBook
    rng: random.Random
    auditor: Credential
    lines: list[CallersLine] = field(default_factory=list)

    def add(self, credential: Credential, plan: Planner) -> None:
        """One more caller."""
        caller = Caller(
            credential, random.Random(self.rng.random()), f"caller-{len(self.lines)}"  # noqa: S311  # traffic, not secrets
        )
        line = CallersLine(
            caller, plan, servers=self.servers, book=self.book, clock=self.clock
        )
        self.lines.append(line)

    def kill_one_amid_calls(self, step: int) -> None:
        """Kills a server, after some calls and a move of the clock, and starts another one."""
        self.book.wait_for_calls(self.rng.randint(50, 250))
        self.clock.move_to(self.midnight + step * STEP_SECONDS - STEP_SECONDS // 2)
        self.book.wait_for_calls(self.rng.randint(50, 250))
        index = self.rng.randrange(len(self.servers.addresses))
        self.servers.kill(index)
        self.fold_some()
        self.servers.replace(index)

    def fold_some(self) -> int:
        """As the chore of every server does."""
        return self.market.do(fold.fold_entries)

    def fold_all(self) -> None:
        while self.fold_some():
            pass

    def report(self, period: str = "minute") -> dict[Line, int]:
        """What the servers, who agree, report of all projects."""
        first, *others = (self._report(address, period) for address in self.servers.addresses)
        assert all(other == first for other in others)
        return first

    def _report(self, address: Address | None, period: str) -> dict[Line, int]:
        assert address is not None
        return {
            line: calls
            for project in CALLERS_PAY
            for line, calls in report(address, self.auditor, project, period, self.midnight)
        }

    def complaints(self) -> list[str]:
        """What is wrong with the report, in words; none when all is well."""
        entries = settled(self.book.entries, self.kept())
        return [*Bounds(entries).complaints(self.report()), *self.book.surprises]

    def kept(self) -> set[str]:
        """The payloads of all tasks that are there."""
        return {payload for payload, _ in holdings(self.market.engine).etas}

    def charged(self) -> dict[str, int]:
        """All that the database has counted, by project."""
        rows = self.market.do(lambda tx, _: tx.all(SQL.charged))
        return {project: calls for project, calls in rows if project != "office"}


def report(
    address: Address, auditor: Credential, project: str, period: str, midnight: int
) -> Iterator[tuple[Line, int]]:
    """A project's report by all dimensions, through the administration API."""
    since, until = (
        datetime.fromtimestamp(midnight + hours * 3_600, UTC).isoformat() for hours in (-1, 1)
    )
    reply = requests.get(
        f"http://{address[0]}:{address[1]}/admin/v1/projects/{project}/usage",
        params={"since": since, "until": until, "period": period, "by": BY},
        headers=dict(auditor.headers),
        timeout=30,
    )
    assert reply.status_code == requests.codes.ok, reply.text
    for line in reply.json()["lines"]:
        values, calls = line["values"], line["calls"]
        is_done = values["outcome"] == DONE
        assert (line["errors"], line["cost"]) == ((0, calls) if is_done else (calls, 0))
        names = ("api", "method", "credential", "apiKey", "email")
        charge = Charge(project, *(values[name] for name in names))
        starts = int(datetime.fromisoformat(line["starts"]).timestamp())
        yield Line(starts, charge, values["outcome"]), calls


def added_up(minutes: Mapping[Line, int], period: str) -> dict[Line, int]:
    """A report by minute as one by a longer period."""
    longer: Counter[Line] = Counter()
    for line, calls in minutes.items():
        longer[line._replace(starts=line.starts - line.starts % SECONDS[period])] += calls
    return dict(longer)


OpenScene = Callable[..., Scene]


@pytest.fixture
def scene(engine_name: str, database_url: str, tmp_path: Path) -> Iterator[OpenScene]:
    """Opens a scene; on PostgreSQL with two servers. It is half a minute to midnight."""
    with contextmanager_stack() as enter:

        def open_scene(command: list[str] = REAL) -> Scene:
            secret_key = tmp_path / "secret.key"
            market = market_on(open_engine(database_url), secret_key)
            midnight = next_midnight()
            clock = MachineClock(tmp_path / "clock", second=midnight - 120)
            servers = enter(
                server_processes(
                    [*command, str(clock.path), "serve", "--port", "0", "--database", database_url],
                    number=2 if engine_name == "postgres" else 1,
                    log=tmp_path / "log",
                    LEASEHOLD_SECRET_KEY_FILE=str(secret_key),
                )
            )
            auditor = market.person("office", scopes.LEASEHOLD_ADMIN_READ)
            rng = random.Random(engine_name)  # noqa: S311  # traffic, not secrets
            return Scene(market, clock, midnight, servers, CallBook(), rng, auditor)

        yield open_scene


def contextmanager_stack():
    raise NotImplementedError
