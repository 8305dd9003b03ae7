"""Freshness: what other processes do is noticed within two seconds, or every token is refused."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from leasehold.access import freshness
from leasehold.access.freshness import Freshness
from leasehold.access.token_table import TokenTable
from leasehold.accounts import service_accounts
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS
from leasehold.errors import Unauthenticated, Unavailable
from leasehold.settings import Settings
from leasehold.storage.engine import Engine
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.access.world import PROJECT, Process, World, make_world
from tests.cli.commands import Commands
from tests.postgres import PostgresServer, running_postgres
from tests.running_server import RunningServer, run_server, run_server_on

WORKER = "worker@demo.iam.leasehold.internal"
STALENESS = 2.0  # seconds, as is the default
SECONDS = 10  # until a test fails because nothing happens
STALE = "the database cannot be asked about revocations"

Answer = tuple[int, str]  # status and message

# The connections on which servers listen.
LISTENERS = parse("""
-- name: listeners
select pid from pg_stat_activity
 where datname = current_database() and query = 'listen leasehold'

-- name: cut
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and query = 'listen leasehold'
""")


def ask(server: RunningServer, token: str) -> Answer:
    reply = server.call("GET", "demo/taskqueues/q", token=token)
    error = reply.json().get("error", {})
    return reply.status_code, error.get("message", "")


def seconds_until(condition: Callable[[], bool]) -> float:
    """How long it takes; fails when it takes too long. Only asking tells what a server knows."""
    start = time.monotonic()
    pause = threading.Event()
    while not condition():
        assert time.monotonic() - start < SECONDS
        pause.wait(0.02)
    return time.monotonic() - start


async def is_refused(tokens: TokenTable, token: str) -> bool:
    try:
        await tokens.principal(token)
    except Unauthenticated:
        return True
    return False


# In one process


def test_before_the_first_poll_no_token_is_trusted(world: World) -> None:
    async def scenario() -> None:
        async with world.process() as process:
            with pytest.raises(Unavailable, match=STALE):
                process.freshness.check()
            await process.freshness.poll()
            process.freshness.check()

    asyncio.run(scenario())


def test_a_revocation_elsewhere_is_heard_of_at_the_next_poll(world: World) -> None:
    token, other = world.token(), world.token()

    async def scenario() -> None:
        async with world.process() as process:
            await process.freshness.poll()
            for known in (token, other):
                await process.tokens.principal(known)
            world.revoke(token)

            await process.freshness.poll()

            assert await is_refused(process.tokens, token)
            assert not await is_refused(process.tokens, other)

    asyncio.run(scenario())


def test_an_account_switched_off_by_a_machine_whose_clock_is_slow_is_heard_of(
    world: World,
) -> None:
    token = world.token()
    slow = 600 * MICROSECONDS

    async def scenario() -> None:
        async with world.process() as process:
            await process.freshness.poll()
            await process.tokens.principal(token)
            transact(
                world.engine,
                lambda tx, now: service_accounts.disable(
                    tx, now - slow, service_accounts.email_of(PROJECT, "worker")
                ),
            )

            await process.freshness.poll()

            assert await is_refused(process.tokens, token)

    asyncio.run(scenario())


def nothing(tx: Transaction, now: int) -> None:
    """What a transaction may do."""


async def steps_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("steps", range(8))
def test_a_poll_that_was_just_announced_does_not_keep_a_server_from_stopping(
    world: World, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    async def scenario() -> None:
        async with world.process() as process:
            monkeypatch.setattr(freshness, "BETWEEN_POLLS_SECONDS", 0)
            polling = asyncio.create_task(process.freshness.run())
            await asyncio.sleep(0)
            await process.committer.read(nothing)  # after the first poll
            await steps_of_the_loop(10)
            process.freshness.wake()
            await steps_of_the_loop(steps)

            polling.cancel()

            await asyncio.wait([polling], timeout=1)
            assert polling.cancelled()

    asyncio.run(scenario())


class Heard(logging.Handler):
    """Tells an event loop that something was logged."""

    def __init__(self, event: asyncio.Event) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # as logging calls it
        self._event.set()


def rename(engine: Engine, before: str, after: str) -> None:
    connection = engine.connect()
    connection.begin()
    connection.run_script(f"alter table {before} rename to {after}")
    connection.commit()
    connection.close()


async def admins(process: Process) -> frozenset[str]:
    place = await process.directory.place(PROJECT, "q")
    return place.project.admins if place.project else frozenset()


def test_an_error_that_nobody_foresaw_is_logged_with_its_traceback_and_polling_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        heard = asyncio.Event()
        handler = Heard(heard)
        log = logging.getLogger("leasehold.freshness")
        log.addHandler(handler)
        async with world.process() as process:
            await process.freshness.poll()
            await process.directory.place(PROJECT, "q")
            rename(world.engine, "configuration_version", "gone")
            running = asyncio.create_task(process.freshness.run())
            await asyncio.wait_for(heard.wait(), SECONDS)
            log.removeHandler(handler)

            rename(world.engine, "gone", "configuration_version")
            world.add_member("new@example.com")

            async with asyncio.timeout(SECONDS):
                while "new@example.com" not in await admins(process):
                    assert not running.done()
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())

    (record,) = [record for record in caplog.records if record.name == "leasehold.freshness"]
    assert "freshness.failed" == record.message
    assert record.exc_info is not None
    assert record.exc_text is not None
    assert "configuration_version" in record.exc_text


# Between processes


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of these tests alone, which they may stop."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def a(postgres: PostgresServer) -> Iterator[RunningServer]:
    with run_server(postgres.create_database(), staleness_seconds=STALENESS) as server:
        server.queue_for(WORKER)
        yield server


def test_a_token_revoked_at_one_server_is_refused_by_the_other_within_two_seconds(
    a: RunningServer,
) -> None:
    token, other = a.token(), a.token()

    with run_server_on(a.engine, Settings()) as b:
        assert [200] * 4 == [ask(server, t)[0] for server in (a, b) for t in (token, other)]

        reply = requests.post(f"{a.url}/revoke", data={"token": token}, timeout=30)

        assert 200 == reply.status_code
        assert 401 == ask(a, token)[0]
        assert seconds_until(lambda: ask(b, token)[0] == 401) < STALENESS
        assert 200 == ask(b, other)[0]


def test_a_revocation_is_announced_so_that_the_other_server_need_not_wait_for_its_next_poll(
    a: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = a.token()
    monkeypatch.setattr(freshness, "POLL_SECONDS", 3600)

    with run_server_on(a.engine, Settings(staleness_seconds=3600)) as b:
        assert 200 == ask(b, token)[0]

        requests.post(f"{a.url}/revoke", data={"token": token}, timeout=30)

        assert seconds_until(lambda: ask(b, token)[0] == 401) < STALENESS


def test_with_the_notification_channel_cut_a_revocation_still_arrives_within_two_seconds(
    a: RunningServer,
) -> None:
    token = a.token()

    with run_server_on(a.engine, Settings()) as b:
        assert 200 == ask(b, token)[0]

        seconds_until(lambda: count_listeners(a.engine) == 2)
        cut_listeners(a.engine)
        requests.post(f"{a.url}/revoke", data={"token": token}, timeout=30)

        assert seconds_until(lambda: ask(b, token)[0] == 401) < STALENESS


def test_a_cut_notification_channel_is_opened_anew(
    a: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "POLL_SECONDS", 3600)
    token = a.token()

    with run_server_on(a.engine, Settings(staleness_seconds=3600)) as b:
        assert 200 == ask(b, token)[0]
        cut_listeners(a.engine)

        requests.post(f"{a.url}/revoke", data={"token": token}, timeout=30)

        assert seconds_until(lambda: ask(b, token)[0] == 401) < SECONDS


def count_listeners(engine: Engine) -> int:
    return transact(engine, lambda tx, _: len(tx.all(LISTENERS.listeners)))


def cut_listeners(engine: Engine) -> None:
    transact(engine, lambda tx, _: tx.all(LISTENERS.cut))


def test_while_the_database_is_gone_tokens_are_refused_and_then_they_are_good_again(
    a: RunningServer, postgres: PostgresServer
) -> None:
    token = a.token()
    assert 200 == ask(a, token)[0]

    postgres.stop()
    try:
        seconds = seconds_until(lambda: STALE in ask(a, token)[1])
        status, _ = ask(a, token)
    finally:
        postgres.start()

    assert seconds < STALENESS + 1
    assert 503 == status
    seconds_until(lambda: ask(a, token)[0] == 200)


def test_a_token_revoked_while_a_server_had_no_database_is_refused_before_others_are_trusted(
    postgres: PostgresServer,
) -> None:
    world = make_world(postgres.create_database())
    token, other = world.token(), world.token()

    async def scenario() -> None:
        async with world.process() as process:
            fresh = Freshness(
                process.committer, process.tokens, process.directory, staleness_seconds=0.05
            )
            await fresh.poll()
            assert not await is_refused(process.tokens, token)
            postgres.stop()
            try:
                with pytest.raises(Unavailable):
                    await fresh.poll()
            finally:
                postgres.start()
            world.revoke(token)
            with pytest.raises(Unavailable, match=STALE):
                fresh.check()

            await fresh.poll()

            assert await is_refused(process.tokens, token)
            assert not await is_refused(process.tokens, other)

    asyncio.run(scenario())


def test_an_account_disabled_by_a_command_is_refused_within_two_seconds(tmp_path: Path) -> None:
    database = str(tmp_path / "leasehold.db")
    with run_server(database) as server:
        server.queue_for(WORKER)
        token = server.token()
        assert 200 == ask(server, token)[0]

        Commands(database).ok(f"service-account disable {WORKER}")

        assert seconds_until(lambda: ask(server, token)[0] == 401) < STALENESS
