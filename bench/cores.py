"""Cores of one's own: one for the servers, of which one runs at a time, and one for the load.

Then a rate is what the server's CPU allows, and the load generator takes nothing of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def two_cores() -> tuple[int, int] | None:
    """Two that we may use; None when there are no two, or the system cannot say."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keeps this process's main thread, which makes the load, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
