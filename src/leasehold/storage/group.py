"""A group: calls that wait together run in one transaction and are answered together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from leasehold.errors import Error, Unavailable
from leasehold.storage.transaction import Connection, Deadlock, Transaction

MAX_CALLS = 512  # in one group: bounds how long a caller waits for the others of its group

A = TypeVar("A")
R = TypeVar("R")

# An operation on its own: one that raises undoes only itself.
Operation = Callable[[Transaction, int], R]


@dataclass(frozen=True, slots=True, eq=False)
class Verb(Generic[A, R]):
    """A hot operation that takes a list and answers each element.

    `run(tx, now, arguments)` returns, in the arguments' order, a result or the Error that refuses
    that element. What it returns is committed, refusals included; raising undoes everything.
    """

    name: str
    run: Callable[[Transaction, int, Sequence[A]], Sequence[R | Error]]


class Ledger(Protocol):
    """Writes down what the calls of a group are charged as, in the group's own transaction.

    Each entry is what the call was submitted with as its charge, and its outcome: its result, or
    the Error that refuses it. `Any`, because what a charge is, only the ledger knows. Raising
    undoes the whole group.
    """

    def __call__(self, tx: Transaction, now: int, entries: Sequence[tuple[Any, object]], /) -> None:
        """Writes the entries down."""


class Call:
    """One waiting call: what to run, and the future that its caller awaits.

    `Any`, because a group mixes calls of every type; `Committer` gives each its own back.
    """

    __slots__ = (
        *("argument", "charge", "future", "ledger", "outcome", "read_only", "submitted_at"),
        "work",
    )

    def __init__(
        self,
        work: Verb[Any, Any] | Operation[Any],
        argument: object,
        future: "asyncio.Future[Any]",
        *,
        charge: object | None = None,
        ledger: Ledger | None = None,
        read_only: bool = False,
        submitted_at: float = 0.0,
    ) -> None:
        self.work = work
        self.argument = argument
        self.future = future
        self.charge = charge if ledger else None  # None: nobody pays for it
        self.ledger = ledger  # where the charge is written down; the same for a group's every call
        self.read_only = read_only
        self.submitted_at = submitted_at  # seconds on the event loop's clock
        self.outcome: Any = None

    def answer(self) -> None:
        """Resolves the future with the outcome; to be called on the event loop's thread."""
        if self.future.done():  # the caller went away, or its deadline passed
            return
        if isinstance(self.outcome, Exception):
            self.future.set_exception(self.outcome)
        else:
            self.future.set_result(self.outcome)

    def refuse(self, error: Exception) -> None:
        """Answers with an error."""
        self.outcome = error
        self.answer()


def run_group(connection: Connection, calls: list[Call], now: Callable[[], int]) -> bool:
    """Runs the calls in one transaction and sets their outcomes; whether anything was changed.

    A unit that raises (a verb with its whole list, or one operation) undoes only itself; a verb's
    list is then run again one by one, so that only the guilty element is refused. Calls are
    charged in the same transaction: a call and its charge are durable together or not at all.
    What gave way in a deadlock is run again alone, once. Raises Busy, or what kept the transaction
    from beginning or committing: then nothing is known to have happened.
    """
    failed, changed = _run_once(connection, calls, now)
    return _run_again(connection, failed, now) or changed


def _run_once(
    connection: Connection, calls: list[Call], now: Callable[[], int]
) -> tuple[list[list[Call]], bool]:
    """The units that raised, and whether anything was changed."""
    units = _units(calls)
    read_only = all(call.read_only for call in calls)
    try:
        tx = connection.begin(read_only=read_only)
        instant = now()
        if len(units) == 1:
            failed = _run_alone(tx, instant, units[0])
        else:
            failed = _run_side_by_side(connection, tx, instant, units)
        settled = calls if not failed else _settled(units, failed)
        if failed and len(units) == 1:
            connection.rollback()
            changed = _charge_undone(connection, instant, settled)
        else:
            _charge(tx, instant, settled)
            changed = connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return failed, changed


