"""A power cut on SQLite: what was acknowledged is on the disk, and a failing disk is believed."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.storage.engines.sqlite import SqliteEngine
from tests.durability.recorded_disk import RecordedDisk, recorded_disk
from tests.storage import notes
from tests.storage.notes import adding, committing

CALLERS = 16
EACH = 75  # changes of each caller
BODY = bytes(20_000)  # so that all of them are several checkpoints' worth of log
CUTS = 15


@pytest.fixture
def disk() -> Iterator[RecordedDisk]:
    with recorded_disk() as disk:
        yield disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leasehold.db"


def nothing(_: int) -> None:
    """A sync that leaves everything in the operating system's memory."""


def found_after(image: Path) -> set[int]:
    """The notes in a database that is opened after a power cut; none if there is no such table."""
    database = apsw.Connection(str(image), vfs="unix")
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    found = {row[0] for row in database.execute("select id from notes")}
    database.close()
    return found


def lost_by_cuts(
    disk: RecordedDisk, path: Path, sync: Callable[[int], None]
) -> tuple[list[int], list[int]]:
    """Cuts the power at moments spread over a busy time.

    Returns how many acknowledged notes each cut lost, and the database file's size at each.
    """
    engine = SqliteEngine(path, fdatasync=sync)
    notes.make_table(engine)
    acknowledged: set[int] = set()
    cuts: list[tuple[Path, frozenset[int]]] = []
    every = CALLERS * EACH // CUTS

    async def scenario() -> None:
        async with committing(engine) as committer:

            async def caller(first: int) -> None:
                for number in range(first, first + EACH):
                    acknowledged.add(await committer.write(adding(number, body=BODY)))
                    if len(acknowledged) % every == 0:
                        image = path.with_name(f"cut-{len(cuts)}.db")
                        disk.cut_power(path, image)
                        cuts.append((image, frozenset(acknowledged)))

            await asyncio.gather(*(caller(1000 * n) for n in range(CALLERS)))

    asyncio.run(scenario())
    sizes = [image.stat().st_size for image, _ in cuts]
    return [len(known - found_after(image)) for image, known in cuts], sizes


def test_a_power_cut_loses_nothing_that_was_acknowledged(disk: RecordedDisk, path: Path) -> None:
    lost, sizes = lost_by_cuts(disk, path, disk.fdatasync)

    assert lost == [0] * CUTS
    assert len(set(sizes)) >= 3, "the log was not copied back between the cuts"


def test_without_the_sync_a_power_cut_loses_what_was_acknowledged(
    disk: RecordedDisk, path: Path
) -> None:
    lost, _ = lost_by_cuts(disk, path, nothing)

    assert max(lost) > 0


def test_when_the_sync_fails_the_outcome_is_unknown_and_nothing_more_is_accepted(
    path: Path,
) -> None:
    is_broken = False

    def sync(file: int) -> None:
        if is_broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(file)

    engine = SqliteEngine(path, fdatasync=sync)
    notes.make_table(engine)

    async def scenario() -> None:
        nonlocal is_broken
        async with committing(engine) as committer:
            assert await committer.write(adding(1)) == 1
            is_broken = True
            together = [committer.write(adding(number)) for number in (2, 3)]
            for call in together:
                with pytest.raises(OutcomeUnknown):
                    await call
            is_broken = False  # a disk that works again does not tell what it has lost
            for later in (committer.write(adding(4)), committer.read(lambda *_: None)):
                with pytest.raises(Unavailable, match="restart"):
                    await later

    asyncio.run(scenario())

    assert 4 not in notes.stored_ids(engine)


def test_who_waits_while_the_sync_fails_is_refused(path: Path) -> None:
    engine = SqliteEngine(path, fdatasync=nothing)
    notes.make_table(engine)

    async def scenario() -> list[BaseException | int]:
        calls: list[asyncio.Future[int]] = []
        loop = asyncio.get_running_loop()
        has_called = threading.Event()
        both = asyncio.Event()

        def call_more() -> None:
            calls.append(committer.write(adding(2)))
            has_called.set()
            both.set()

        def sync(_: int) -> None:
            loop.call_soon_threadsafe(call_more)
            has_called.wait(10)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        async with committing(SqliteEngine(path, fdatasync=sync)) as committer:
            calls.append(committer.write(adding(1)))
            await both.wait()
            return await asyncio.gather(*calls, return_exceptions=True)

    first, second = asyncio.run(scenario())

    assert isinstance(first, OutcomeUnknown)
    assert type(second) is Unavailable
    assert 2 not in notes.stored_ids(engine)


def test_when_the_log_cannot_be_copied_back_callers_are_still_answered(
    disk: RecordedDisk, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = SqliteEngine(path)
    notes.make_table(engine)

    async def scenario() -> None:
        async with committing(engine) as committer:
            disk.fails_to_write_databases = True
            for number in range(400):
                await asyncio.wait_for(committer.write(adding(number, body=BODY)), 10)
            disk.fails_to_write_databases = False

    asyncio.run(scenario())

    assert "log.copy_failed" in caplog.text
    assert notes.stored_ids(engine) == list(range(400))
