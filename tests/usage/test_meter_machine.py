"""The meters of several servers beside a model small enough to be obviously right."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.usage.meter import AHEAD_SECONDS, Bucket, Exhausted, Meter, sweep_allowances
from tests.usage.metering import START, Hands, bucket

T = TypeVar("T")

SERVERS = 3
WINDOWS = {"a": 60, "b": 100}  # seconds, by bucket


@dataclass
class ModelBucket:
    """What has been spent of one bucket, and what might have been."""

    limit: int
    seconds: int
    window: int = 0  # the newest in which somebody asked, since clocks are right
    spent: int = 0  # in it
    allowed: int = 0  # in all windows ever
    total: int = 0  # spent in all windows ever
    lost: int = 0  # at most, in this window: in the memory of servers that stopped
    is_steady: bool = True  # the limit was not changed in this window
    limits: set[int] = field(default_factory=set)  # that it had in this window
    came_back: bool = False  # a limit of this window did, after another

    def ask(self, now: int) -> None:
        """Somebody asks: in a window that was not there before there is the limit anew."""
        window = now - now % self.seconds
        is_far_back = self.window - window > max(AHEAD_SECONDS, self.seconds)
        if window > self.window:
            self.spent = self.lost = 0
            self.is_steady = True
            self.limits = {self.limit}
            self.came_back = False
            self.allowed += self.limit
        if window > self.window or is_far_back:
            self.window = window

    def change(self, limit: int) -> None:
        self.allowed += max(0, limit - self.limit)
        self.came_back |= limit != self.limit and limit in self.limits
        self.limits.add(limit)
        self.limit = limit
        self.is_steady = False

    def spend(self, cost: int) -> None:
        self.spent += cost
        self.total += cost


@dataclass
class Model:
    buckets: dict[str, ModelBucket] = field(default_factory=dict)
    latest: int = START  # instant that any clock has shown
    was_set_back: bool = False


class MeterMachine(RuleBasedStateMachine):
    """Every rule does the same to the servers and to the model, and compares."""

    hands: Hands
    engine: Engine
    committers: Sequence[Committer]
    wait: Callable[[Coroutine[object, object, T]], T]

    servers = st.integers(0, SERVERS - 1)
    names = st.sampled_from([["a"], ["b"], ["a", "b"], ["b", "a"]])
    limits = st.sampled_from([1, 3, 10, 50, 150, 1000])

    @initialize(limits=st.tuples(limits, limits))
    def begin(self, limits: tuple[int, int]) -> None:
        self.hands.second = START
        self.run_id = next(_numbers)  # so that no example meets the rows of another
        self.meters = [Meter(committer, self.hands) for committer in self.committers]
        self.model = Model(
            {
                name: ModelBucket(limit, seconds)
                for (name, seconds), limit in zip(WINDOWS.items(), limits, strict=True)
            }
        )

    # -- what happens

    @rule(server=servers, names=names, cost=st.integers(1, 3), times=st.integers(1, 70))
    def calls_come_one_by_one(self, server: int, names: list[str], cost: int, times: int) -> None:
        for _ in range(times):
            self.ask(names)
            outcome = self.wait(self.meters[server].take(self.buckets(names), cost))
            self.compare(names, cost, outcome, at_a_time=1)

    @rule(server=servers, names=names, cost=st.integers(1, 3), times=st.integers(2, 64))
    def calls_come_together(self, server: int, names: list[str], cost: int, times: int) -> None:
        """On one server, and a third as many on the next."""
        self.ask(names)
        takers = [(self.meters[server], times), (self.meters[server - 1], times // 3)]

        async def together() -> list[Exhausted | None]:
            calls = [m.take(self.buckets(names), cost) for m, count in takers for _ in range(count)]
            return await asyncio.gather(*calls)

        outcomes = self.wait(together())
        for outcome in sorted(outcomes, key=lambda outcome: outcome is not None):
            self.compare(names, cost, outcome, at_a_time=len(outcomes))

    @rule(server=servers, names=names, times=st.integers(1, 20))
    def calls_are_given_up(self, server: int, names: list[str], times: int) -> None:
        """What was drawn for them is at hand for others."""
        self.ask(names)

        async def give_up() -> list[Exhausted | BaseException | None]:
            meter = self.meters[server]
            calls = [asyncio.ensure_future(meter.take(self.buckets(names))) for _ in range(times)]
            await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            return await asyncio.gather(*calls, return_exceptions=True)

        for outcome in self.wait(give_up()):
            if isinstance(outcome, asyncio.CancelledError):
                continue
            assert outcome is None or isinstance(outcome, Exhausted)
            self.compare(names, 1, outcome, at_a_time=times)
        for name in names:
            self.model.buckets[name].lost += times  # until this server's next calls

    @rule(seconds=st.sampled_from([1, 7, 40, 60, 100, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.wait(self.settle())
        self.hands.second += seconds
        self.model.latest = max(self.model.latest, self.hands.second)

    @rule(seconds=st.sampled_from([1, 40, 60, 100, 599, 3600, 86_400]))
    def the_clock_is_set_back(self, seconds: int) -> None:
        self.wait(self.settle())
        self.hands.second -= seconds
        self.model.was_set_back = True

    @rule(name=st.sampled_from(sorted(WINDOWS)), limit=limits)
    def the_limit_is_changed(self, name: str, limit: int) -> None:
        self.model.buckets[name].change(limit)

    @rule(server=servers)
    def a_server_starts_again(self, server: int) -> None:
        self.meters[server] = Meter(self.committers[server], self.hands)
        for known in self.model.buckets.values():
            known.lost += max(known.limit // 100, 64 * 3)

    @rule()
    def sweep(self) -> None:
        """What was over long ago is forgotten: should the clock go back there, it begins anew."""
        connection = self.engine.connect()
        sweep_allowances(connection.begin(), self.hands.now(), 100)
        connection.commit()
        connection.close()
        for known in self.model.buckets.values():
            if known.window + known.seconds < self.hands.second - AHEAD_SECONDS:
                known.window = 0

    @rule(name=st.sampled_from(sorted(WINDOWS)))
    def a_new_window_is_spent_to_the_end(self, name: str) -> None:
        """By all servers in turn: then nothing at all is lost, whatever went before."""
        self.wait(self.settle())
        self.hands.second = self.model.latest + 86_400
        self.model.latest = self.hands.second
        known = self.model.buckets[name]
        self.ask([name])
        spent = 0
        for meter in [*self.meters, *self.meters]:
            while (outcome := self.wait(meter.take(self.buckets([name])))) is None:
                self.compare([name], 1, outcome, at_a_time=1)
                spent += 1
        assert known.limit == spent

    # -- what holds

    def compare(
        self, names: list[str], cost: int, outcome: Exhausted | None, *, at_a_time: int
    ) -> None:
        if outcome is None:
            for name in names:
                known = self.model.buckets[name]
                known.spend(cost)
                assert known.total <= known.allowed
                # A server that has not heard of a higher limit between two equal ones still has
                # what it drew under the first.
                is_exact = not (self.model.was_set_back or known.came_back)
                assert not is_exact or known.spent <= known.limit
            return
        known = self.model.buckets[outcome.bucket.id.partition("/")[0]]
        at_hand = SERVERS * max(known.limit // 100, at_a_time * cost, 64 * 3)
        is_nearly_spent = known.spent + cost + known.lost + at_hand > known.limit
        assert is_nearly_spent or not known.is_steady or self.model.was_set_back
        assert 1 <= outcome.retry_after <= known.seconds + max(AHEAD_SECONDS, known.seconds)

    async def settle(self) -> None:
        """What given-up calls still draw belongs to the window in which they came.

        A thread that has looked at the clock and then rests for minutes is too much to ask for.
        """
        for committer in self.committers:
            await asyncio.sleep(0)
            await committer.write(lambda tx, now: sweep_allowances(tx, now, 0))

    def ask(self, names: list[str]) -> None:
        for name in names:
            self.model.buckets[name].ask(self.hands.second)

    def buckets(self, names: list[str]) -> list[Bucket]:
        return [
            bucket(self.model.buckets[name].limit, f"{name}/{self.run_id}", seconds=WINDOWS[name])
            for name in names
        ]


_numbers = iter(range(10**9))


@contextmanager
def running_machine(engine: Engine) -> Iterator[type[MeterMachine]]:
    """The machine with servers that are there for all its examples."""
    hands = Hands()
    loop = asyncio.new_event_loop()
    count = SERVERS if engine.name == "postgresql" else 1  # SQLite has one server
    committers = [Committer() for _ in range(count)]

    async def start() -> None:
        for committer in committers:
            committer.start(engine.open_lanes(hands.now))

    async def close() -> None:
        for committer in committers:
            await committer.close()

    loop.run_until_complete(start())
    attributes = {
        "hands": hands,
        "engine": engine,
        "committers": [committers[n % count] for n in range(SERVERS)],
        "wait": staticmethod(loop.run_until_complete),
    }
    try:
        yield type("Machine", (MeterMachine,), attributes)
    finally:
        loop.run_until_complete(close())
        loop.close()


def run(database_url: str, *, examples: int, steps: int) -> None:
    engine = open_engine(database_url, sync=False)
    migrate(engine)
    with running_machine(engine) as machine:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_no_window_gives_more_than_its_limit_nor_much_less(
    database_url: str, engine_name: str
) -> None:
    # There is one set of rules; PostgreSQL only has to understand the same statement.
    run(database_url, examples=150 if engine_name == "sqlite" else 30, steps=25)


@pytest.mark.long
def test_no_window_gives_more_than_its_limit_nor_much_less_for_long(
    database_url: str, engine_name: str
) -> None:
    run(database_url, examples=500 if engine_name == "sqlite" else 150, steps=50)
