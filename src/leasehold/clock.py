"""Time as an argument: who needs to know what time it is, is given a Clock."""

import time
from collections.abc import Callable

MICROSECONDS = 1_000_000  # in a second; every instant of ours is microseconds since the Unix epoch


class Clock:
    """Instants in microseconds since the Unix epoch, UTC; never goes back within a process."""

    def __init__(self, nanoseconds: Callable[[], int] = time.time_ns) -> None:
        self._nanoseconds = nanoseconds
        self._last = 0

    def now(self) -> int:
        """The current instant in microseconds.

        When the machine's clock is set back, each look is a microsecond after the last one until
        time has caught up: leases then last a little longer, and no task becomes available twice.
        Were the last instant repeated, what is inserted meanwhile would be available to nobody.
        """
        now = self._nanoseconds() // 1000
        if now < self._last:
            now = self._last + 1
        self._last = now
        return now
