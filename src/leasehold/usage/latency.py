"""Latency: how long calls took, gathered in memory in steps of time and written down now and then.

A step is a fifth longer than the last one. Of the calls in a step nothing is known but that they
took longer than the step before it and at most as long as its own end: so a percentile is told as
the middle of its step, and lies within a factor of the square root of 1.2 (10 per cent) of the
exact one, between 50 microseconds and a minute.

Counts of calls are exact; latencies are not meant to be: a server that is killed loses those of
its last seconds, and calls of a minute's last seconds may appear in the next.
"""

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.usage import count_rows
from leasehold.usage.charge import Charge
from leasehold.usage.count_rows import LatencyRow
from leasehold.usage.periods import PERIODS, start_of

GROWTH = 1.2  # a step's end by the end of the one before it
ENDS = tuple(50e-6 * GROWTH**step for step in range(78))  # seconds; the last is 62.5 s
LONGER = len(ENDS)  # the step of whatever took longer than all of these

MAX_HELD = (
    20_000  # charges, outcomes and steps between two flushes (5 MB); what is more is left out
)
NOTED = 256  # calls at a time that are sorted into steps
MAX_FLUSHED = 100  # of these in one transaction, so that no caller waits long for it

Held = dict[tuple[Charge, str, int], int]


class Latencies:
    """The histograms of one server process, since they were last written down.

    Added to by the event loop's thread, and taken by the lane's that flushes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of a call only this is kept at first: many are sorted into steps in a fraction of the time
        # that as many single ones would take.
        self._noted: deque[tuple[Charge, str, float]] = deque()
        self._held: Held = {}
        self._flushing: Held = {}

    def add(self, charge: Charge, outcome: str, seconds: float) -> None:
        """Counts one call that took so long; `outcome` is "" for one that was done."""
        self._noted.append((charge, outcome, seconds))
        if len(self._noted) >= NOTED:
            self._count_noted()

    def _count_noted(self) -> None:
        with self._lock:
            held = self._held
            noted = [self._noted.popleft() for _ in range(len(self._noted))]
            steps = Counter([(charge, outcome, step_of(took)) for charge, outcome, took in noted])
            for key, calls in steps.items():
                if key in held:
                    held[key] += calls
                elif len(held) < MAX_HELD:
                    held[key] = calls

    def flush(self, tx: Transaction, now: int) -> int:
        """Writes some of them down as of `now`; how many are left for the next transactions."""
        if not self._flushing:
            self._count_noted()
            with self._lock:
                self._flushing, self._held = self._held, {}
        before = self._flushing
        some = dict(list(before.items())[:MAX_FLUSHED])
        tx.on_rollback(lambda: self._put_back(before))
        self._flushing = {key: calls for key, calls in before.items() if key not in some}
        count_rows.add_latencies(tx, _rows(some, now // MICROSECONDS))
        return len(self._flushing)

    def _put_back(self, before: Held) -> None:
        self._flushing = before


def _rows(held: Held, second: int) -> list[LatencyRow]:
    totals: dict[tuple[str, str, str, str, str, str, str], dict[int, int]] = {}
    for (charge, outcome, step), calls in held.items():
        who = (
            charge.project_id,
            charge.api,
            charge.method,
            charge.credential,
            charge.api_key,
            charge.email,
            outcome,
        )
        steps = totals.setdefault(who, {})  # charges that differ only in cost are one row
        steps[step] = steps.get(step, 0) + calls
    return [
        LatencyRow(period, start_of(period, second), *who, step, calls)
        for who, steps in totals.items()
        for step, calls in steps.items()
        for period in PERIODS
    ]


def step_of(seconds: float) -> int:
    """The first step that does not end before then; `LONGER` beyond the last.

    >>> [step_of(seconds) for seconds in (0.0, 50e-6, 51e-6, 1.0, 3600.0)]
    [0, 0, 1, 55, 78]
    """
    return bisect_left(ENDS, seconds)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long calls took, in seconds: half, nine in ten and 99 in a hundred took no longer."""

    p50: float
    p90: float
    p99: float


def percentiles(steps: Mapping[int, int]) -> Percentiles | None:
    """Percentiles of calls counted by step; None when there are none.

    The exact one is the smallest time that so many calls did not exceed (the nearest rank); this
    is within 10 per cent of it, but says 50 microseconds for less, and 62.5 s for more than that.
    """
    total = sum(steps.values())
    if total == 0:
        return None
    return Percentiles(*(_percentile(steps, -(-total * n // 100)) for n in (50, 90, 99)))


def _percentile(steps: Mapping[int, int], rank: int) -> float:
    seen = 0
    for step in sorted(steps):
        seen += steps[step]
        if seen >= rank:
            return _middle(step)
    raise AssertionError("a rank is never beyond the last call")


def _middle(step: int) -> float:
    if step == 0:
        return ENDS[0]
    if step >= LONGER:
        return ENDS[-1]
    return sqrt(ENDS[step - 1] * ENDS[step])
