"""A clock that tests move: no test sleeps."""

import time

from leasehold.clock import MICROSECONDS, Clock


class MovedClock(Clock):
    """Starts at the real time and stands still, but for a microsecond at each look."""

    def __init__(self) -> None:
        super().__init__()
        self._now = time.time_ns() // 1000

    def now(self) -> int:
        self._now += 1
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves on."""
        self._now += int(seconds * MICROSECONDS)
