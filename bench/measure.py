"""A measurement: rounds in which every operation and both floors have their turn.

Machines are noisy, so nothing is measured in one stretch: a round runs everything once at every
number of connections, and what is reported is the median over rounds. An operation is compared
with the floor of its own round and its own number of connections.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Literal

import psutil
import requests

from bench import disk, load, replies, world
from bench.google_requests import PROJECT, QUEUE, Requests
from bench.servers import FLOOR, LEASEHOLD, Server, database_cpu_seconds, running
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate

Operation = Literal["constant", "insert", "lease 1", "lease 100", "delete"]

SYNC_SHARE = 0.2  # of a phase's seconds: how long syncs are measured in each round


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    connections: tuple[int, ...]
    rounds: int
    seconds: float  # of each operation in each round
    backlog: int  # tasks in the queue at the start; it ends with about as many
    lease_seconds: int  # short: what one round leased is available again in the next
    short_rounds: int  # of accounting: many short ones tell a small difference
    short_seconds: float  # of each turn in them
    warm_up_seconds: float = 0.5  # the first operations wait for plans, caches and new files
    encoding: str = "gzip, deflate"  # of replies


FULL = Plan(
    connections=(1, 32, 256),
    rounds=5,
    seconds=1.0,
    backlog=60_000,
    lease_seconds=2,
    short_rounds=100,
    short_seconds=0.2,
)
QUICK = Plan(
    connections=(32,),
    rounds=3,
    seconds=0.4,
    backlog=20_000,
    lease_seconds=1,
    short_rounds=20,
    short_seconds=0.2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One operation in one round."""

    operation: Operation
    connections: int
    per_second: float  # tasks, or answers of the constant
    tasks_per_reply: float
    of_floor: float  # replies per second, as a share of the constant's in the same round
    p50_ms: float
    p99_ms: float
    server_us: float  # CPU of the Leasehold process for each reply
    cpu_of_floor: float  # the same, as a multiple of the constant's in the same round
    client_us: float  # CPU of the load generator, likewise
    database_us: float  # CPU of all PostgreSQL processes, likewise; 0 on SQLite


@dataclass(slots=True)
class Measurement:
    """What was measured on one engine."""

    engine: str
    samples: list[Sample] = field(default_factory=list)
    syncs_per_second: list[float] = field(default_factory=list)
    log_bytes: int | None = None  # SQLite: the largest that its log was; None on PostgreSQL
    others_cpu: float = 0.0  # share of the machine that other programs used meanwhile

    def of(self, operation: Operation, connections: int) -> list[Sample]:
        """The samples of one operation, a round each."""
        return [s for s in self.samples if (s.operation, s.connections) == (operation, connections)]


