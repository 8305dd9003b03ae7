"""A queue on a real database, driven without a server: each call is a group of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from leasehold.errors import Error
from leasehold.queues import configure, read, stats, sweep
from leasehold.queues.delete import Deletion
from leasehold.queues.insert import NewTask
from leasehold.queues.lease import LeaseRequest
from leasehold.queues.model import Queue, Statistics, Task
from leasehold.queues.renew import renew
from leasehold.queues.task_id import TaskIds
from leasehold.queues.verbs import Verbs, hot_verbs
from leasehold.storage.engine import Engine
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Connection, Transaction
from tests.moved_clock import MovedClock

A = TypeVar("A")
R = TypeVar("R")


@dataclass
class QueueUnderTest:
    """One queue and the verbs on it. Refusals are raised, as a single caller would see them."""

    connection: Connection
    clock: MovedClock
    queue: Queue
    verbs: Verbs = field(default_factory=lambda: hot_verbs(TaskIds(b"a key of the tests")))

    def do(self, operation: Callable[[Transaction, int], R]) -> R:
        tx = self.connection.begin()
        try:
            value = operation(tx, self.clock.now())
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()
        return value

    def group(self, verb: Verb[A, R], arguments: Sequence[A]) -> list[R | Error]:
        """Runs the verb once for several callers."""
        return list(self.do(lambda tx, now: verb.run(tx, now, arguments)))

    def _one(self, verb: Verb[A, R], argument: A) -> R:
        outcome = self.group(verb, [argument])[0]
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    def new(self, name: str | None = None, payload: bytes = b"job", **more: Any) -> NewTask:  # noqa: ANN401  # a test's own words
        return NewTask(queue=self.queue, payload=payload, name=name, **more)

    def insert(self, name: str | None = None, payload: bytes = b"job", **more: Any) -> Task:  # noqa: ANN401  # as above
        return self._one(self.verbs.insert, self.new(name, payload, **more))

    def asks(self, num_tasks: int = 1, seconds: int = 30, **more: Any) -> LeaseRequest:  # noqa: ANN401  # as above
        return LeaseRequest(queue=self.queue, num_tasks=num_tasks, seconds=seconds, **more)

    def lease(self, num_tasks: int = 1, seconds: int = 30, **more: Any) -> list[Task]:  # noqa: ANN401  # as above
        return self._one(self.verbs.lease, self.asks(num_tasks, seconds, **more))

    def leased_ids(self, num_tasks: int = 1, seconds: int = 30, **more: Any) -> list[str]:  # noqa: ANN401  # as above
        return [task.id for task in self.lease(num_tasks, seconds, **more)]

    def delete(self, task_id: str, lease_eta: int | None = None) -> None:
        self._one(self.verbs.delete, Deletion(self.queue, task_id, lease_eta))

    def renew(self, task_id: str, seconds: int = 30, lease_eta: int | None = None) -> Task:
        return self.do(
            lambda tx, now: renew(
                tx,
                now,
                self.queue,
                task_id,
                self.verbs.ids,
                seconds=seconds,
                lease_eta=lease_eta,
            )
        )

    def get(self, task_id: str) -> Task:
        return self.do(lambda tx, _: read.get(tx, self.queue, task_id, self.verbs.ids))

    def list(self) -> list[Task]:
        return self.do(lambda tx, _: read.list_tasks(tx, self.queue, self.verbs.ids))

    def statistics(self) -> Statistics:
        return self.do(lambda tx, now: stats.statistics(tx, now, self.queue))

    def fold(self) -> int:
        return self.do(sweep.fold_changes)

    def purge(self) -> int:
        seconds = self.queue.tombstone_seconds
        return self.do(
            lambda tx, now: sweep.purge_some(
                tx, now, self.queue.id, before=now, tombstone_seconds=seconds
            )
        )

    def set(self, **settings: Any) -> None:  # noqa: ANN401  # as above
        self.queue = replace(self.queue, **settings)
        self.do(lambda tx, _: configure.change(tx, self.queue))


def make_queue(engine: Engine, name: str = "q") -> QueueUnderTest:
    """A new pull queue on a migrated database."""
    clock = MovedClock()
    connection = engine.connect()
    tx = connection.begin()
    wanted = Queue(id=0, project_id="p", name=name, mode="pull", created_at=clock.now())
    queue = configure.create(tx, wanted)
    connection.commit()
    return QueueUnderTest(connection, clock, queue)
