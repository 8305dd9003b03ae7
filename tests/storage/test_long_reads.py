"""Long reads: nobody waits for them, they see what was committed, and they end."""

import asyncio
import threading
import time

import pytest

from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.storage import statements
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from tests.storage import notes
from tests.storage.notes import adding, committing

SECONDS = 30  # until a test fails because somebody waits who should not

_SQL = statements.parse("""
-- name: endless
with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1000000000)
select count(*) from numbers
""")


def counting(tx: Transaction, _now: int) -> int:
    return len(tx.all(notes.SQL.everything))


def test_a_long_read_sees_what_was_answered_before(engine: Engine) -> None:
    async def scenario() -> list[int]:
        found = []
        async with committing(engine) as committer:
            for note in range(1, 4):
                await committer.write(adding(note))
                found.append(await committer.read_aside(counting))
        return found

    assert [1, 2, 3] == asyncio.run(scenario())


def test_calls_are_answered_while_a_long_read_runs(engine: Engine) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def reading(tx: Transaction, now: int) -> int:
        before = counting(tx, now)
        has_begun.set()
        assert may_end.wait(SECONDS)
        return before

    async def scenario() -> tuple[int, int]:
        async with committing(engine) as committer, asyncio.timeout(SECONDS):
            long = committer.read_aside(reading)
            await asyncio.to_thread(has_begun.wait, SECONDS)
            await committer.write(adding(1))
            meanwhile = await committer.read(counting)
            may_end.set()
            return meanwhile, await long

    assert (1, 0) == asyncio.run(scenario())


def test_past_its_deadline_a_long_read_is_ended_and_the_next_one_runs(engine: Engine) -> None:
    async def scenario() -> tuple[int, float]:
        async with committing(engine, deadline=0.2) as committer:
            with pytest.raises(OutcomeUnknown):
                await committer.read_aside(lambda tx, _: tx.one(_SQL.endless))
            began = time.monotonic()
            while True:  # what was cut may take the next one with it
                try:
                    return await committer.read_aside(counting), time.monotonic() - began
                except Unavailable:
                    assert time.monotonic() < began + SECONDS

    found, seconds = asyncio.run(scenario())

    assert 0 == found
    assert seconds < SECONDS
