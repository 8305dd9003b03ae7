"""The book that callers keep of their calls, and what reports must say of these.

It knows nothing of how a server counts: only what was sent, and what was answered.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from tests.durability.machine_clock import MICROSECONDS

K = TypeVar("K")

DONE = "done"
UNAVAILABLE = "backendError"  # with status 503: nobody pays for what was the server's fault
LOST = ""  # the connection was lost before the answer came

MINUTE = 60
SHOWN = 10  # complaints of each kind


class Charge(NamedTuple):
    """All that a report tells of who called what."""

    project: str
    api: str
    method: str
    credential: str
    api_key: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that was sent. Instants are microseconds of the servers' clock."""

    charge: Charge | None  # None: nobody may be charged
    outcome: str  # DONE, the reason of a refusal, or LOST
    possible: frozenset[str]  # outcomes that it may have had
    sent_at: int
    answered_at: int  # or when it was noticed that no answer would come
    payload: str = ""  # of a task that nobody leases or deletes; "": the call is no such insert

    @property
    def minutes(self) -> range:
        """The starts of those in which it may have been counted."""
        first, last = (
            instant // MICROSECONDS // MINUTE * MINUTE
            for instant in (self.sent_at, self.answered_at)
        )
        return range(first, last + 1, MINUTE)


class Line(NamedTuple):
    """What one line of a report is about."""

    starts: int  # seconds
    charge: Charge
    outcome: str


@dataclass
class CallBook:
    """Every call of all callers; used by many threads."""

    entries: list[Entry] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)  # what no server should have answered
    _paid: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, entries: Iterable[Entry]) -> None:
        """Writes calls down once nothing more will be known of them."""
        with self._changed:
            for entry in entries:
                self.entries.append(entry)
                self._paid += entry.charge is not None
                if entry.outcome != LOST and entry.outcome not in entry.possible:
                    self.surprises.append(f"{entry.outcome!r} is none of {entry}")
            self._changed.notify_all()

    def complain(self, surprise: str) -> None:
        with self._changed:
            self.surprises.append(surprise)
            self._changed.notify_all()

    def answered(self) -> list[Entry]:
        """The calls whose outcome is known, so far."""
        with self._changed:
            return [entry for entry in self.entries if entry.outcome != LOST]

    def wait_until(self, condition: Callable[[], bool], *, seconds: float = 60) -> None:
        """Returns once the condition holds; fails when it does not in time."""
        with self._changed:
            held = self._changed.wait_for(lambda: condition() or self.surprises, seconds)
        assert held, f"not within {seconds} s: {len(self.entries)} calls"
        assert not self.surprises, self.surprises

    def wait_for_calls(self, number: int) -> None:
        """Returns when so many more calls were answered or lost for which somebody pays."""
        goal = self._paid + number
        self.wait_until(lambda: self._paid >= goal)

    def outcomes(self) -> Counter[str]:
        """How many calls had each outcome."""
        return Counter(entry.outcome for entry in self.entries)


def settled(entries: Iterable[Entry], found: set[str]) -> list[Entry]:
    """The entries, with inserts whose answer was lost made known: their tasks are there or not.

    So a call that was lost is counted exactly if it was done. One that was not done is left out.
    """
    known = []
    for entry in entries:
        if entry.outcome != LOST or not entry.payload:
            known.append(entry)
        elif entry.payload in found:
            known.append(replace(entry, outcome=DONE))
    return known


class Bounds:
    """How often each thing must have been counted at least, and may have been at most.

    The two are the same but for calls that were lost, and for those during which the clock passed
    from one minute to another.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.least: Counter[Line] = Counter()
        self.most: Counter[Line] = Counter()
        self.least_ever: Counter[tuple[Charge, str]] = Counter()
        self.most_ever: Counter[tuple[Charge, str]] = Counter()
        self.most_of_all: Counter[Charge] = Counter()  # whatever the outcome
        for entry in entries:
            if entry.charge is not None:
                self._add(entry, entry.charge)

    def _add(self, entry: Entry, charge: Charge) -> None:
        self.most_of_all[charge] += 1
        is_known = entry.outcome != LOST
        for outcome in [entry.outcome] if is_known else entry.possible:
            self.most_ever[charge, outcome] += 1
            self.most.update(Line(minute, charge, outcome) for minute in entry.minutes)
        if is_known:
            self.least_ever[charge, entry.outcome] += 1
        if is_known and len(entry.minutes) == 1:
            self.least[Line(entry.minutes[0], charge, entry.outcome)] += 1

    def complaints(self, minutes: Mapping[Line, int]) -> list[str]:
        """What a report by minute says wrongly, in words; none when all is well."""
        ever: Counter[tuple[Charge, str]] = Counter()
        of_all: Counter[Charge] = Counter()
        for line, calls in minutes.items():
            ever[line.charge, line.outcome] += calls
            of_all[line.charge] += calls
        return [
            *outside(ever, self.least_ever, self.most_ever),
            *outside(minutes, self.least, self.most),
            *outside(of_all, {}, self.most_of_all),
        ]


def outside(counted: Mapping[K, int], least: Mapping[K, int], most: Mapping[K, int]) -> list[str]:
    """What was counted less or more often than it may have been, in words."""
    wrong = [
        f"{what}: counted {counted.get(what, 0)}, made {least.get(what, 0)} to {most.get(what, 0)}"
        for what in {**least, **counted}
        if not least.get(what, 0) <= counted.get(what, 0) <= most.get(what, 0)
    ]
    return wrong[:SHOWN]
