"""The table of tokens: one look at the database for each, and none outlives its revocation."""

import asyncio
from typing import TypeVar

import pytest

from leasehold.access import token_table
from leasehold.access.principal import Principal
from leasehold.access.token_table import TokenTable
from leasehold.accounts import service_accounts
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import access_tokens, scopes
from leasehold.storage.group import Operation
from tests.access.world import LIFETIME, PROJECT, CountingCommitter, World

R = TypeVar("R")

SECONDS = 10  # until a test fails because nothing happens


async def is_refused(tokens: TokenTable, token: str) -> bool:
    try:
        await asyncio.wait_for(tokens.principal(token), SECONDS)
    except Unauthenticated:
        return True
    return False


def test_a_token_stands_for_its_account_within_its_scopes(world: World) -> None:
    token = world.token()

    async def scenario() -> Principal:
        async with world.process() as process:
            return await process.tokens.principal(token)

    principal = asyncio.run(scenario())

    assert service_accounts.email_of(PROJECT, "worker") == principal.email
    assert (PROJECT, scopes.TASKQUEUE) == (principal.project_id, principal.scopes)
    assert world.account_id == principal.client_id


def test_a_token_is_read_once_and_then_remembered(world: World) -> None:
    token = world.token()

    async def scenario() -> int:
        async with world.process() as process:
            for _ in range(5):
                await process.tokens.principal(token)
            return process.committer.reads

    assert 1 == asyncio.run(scenario())


def test_an_unknown_token_is_asked_for_at_every_use_and_never_remembered(world: World) -> None:
    token = access_tokens.mint(Entropy())

    async def scenario() -> int:
        async with world.process() as process:
            for _ in range(3):
                assert await is_refused(process.tokens, token)
            return process.committer.reads

    assert 3 == asyncio.run(scenario())


@pytest.mark.parametrize("text", ["", "hello", "lha_", "ya29.token", "lha_" + "a" * 49, "\udcff"])
def test_what_cannot_be_a_token_is_refused_without_a_look(world: World, text: str) -> None:
    async def scenario() -> int:
        async with world.process() as process:
            assert await is_refused(process.tokens, text)
            return process.committer.reads

    assert 0 == asyncio.run(scenario())


def test_a_mistyped_token_is_refused_without_a_look(world: World) -> None:
    token = world.token()
    mistyped = token[:10] + ("b" if token[10] == "a" else "a") + token[11:]

    async def scenario() -> int:
        async with world.process() as process:
            assert await is_refused(process.tokens, mistyped)
            return process.committer.reads

    assert 0 == asyncio.run(scenario())


def test_a_remembered_token_is_refused_from_the_microsecond_of_its_end(world: World) -> None:
    token = world.token()

    async def scenario() -> None:
        async with world.process() as process:
            await process.tokens.principal(token)
            world.clock.advance(LIFETIME - 1)
            assert not await is_refused(process.tokens, token)
            world.clock.advance(1)
            assert await is_refused(process.tokens, token)

    asyncio.run(scenario())


def test_a_token_revoked_here_is_refused_at_the_next_request(world: World) -> None:
    token, other = world.token(), world.token()

    async def scenario() -> None:
        async with world.process() as process:
            await process.tokens.principal(token)
            await process.tokens.principal(other)

            await process.revoke(token)

            assert await is_refused(process.tokens, token)
            assert not await is_refused(process.tokens, other)

    asyncio.run(scenario())


def test_a_disabled_accounts_token_is_refused_once_it_is_forgotten(world: World) -> None:
    token = world.token()
    email = service_accounts.email_of(PROJECT, "worker")

    async def scenario() -> None:
        async with world.process() as process:
            await process.tokens.principal(token)
            transact(world.engine, lambda tx, now: service_accounts.disable(tx, now, email))

            process.tokens.forget([access_tokens.digest(token)])

            assert await is_refused(process.tokens, token)

    asyncio.run(scenario())


class HeldCommitter(CountingCommitter):
    """Keeps the first answer back that the database gave, until it may leave."""

    def __init__(self) -> None:
        super().__init__()
        self.found = asyncio.Event()
        self.may_leave = asyncio.Event()

    def read(self, operation: Operation[R], charge: object | None = None) -> "asyncio.Future[R]":
        answer = super().read(operation, charge)
        return asyncio.ensure_future(self._hold(answer)) if self.reads == 1 else answer

    async def _hold(self, answer: "asyncio.Future[R]") -> R:
        value = await answer
        self.found.set()
        await self.may_leave.wait()
        return value


def test_a_look_up_that_began_before_a_revocation_does_not_bring_the_token_back(
    world: World,
) -> None:
    token = world.token()
    held = HeldCommitter()

    async def scenario() -> None:
        async with world.process(held) as process:
            late = asyncio.create_task(is_refused(process.tokens, token))
            await asyncio.wait_for(held.found.wait(), SECONDS)

            await process.revoke(token)
            held.may_leave.set()

            assert await late
            assert await is_refused(process.tokens, token)

    asyncio.run(scenario())


def test_a_look_up_during_another_tokens_revocation_is_repeated_and_succeeds(world: World) -> None:
    token, other = world.token(), world.token()
    held = HeldCommitter()

    async def scenario() -> int:
        async with world.process(held) as process:
            late = asyncio.create_task(is_refused(process.tokens, token))
            await asyncio.wait_for(held.found.wait(), SECONDS)
            process.tokens.forget([access_tokens.digest(other)])
            held.may_leave.set()

            assert not await late
            assert not await is_refused(process.tokens, token)
            return held.reads

    assert 2 == asyncio.run(scenario())


def test_many_look_ups_and_revocations_at_once_leave_no_revoked_token_behind(world: World) -> None:
    tokens = [world.token() for _ in range(40)]

    async def scenario() -> None:
        async with world.process() as process:
            table = process.tokens

            async def end(token: str) -> None:
                await process.revoke(token)
                assert await is_refused(table, token)

            looks = [is_refused(table, token) for token in tokens for _ in range(3)]
            await asyncio.gather(*looks, *map(end, tokens))
            assert all([await is_refused(table, token) for token in tokens])

    asyncio.run(scenario())


def test_past_its_size_the_first_tokens_learnt_are_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_table, "MAX_TOKENS", 3)
    tokens = [world.token() for _ in range(5)]

    async def scenario() -> tuple[int, int]:
        async with world.process() as process:
            for token in tokens:
                await process.tokens.principal(token)
            for token in tokens[2:]:
                await process.tokens.principal(token)
            remembered = process.committer.reads
            await process.tokens.principal(tokens[0])
            return remembered, process.committer.reads

    assert (5, 6) == asyncio.run(scenario())
