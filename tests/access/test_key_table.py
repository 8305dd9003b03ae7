"""The table of API keys: one look at the database for each, and none outlives a change of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from leasehold import token_text
from leasehold.access import key_table
from leasehold.access.freshness import Freshness
from leasehold.access.key_table import KeyExpired, KeyInvalid, KeyTable
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS, Clock
from leasehold.entropy import Entropy
from leasehold.storage.group import Operation
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, KeyChanges, NewKey
from tests.access.world import PROJECT, CountingCommitter, Process, World

R = TypeVar("R")

SECONDS = 10  # until a test fails because nothing happens
BOX = SecretBox(b"k" * KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys of a world's project, made and changed as another process does it."""

    world: World

    def make(self, *, expires_in: int | None = None) -> tuple[ApiKey, str]:
        now = self.world.clock.now()
        expires_at = None if expires_in is None else now + expires_in * MICROSECONDS
        new = NewKey(project_id=PROJECT, name="Printer", expires_at=expires_at)
        key, string = self._do(lambda tx, _: api_keys.create(tx, now, Entropy(), BOX, new))
        return key, string.text

    def change(self, key: ApiKey, changes: KeyChanges) -> ApiKey:
        return self._do(lambda tx, now: api_keys.change(tx, now, key.id, changes))

    def delete(self, key: ApiKey) -> None:
        self._do(lambda tx, now: api_keys.delete(tx, now, key.id))

    def end_string_in(self, key: ApiKey, seconds: int) -> None:
        now = self.world.clock.now()
        ends_at = now + seconds * MICROSECONDS

        def end(tx: Transaction, _: int) -> None:
            (string,) = api_keys.strings_of(tx, now, key.id)
            api_keys.end_string(tx, now, key.id, string.id, ends_at=ends_at)

        self._do(end)

    @asynccontextmanager
    async def table(
        self, committer: CountingCommitter | None = None
    ) -> AsyncIterator[tuple[KeyTable, CountingCommitter]]:
        """The table of a process that has just started."""
        committer = committer or CountingCommitter()
        committer.start(self.world.engine.open_lanes(Clock().now))
        try:
            yield KeyTable(committer, BOX, self.world.clock), committer
        finally:
            await committer.close()

    def _do(self, operation: Callable[[Transaction, int], R]) -> R:
        return transact(self.world.engine, operation)


@pytest.fixture
def keys(world: World) -> Keys:
    return Keys(world)


async def reason(table: KeyTable, text: str) -> str:
    """Why the string is refused; "" when it is good."""
    try:
        await asyncio.wait_for(table.key(text), SECONDS)
    except (KeyInvalid, KeyExpired) as refused:
        return refused.reason
    return ""


def test_a_refusal_never_repeats_the_key(keys: Keys) -> None:
    text = token_text.mint(api_keys.PREFIX, Entropy())

    async def scenario() -> KeyInvalid:
        async with keys.table() as (table, _):
            with pytest.raises(KeyInvalid) as refused:
                await table.key(text)
            return refused.value

    refused = asyncio.run(scenario())
    assert text not in f"{refused!r} {refused.message} {refused.detail} {vars(refused)}"


def test_a_key_is_read_once_and_then_remembered(keys: Keys) -> None:
    key, text = keys.make()

    async def scenario() -> tuple[list[ApiKey], int]:
        async with keys.table() as (table, committer):
            return [await table.key(text) for _ in range(5)], committer.reads

    assert ([key] * 5, 1) == asyncio.run(scenario())


def test_an_unknown_key_is_asked_for_at_every_use_and_never_remembered(keys: Keys) -> None:
    text = token_text.mint(api_keys.PREFIX, Entropy())

    async def scenario() -> tuple[set[str], int, int]:
        async with keys.table() as (table, committer):
            reasons = {await reason(table, text) for _ in range(3)}
            return reasons, committer.reads, len(table._found)  # noqa: SLF001  # what it keeps is the point

    assert ({"keyInvalid"}, 3, 0) == asyncio.run(scenario())


@pytest.mark.parametrize(
    "text",
    ["", "hello", "lhk_", "AIzaSy", "lhk_" + "a" * 49, "\udcff", "\0", "lhk_" + "a" * 100_000],
    ids=lambda text: repr(text[:12]),
)
def test_what_cannot_be_a_key_is_refused_without_a_look(keys: Keys, text: str) -> None:
    async def scenario() -> tuple[str, int]:
        async with keys.table() as (table, committer):
            return await reason(table, text), committer.reads

    assert ("keyInvalid", 0) == asyncio.run(scenario())


def test_a_digest_made_with_another_secret_key_is_no_key(keys: Keys) -> None:
    _, text = keys.make()

    async def scenario() -> str:
        async with keys.table() as (_, committer):
            other = KeyTable(committer, SecretBox(b"o" * KEY_BYTES), keys.world.clock)
            return await reason(other, text)

    assert "keyInvalid" == asyncio.run(scenario())


