"""Groups: calls that wait together run in one transaction, and a failure undoes only its own."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from leasehold.errors import Conflict, Error
from leasehold.storage.engine import Engine
from leasehold.storage.group import Call, Operation, Verb, run_group
from leasehold.storage.transaction import Connection, Transaction
from tests.storage import notes
from tests.storage.notes import SQL, adding

MakeCall = Callable[..., Call]


@pytest.fixture
def call() -> Iterator[MakeCall]:
    """Makes calls whose futures nobody awaits."""
    loop = asyncio.new_event_loop()

    def make(work: Verb[Any, Any] | Operation[Any], argument: object = None) -> Call:
        return Call(work, argument, loop.create_future())

    yield make
    loop.close()


def add_all(tx: Transaction, now: int, numbers: Sequence[int]) -> Sequence[str | Error]:  # noqa: ARG001  # every verb is given the time
    """Adds notes; refuses 13, and fails for the whole list when 666 is in it."""
    tx.many(SQL.add_many, [(number, None, None) for number in numbers if number != 13])
    if 666 in numbers:
        raise ValueError("no good number")
    return [Conflict("unlucky") if number == 13 else f"added {number}" for number in numbers]


ADD = Verb("add", add_all)


def failing(tx: Transaction, now: int) -> None:
    """Changes something and then raises."""
    adding(99)(tx, now)
    raise KeyError("later")


def run(connection: Connection, calls: list[Call]) -> list[object]:
    """What became of each call, errors by their class."""
    run_group(connection, calls, lambda: 1)
    return [
        type(call.outcome) if isinstance(call.outcome, Exception) else call.outcome
        for call in calls
    ]


def test_outcomes_are_in_the_order_of_the_calls(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    works: list[Call] = [call(ADD, 3), call(adding(7)), call(ADD, 1), call(adding(5)), call(ADD, 2)]

    assert run(connection, works) == ["added 3", 7, "added 1", 5, "added 2"]
    assert notes.stored_ids(engine) == [1, 2, 3, 5, 7]


def test_an_operation_that_raises_undoes_only_itself(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    outcomes = run(connection, [call(adding(1)), call(failing), call(ADD, 2), call(adding(3))])

    assert outcomes == [1, KeyError, "added 2", 3]
    assert notes.stored_ids(engine) == [1, 2, 3]


def test_an_operation_alone_that_raises_leaves_nothing(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    assert run(connection, [call(failing)]) == [KeyError]
    assert notes.stored_ids(engine) == []


def test_what_the_database_refuses_fails_alone(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    calls = [call(adding(1)), call(adding(1)), call(adding(2))]
    run(connection, calls)

    assert [isinstance(made.outcome, Exception) for made in calls] == [False, True, False]
    assert notes.stored_ids(engine) == [1, 2]


@pytest.mark.parametrize("others", [[], [adding(50)]], ids=["alone", "with another operation"])
def test_a_list_that_raises_is_run_again_one_by_one(
    engine: Engine, connection: Connection, call: MakeCall, others: list[Operation[int]]
) -> None:
    calls = [call(ADD, 1), call(ADD, 666), call(ADD, 2), *map(call, others)]

    assert run(connection, calls)[:3] == ["added 1", ValueError, "added 2"]
    assert notes.stored_ids(engine) == [1, 2, *(50 for _ in others)]


def test_a_refused_element_does_not_hinder_the_others(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    outcomes = run(connection, [call(ADD, 1), call(ADD, 13), call(ADD, 2)])

    assert outcomes == ["added 1", Conflict, "added 2"]
    assert notes.stored_ids(engine) == [1, 2]


def test_what_a_refusing_verb_changed_is_committed(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    def count_and_refuse(tx: Transaction, now: int, numbers: Sequence[int]) -> list[Error]:
        for number in numbers:
            adding(number)(tx, now)
        return [Conflict("counted, and refused") for _ in numbers]

    outcomes = run(connection, [call(Verb("refuse", count_and_refuse), 4)])

    assert outcomes == [Conflict]
    assert notes.stored_ids(engine) == [4]


class _EndsAfterItsFirstCommit:
    """A connection that can begin no second transaction, as when another process takes the file."""

    def __init__(self, connection: Connection, error: Exception) -> None:
        self._connection = connection
        self._error = error
        self._committed = False

    def begin(self, *, read_only: bool = False) -> Transaction:
        if self._committed:
            raise self._error
        return self._connection.begin(read_only=read_only)

    def commit(self) -> bool:
        self._committed = True
        return self._connection.commit()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # everything else is the connection's
        return getattr(self._connection, name)


def test_when_the_second_run_cannot_begin_what_was_committed_is_still_answered(
    engine: Engine, connection: Connection, call: MakeCall
) -> None:
    calls = [call(adding(50)), call(ADD, 1), call(ADD, 666)]
    ending: Any = _EndsAfterItsFirstCommit(connection, OSError("taken"))

    outcomes = run(ending, calls)

    assert outcomes[0] == 50
    assert all(issubclass(outcome, Exception) for outcome in outcomes[1:])  # type: ignore[arg-type]  # errors by class
    assert notes.stored_ids(engine) == [50]
