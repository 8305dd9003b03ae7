"""What accounting costs: the same requests to a server that counts calls, and to one that does not.

Both send an API key with the access token, so what is compared is accounting alone: quota is drawn
and spent, calls are written down in the transaction of what they do, and their times remembered.

The difference is small and machines are noisy, so turns are short, many, and in an order in which
what drifts is on both sides alike: on, off, off, on, and the other way round in the next round.
"""

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from bench import load, replies, world
from bench.cores import on_core, two_cores
from bench.google_requests import PROJECT, Requests
from bench.measure import Others, Plan, cpu_of, cpu_us, no_cpu, percentiles_ms
from bench.servers import LEASEHOLD, running, secret_key_file
from leasehold.cli.database import read
from leasehold.clock import MICROSECONDS
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction
from leasehold.usage import quota_rows, quotas, reports
from leasehold.usage.meter import Bucket
from leasehold.usage.quotas import DAY, Limits

Operation = Literal["insert", "lease", "delete"]
Who = Literal["off", "on"]

OPERATIONS: tuple[Operation, ...] = ("insert", "lease", "delete")
CONNECTIONS = 32

# Never exhausted, but for a limit of each kind that is drawn from in portions of a hundredth: the
# queue's once or twice a second, the others' every ten seconds or so.
LIMITS = Limits(calls_per_day=1_000_000_000, calls_per_minute=6_000_000, calls_per_user=6_000_000)
KEY_CALLS_PER_MINUTE = 6_000_000
REQUESTS_PER_SECOND = 50_000.0