def test_a_remembered_key_expires_in_its_microsecond_and_says_so(keys: Keys) -> None:
    _, text = keys.make(expires_in=100)

    async def scenario() -> list[str]:
        async with keys.table() as (table, _):
            reasons = [await reason(table, text)]
            for seconds in (99, 1, 1):
                keys.world.clock.advance(seconds)
                reasons.append(await reason(table, text))
            return reasons

    assert ["", "", "keyExpired", "keyExpired"] == asyncio.run(scenario())


def test_a_remembered_string_ends_when_it_was_said_to_and_is_forgotten(keys: Keys) -> None:
    key, text = keys.make()
    keys.end_string_in(key, 100)

    async def scenario() -> list[str]:
        async with keys.table() as (table, _):
            reasons = [await reason(table, text)]
            for seconds in (99, 1):
                keys.world.clock.advance(seconds)
                reasons.append(await reason(table, text))
            assert not table._found  # noqa: SLF001  # what it keeps is the point
            return reasons

    assert ["", "", "keyInvalid"] == asyncio.run(scenario())


def test_a_deleted_key_is_refused_once_the_table_has_forgotten(keys: Keys) -> None:
    key, text = keys.make()

    async def scenario() -> list[str]:
        async with keys.table() as (table, _):
            reasons = [await reason(table, text)]
            keys.delete(key)
            table.forget_all()
            return [*reasons, await reason(table, text)]

    assert ["", "keyInvalid"] == asyncio.run(scenario())


def test_what_another_process_changes_is_obeyed_at_the_next_poll(keys: Keys) -> None:
    key, text = keys.make()

    async def scenario() -> tuple[ApiKey, ApiKey]:
        async with keys.world.process() as process:
            table = KeyTable(process.committer, BOX, keys.world.clock)
            freshness = _freshness(process, table)
            await freshness.poll()
            before = await table.key(text)
            keys.change(key, KeyChanges(name="Plotter"))
            await freshness.poll()
            return before, await table.key(text)

    before, after = asyncio.run(scenario())
    assert ("Printer", "Plotter") == (before.name, after.name)


def _freshness(process: Process, table: KeyTable) -> Freshness:
    return Freshness(
        process.committer,
        process.tokens,
        process.directory,
        staleness_seconds=2.0,
        on_change=[table.forget_all],
    )


class HeldCommitter(CountingCommitter):
    """Keeps the first answer back that the database gave, until it may leave."""

    def __init__(self) -> None:
        super().__init__()
        self.found = asyncio.Event()
        self.may_leave = asyncio.Event()

    def read(
        self,
        operation: Operation[R],
        charge: object | None = None,  # noqa: ARG002  # a look for a key is never charged
    ) -> "asyncio.Future[R]":
        answer = super().read(operation)
        return asyncio.ensure_future(self._hold(answer)) if self.reads == 1 else answer

    async def _hold(self, answer: "asyncio.Future[R]") -> R:
        value = await answer
        self.found.set()
        await self.may_leave.wait()
        return value


def test_a_look_up_that_began_before_a_deletion_does_not_bring_the_key_back(keys: Keys) -> None:
    key, text = keys.make()
    held = HeldCommitter()

    async def scenario() -> list[str]:
        async with keys.table(held) as (table, _):
            late = asyncio.create_task(reason(table, text))
            await asyncio.wait_for(held.found.wait(), SECONDS)
            keys.delete(key)
            table.forget_all()
            held.may_leave.set()
            return [await late, await reason(table, text)]

    assert ["keyInvalid", "keyInvalid"] == asyncio.run(scenario())


def test_a_flood_of_wrong_keys_leaves_nothing_behind_and_hurts_nobody(keys: Keys) -> None:
    _, text = keys.make()
    wrong = [token_text.mint(api_keys.PREFIX, Entropy()) for _ in range(200)]

    async def scenario() -> tuple[set[str], str, int]:
        async with keys.table() as (table, committer):
            await table.key(text)
            reasons = set(await asyncio.gather(*(reason(table, one) for one in wrong)))
            reads = committer.reads
            good = await reason(table, text)
            assert reads == committer.reads
            return reasons, good, len(table._found)  # noqa: SLF001  # what it keeps is the point

    assert ({"keyInvalid"}, "", 1) == asyncio.run(scenario())


def test_past_its_size_the_first_keys_learnt_are_forgotten(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_table, "MAX_KEYS", 3)
    texts = [keys.make()[1] for _ in range(5)]

    async def scenario() -> tuple[int, int]:
        async with keys.table() as (table, committer):
            for text in (*texts, *texts[2:]):
                await table.key(text)
            remembered = committer.reads
            await table.key(texts[0])
            return remembered, committer.reads

    assert (5, 6) == asyncio.run(scenario())
