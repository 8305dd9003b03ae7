"""The server's signing keys: made, published, used and retired by themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.oauth2 import signing_keys
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.statements import parse
from tests.oauth2.world import BOX, Hands, running, transaction

T = TypeVar("T")

DAY = 86_400  # seconds
KEPT = next(
    iter(parse("-- name: kept\nselect private_key, certificate from signing_keys order by number"))
)


@dataclass(frozen=True, slots=True)
class Installation:
    """A database as yet without keys."""

    engine: Engine
    hands: Hands

    @asynccontextmanager
    async def keys(self, box: SecretBox = BOX) -> AsyncIterator[tuple[SigningKeys, Committer]]:
        async with running(self.engine, self.hands.clock) as committer:
            yield SigningKeys(committer, box, Entropy(), days=30), committer

    def visit(self, visit: Callable[[SigningKeys, Committer], Awaitable[T]]) -> T:
        """Runs `visit` in a process of its own."""

        async def run() -> T:
            async with self.keys() as (keys, committer):
                return await visit(keys, committer)

        return asyncio.run(run())


@pytest.fixture
def installation(database_url: str) -> Installation:
    engine = open_engine(database_url)
    migrate(engine)
    return Installation(engine, Hands())


def test_the_first_key_signs_at_once_and_is_not_made_twice(installation: Installation) -> None:
    async def visit(keys: SigningKeys, _committer: Committer) -> None:
        assert [True, False] == [await keys.rotate(), await keys.rotate()]

        current = await keys.current()

        assert {current.kid: current.certificate} == await keys.certificates()

    installation.visit(visit)


def test_who_asks_before_there_is_a_key_gets_the_first(installation: Installation) -> None:
    async def visit(keys: SigningKeys, _committer: Committer) -> None:
        assert {} == await keys.certificates()

        current = await keys.current()

        assert [current.kid] == list(await keys.certificates())

    installation.visit(visit)


def test_the_life_of_a_key(installation: Installation) -> None:
    hands = installation.hands

    async def visit(keys: SigningKeys, committer: Committer) -> list[tuple[float, str, list[str]]]:
        seen: list[tuple[float, str, list[str]]] = []
        names: dict[str, str] = {}
        for day in (0, 28, 29, 29.9, 30, 30.9, 31.1, 58.9, 59, 60):
            hands.seconds = start + int(day * DAY)
            await keys.rotate()
            await committer.write(signing_keys.sweep)
            for kid in await keys.certificates():
                names.setdefault(kid, f"key {len(names) + 1}")
            current = names[(await keys.current()).kid]
            seen.append((day, current, [names[kid] for kid in await keys.certificates()]))
        return seen

    start = hands.seconds

    assert [
        (0, "key 1", ["key 1"]),
        (28, "key 1", ["key 1"]),
        (29, "key 1", ["key 1", "key 2"]),  # published a day before it signs
        (29.9, "key 1", ["key 1", "key 2"]),
        (30, "key 2", ["key 1", "key 2"]),
        (30.9, "key 2", ["key 1", "key 2"]),  # tokens of key 1 lived for an hour
        (31.1, "key 2", ["key 2"]),
        (58.9, "key 2", ["key 2"]),
        (59, "key 2", ["key 2", "key 3"]),
        (60, "key 3", ["key 2", "key 3"]),
    ] == installation.visit(visit)


def test_after_a_long_stop_the_old_key_signs_until_the_new_one_is_known(
    installation: Installation,
) -> None:
    async def visit(keys: SigningKeys, committer: Committer) -> None:
        old = await keys.current()
        installation.hands.seconds += 1000 * DAY

        assert await keys.rotate()
        assert 0 == await committer.write(signing_keys.sweep)
        assert old.kid == (await keys.current()).kid
        installation.hands.seconds += DAY
        assert old.kid != (await keys.current()).kid

    installation.visit(visit)


def test_of_many_processes_that_rotate_at_once_one_adds_a_key(installation: Installation) -> None:
    async def visit() -> list[bool]:
        async with installation.keys() as (one, _), installation.keys() as (two, _):
            rotations = [keys.rotate() for keys in (one, two) for _ in range(4)]
            outcomes = await asyncio.gather(*rotations)
            assert (await one.current()).kid == (await two.current()).kid
            return list(outcomes)

    if installation.engine.name == "sqlite":  # one server process; it may still rotate at once
        outcomes = installation.visit(
            lambda keys, _: asyncio.gather(*(keys.rotate() for _ in range(8)))
        )
    else:
        outcomes = asyncio.run(visit())

    assert 1 == sum(outcomes)


def test_a_process_whose_clock_is_behind_signs_with_the_only_key(
    installation: Installation,
) -> None:
    async def visit(keys: SigningKeys, _committer: Committer) -> str:
        return (await keys.current()).kid

    first = installation.visit(visit)
    installation.hands.seconds -= 100

    behind = Installation(installation.engine, Hands())
    behind.hands.seconds = installation.hands.seconds
    assert first == behind.visit(visit)


def test_the_database_holds_no_clear_private_key(installation: Installation) -> None:
    async def visit(keys: SigningKeys, _committer: Committer) -> None:
        current = await keys.current()
        assert "PRIVATE" not in repr(current)

    installation.visit(visit)

    with transaction(installation.engine) as tx:
        ((sealed, certificate),) = tx.all(KEPT)
    assert b"PRIVATE" not in bytes(sealed)
    assert "BEGIN CERTIFICATE" in certificate


def test_a_server_with_another_secret_key_file_cannot_sign(installation: Installation) -> None:
    async def visit() -> None:
        async with installation.keys(SecretBox(b"o" * KEY_BYTES)) as (keys, _):
            with pytest.raises(Invalid, match="cannot be decrypted"):
                await keys.current()

    installation.visit(lambda keys, _: keys.rotate())

    asyncio.run(visit())
