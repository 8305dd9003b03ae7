"""Waiting for something that another process does and tells nobody about."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.01


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Returns once the condition holds; fails when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(POLL_SECONDS)  # a database has no signal for it
