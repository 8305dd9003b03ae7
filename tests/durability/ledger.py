"""The ledger: what a server acknowledged, kept by its callers, and what must hold afterwards."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from leasehold.storage.engine import Engine
from leasehold.storage.statements import parse

SQL = parse("""
-- name: tasks
select payloads.body, tasks.eta
  from payloads
  join tasks
    on tasks.number = payloads.number
-- name: halves
-- Tasks without their payload, and payloads without their task.
select (select count(*) from tasks
         where number not in (select number from payloads))
     + (select count(*) from payloads
         where number not in (select number from tasks))
-- name: counted
select cast(coalesce((select sum(tasks) from queue_totals), 0)
     + coalesce((select sum(tasks) from queue_changes), 0) as bigint)
""")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a database holds. Payloads are told apart by their text, which is used once."""

    etas: list[tuple[str, int]]  # payload and eta (microseconds) of every task
    halves: int  # rows that have lost their other half
    counted: int  # tasks, as the queue's statistics add them up


def holdings(engine: Engine) -> Holdings:
    """Reads the database past the server."""
    connection = engine.connect()
    tx = connection.begin(read_only=True)
    etas = [(bytes(body).decode(), eta) for body, eta in tx.all(SQL.tasks)]
    halves, counted = (tx.all(statement)[0][0] for statement in (SQL.halves, SQL.counted))
    connection.rollback()
    connection.close()
    return Holdings(etas, halves, counted)


@dataclass
class Ledger:
    """What callers sent and what was acknowledged, by payload; used by many threads."""

    sent: set[str] = field(default_factory=set)
    inserted: set[str] = field(default_factory=set)  # acknowledged
    leased: dict[str, int] = field(default_factory=dict)  # acknowledged, with the lease's end
    doubtful: set[str] = field(default_factory=set)  # their deletion was sent
    deleted: set[str] = field(default_factory=set)  # their deletion was acknowledged
    unavailable: int = 0  # replies with 503
    surprises: list[str] = field(default_factory=list)  # what no server should have said
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def noting(self) -> Iterator["Ledger"]:
        """For writing something down: wakes who waits for it."""
        with self._changed:
            yield self
            self._changed.notify_all()

    def note_lease(self, payload: str, eta: int) -> None:
        """Writes a lease down; a task that is leased may not be given out again."""
        if payload in self.leased:
            self.surprises.append(f"{payload} was leased twice")
        self.leased[payload] = eta

    @property
    def acknowledged(self) -> int:
        return len(self.inserted) + len(self.leased) + len(self.deleted)

    def wait_until(self, condition: Callable[["Ledger"], bool], *, seconds: float = 60) -> None:
        """Returns once the condition holds; fails when it does not in time."""
        with self._changed:
            held = self._changed.wait_for(lambda: condition(self) or self.surprises, seconds)
        assert held, f"not within {seconds} s: {self.acknowledged=} {self.unavailable=}"
        assert not self.surprises, self.surprises

    def lost(self, found: Iterable[str]) -> set[str]:
        """What was acknowledged as inserted, nobody tried to delete, and is not there."""
        return self.inserted - self.doubtful - set(found)

    def complaints(self, holds: Holdings) -> list[str]:
        """Every promise that was broken, in words; none when all is well."""
        times = Counter(payload for payload, _ in holds.etas)
        claims = {
            "lost": self.lost(times),
            "back after its deletion": self.deleted & times.keys(),
            "there twice": {payload for payload, count in times.items() if count > 1},
            "never sent": times.keys() - self.sent,
            "lease forgotten": {
                payload for payload, eta in holds.etas if eta < self.leased.get(payload, 0)
            },
            "halves": {str(holds.halves)} - {"0"},
            "counted wrongly": {str(holds.counted)} - {str(len(holds.etas))},
        }
        found = [f"{what}: {sorted(names)[:5]}" for what, names in claims.items() if names]
        return found + self.surprises
