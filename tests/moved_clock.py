"""A clock that tests move: no test sleeps."""

import time

from leasehold.clock import MICROSECONDS, Clock


class MovedClock(Clock):
    """Stands still, but for a microsecond at each look; by itself it starts at the real time."""

    def __init__(self, now: int | None = None) -> None:
        super().__init__()
        self._now = time.time_ns() // 1000 if now is None else now

    def now(self) -> int:
        self._now += 1
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves on."""
        self._now += int(seconds * MICROSECONDS)
