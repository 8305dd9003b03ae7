"""Domain-wide delegation: who may act for whose users, and for how long."""

from collections.abc import Callable

import pytest

from leasehold.accounts import service_accounts
from leasehold.accounts.model import ServiceAccount
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.oauth2 import delegations, scopes
from leasehold.oauth2.client_model import Delegation
from leasehold.storage.transaction import Transaction
from tests.oauth2.registration.registry import NOW

CONSUME = scopes.text(scopes.CONSUMER)


@pytest.fixture
def robot(tx: Transaction) -> ServiceAccount:
    return service_accounts.create(tx, NOW, Entropy(), project_id="shop", name="robot")


def add(tx: Transaction, account: ServiceAccount, domain: str = "example.com") -> Delegation:
    return delegations.add(tx, NOW, account_email=account.email, domain=domain, scope=CONSUME)


def test_an_account_may_act_for_a_domain_and_for_no_other(
    tx: Transaction, robot: ServiceAccount
) -> None:
    made = add(tx, robot, " Example.COM ")

    assert made == delegations.find(tx, robot.id, "example.com")
    assert ("example.com", scopes.CONSUMER) == (made.domain, made.scopes)
    for domain in ("sub.example.com", "com", "example.com.evil.example", "Example.com", "", "\0"):
        assert delegations.find(tx, robot.id, domain) is None


def test_another_account_may_not(tx: Transaction, robot: ServiceAccount) -> None:
    other = service_accounts.create(tx, NOW, Entropy(), project_id="shop", name="other")
    add(tx, robot)

    assert delegations.find(tx, other.id, "example.com") is None
    assert delegations.find(tx, "\0", "example.com") is None


def test_it_is_taken_back_once_and_may_be_given_again(
    tx: Transaction, robot: ServiceAccount
) -> None:
    first = add(tx, robot)
    removed = delegations.remove(tx, NOW, account_email=robot.email, domain="example.com")

    assert first == removed
    assert delegations.find(tx, robot.id, "example.com") is None
    with pytest.raises(NotFound, match="may not act for users"):
        delegations.remove(tx, NOW, account_email=robot.email, domain="example.com")
    assert first.id != add(tx, robot).id


def test_it_is_given_once(tx: Transaction, robot: ServiceAccount) -> None:
    add(tx, robot)

    with pytest.raises(Conflict, match="remove that first"):
        add(tx, robot)


def test_an_account_of_the_same_name_that_is_made_later_does_not_inherit_it(
    tx: Transaction, robot: ServiceAccount
) -> None:
    add(tx, robot)
    service_accounts.delete(tx, NOW, robot.email)
    again = service_accounts.create(tx, NOW, Entropy(), project_id="shop", name="robot")

    assert delegations.find(tx, robot.id, "example.com") is None
    assert delegations.find(tx, again.id, "example.com") is None
    assert [] == delegations.list_delegations(tx)


@pytest.mark.parametrize("domain", ["", "*", "*.example.com", ".", "a..b", "a b", "x\0", "é.com"])
def test_a_domain_is_a_name(tx: Transaction, robot: ServiceAccount, domain: str) -> None:
    with pytest.raises(Invalid, match="not a domain"):
        add(tx, robot, domain)


@pytest.mark.parametrize("scope", ["", "  ", "https://example.com/everything", f"{CONSUME} x"])
def test_scopes_are_known_ones(tx: Transaction, robot: ServiceAccount, scope: str) -> None:
    with pytest.raises(Invalid, match="scope"):
        delegations.add(tx, NOW, account_email=robot.email, domain="example.com", scope=scope)


def test_the_account_is_there(tx: Transaction) -> None:
    with pytest.raises(NotFound, match="no service account"):
        delegations.add(tx, NOW, account_email="x@y", domain="a.example", scope=CONSUME)
    with pytest.raises(NotFound, match="no service account"):
        delegations.remove(tx, NOW, account_email="\0", domain="a.example")


def test_they_are_listed_by_domain(tx: Transaction, robot: ServiceAccount) -> None:
    add(tx, robot, "b.example")
    add(tx, robot, "a.example")

    listed = delegations.list_delegations(tx)

    assert ["a.example", "b.example"] == [delegation.domain for delegation in listed]
    assert {robot.email} == {delegation.email for delegation in listed}


def test_every_change_is_counted_for_the_servers(
    tx: Transaction, robot: ServiceAccount, changes: Callable[[], int]
) -> None:
    changes()

    add(tx, robot)
    added = changes()
    delegations.remove(tx, NOW, account_email=robot.email, domain="example.com")

    assert (1, 1) == (added, changes())