def measure(
    database: str,
    plan: Plan,
    directory: Path,
    *,
    postmaster: psutil.Process | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Measurement:
    """Measures on an empty database: a path (SQLite) or a `postgresql://` URL.

    `directory` takes the floor's database, the logs, and the appends of the raw sync. Raises
    WrongReply when any reply is not what it has to be.
    """
    with ExitStack() as stack:
        table = _Table(stack, database, plan, directory, postmaster)
        progress("warm-up")
        table.round(max(plan.connections), plan.warm_up_seconds, None)
        measurement = Measurement(table.engine.name)
        others = Others(table.meters)
        for round_ in range(plan.rounds):
            for connections in plan.connections:
                progress(f"round {round_ + 1} of {plan.rounds}, {connections} connections")
                table.round(connections, plan.seconds, measurement)
        measurement.others_cpu = others.share()
        table.check_count()
        return measurement


class _Table:
    """Both servers and what is sent to them."""

    def __init__(
        self,
        stack: ExitStack,
        database: str,
        plan: Plan,
        directory: Path,
        postmaster: psutil.Process | None,
    ) -> None:
        self._plan = plan
        self._directory = directory
        self._log = None if "://" in database else Path(f"{database}-wal")
        self._count = plan.backlog
        self._available_at = 0.0  # when the last round's leases have ended
        self.engine = open_engine(database)
        migrate(self.engine)
        worker = world.build(self.engine, plan.backlog)
        self._server = stack.enter_context(running(LEASEHOLD, database, directory / "server.log"))
        self._requests = self._caller(self._server, worker)
        floor_database = directory / "floor.db"
        floor_engine = open_engine(str(floor_database))
        migrate(floor_engine)
        floor_worker = world.build(floor_engine, 0)
        self._floor = stack.enter_context(
            running(FLOOR, str(floor_database), directory / "floor.log")
        )
        self._floor_requests = self._caller(self._floor, floor_worker)
        inserts = [self._requests.insert(payload) for payload in world.payloads()]
        self._inserts = itertools.cycle(inserts)
        self._database_cpu = no_cpu if postmaster is None else cpu_of(postmaster)

    def _caller(self, server: Server, worker: world.Worker) -> Requests:
        return Requests(server.host, worker.token(server.url), self._plan.encoding)

    @property
    def meters(self) -> list[Callable[[], float]]:
        """CPU of every process of ours."""
        server, floor = self._server.cpu_seconds, self._floor.cpu_seconds
        return [server, floor, time.process_time, self._database_cpu]

    def round(self, connections: int, seconds: float, into: Measurement | None) -> None:
        """Every operation once; None: the numbers are not wanted."""
        syncs = disk.syncs_per_second(self._directory, seconds * SYNC_SHARE)
        if into is not None:
            into.syncs_per_second.append(syncs)
        floor = self._run_constant(connections, seconds)

        def note(operation: Operation, outcome: load.Outcome, tasks: int) -> None:
            if into is None:
                return
            into.samples.append(_sample(operation, connections, outcome, tasks, floor))
            if self._log is not None:
                into.log_bytes = max(into.log_bytes or 0, self._log.stat().st_size)

        note("constant", floor, len(floor.latencies))
        outcome, inserted = self._run_tasks(self._inserts, connections, seconds, at_most=1)
        self._count += len(inserted)
        note("insert", outcome, len(outcome.latencies))
        time.sleep(max(0.0, self._available_at - time.perf_counter()))
        leased: list[str] = []
        for num_tasks, operation in _LEASES.items():
            request = self._requests.lease(num_tasks, self._plan.lease_seconds)
            outcome, ids = self._run_tasks(
                itertools.repeat(request), connections, seconds, at_most=num_tasks
            )
            leased += itertools.chain.from_iterable(ids)
            note(operation, outcome, sum(map(len, ids[: len(outcome.latencies)])))
        self._available_at = time.perf_counter() + self._plan.lease_seconds
        # As many as came, so that the queue keeps its length.
        done = list(dict.fromkeys(leased))[: len(inserted)]
        outcome = self._run_deletes(done, connections, seconds)
        self._count -= len(outcome.bodies)
        note("delete", outcome, len(outcome.latencies))

    def _run_constant(self, connections: int, seconds: float) -> load.Outcome:
        request = itertools.repeat(self._floor_requests.constant())
        outcome = self._run(self._floor, request, connections, seconds, status=200)
        replies.check_constant(outcome.bodies)
        return outcome

    def _run_tasks(
        self, requests: Iterator[bytes], connections: int, seconds: float, *, at_most: int
    ) -> tuple[load.Outcome, list[list[str]]]:
        outcome = self._run(
            self._server,
            requests,
            connections,
            seconds,
            status=200,
            ends_below=replies.EMPTY_LEASE_BYTES,
        )
        return outcome, replies.ids_of_tasks(outcome.bodies, at_most=at_most)

    def _run_deletes(self, ids: Sequence[str], connections: int, seconds: float) -> load.Outcome:
        requests = iter([self._requests.delete(task_id) for task_id in ids])
        outcome = self._run(self._server, requests, connections, seconds, status=204)
        replies.check_empty(outcome.bodies)
        return outcome

    def _run(
        self,
        server: Server,
        requests: Iterator[bytes],
        connections: int,
        seconds: float,
        *,
        status: int,
        ends_below: int = 0,
    ) -> load.Outcome:
        return load.run(
            load.Phase(
                server.address,
                connections,
                seconds,
                requests,
                status,
                (server.cpu_seconds, time.process_time, self._database_cpu),
                ends_below,
            )
        )

    def check_count(self) -> None:
        """The server counts as many tasks as were inserted and not deleted."""
        url = f"{self._server.url}/taskqueue/v1beta2/projects/{PROJECT}/taskqueues/{QUEUE}"
        headers = {"Authorization": f"Bearer {self._requests.token}"}
        queue = requests.get(f"{url}?getStats=true", headers=headers, timeout=30).json()
        if queue["stats"]["totalTasks"] != self._count:
            raise load.WrongReply(f"there should be {self._count} tasks: {queue}")


_LEASES: dict[int, Operation] = {1: "lease 1", 100: "lease 100"}


def _sample(
    operation: Operation,
    connections: int,
    outcome: load.Outcome,
    tasks: int,
    floor: load.Outcome,
) -> Sample:
    count = len(outcome.latencies)
    if count == 0:
        raise load.WrongReply(f"{operation}: no reply in time: measure for longer")
    percentiles = percentiles_ms(outcome)
    server, client, database = cpu_us(outcome)
    return Sample(
        operation=operation,
        connections=connections,
        per_second=tasks / outcome.seconds,
        tasks_per_reply=tasks / count,
        of_floor=count / outcome.seconds / (len(floor.latencies) / floor.seconds),
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
        server_us=server,
        cpu_of_floor=server / (cpu_us(floor)[0] or 1.0),  # 0 when it ran for less than a tick
        client_us=client,
        database_us=database,
    )


def percentiles_ms(outcome: load.Outcome) -> list[float]:
    """Of the latencies; the median is at [49]."""
    # Twice, because one value alone has no quantiles.
    return [
        1e3 * latency for latency in quantiles(outcome.latencies * 2, n=100, method="inclusive")
    ]


def cpu_us(outcome: load.Outcome) -> list[float]:
    """CPU for each reply, by the phase's meters."""
    return [1e6 * used / len(outcome.bodies) for used in outcome.cpu_seconds]


def no_cpu() -> float:
    """The meter of a database that has no process of its own."""
    return 0.0


def cpu_of(postmaster: psutil.Process) -> Callable[[], float]:
    """The meter of a PostgreSQL."""
    return lambda: database_cpu_seconds(postmaster)


class Others:
    """What other programs take from the machine while we measure."""

    def __init__(self, ours: Sequence[Callable[[], float]]) -> None:
        self._ours = ours
        self._start = time.perf_counter()
        self._before = self._used()

    def _used(self) -> float:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts guests in user already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return float(sum(times) - idle - guests - sum(meter() for meter in self._ours))

    def share(self) -> float:
        """As a share of all cores."""
        elapsed = time.perf_counter() - self._start
        share = (self._used() - self._before) / elapsed / (psutil.cpu_count() or 1)
        return max(0.0, share)  # a little below when clocks tick unevenly
