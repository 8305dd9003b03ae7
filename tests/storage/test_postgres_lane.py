"""PostgreSQL's lanes when their connection is lost: nothing may be answered that is not there."""

import asyncio
import threading

import pytest

from leasehold.errors import Unavailable
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.postgres import PostgresServer
from tests.storage import notes
from tests.storage.notes import adding, committing

SQL = parse("""
-- name: own_backend
select pg_backend_pid()
-- name: hold
select pg_advisory_xact_lock(:number)
-- name: end_backend
-- The second number is how many milliseconds to wait until it is gone.
select pg_terminate_backend(cast(:pid as integer), 10000)
""")


@pytest.fixture
def engine(postgres_server: PostgresServer) -> Engine:
    """PostgreSQL alone: SQLite has no connection to lose."""
    engine = open_engine(postgres_server.create_database())
    notes.make_table(engine)
    return engine


def lose_connection(engine: Engine, tx: Transaction) -> None:
    """Ends the transaction's backend, as an administrator or a crash would."""
    row = tx.one(SQL.own_backend)
    assert row is not None
    other = engine.connect()
    assert other.begin().one(SQL.end_backend, pid=row[0]) == (True,)
    other.close()


def test_nothing_of_a_group_is_answered_whose_connection_was_lost(engine: Engine) -> None:
    def losing(tx: Transaction, now: int) -> int:
        adding(2)(tx, now)
        lose_connection(engine, tx)
        return 2

    async def scenario() -> list[int | BaseException]:
        async with committing(engine) as committer:
            # Submitted at once they are one group, unless the lane is quicker: then it is two.
            calls = [committer.write(work) for work in (adding(1), losing, adding(3), adding(4))]
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(scenario())

    assert isinstance(outcomes[1], Unavailable)
    assert [o for o in outcomes if isinstance(o, int)] == notes.stored_ids(engine)


def test_after_a_lost_connection_the_lane_opens_another(engine: Engine) -> None:
    async def scenario() -> int:
        async with committing(engine) as committer:
            with pytest.raises(Unavailable):
                await committer.write(lambda tx, _: lose_connection(engine, tx))
            return await committer.write(adding(1))

    assert asyncio.run(scenario()) == 1


def test_a_read_whose_connection_is_lost_is_refused_as_unavailable(engine: Engine) -> None:
    def losing(tx: Transaction, now: int) -> object:  # noqa: ARG001  # every operation is given the time
        lose_connection(engine, tx)
        return tx.one(SQL.own_backend)

    async def scenario() -> None:
        async with committing(engine) as committer:
            with pytest.raises(Unavailable):
                await committer.read(losing)

    asyncio.run(scenario())


@pytest.mark.parametrize("others", [0, 2])
def test_what_gives_way_in_a_deadlock_is_run_again_alone(engine: Engine, others: int) -> None:
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def crossing(tx: Transaction, first: int, second: int) -> int:
        tries.append(first)
        tx.one(SQL.hold, number=first)
        if len(tries) <= 2:  # whoever is run again finds the other gone
            both_hold_one.wait(10)
        tx.one(SQL.hold, number=second)
        return adding(first)(tx, 0)

    async def scenario() -> list[int | BaseException]:
        async with committing(engine) as one, committing(engine) as other:
            calls = [
                *(one.write(adding(10 + n)) for n in range(others)),
                one.write(lambda tx, _: crossing(tx, 1, 2)),
                other.write(lambda tx, _: crossing(tx, 2, 1)),
            ]
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(scenario())

    assert len(tries) == 3
    assert sorted(outcomes, key=str) == sorted(notes.stored_ids(engine), key=str)
    assert len(outcomes) == 2 + others
