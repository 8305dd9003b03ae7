"""The committer: callers' deadlines, how many may wait, and its end; on both engines."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.storage.committer import MAX_WAITING, Committer
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Connection, Transaction
from tests.storage import notes
from tests.storage.notes import SQL, adding, committing


def nothing(tx: Transaction, now: int) -> None:
    """Changes nothing."""


@contextmanager
def held_up(connection: Connection) -> Iterator[None]:
    """Whoever adds note 1 meanwhile waits; on SQLite, whoever writes anything."""
    connection.begin().run(SQL.add, id=1, words="mine", body=None)
    yield
    connection.rollback()


async def works(committer: Committer, number: int) -> bool:
    """Whether a change is made within a few seconds."""
    return await asyncio.wait_for(committer.write(adding(number)), 10) == number


def test_a_change_is_durable_once_it_is_answered(engine: Engine) -> None:
    async def scenario() -> list[int]:
        async with committing(engine) as committer:
            await committer.write(adding(1))
            return notes.stored_ids(engine)

    assert asyncio.run(scenario()) == [1]


def test_changes_from_many_callers_are_all_made(engine: Engine) -> None:
    async def scenario() -> list[int]:
        async with committing(engine) as committer:
            return await asyncio.gather(*(committer.write(adding(n)) for n in range(1000)))

    assert asyncio.run(scenario()) == list(range(1000))
    assert notes.stored_ids(engine) == list(range(1000))


def test_a_read_sees_what_was_answered_before(engine: Engine) -> None:
    async def scenario() -> int:
        async with committing(engine) as committer:
            await committer.write(adding(1))
            return len(await committer.read(lambda tx, _: tx.all(SQL.everything)))

    assert asyncio.run(scenario()) == 1


def test_past_the_deadline_the_outcome_is_unknown_and_the_lane_works_again(
    engine: Engine, connection: Connection
) -> None:
    async def scenario() -> None:
        async with committing(engine, deadline=0.5) as committer:
            with held_up(connection):
                late = committer.write(adding(1))
                with pytest.raises(OutcomeUnknown):
                    await late
            assert await works(committer, 2)

    asyncio.run(scenario())

    assert 2 in notes.stored_ids(engine)


def test_when_too_many_wait_the_next_is_refused_at_once(engine: Engine) -> None:
    async def scenario() -> None:
        async with committing(engine) as committer:
            waiting = [committer.write(nothing) for _ in range(MAX_WAITING)]
            refused = committer.write(nothing)
            assert isinstance(refused.exception(), Unavailable)
            for future in waiting:
                future.cancel()
            await asyncio.sleep(0)  # until the loop has told the committer
            assert await works(committer, 1)

    asyncio.run(scenario())


def test_a_caller_that_goes_away_does_not_disturb_the_others(
    engine: Engine, connection: Connection
) -> None:
    async def scenario() -> None:
        async with committing(engine) as committer:
            with held_up(connection):
                first, second, third = (committer.write(adding(number)) for number in (1, 2, 3))
                await asyncio.sleep(0)
                second.cancel()
            assert await first == 1
            assert await third == 3

    asyncio.run(scenario())

    assert {1, 3} <= set(notes.stored_ids(engine))


def test_at_its_end_every_caller_is_told_and_only_what_was_made_is_answered(
    engine: Engine,
) -> None:
    async def scenario() -> list[int | BaseException]:
        async with committing(engine) as committer:
            calls = [committer.write(adding(number)) for number in range(2000)]
            await asyncio.sleep(0)
            await committer.close()
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(scenario())

    assert all(isinstance(outcome, int | Unavailable) for outcome in outcomes)
    assert [o for o in outcomes if isinstance(o, int)] == notes.stored_ids(engine)


def test_after_its_end_every_call_is_refused(engine: Engine) -> None:
    async def scenario() -> None:
        async with committing(engine) as committer:
            await committer.close()
            with pytest.raises(Unavailable):
                await asyncio.wait_for(committer.write(adding(1)), 5)

    asyncio.run(scenario())


def test_its_end_does_not_leave_a_caller_waiting_for_a_stuck_database(
    engine: Engine, connection: Connection
) -> None:
    async def scenario() -> None:
        async with committing(engine) as committer:
            with held_up(connection):
                stuck = committer.write(adding(1))
                await asyncio.sleep(0)
                await committer.close()
                with pytest.raises(Unavailable):
                    await asyncio.wait_for(stuck, 5)

    asyncio.run(scenario())
