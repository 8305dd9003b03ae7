"""Two of the server's processes, or a process and a command, that want the same rows at once."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest

from leasehold.accounts import users
from leasehold.accounts.key_file import KeyPair
from leasehold.oauth2 import client_auth, clients, consents, grant_rows
from leasehold.oauth2.grants import authorization_code, refresh_token
from leasehold.oauth2.grants.grant import Given, Redeem
from leasehold.storage.committer import Committer
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import Granting, a_client, make_granting
from tests.oauth2.world import BOX, make_world, refusal, transaction
from tests.postgres import PostgresServer

# SQLite lets one process write at a time, so nobody waits for a row there.

WAITING = parse(
    "-- name: waiting\nselect 1 from pg_stat_activity"
    " where wait_event_type = 'Lock' and datname = current_database()"
).waiting

Form = Mapping[str, list[str]]
Ending = Callable[[Granting, Transaction], object]

_numbers = count(1)


@pytest.fixture(scope="module")
def app(postgres_server: PostgresServer, pair: KeyPair) -> Iterator[Granting]:
    url = postgres_server.create_database()
    yield make_granting(make_world(url, pair))
    postgres_server.drop_database(url)


@pytest.fixture
def granting(app: Granting) -> Granting:
    """A person and a client of this test's own."""
    return app.of(a_client()).by(f"ada{next(_numbers)}@example.com")


@contextmanager
def while_another_waits(
    granting: Granting, first: Callable[[Transaction], object], another: Callable[[], object]
) -> Iterator[tuple[Transaction, Future[object]]]:
    """A transaction that has begun with `first`, for which `another` waits; it commits after."""
    with ThreadPoolExecutor(1) as pool:
        with transaction(granting.world.engine) as tx:
            first(tx)
            waiter = pool.submit(another)
            while not granting.world.do(lambda seen, _now: seen.one(WAITING)):
                assert not waiter.done()
            yield tx, waiter
        waiter.exception()


def now_of(granting: Granting) -> int:
    return granting.world.now * 1_000_000


# -- what ends a token


def taken_back(granting: Granting, tx: Transaction) -> None:
    consent = consents.find(tx, granting.user.id, granting.client.id)
    assert consent is not None
    consents.revoke(
        tx, now_of(granting), consent_id=consent.id, user_id=granting.user.id, because="user"
    )


def password_changed(granting: Granting, tx: Transaction) -> None:
    users.hold(tx, granting.user.id)
    consents.revoke_all_of_user(tx, now_of(granting), granting.user.id, "password")


def user_disabled(granting: Granting, tx: Transaction) -> None:
    users.disable(tx, now_of(granting), granting.user.email)


def client_deleted(granting: Granting, tx: Transaction) -> None:
    clients.delete(tx, now_of(granting), granting.client.id)


# -- what gives one


def code(granting: Granting) -> tuple[Redeem, Form]:
    return authorization_code.redeem, granting.code_form(granting.code())


def lasting(granting: Granting) -> tuple[Redeem, Form]:
    return refresh_token.redeem, granting.refresh_form(granting.refresh_token())


def unused_for_a_while(granting: Granting) -> tuple[Redeem, Form]:
    ask = lasting(granting)
    granting.world.hands.seconds += 600
    return ask


ENDINGS = [taken_back, password_changed, user_disabled, client_deleted]
ASKINGS = [code, lasting, unused_for_a_while]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("asking", ASKINGS)
def test_who_asks_for_a_token_while_its_ground_is_taken_away_gets_none(
    granting: Granting, ending: Ending, asking: Callable[[Granting], tuple[Redeem, Form]]
) -> None:
    _, form = asking(granting)

    def ask() -> str:
        return refusal(lambda: granting.world.post(**form))[0]

    with while_another_waits(granting, lambda tx: ending(granting, tx), ask) as (_, waiter):
        pass

    assert "invalid_grant" == waiter.result()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("asking", ASKINGS)
def test_a_token_that_is_given_while_its_ground_is_taken_away_ends_with_it(
    granting: Granting, ending: Ending, asking: Callable[[Granting], tuple[Redeem, Form]]
) -> None:
    redeem, form = asking(granting)
    parameters = {name: values[0] for name, values in form.items()}
    given: list[Given] = []

    def give(tx: Transaction) -> None:
        client = client_auth.authenticate(tx, BOX, form=parameters, authorization_header=None)
        server = granting.world.server(Committer())
        outcome = redeem(tx, now_of(granting), client, parameters, server)
        assert isinstance(outcome, Given)
        given.append(outcome)

    def end() -> None:
        granting.world.do(lambda tx, _now: ending(granting, tx))

    with while_another_waits(granting, give, end) as (_, waiter):
        pass

    assert waiter.exception() is None
    assert not granting.world.is_good(given[0].response.access_token)


def test_a_refresh_that_waits_for_a_revocation_holds_nothing_that_the_revocation_needs(
    granting: Granting,
) -> None:
    token, now = granting.refresh_token(), now_of(granting)
    find = granting.world.do
    consent = find(lambda tx, _now: consents.find(tx, granting.user.id, granting.client.id))
    assert consent is not None

    def revoke(tx: Transaction) -> None:
        grant_rows.revoke_consent(tx, now, consent_id=consent.id, user_id=granting.user.id)

    def refresh() -> str:
        return granting.refusal_of_refresh(token)

    with while_another_waits(granting, revoke, refresh) as (tx, waiter):
        grant_rows.revoke_families_of_consent(tx, now, consent.id, "user")

    assert "invalid_grant" == waiter.result()