_SETTINGS: dict[Who, dict[str, str]] = {
    "off": {"LEASEHOLD_ACCOUNTING": "off"},
    "on": {
        "LEASEHOLD_ACCOUNTING": "on",
        "LEASEHOLD_QUOTA_CALLS_PER_DAY": str(LIMITS.calls_per_day),
        "LEASEHOLD_QUOTA_CALLS_PER_MINUTE": str(LIMITS.calls_per_minute),
        "LEASEHOLD_QUOTA_CALLS_PER_USER": str(LIMITS.calls_per_user),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """One operation on one server in one round: both its turns together."""

    operation: Operation
    who: Who
    replies: int
    per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float  # CPU of the server's process for each reply
    client_us: float  # CPU of the load generator, likewise
    database_us: float  # CPU of all PostgreSQL processes, likewise; 0 on SQLite
    of_off: float | None = None  # its rate, as a share of that without accounting; None: it is that
    cpu_of_off: float | None = None  # its CPU, likewise


@dataclass(slots=True)
class Accounting:
    """What was measured on one engine."""

    engine: str
    cores: tuple[int, int] | None  # of servers, and of the load; None: wherever there was room
    rounds: int
    stints: list[Stint] = field(default_factory=list)
    calls: int = 0  # counted, warm-up included: as many as there were replies
    # All CPU of a server from the first turn to the last, for each of its replies: with what it did
    # between turns, which is where it adds up the counts.
    whole_us: dict[Who, float] = field(default_factory=dict)
    others_cpu: float = 0.0  # share of the machine that other programs used meanwhile

    def of(self, operation: Operation, who: Who) -> list[Stint]:
        """The stints of one operation on one server, a round each."""
        return [s for s in self.stints if (s.operation, s.who) == (operation, who)]

    def shares(self, operation: Operation) -> list[float]:
        """Its rate with accounting as a share of that without, of each round."""
        return [s.of_off for s in self.of(operation, "on") if s.of_off is not None]

    def cpu_shares(self, operation: Operation) -> list[float]:
        """Its CPU with accounting as a multiple of that without, of each round."""
        return [s.cpu_of_off for s in self.of(operation, "on") if s.cpu_of_off is not None]


def weigh(
    databases: Mapping[Who, str],
    plan: Plan,
    directory: Path,
    *,
    postmaster: psutil.Process | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Accounting:
    """Weighs on two empty databases on one disk: paths (SQLite) or `postgresql://` URLs.

    Raises WrongReply when any reply is not what it has to be, or when not exactly those that came
    were counted.
    """
    cores = two_cores()
    with ExitStack() as stack:
        both = _Both(stack, databases, plan, directory, cores, postmaster)
        progress("warm-up with and without accounting")
        both.round(plan.warm_up_seconds, _ORDERS[0])
        rounds = _rounds(plan, both.engine_name)
        accounting = Accounting(both.engine_name, cores, rounds)
        others = Others(both.meters)
        before = both.totals()
        for round_, order in zip(range(rounds), itertools.cycle(_ORDERS), strict=False):
            progress(f"round {round_ + 1} of {rounds} with and without accounting")
            accounting.stints += both.round(plan.short_seconds, order)
        accounting.whole_us = _whole_us(before, both.totals())
        accounting.others_cpu = others.share()
        accounting.calls = both.check_counts()
        return accounting


def _rounds(plan: Plan, engine: str) -> int:
    """Many where a gate has to be sure; of the others a glance is enough."""
    return plan.short_rounds if engine == "sqlite" else max(1, plan.short_rounds // 4)


_ORDERS: tuple[tuple[Who, ...], ...] = (("on", "off", "off", "on"), ("off", "on", "on", "off"))

_Totals = dict[Who, tuple[float, int]]  # CPU seconds, replies


def _whole_us(before: _Totals, after: _Totals) -> dict[Who, float]:
    return {
        who: 1e6 * (cpu - before[who][0]) / (count - before[who][1])
        for who, (cpu, count) in after.items()
    }


class _Both:
    """The two servers, first the one that does not count."""

    def __init__(
        self,
        stack: ExitStack,
        databases: Mapping[Who, str],
        plan: Plan,
        directory: Path,
        cores: tuple[int, int] | None,
        postmaster: psutil.Process | None,
    ) -> None:
        self._database_cpu = no_cpu if postmaster is None else cpu_of(postmaster)
        core = None if cores is None else cores[0]
        self._sides: dict[Who, _Side] = {
            who: _Side(stack, who, databases[who], plan, directory / who, core, self._database_cpu)
            for who in ("off", "on")
        }
        if cores is not None:
            stack.enter_context(on_core(cores[1]))
        self.engine_name = self._sides["on"].engine.name

    @property
    def meters(self) -> list[Callable[[], float]]:
        """CPU of every process of ours."""
        servers = [side.server.cpu_seconds for side in self._sides.values()]
        return [*servers, time.process_time, self._database_cpu]

    def totals(self) -> _Totals:
        """What each side has used and answered until now."""
        return {
            who: (side.server.cpu_seconds(), side.sent.total()) for who, side in self._sides.items()
        }

    def round(self, seconds: float, order: Sequence[Who]) -> list[Stint]:
        """Every operation once, each in this order of turns."""
        stints: list[Stint] = []
        for operation in OPERATIONS:
            turns: dict[Who, list[load.Outcome]] = {"off": [], "on": []}
            for who in order:
                turns[who].append(self._sides[who].turn(operation, seconds))
            off = _stint(operation, "off", turns["off"])
            stints += [off, _stint(operation, "on", turns["on"], off)]
        return stints

    def check_counts(self) -> int:
        """One side has counted and drawn, the other has not; how many calls there were."""
        for side in self._sides.values():
            side.check_counts()
        return self._sides["on"].sent.total()


class _Side:
    """One server on a database of its own, and what is sent to it."""

    def __init__(
        self,
        stack: ExitStack,
        who: Who,
        database: str,
        plan: Plan,
        directory: Path,
        core: int | None,
        database_cpu: Callable[[], float],
    ) -> None:
        directory.mkdir()
        self._who = who
        self._lease_seconds = plan.lease_seconds
        self._database_cpu = database_cpu
        self.sent: Counter[str] = Counter()  # replies, by operation
        self.engine = open_engine(database)
        migrate(self.engine)
        self._worker = world.build(
            self.engine, plan.backlog, requests_per_second=REQUESTS_PER_SECOND
        )
        log = directory / "server.log"
        self._key, text = world.make_key(
            self.engine, secret_key_file(log), calls_per_minute=KEY_CALLS_PER_MINUTE
        )
        self.server = stack.enter_context(
            running(LEASEHOLD, database, log, core=core, settings=_SETTINGS[who])
        )
        token = self._worker.token(self.server.url)
        self._requests = Requests(self.server.host, token, plan.encoding, text.text)
        self._inserts = itertools.cycle([self._requests.insert(p) for p in world.payloads()])
        self._inserted: deque[int] = deque()  # by turns; each is undone by one of deletion
        self._leased: dict[str, None] = {}  # ids, in order

    def turn(self, operation: Operation, seconds: float) -> load.Outcome:
        """One operation for a while. The queue keeps its length over a round, or nearly."""
        return {"insert": self._insert, "lease": self._lease, "delete": self._delete}[operation](
            seconds
        )

    def _insert(self, seconds: float) -> load.Outcome:
        outcome = self._run("insert", self._inserts, seconds)
        self._inserted.append(len(replies.ids_of_tasks(outcome.bodies, at_most=1)))
        return outcome

    def _lease(self, seconds: float) -> load.Outcome:
        requests = itertools.repeat(self._requests.lease(1, self._lease_seconds))
        outcome = self._run("lease", requests, seconds)
        for ids in replies.ids_of_tasks(outcome.bodies, at_most=1):
            self._leased.update(dict.fromkeys(ids))
        return outcome

    def _delete(self, seconds: float) -> load.Outcome:
        ids = list(self._leased)[: self._inserted.popleft()]
        requests = iter([self._requests.delete(task_id) for task_id in ids])
        outcome = self._run("delete", requests, seconds, status=204)
        replies.check_empty(outcome.bodies)
        for task_id in ids[: len(outcome.bodies)]:
            del self._leased[task_id]
        return outcome

    def _run(
        self, operation: Operation, requests: Iterator[bytes], seconds: float, status: int = 200
    ) -> load.Outcome:
        meters = (self.server.cpu_seconds, time.process_time, self._database_cpu)
        ends_below = replies.EMPTY_LEASE_BYTES if operation == "lease" else 0
        phase = load.Phase(
            self.server.address, CONNECTIONS, seconds, requests, status, meters, ends_below
        )
        outcome = load.run(phase)
        self.sent[operation] += len(outcome.bodies)
        return outcome

    def check_counts(self) -> None:
        """Every reply is counted once, or none; raises WrongReply."""
        reported = read(self.engine, self._report)
        expected = {} if self._who == "off" else self._as_reported()
        check_report(reported, expected)
        drawn = read(self.engine, self._drawn)
        if drawn != (set() if self._who == "off" else {bucket.id for bucket in self._buckets()}):
            raise load.WrongReply(f"quota was drawn from {sorted(drawn)} only")

    def _as_reported(self) -> dict[tuple[str, ...], int]:
        done = self._key.id, reports.SHOWN_DONE
        return {
            (f"taskqueue.tasks.{operation}", *done): count for operation, count in self.sent.items()
        }

    def _report(self, tx: Transaction, now: int) -> dict[tuple[str, ...], int]:
        a_day = DAY * MICROSECONDS
        report = reports.report(
            tx,
            now,
            PROJECT,
            since=now - a_day,
            until=now + a_day,
            period="day",
            by=("method", "api_key", "outcome"),
        )
        counts: Counter[tuple[str, ...]] = Counter()
        for line in report.lines:
            counts[line.values] += line.calls
        return dict(counts)

    def _drawn(self, tx: Transaction, now: int) -> set[str]:  # noqa: ARG002  # as every operation
        return set(quota_rows.drawn_from(tx, [bucket.id for bucket in self._buckets()]))

    def _buckets(self) -> Sequence[Bucket]:
        return quotas.buckets_of(
            LIMITS,
            project_id=PROJECT,
            user=self._worker.account.email,
            key_id=self._key.id,
            key_calls_per_minute=KEY_CALLS_PER_MINUTE,
            queue_id=self._worker.queue.id,
            requests_per_second=REQUESTS_PER_SECOND,
        )


def check_report(
    reported: Mapping[tuple[str, ...], int], answered: Mapping[tuple[str, ...], int]
) -> None:
    """Raises WrongReply unless exactly what was answered is in the report."""
    if reported != answered:
        raise load.WrongReply(f"answered were {answered}, but reported are {reported}")


def _stint(
    operation: Operation, who: Who, turns: Sequence[load.Outcome], off: Stint | None = None
) -> Stint:
    outcome = _together(turns)
    if not outcome.latencies:
        raise load.WrongReply(f"{operation}: no reply in time: measure for longer")
    per_second = len(outcome.latencies) / outcome.seconds
    percentiles = percentiles_ms(outcome)
    server, client, database = cpu_us(outcome)
    return Stint(
        operation=operation,
        who=who,
        replies=len(outcome.bodies),
        per_second=per_second,
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
        server_us=server,
        client_us=client,
        database_us=database,
        of_off=None if off is None else per_second / off.per_second,
        # 0 when it ran for less than a tick.
        cpu_of_off=None if off is None else server / (off.server_us or 1.0),
    )


def _together(turns: Sequence[load.Outcome]) -> load.Outcome:
    return load.Outcome(
        seconds=sum(turn.seconds for turn in turns),
        latencies=[latency for turn in turns for latency in turn.latencies],
        bodies=[body for turn in turns for body in turn.bodies],
        cpu_seconds=[sum(used) for used in zip(*(turn.cpu_seconds for turn in turns), strict=True)],
    )