def _run_alone(tx: Transaction, now: int, unit: list[Call]) -> list[list[Call]]:
    """Runs the only unit of a transaction; it again if it raised, and so must be rolled back."""
    try:
        _run_unit(tx, now, unit)
    except Exception as error:
        _set_outcomes(unit, error)
        return [unit]
    return []


def _run_side_by_side(
    connection: Connection, tx: Transaction, now: int, units: list[list[Call]]
) -> list[list[Call]]:
    """Runs units of one transaction; those that raised, and undid only themselves."""
    failed = []
    for unit in units:
        try:
            with connection.savepoint():
                _run_unit(tx, now, unit)
        except Exception as error:
            _set_outcomes(unit, error)
            failed.append(unit)
    return failed


def _set_outcomes(unit: list[Call], error: Exception) -> None:
    for call in unit:
        call.outcome = error


def _settled(units: list[list[Call]], failed: list[list[Call]]) -> list[Call]:
    """The calls whose outcome is final: all but those that are to be run again."""
    return [
        call
        for unit in units
        if unit not in failed or not _may_succeed_alone(unit)
        for call in unit
    ]


def _may_succeed_alone(unit: list[Call]) -> bool:
    """Whether another's call may have been to blame for what a unit raised."""
    return len(unit) > 1 or isinstance(unit[0].outcome, Deadlock)


def _charge_undone(connection: Connection, now: int, calls: list[Call]) -> bool:
    """Charges a call that was refused, and undone with its transaction, in one of its own.

    Whether there was something to charge. Raises like `run_group`: the refusal, too, is answered
    only once its charge is durable.
    """
    if not _entries(calls):
        return False
    _charge(connection.begin(), now, calls)
    return connection.commit()


def _charge(tx: Transaction, now: int, calls: list[Call]) -> None:
    entries = _entries(calls)
    if entries:
        ledger = next(call.ledger for call in calls if call.ledger is not None)
        ledger(tx, now, entries)


def _entries(calls: list[Call]) -> list[tuple[object, object]]:
    """What is to be charged: not what failed for reasons of ours, which nobody need pay for."""
    return [
        (call.charge, call.outcome)
        for call in calls
        if call.charge is not None
        and (not isinstance(call.outcome, Exception) or _is_refusal(call.outcome))
    ]


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, Error) and not isinstance(error, Unavailable)


def _run_again(connection: Connection, failed: list[list[Call]], now: Callable[[], int]) -> bool:
    """Runs what may succeed alone, one call after the other; whether anything was changed.

    What was committed before stands, so nothing is raised: once a transaction cannot begin or
    commit, that call and all after it are refused.
    """
    changed = False
    refusal: Exception | None = None
    for call in [call for unit in failed if _may_succeed_alone(unit) for call in unit]:
        try:
            if refusal is None:
                changed |= _run_once(connection, [call], now)[1]
            else:
                call.outcome = refusal
        except Exception as error:
            call.outcome = error
            refusal = Unavailable("the database is not available: try again", detail=repr(error))
    return changed


def _units(calls: list[Call]) -> list[list[Call]]:
    """The calls of each verb together, and each operation alone; verbs in order of arrival."""
    verbs: dict[Verb[Any, Any], list[Call]] = {}
    units: list[list[Call]] = []
    for call in calls:
        if not isinstance(call.work, Verb):
            units.append([call])
        elif call.work in verbs:
            verbs[call.work].append(call)
        else:
            verbs[call.work] = [call]
            units.append(verbs[call.work])
    return units


def _run_unit(tx: Transaction, now: int, unit: list[Call]) -> None:
    work = unit[0].work
    if not isinstance(work, Verb):
        unit[0].outcome = work(tx, now)
        return
    outcomes = work.run(tx, now, [call.argument for call in unit])
    for call, outcome in zip(unit, outcomes, strict=True):
        call.outcome = outcome
