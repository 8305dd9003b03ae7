"""Meters on a real database, each as a server of its own would have it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from leasehold.clock import MICROSECONDS, Clock
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine
from leasehold.usage.meter import Bucket, Meter
from leasehold.usage.quotas import DAY

T = TypeVar("T")

START = 1_700_000_000 // DAY * DAY  # seconds; a day, an hour and a minute begin


class Hands(Clock):
    """A clock that stands until it is moved, also back: as if the server were started again."""

    def __init__(self, second: int = START) -> None:
        super().__init__()
        self.second = second

    def now(self) -> int:
        return self.second * MICROSECONDS


def bucket(limit: int, bucket_id: str = "minute/shop", *, seconds: int = 60) -> Bucket:
    return Bucket(bucket_id, seconds, limit, "rateLimitExceeded")


def with_meters(engine: Engine, clocks: Sequence[Clock], visit: Callable[..., Awaitable[T]]) -> T:
    """Runs `visit` with a meter for each clock, all on the one database."""

    async def run() -> T:
        committers = [Committer() for _ in clocks]
        if engine.name == "postgresql":
            for committer, clock in zip(committers, clocks, strict=True):
                committer.start(engine.open_lanes(clock.now))
        else:  # which has one server
            committers = [committers[0]] * len(clocks)
            committers[0].start(engine.open_lanes(clocks[0].now))
        try:
            meters = [Meter(c, clock) for c, clock in zip(committers, clocks, strict=True)]
            return await visit(*meters)
        finally:
            for committer in committers:
                await committer.close()

    return asyncio.run(run())


async def spend_all(meter: Meter, buckets: Sequence[Bucket], *, at_most: int = 100_000) -> int:
    """Takes until it is refused; how often it was not."""
    for count in range(at_most):
        if await meter.take(buckets) is not None:
            return count
    return at_most
