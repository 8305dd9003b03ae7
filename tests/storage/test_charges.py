"""Charges: a call and what it is charged are durable together or not at all; on both engines."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from leasehold.clock import Clock
from leasehold.errors import Conflict, Error, NotFound, OutcomeUnknown, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine
from leasehold.storage.group import Call, Operation, Verb, run_group
from leasehold.storage.transaction import Busy, Connection, Transaction
from tests.storage import notes
from tests.storage.notes import SQL, adding

MakeCall = Callable[..., Call]

FIRST_CHARGE = 1_000  # notes from here on are the ledger's


class NotesLedger:
    """A ledger that writes a note for each call: its charge, and how the call ended."""

    def __init__(self) -> None:
        self.written = FIRST_CHARGE
        self.fails = False

    def __call__(self, tx: Transaction, now: int, entries: Sequence[tuple[Any, object]], /) -> None:  # noqa: ARG002  # every ledger is given the time
        for charge, outcome in entries:
            words = outcome.reason if isinstance(outcome, Error) else "done"
            tx.run(SQL.add, id=self.written, words=f"{charge} {words}", body=None)
            self.written += 1
        if self.fails:
            raise ValueError("the ledger is full")


@pytest.fixture
def ledger() -> NotesLedger:
    return NotesLedger()


@pytest.fixture
def call(ledger: NotesLedger) -> Iterator[MakeCall]:
    """Makes calls whose futures nobody awaits."""
    loop = asyncio.new_event_loop()

    def make(
        work: Verb[Any, Any] | Operation[Any], argument: object = None, *, charge: object = None
    ) -> Call:
        return Call(work, argument, loop.create_future(), charge=charge, ledger=ledger)

    yield make
    loop.close()


def add_all(tx: Transaction, now: int, numbers: Sequence[int]) -> Sequence[int | Error]:  # noqa: ARG001  # every verb is given the time
    """Adds notes; refuses 13, and raises for the whole list when 404 is in it."""
    tx.many(SQL.add_many, [(number, None, None) for number in numbers if number != 13])
    if 404 in numbers:
        raise NotFound("no such number")
    return [Conflict("unlucky") if number == 13 else number for number in numbers]


ADD = Verb("add", add_all)


def refusing(tx: Transaction, now: int) -> None:
    """Changes something and then refuses."""
    adding(99)(tx, now)
    raise NotFound("not there after all")


def reading(tx: Transaction, now: int) -> int:  # noqa: ARG001  # every operation is given the time
    """Changes nothing."""
    return len(tx.all(SQL.everything))


def run(connection: Connection, *calls: Call) -> list[object]:
    """What became of each call, errors by their class."""
    run_group(connection, list(calls), lambda: 1)
    return [
        type(call.outcome) if isinstance(call.outcome, Exception) else call.outcome
        for call in calls
    ]


def numbers(engine: Engine) -> list[int]:
    """The notes that the calls left."""
    return [number for number in notes.stored_ids(engine) if number < FIRST_CHARGE]


def charged(engine: Engine) -> list[str]:
    """What the ledger wrote and is durable."""
    return [row[1] for row in notes.stored(engine) if row[0] >= FIRST_CHARGE]


def test_every_call_of_a_group_is_charged_with_its_outcome(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    run(
        connection,
        call(ADD, 1, charge="ada"),
        call(adding(2), charge="eve"),
        call(ADD, 13, charge="ada"),
        call(adding(3)),
    )

    assert ["ada done", "eve done", "ada duplicate"] == charged(engine)
    assert [1, 2, 3] == numbers(engine)


def test_an_operation_that_is_refused_among_others_is_undone_and_charged(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    outcomes = run(connection, call(adding(1), charge="ada"), call(refusing, charge="eve"))

    assert [1, NotFound] == outcomes
    assert ["ada done", "eve notFound"] == charged(engine)
    assert [1] == numbers(engine)


def test_an_operation_alone_that_is_refused_is_undone_and_charged(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    outcomes = run(connection, call(refusing, charge="eve"))

    assert [NotFound] == outcomes
    assert ["eve notFound"] == charged(engine)
    assert [] == numbers(engine)


@pytest.mark.parametrize("others", [[], [adding(50)]], ids=["alone", "with another operation"])
def test_a_list_that_raises_is_charged_once_for_each_element_with_its_own_outcome(
    engine: Engine, connection: Connection, call: MakeCall, others: list[Operation[int]]
) -> None:
    run(
        connection,
        *(call(ADD, number, charge=f"of {number}") for number in (1, 404, 2)),
        *(call(other, charge="another") for other in others),
    )

    expected = ["of 1 done", "of 404 notFound", "of 2 done", *("another done" for _ in others)]
    assert sorted(expected) == sorted(charged(engine))
    assert [1, 2, *(50 for _ in others)] == numbers(engine)


@pytest.mark.parametrize("others", [[], [adding(50)]], ids=["alone", "with another operation"])
@pytest.mark.parametrize("error", [Unavailable("later"), KeyError("a mistake of ours")])
def test_what_failed_for_reasons_of_ours_is_not_charged(
    engine: Engine,
    connection: Connection,
    call: MakeCall,
    others: list[Operation[int]],
    error: Exception,
) -> None:
    def failing(tx: Transaction, now: int) -> None:
        adding(99)(tx, now)
        raise error

    run(connection, call(failing, charge="ada"), *(call(other, charge="eve") for other in others))

    assert ["eve done" for _ in others] == charged(engine)


def test_what_the_database_refuses_is_not_charged(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    calls = [call(adding(1), charge="first"), call(adding(1), charge="second")]

    run(connection, *calls)

    assert isinstance(calls[1].outcome, Exception)
    assert ["first done"] == charged(engine)


def test_when_the_ledger_fails_nothing_is_done(
    engine: Engine, connection: Connection, call: MakeCall, ledger: NotesLedger
) -> None:
    ledger.fails = True

    with pytest.raises(ValueError, match="full"):
        run(connection, call(ADD, 1, charge="ada"), call(adding(2), charge="eve"))

    assert [] == notes.stored_ids(engine)


class _EndsBeforeItsCommit:
    """A connection whose commit fails, as on a full disk or when the server is lost."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def commit(self) -> bool:
        raise OutcomeUnknown("the connection was lost")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # everything else is the connection's
        return getattr(self._connection, name)


