"""Two of the server's processes, or a process and a command, that want the same rows at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from leasehold.accounts.key_file import KeyPair
from leasehold.oauth2 import consents, grant_rows
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import Granting, make_granting
from tests.oauth2.world import make_world, refusal, transaction
from tests.postgres import PostgresServer

# SQLite lets one process write at a time, so nobody waits for a row there.

WAITING = parse(
    "-- name: waiting\nselect 1 from pg_stat_activity"
    " where wait_event_type = 'Lock' and datname = current_database()"
).waiting


@pytest.fixture
def granting(postgres_server: PostgresServer, pair: KeyPair) -> Iterator[Granting]:
    url = postgres_server.create_database()
    yield make_granting(make_world(url, pair))
    postgres_server.drop_database(url)


@contextmanager
def half_way(
    granting: Granting, first: Callable[[Transaction], object], other: Callable[[], object]
) -> Iterator[Transaction]:
    """A transaction that has done its first step, and `other`, which waits for it by now."""
    with ThreadPoolExecutor(1) as pool, transaction(granting.world.engine) as tx:
        first(tx)
        waiter = pool.submit(other)
        while not granting.world.do(lambda seen, _now: seen.one(WAITING)):
            assert not waiter.done()
        yield tx


def test_a_refresh_that_waits_for_a_revocation_holds_nothing_that_the_revocation_needs(
    granting: Granting,
) -> None:
    token = granting.refresh_token()
    now = granting.world.now * 1_000_000
    consent = granting.world.do(
        lambda tx, _now: consents.find(tx, granting.user.id, granting.client.id)
    )
    assert consent is not None
    answers: list[str] = []

    def revoke(tx: Transaction) -> None:
        grant_rows.revoke_consent(tx, now, consent_id=consent.id, user_id=granting.user.id)

    def refresh() -> None:
        answers.append(refusal(lambda: granting.refresh(token))[0])

    with half_way(granting, revoke, refresh) as tx:
        grant_rows.revoke_families_of_consent(tx, now, consent.id, "user")

    assert ["invalid_grant"] == answers
