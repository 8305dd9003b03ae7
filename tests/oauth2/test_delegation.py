"""Domain-wide delegation: a service account acts for a user of a domain, within scopes."""

import json
from collections.abc import Callable

import pytest

from leasehold.accounts import service_accounts, users
from leasehold.accounts.key_file import KeyPair
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from leasehold.oauth2 import delegations
from leasehold.oauth2.model import TokenResponse
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import ADA
from tests.oauth2.world import SCOPE, World, refusal, signed

CONSUMER = f"{SCOPE}.consumer"


@pytest.fixture
def domain(world: World) -> World:
    """The account `robot` may act for the users of example.com."""
    return delegated(world)


@pytest.fixture
def small_domain(small_world: World) -> World:
    return delegated(small_world)


def delegated(world: World) -> World:
    world.do(
        lambda tx, now: delegations.add(
            tx,
            now,
            account_email=world.account.email,
            domain="example.com",
            scope=f"{SCOPE} {CONSUMER}",
        )
    )
    return world


def remove(world: World) -> None:
    world.do(
        lambda tx, now: delegations.remove(
            tx, now, account_email=world.account.email, domain="example.com"
        )
    )


def act(world: World, **claims: object) -> TokenResponse:
    return world.exchange(world.assertion(**claims))


def refused(world: World, **claims: object) -> str:
    return world.refusal(world.assertion(**claims))[0]


def add_user(world: World, email: str) -> None:
    def add(tx: Transaction, now: int) -> None:
        users.create(tx, now, Entropy(), email=email, password_hash="h")

    world.do(add)


def find_ada(world: World) -> User:
    return world.do(lambda tx, _now: users.require(tx, ADA))


def as_other(pair: KeyPair, header: str, claims: str) -> str:
    return signed(header, claims, pair.private_pem)


@pytest.mark.parametrize("name", ["sub", "prn"])
def test_the_token_stands_for_the_user(domain: World, name: str) -> None:
    response = domain.exchange(domain.assertion(**{name: ADA}))

    found, ada = domain.find(response.access_token), find_ada(domain)
    assert found is not None
    assert (ada.subject, ADA, ada.id) == (found.subject, found.email, found.user_id)
    assert (domain.account.id, "app") == (found.client_id, found.project_id)
    assert domain.is_good(response.access_token)


def test_both_names_with_one_value_are_one_user(small_domain: World) -> None:
    assert act(small_domain, sub=ADA, prn=ADA).access_token


def test_two_different_users_are_refused(small_domain: World) -> None:
    email = small_domain.account.email

    for names in ({"sub": ADA, "prn": "x@example.com"}, {"sub": ADA, "prn": email}):
        assert "unauthorized_client" == refused(small_domain, **names)


def test_the_users_address_may_be_in_any_case(small_domain: World) -> None:
    assert act(small_domain, sub="Ada@EXAMPLE.com").access_token


def test_for_itself_the_account_needs_no_delegation(small_domain: World) -> None:
    found = small_domain.find(act(small_domain, sub=small_domain.account.email).access_token)

    assert found is not None
    assert (None, small_domain.account.email) == (found.user_id, found.email)


def test_some_of_the_delegated_scopes_may_be_asked_for(small_domain: World) -> None:
    assert CONSUMER == act(small_domain, sub=ADA, scope=CONSUMER).scope


def test_whatever_is_missing_the_refusal_is_the_same(domain: World, other_pair: KeyPair) -> None:
    add_user(domain, "eve@other.example.com")
    add_user(domain, "off@example.com")
    domain.do(lambda tx, now: users.disable(tx, now, "off@example.com"))
    other, key = domain.add_account("other", other_pair)
    of_other = {"iss": other.email, "sub": ADA}
    header = json.dumps({"alg": "RS256", "kid": key.id, "typ": "JWT"})

    refusals = {
        refusal(lambda: act(domain, sub="nobody@example.com")),
        refusal(lambda: act(domain, sub="eve@other.example.com")),
        refusal(lambda: act(domain, sub="off@example.com")),
        refusal(lambda: act(domain, sub="not an address")),
        refusal(lambda: act(domain, sub="@example.com")),
        refusal(lambda: act(domain, sub="robot@app.iam.leasehold.internal.example.com")),
        refusal(lambda: act(domain, sub=ADA, scope=f"{SCOPE} openid")),
        refusal(lambda: act(domain, sub=ADA, scope="email")),
        refusal(
            lambda: domain.exchange(
                as_other(other_pair, header, json.dumps(domain.claims(**of_other)))
            )
        ),
    }

    assert {"unauthorized_client"} == {code for code, _ in refusals}
    assert 1 == len(refusals)


def test_only_who_has_a_key_of_the_account_is_told_anything(small_domain: World) -> None:
    text = small_domain.assertion(sub=ADA)
    forged = text[: text.rindex(".") + 1] + "A" * 342

    assert "invalid_grant" == small_domain.refusal(forged)[0]


def test_there_are_no_id_tokens_for_others(small_domain: World) -> None:
    text = small_domain.assertion(sub=ADA, scope=None, target_audience="https://x.example.com/")

    assert "unauthorized_client" == small_domain.refusal(text)[0]


@pytest.mark.parametrize(
    "end",
    [
        remove,
        lambda world: world.do(lambda tx, now: users.disable(tx, now, ADA)),
        lambda world: world.do(
            lambda tx, now: service_accounts.disable(tx, now, world.account.email)
        ),
        lambda world: world.do(lambda tx, now: service_accounts.delete_key(tx, now, world.key.id)),
    ],
    ids=["delegation", "user", "account", "key"],
)
def test_tokens_end_with_all_that_they_came_of(
    domain: World, end: Callable[[World], object]
) -> None:
    token = act(domain, sub=ADA).access_token

    end(domain)

    assert not domain.is_good(token)


def test_a_delegation_that_is_given_again_does_not_bring_old_tokens_back(domain: World) -> None:
    old = act(domain, sub=ADA).access_token
    remove(domain)
    assert "unauthorized_client" == refused(domain, sub=ADA)

    delegated(domain)

    assert not domain.is_good(old)
    assert domain.is_good(act(domain, sub=ADA).access_token)
