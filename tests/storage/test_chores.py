"""Chores: small operations that run again and again, whatever happens to one of them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from leasehold.errors import Unavailable
from leasehold.storage.chores import Chore, run_chores
from leasehold.storage.engine import open_engine
from leasehold.storage.group import Operation
from leasehold.storage.transaction import Transaction
from tests.storage.notes import committing

LONG = 3600.0  # seconds: does not come round within a test
SHORT = 0.001


@pytest.fixture
def run_until(tmp_path: Path) -> Callable[[list[Chore], asyncio.Event], None]:
    """Runs chores on a database until the event is set; fails when it is not for ten seconds."""

    def run(chores: list[Chore], done: asyncio.Event) -> None:
        async def scenario() -> None:
            async with committing(open_engine(str(tmp_path / "chores.db"))) as committer:
                running = asyncio.create_task(run_chores(committer, chores))
                await asyncio.wait_for(done.wait(), 10)
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(scenario())

    return run


RunUntil = Callable[[list[Chore], asyncio.Event], None]


def counting(times: int, done: asyncio.Event, *, answer: int | Exception) -> Operation[int]:
    """An operation that sets the event when it has run so often, and answers or raises."""
    runs = 0

    def operation(tx: Transaction, now: int) -> int:  # noqa: ARG001  # every operation is given both
        nonlocal runs
        runs += 1
        if runs >= times:
            done.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return operation


def test_while_something_is_left_a_chore_does_not_wait_for_its_time(run_until: RunUntil) -> None:
    done = asyncio.Event()

    run_until([Chore("sweep", counting(5, done, answer=1), LONG)], done)


@pytest.mark.parametrize("error", [Unavailable("the database is gone"), ValueError("our mistake")])
def test_a_chore_that_fails_is_tried_again(run_until: RunUntil, error: Exception) -> None:
    done = asyncio.Event()

    run_until([Chore("fail", counting(4, done, answer=error), SHORT)], done)


def test_a_chore_that_fails_does_not_stop_the_others(run_until: RunUntil) -> None:
    done = asyncio.Event()
    failing = counting(1, asyncio.Event(), answer=ValueError("our mistake"))

    run_until(
        [Chore("fail", failing, SHORT), Chore("sweep", counting(20, done, answer=0), SHORT)], done
    )
