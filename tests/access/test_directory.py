"""The directory: places are read once, until something is configured anew."""

import asyncio

import pytest

from leasehold.access import directory
from leasehold.access.directory import MAX_NAMES_LENGTH, Place
from leasehold.accounts import projects
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.queues import configure, task_id
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.transaction import Transaction
from tests.access.world import OWNER, PROJECT, World


def test_a_place_tells_the_projects_switches_and_its_queue(world: World) -> None:
    async def scenario() -> Place:
        async with world.process() as process:
            return await process.directory.place(PROJECT, "q")

    place = asyncio.run(scenario())

    assert place.project is not None
    assert place.queue is not None
    assert (frozenset(["taskqueue"]), frozenset([OWNER])) == (
        place.project.apis,
        place.project.admins,
    )
    assert (PROJECT, "q") == (place.queue.project_id, place.queue.name)


def test_what_is_not_there_is_none(world: World) -> None:
    async def scenario() -> tuple[Place, Place]:
        async with world.process() as process:
            place = process.directory.place
            return await place("nowhere", "q"), await place(PROJECT, "none")

    nowhere, no_queue = asyncio.run(scenario())

    assert Place(None, None) == nowhere
    assert no_queue.project is not None
    assert no_queue.queue is None


@pytest.mark.parametrize("name", ["q", "none"])
def test_a_place_is_read_once_whether_it_is_there_or_not(world: World, name: str) -> None:
    async def scenario() -> int:
        async with world.process() as process:
            for _ in range(5):
                await process.directory.place(PROJECT, name)
            return process.committer.reads

    assert 1 == asyncio.run(scenario())


def test_what_another_process_configured_is_seen_after_the_next_poll(world: World) -> None:
    async def scenario() -> tuple[Place, Place]:
        async with world.process() as process:
            await process.freshness.poll()
            await process.directory.place(PROJECT, "q")
            world.add_member("new@example.com")
            before = await process.directory.place(PROJECT, "q")
            await process.freshness.poll()
            return before, await process.directory.place(PROJECT, "q")

    before, after = asyncio.run(scenario())

    assert before.project is not None
    assert after.project is not None
    assert "new@example.com" not in before.project.admins
    assert "new@example.com" in after.project.admins


def test_without_a_change_nothing_is_read_anew(world: World) -> None:
    async def scenario() -> int:
        async with world.process() as process:
            await process.freshness.poll()
            await process.directory.place(PROJECT, "q")
            before = process.committer.reads
            await process.freshness.poll()
            await process.directory.place(PROJECT, "q")
            return process.committer.reads - before

    assert 1 == asyncio.run(scenario())  # the poll's own


def test_what_was_read_while_something_was_configured_is_not_remembered(world: World) -> None:
    async def scenario() -> int:
        async with world.process() as process:
            look = asyncio.create_task(process.directory.place(PROJECT, "q"))
            await asyncio.sleep(0)  # until it has asked
            process.directory.forget()
            await look
            await process.directory.place(PROJECT, "q")
            return process.committer.reads

    assert 2 == asyncio.run(scenario())


def test_it_remembers_a_bounded_number_of_places(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MAX_ENTRIES", 3)

    async def scenario() -> tuple[int, int]:
        async with world.process() as process:
            for name in ("a", "b", "c", "a", "b", "c"):
                await process.directory.place(PROJECT, name)
            remembered = process.committer.reads
            for name in ("d", "a", "d"):  # the fourth makes it forget the first three
                await process.directory.place(PROJECT, name)
            return remembered, process.committer.reads

    assert (3, 5) == asyncio.run(scenario())


def test_names_that_are_too_long_for_any_place_are_not_remembered(world: World) -> None:
    async def scenario() -> int:
        async with world.process() as process:
            for _ in range(3):
                await process.directory.place(PROJECT, "a" * MAX_NAMES_LENGTH)
            return process.committer.reads

    assert 3 == asyncio.run(scenario())


def test_a_poll_tells_which_projects_are_full(world: World) -> None:
    def fill(tx: Transaction, now: int) -> None:
        projects.set_total_storage_limit(tx, project_id=PROJECT, limit=1)
        task = NewTask(configure.find(tx, PROJECT, "q"), b"x")
        insert(tx, now, [task], task_id.load(tx, Entropy()), TaskNumbers())

    transact(world.engine, fill)

    async def scenario() -> frozenset[str]:
        async with world.process() as process:
            await process.freshness.poll()
            return process.directory.full_projects

    assert frozenset([PROJECT]) == asyncio.run(scenario())
