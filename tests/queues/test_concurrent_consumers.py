"""Sixteen consumers on one queue with short leases: no task held by two, and none lost."""

import asyncio
import random
from dataclasses import dataclass, field, replace

from leasehold.clock import MICROSECONDS, Clock
from leasehold.errors import Error
from leasehold.queues import configure
from leasehold.queues.delete import Deletion
from leasehold.queues.insert import NewTask
from leasehold.queues.lease import LeaseRequest
from leasehold.queues.model import Queue, Task
from leasehold.queues.renew import renew
from leasehold.queues.task_id import TaskIds
from leasehold.queues.verbs import Verbs, hot_verbs
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from tests.postgres import PostgresServer

CONSUMERS = 16
TASKS = 600
LEASE_SECONDS = 1  # in which a consumer that "dies" leaves its task behind


@dataclass
class Ledger:
    """What all consumers together saw. Times are the server's own, so they can be compared."""

    held_until: dict[str, int] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    double: list[str] = field(default_factory=list)
    deaths: int = 0

    def note(self, task: Task, seconds: int) -> None:
        """A lease began `seconds` before its eta: the one before must have ended by then."""
        began = task.eta - seconds * MICROSECONDS
        if task.id not in self.released and self.held_until.get(task.id, 0) > began:
            self.double.append(task.id)
        if task.id in self.done:
            self.double.append(task.id)
        self.released.discard(task.id)
        self.held_until[task.id] = task.eta


async def _consume(
    committer: Committer, verbs: Verbs, queue: Queue, ledger: Ledger, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # not for secrets
    while len(ledger.done) < TASKS:
        request = LeaseRequest(queue, num_tasks=dice.randint(1, 8), seconds=LEASE_SECONDS)
        for task in await committer.call(verbs.lease, request):
            ledger.note(task, LEASE_SECONDS)
            match dice.random():
                case fate if fate < 0.1:  # dies: the lease runs out
                    ledger.deaths += 1
                case fate if fate < 0.2:  # gives it back
                    await _give_back(committer, verbs, queue, ledger, task)
                case _:
                    await committer.call(verbs.delete, Deletion(queue, task.id))
                    ledger.done.add(task.id)


async def _give_back(
    committer: Committer, verbs: Verbs, queue: Queue, ledger: Ledger, task: Task
) -> None:
    ledger.released.add(task.id)
    try:
        await committer.write(
            lambda tx, now: renew(tx, now, queue, task.id, verbs.ids, seconds=0, lease_eta=task.eta)
        )
    except Error:
        ledger.released.discard(task.id)  # it had run out meanwhile


async def _run(engine: Engine, processes: int) -> Ledger:
    ids = TaskIds(b"shared by all processes")
    clock = Clock()
    committers = []
    for _ in range(processes):
        committer = Committer()
        committer.start(engine.open_lanes(clock.now))
        committers.append((committer, hot_verbs(ids)))
    wanted = Queue(id=0, project_id="p", name="q", mode="pull", created_at=clock.now())
    queue = await committers[0][0].write(lambda tx, _: configure.create(tx, wanted))
    queue = replace(queue, tombstone_seconds=0)
    ledger = Ledger()

    async def produce(number: int) -> None:
        committer, verbs = committers[number % processes]
        await committer.call(verbs.insert, NewTask(queue, b"job", f"task-{number}"))

    consumers = [
        _consume(*committers[number % processes], queue, ledger, number)
        for number in range(CONSUMERS)
    ]
    async with asyncio.timeout(120):
        await asyncio.gather(*(produce(number) for number in range(TASKS)), *consumers)
    left = await committers[0][0].call(
        committers[0][1].lease, LeaseRequest(queue, num_tasks=1000, seconds=0)
    )
    assert left == []
    for committer, _ in committers:
        await committer.close()
    return ledger


def _check(ledger: Ledger) -> None:
    assert ledger.double == []
    assert ledger.done == {f"task-{number}" for number in range(TASKS)}
    assert ledger.deaths > 0


def test_no_task_is_held_by_two_consumers_and_none_is_lost(engine: Engine) -> None:
    _check(asyncio.run(_run(engine, processes=1)))


def test_the_same_with_the_lanes_of_four_processes_on_one_postgresql(
    postgres_server: PostgresServer,
) -> None:
    engine = open_engine(postgres_server.create_database())
    migrate(engine)

    _check(asyncio.run(_run(engine, processes=4)))