@pytest.mark.parametrize("work", [adding(1), refusing], ids=["done", "refused"])
def test_when_the_commit_fails_neither_the_change_nor_its_charge_is_made(
    engine: Engine, connection: Connection, call: MakeCall, work: Operation[Any]
) -> None:
    ending: Any = _EndsBeforeItsCommit(connection)

    with pytest.raises(OutcomeUnknown):
        run(ending, call(work, charge="ada"))

    assert [] == notes.stored_ids(engine)


class _BusyTheSecondTime:
    """A connection that can begin once: then another process takes the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._began = False

    def begin(self, *, read_only: bool = False) -> Transaction:
        if self._began:
            raise Busy
        self._began = True
        return self._connection.begin(read_only=read_only)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # everything else is the connection's
        return getattr(self._connection, name)


def test_a_refusal_that_cannot_be_charged_now_is_as_if_nothing_had_been_run(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    taken: Any = _BusyTheSecondTime(connection)
    refused = call(refusing, charge="ada")

    with pytest.raises(Busy):
        run(taken, refused)
    run(connection, refused)

    assert ["ada notFound"] == charged(engine)


def test_calls_without_a_charge_leave_the_ledger_alone(
    engine: Engine, connection: Connection, call: MakeCall, ledger: NotesLedger
) -> None:
    run(connection, call(ADD, 1), call(refusing), call(adding(2)))

    assert FIRST_CHARGE == ledger.written
    assert [1, 2] == numbers(engine)


def in_a_committer(
    engine: Engine, ledger: NotesLedger | None, scenario: Callable[[Committer], Any]
) -> Any:  # noqa: ANN401  # whatever the scenario returns
    """Runs the scenario with a committer on the engine's lanes."""

    async def start_and_run() -> Any:  # noqa: ANN401  # as above
        committer = Committer(ledger=ledger)
        committer.start(engine.open_lanes(Clock().now))
        try:
            return await scenario(committer)
        finally:
            await committer.close()

    return asyncio.run(start_and_run())


def test_a_read_with_a_charge_is_charged_before_it_is_answered(
    engine: Engine, ledger: NotesLedger
) -> None:
    async def scenario(committer: Committer) -> tuple[int, list[str]]:
        found = await committer.read(reading, "ada")
        return found, charged(engine)

    assert (0, ["ada done"]) == in_a_committer(engine, ledger, scenario)


def test_reads_with_and_without_a_charge_go_together(engine: Engine, ledger: NotesLedger) -> None:
    async def scenario(committer: Committer) -> list[int]:
        return await asyncio.gather(*(committer.read(reading, who) for who in (None, "ada", "eve")))

    assert [0, 0, 0] == in_a_committer(engine, ledger, scenario)
    assert ["ada done", "eve done"] == sorted(charged(engine))


def test_verbs_and_operations_are_charged_before_they_are_answered(
    engine: Engine, ledger: NotesLedger
) -> None:
    async def scenario(committer: Committer) -> list[list[str]]:
        seen = []
        await committer.call(ADD, 1, "ada")
        seen.append(charged(engine))
        await committer.write(adding(2), "eve")
        seen.append(charged(engine))
        with pytest.raises(NotFound):
            await committer.write(refusing, "eve")
        seen.append(charged(engine))
        return seen

    lists = in_a_committer(engine, ledger, scenario)

    written = ["ada done", "eve done", "eve notFound"]
    assert [written[:1], written[:2], written] == lists


def test_without_a_ledger_nothing_is_charged(engine: Engine) -> None:
    async def scenario(committer: Committer) -> int:
        await committer.call(ADD, 1, "ada")
        return await committer.read(reading, "ada")

    assert 1 == in_a_committer(engine, None, scenario)
    assert [1] == notes.stored_ids(engine)
