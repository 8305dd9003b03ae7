"""A machine's clock that a test sets: it stands until it is moved, for all processes on it.

Run as `python -m tests.durability.machine_clock CLOCK_FILE serve …`, this is `leasehold` on such a
machine.
"""

import itertools
import mmap
import sys
import time
from collections.abc import Callable
from pathlib import Path

MICROSECONDS = 1_000_000
_BYTES = 8


class MachineClock:
    """The clock, in a file that every process maps."""

    def __init__(self, path: Path, *, second: int) -> None:
        self.path = path
        path.write_bytes(_written(second))
        self._shared = _shared(path)

    def now(self) -> int:
        """Microseconds since the Unix epoch."""
        return int.from_bytes(self._shared[:_BYTES]) // 1000

    def move_to(self, second: int) -> None:
        """Moves every process on the machine to this second at once."""
        self._shared[:_BYTES] = _written(second)


def _written(second: int) -> bytes:
    return (second * 10**9).to_bytes(_BYTES)


def _shared(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), _BYTES)


def nanoseconds(path: Path) -> Callable[[], int]:
    """What `time.time_ns` is on the machine; each look takes a microsecond."""
    shared = _shared(path)
    looks = itertools.count()
    return lambda: int.from_bytes(shared[:_BYTES]) + next(looks) * 1000


if __name__ == "__main__":
    time.time_ns = nanoseconds(Path(sys.argv.pop(1)))
    from leasehold.cli.main import main  # only now, for it takes the function with it

    main()
