"""SQLite's lane beside other processes, and its log, which must neither grow nor block."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leasehold.errors import Unavailable
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.transaction import Transaction
from tests.storage import notes
from tests.storage.notes import adding, committing

LONGEST_GAP = 0.5  # seconds between two turns of a coroutine while the file is held
HOLDING_SECONDS = 0.3  # how long the coroutine is watched

HOLD_UNTIL_A_SIGN = """
import sys
from leasehold.storage.engine import open_engine
connection = open_engine(sys.argv[1]).connect()
connection.begin()
print("held", flush=True)
sys.stdin.readline()
connection.rollback()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leasehold.db"


@pytest.fixture
def engine(path: Path) -> Engine:
    """SQLite alone: PostgreSQL has no such lane."""
    engine = open_engine(str(path))
    notes.make_table(engine)
    return engine


@contextmanager
def another_process_that_writes(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the right to write until it ends or reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_A_SIGN, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def counting(tx: Transaction, _now: int) -> int:
    return len(tx.all(notes.SQL.everything))


async def longest_gap(seconds: float) -> float:
    """The longest time for which the event loop did not come round, watched for so long."""
    longest = 0.0
    end = time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - before)
    return longest


def test_while_a_command_writes_what_only_reads_is_answered(engine: Engine, path: Path) -> None:
    async def scenario() -> tuple[list[int], bool]:
        async with committing(engine) as committer:
            with another_process_that_writes(path) as process:
                write = committer.write(adding(1))
                async with asyncio.timeout(10):
                    reads = [await committer.read(counting) for _ in range(3)]
                waited = not write.done()
                process.communicate("done\n")
            await write
            return reads, waited

    assert ([0, 0, 0], True) == asyncio.run(scenario())
    assert [1] == notes.stored_ids(engine)


def test_while_a_command_writes_callers_wait_and_the_loop_runs(engine: Engine, path: Path) -> None:
    async def scenario() -> tuple[bool, float, list[int]]:
        async with committing(engine) as committer:
            with another_process_that_writes(path) as process:
                calls = [committer.write(adding(number)) for number in range(3)]
                gap = await longest_gap(HOLDING_SECONDS)
                waited = not any(call.done() for call in calls)
                process.communicate("done\n")
            return waited, gap, await asyncio.gather(*calls)

    waited, gap, answers = asyncio.run(scenario())

    assert waited
    assert gap < LONGEST_GAP
    assert answers == [0, 1, 2] == notes.stored_ids(engine)


def test_a_command_that_is_killed_holds_nobody_up(engine: Engine, path: Path) -> None:
    async def scenario() -> int:
        async with committing(engine) as committer:
            with another_process_that_writes(path) as process:
                call = committer.write(adding(1))
                process.kill()
                return await asyncio.wait_for(call, 10)

    assert asyncio.run(scenario()) == 1


def test_under_steady_inserts_the_log_stays_short_and_begins_anew(
    engine: Engine, path: Path
) -> None:
    log = path.with_name(path.name + "-wal")
    body = bytes(20_000)
    sizes: list[int] = []

    async def scenario() -> int:
        async with committing(engine) as committer:

            async def producer(first: int) -> None:
                for number in range(first, first + 60):
                    await committer.write(adding(number, body=body))
                    sizes.append(log.stat().st_size)

            await asyncio.gather(*(producer(1000 * n) for n in range(64)))
            # The number of times that the log was begun: https://sqlite.org/fileformat2.html
            return int.from_bytes(log.read_bytes()[12:16], "big")

    begun = asyncio.run(scenario())

    assert len(sizes) * len(body) > 70_000_000
    assert max(sizes) < 30_000_000
    assert begun >= 3


def test_a_long_read_changes_nothing(engine: Engine) -> None:
    async def scenario() -> None:
        async with committing(engine) as committer:
            with pytest.raises(Unavailable):
                await committer.read_aside(adding(1))

    asyncio.run(scenario())

    assert [] == notes.stored_ids(engine)
