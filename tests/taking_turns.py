"""What one process at a time may do, when several run the tests: to install what is missing."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCKS = Path(__file__).parent.parent / ".cache"


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Waits until no other process has the turn of this name. It ends with its process, too."""
    LOCKS.mkdir(exist_ok=True)
    with (LOCKS / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
