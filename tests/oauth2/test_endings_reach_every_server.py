"""Whatever ends a token ends it at every server on the database, within two seconds."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from leasehold.accounts import service_accounts, users
from leasehold.entropy import Entropy
from leasehold.oauth2 import clients, consents, delegations
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import a_client
from tests.oauth2.shop import Shop
from tests.oauth2.world import SCOPE
from tests.postgres import PostgresServer
from tests.running_server import (
    OWNER,
    PROJECT,
    SECRET_BOX,
    RunningServer,
    run_server,
    run_server_on,
)

STALENESS = 2.0  # seconds, as is the default
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Change = Callable[[Shop, Transaction, int], object]


@pytest.fixture(scope="module")
def servers(postgres_server: PostgresServer) -> Iterator[tuple[RunningServer, RunningServer]]:
    with (
        run_server(postgres_server.create_database()) as first,
        run_server_on(first.engine, Settings()) as second,
    ):
        yield first, second


@pytest.fixture
def shop(servers: tuple[RunningServer, RunningServer]) -> Shop:
    server, _ = servers
    new = a_client(project_id=PROJECT, client_credentials=True, rotates=True)
    client, secret = server.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))
    assert secret is not None
    return Shop(server, client, secret.text)


def of_a_person(shop: Shop) -> str:
    return shop.allowed(SCOPE)["access_token"]


def of_the_client(shop: Shop) -> str:
    return shop.ask(grant_type="client_credentials", scope=SCOPE)["access_token"]


def of_an_account(shop: Shop) -> str:
    return shop.server.token(name_of_account(shop))


def self_signed(shop: Shop) -> str:
    return shop.server.self_signed(name_of_account(shop), aud=None, scope=SCOPE)


def for_a_user(shop: Shop) -> str:
    account = shop.server.service_account(name_of_account(shop))["client_email"]
    shop.server.do(
        lambda tx, now: delegations.add(
            tx, now, account_email=account, domain="example.com", scope=SCOPE
        )
    )
    assertion = shop.server.self_signed(
        name_of_account(shop), aud=f"{shop.server.url}/token", scope=SCOPE, sub=OWNER
    )
    answer = shop.post("/token", grant_type=JWT_BEARER, assertion=assertion)
    return str(answer.json()["access_token"])


def name_of_account(shop: Shop) -> str:
    return f"a{shop.client.id[:12]}"


def account_of(shop: Shop) -> str:
    return shop.server.service_account(name_of_account(shop))["client_email"]


def consent_taken_back(shop: Shop, tx: Transaction, now: int) -> None:
    user = users.require(tx, OWNER)
    consent = consents.find(tx, user.id, shop.client.id)
    assert consent is not None
    assert consents.revoke(tx, now, consent_id=consent.id, user_id=user.id, because="user")


def password_changed(_shop: Shop, tx: Transaction, now: int) -> None:
    consents.revoke_all_of_user(tx, now, users.require(tx, OWNER).id, "password")


def user_disabled(_shop: Shop, tx: Transaction, now: int) -> None:
    users.disable(tx, now, OWNER)


def client_deleted(shop: Shop, tx: Transaction, now: int) -> None:
    clients.delete(tx, now, shop.client.id)


def secret_deleted(shop: Shop, tx: Transaction, now: int) -> None:
    (secret,) = clients.secrets_of(tx, shop.client.id)
    clients.delete_secret(tx, now, shop.client.id, secret.id)


def client_credentials_switched_off(shop: Shop, tx: Transaction, _now: int) -> None:
    client = clients.find_to_change(tx, shop.client.id)
    clients.change(tx, replace(client, client_credentials=False))


def account_disabled(shop: Shop, tx: Transaction, now: int) -> None:
    service_accounts.disable(tx, now, account_of(shop))


def key_deleted(shop: Shop, tx: Transaction, now: int) -> None:
    service_accounts.delete_other_keys(tx, now, account_of(shop), kept="")


def delegation_removed(shop: Shop, tx: Transaction, now: int) -> None:
    delegations.remove(tx, now, account_email=account_of(shop), domain="example.com")


@pytest.mark.parametrize(
    ("token_of", "change"),
    [
        (of_a_person, consent_taken_back),
        (of_a_person, password_changed),
        (of_a_person, user_disabled),
        (of_a_person, client_deleted),
        (of_the_client, client_deleted),
        (of_the_client, secret_deleted),
        (of_the_client, client_credentials_switched_off),
        (of_an_account, account_disabled),
        (of_an_account, key_deleted),
        (self_signed, account_disabled),
        (self_signed, key_deleted),
        (for_a_user, delegation_removed),
        (for_a_user, user_disabled),
        (for_a_user, account_disabled),
        (for_a_user, key_deleted),
    ],
    ids=lambda function: function.__name__,
)
def test_an_ending_reaches_both_servers(
    servers: tuple[RunningServer, RunningServer],
    shop: Shop,
    token_of: Callable[[Shop], str],
    change: Change,
) -> None:
    token = token_of(shop)
    assert not any(is_refused(server, token) for server in servers)

    shop.server.do(lambda tx, now: change(shop, tx, now))

    assert all(seconds_until_refused(server, token) < STALENESS for server in servers)
    shop.server.do(lambda tx, _now: users.enable(tx, OWNER))


def test_the_reuse_of_a_code_or_refresh_token_reaches_the_other_server(
    servers: tuple[RunningServer, RunningServer], shop: Shop
) -> None:
    tokens = shop.allowed(SCOPE)
    assert not any(is_refused(server, tokens["access_token"]) for server in servers)

    credentials = {"client_id": shop.client.id, "client_secret": shop.secret}
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    statuses = [shop.post("/token", **credentials, **form).status_code for _ in range(2)]

    assert [200, 400] == statuses
    assert seconds_until_refused(servers[1], tokens["access_token"]) < STALENESS


def is_refused(server: RunningServer, token: str) -> bool:
    return server.call("GET", f"{PROJECT}/taskqueues/q", token=token).status_code == 401


def seconds_until_refused(server: RunningServer, token: str) -> float:
    start, pause = time.monotonic(), threading.Event()
    while not is_refused(server, token):
        assert time.monotonic() - start < 10
        pause.wait(0.02)
    return time.monotonic() - start
