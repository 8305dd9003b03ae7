"""A queue beside a model small enough to be obviously right, driven at random on both engines."""

from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from leasehold.clock import MICROSECONDS
from leasehold.errors import Error
from leasehold.queues.insert import NewTask
from leasehold.queues.model import Task
from leasehold.storage.engine import Engine
from tests.queues.queue_under_test import QueueUnderTest, make_queue

RETRY_LIMIT = 3
TOMBSTONE_SECONDS = 100


@dataclass
class ModelTask:
    """What the model remembers of a task."""

    id: str
    payload: bytes
    tag: str | None
    eta: int
    order: int
    leases: int = 0


class QueueMachine(RuleBasedStateMachine):
    """Every rule does the same to the queue and to the model, and compares."""

    engine: Engine

    tasks = Bundle("tasks")
    names = st.sampled_from(["a", "b", "c", None, None])
    tags = st.sampled_from([None, "red", "blue"])
    payloads = st.binary(max_size=20)
    seconds = st.integers(0, 60)

    def __init__(self) -> None:
        super().__init__()
        self.queue: QueueUnderTest = make_queue(self.engine, _next_name())
        self.queue.set(task_retry_limit=RETRY_LIMIT, tombstone_seconds=TOMBSTONE_SECONDS)
        self.model: dict[str, ModelTask] = {}
        self.free_at: dict[str, int] = {}
        self.inserted = 0
        self.leases: list[tuple[int, int]] = []  # instant, tasks

    def teardown(self) -> None:
        self.queue.connection.close()

    def _insert_into_model(self, new: NewTask, task: Task) -> None:
        self.inserted += 1
        eta = max(new.eta or 0, task.enqueued_at)
        self.model[task.id] = ModelTask(task.id, new.payload, new.tag, eta, self.inserted)

    def _remove_from_model(self, task_id: str) -> None:
        del self.model[task_id]
        self.free_at[task_id] = self.queue.clock.now() + TOMBSTONE_SECONDS * MICROSECONDS

    @rule(
        target=tasks,
        new=st.lists(st.tuples(names, payloads, tags, seconds), min_size=1, max_size=4),
    )
    def insert(self, new: list[tuple[str | None, bytes, str | None, int]]) -> object:
        now = self.queue.clock.now()
        arguments = [
            self.queue.new(name, payload, tag=tag, eta=now + delay * MICROSECONDS)
            for name, payload, tag, delay in new
        ]
        outcomes = self.queue.group(self.queue.verbs.insert, arguments)

        for argument, outcome in zip(arguments, outcomes, strict=True):
            name = argument.name
            taken = name in self.model or self.free_at.get(name or "", 0) > now
            assert isinstance(outcome, Error) == taken
            if isinstance(outcome, Task):
                self._insert_into_model(argument, outcome)
        return multiple(*(outcome.id for outcome in outcomes if isinstance(outcome, Task)))

    @rule(num_tasks=st.integers(1, 5), seconds=seconds)
    def lease(self, num_tasks: int, seconds: int) -> None:
        available = sorted(self._available(), key=attrgetter("eta", "order"))
        self._compare_lease(available, num_tasks, seconds, self.queue.lease(num_tasks, seconds))

    @rule(num_tasks=st.integers(1, 5), seconds=seconds, tag=st.sampled_from(["red", "blue"]))
    def lease_by_tag(self, num_tasks: int, seconds: int, tag: str) -> None:
        of_tag = [task for task in self._available() if task.tag == tag]
        available = sorted(of_tag, key=attrgetter("eta", "order"))
        leased = self.queue.lease(num_tasks, seconds, by_tag=True, tag=tag)
        self._compare_lease(available, num_tasks, seconds, leased)

    def _available(self) -> list[ModelTask]:
        now = self.queue.clock.now()
        return [task for task in self.model.values() if task.eta < now]

    def _compare_lease(
        self, available: list[ModelTask], num_tasks: int, seconds: int, leased: list[Task]
    ) -> None:
        expected: list[ModelTask] = []
        for task in available:
            if len(expected) == num_tasks:
                break
            if task.leases >= RETRY_LIMIT:
                self._remove_from_model(task.id)
            else:
                expected.append(task)
        assert [(t.id, t.payload, t.tag) for t in leased] == [
            (t.id, t.payload, t.tag) for t in expected
        ]
        for task, lease in zip(expected, leased, strict=True):
            task.leases += 1
            task.eta = lease.eta
            assert lease.retry_count == task.leases
            assert 0 <= self.queue.clock.now() - (lease.eta - seconds * MICROSECONDS) < 1000
        if leased:
            self.leases.append((self.queue.clock.now(), len(leased)))

    @rule(task_id=consumes(tasks))
    def delete(self, task_id: str) -> None:
        there = task_id in self.model
        try:
            self.queue.delete(task_id)
        except Error:
            assert not there
        else:
            assert there
            self._remove_from_model(task_id)

    @rule(task_id=tasks, seconds=seconds, own=st.booleans())
    def renew(self, task_id: str, seconds: int, own: bool) -> None:  # noqa: FBT001  # hypothesis passes it
        task = self.model.get(task_id)
        running = task is not None and task.eta >= self.queue.clock.now()
        lease_eta = (task.eta if task else 1) if own else 12345
        try:
            renewed = self.queue.renew(task_id, seconds, lease_eta)
        except Error:
            assert not (running and own)
        else:
            assert task is not None
            assert running
            assert own
            task.eta = renewed.eta

    @rule(seconds=st.integers(1, 150))
    def time_passes(self, seconds: int) -> None:
        self.queue.clock.advance(seconds)

    @rule()
    def fold(self) -> None:
        self.queue.fold()

    @invariant()
    def the_queue_holds_what_the_model_holds(self) -> None:
        listed = {task.id: (task.eta, task.retry_count) for task in self.queue.list()}
        assert listed == {task.id: (task.eta, task.leases) for task in self.model.values()}

    @invariant()
    def the_statistics_are_exact(self) -> None:
        counts = self.queue.statistics()
        assert counts.total_tasks == len(self.model)
        assert counts.total_bytes == sum(len(task.payload) for task in self.model.values())
        assert counts.oldest_eta == min((task.eta for task in self.model.values()), default=None)
        minute_ago = self.queue.clock.now() - 61 * MICROSECONDS
        lately = sum(count for instant, count in self.leases if instant > minute_ago)
        assert counts.leased_last_minute <= lately


_names = iter(range(10**9))


def _next_name() -> str:
    return f"machine-{next(_names)}"


def _run(engine: Engine, examples: int, steps: int) -> None:
    machine = type("Machine", (QueueMachine,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_queue_does_what_its_model_does(engine: Engine) -> None:
    _run(engine, examples=60, steps=30)


@pytest.mark.long
def test_a_queue_does_what_its_model_does_for_long(engine: Engine) -> None:
    _run(engine, examples=1500, steps=60)
