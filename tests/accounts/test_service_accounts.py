"""Service accounts and their keys."""

import re
from collections.abc import Callable

import pytest

from leasehold.accounts import configuration, projects, service_accounts, users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction

ROBOT = "robot@app.iam.leasehold.internal"


@pytest.fixture(autouse=True)
def app(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")
    projects.create(tx, now, project_id="app", owner_email="ada@example.com")


def test_an_account_has_an_address_of_its_project_and_a_number(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    created = service_accounts.create(tx, now, entropy, project_id="app", name="robot")

    assert ROBOT == created.email
    assert re.fullmatch(r"[0-9]{21}", created.id)
    assert created == service_accounts.find(tx, ROBOT)


def test_a_projects_domain_comes_after_the_project(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    projects.create(tx, now, project_id="example.com:app", owner_email="ada@example.com")

    created = service_accounts.create(tx, now, entropy, project_id="example.com:app", name="robot")

    assert "robot@app.example.com.iam.leasehold.internal" == created.email
    assert created == service_accounts.find(tx, created.email)


@pytest.mark.parametrize("name", ["", "Robot", "1robot", "a" * 64, "a.b", "a@b", "robot\n", "r\0"])
def test_a_name_is_made_of_lower_case_letters_digits_and_hyphens(
    tx: Transaction, now: int, entropy: Entropy, name: str
) -> None:
    with pytest.raises(Invalid, match="lower-case letters"):
        service_accounts.create(tx, now, entropy, project_id="app", name=name)


def test_a_name_is_used_once_in_a_project_that_is_there(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    service_accounts.create(tx, now, entropy, project_id="app", name="robot")

    with pytest.raises(Conflict, match="robot"):
        service_accounts.create(tx, now, entropy, project_id="app", name="robot")
    with pytest.raises(NotFound, match="other"):
        service_accounts.create(tx, now, entropy, project_id="other", name="robot")


def test_accounts_are_listed_by_name_without_the_deleted_ones(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    for name in ("robot", "crawler", "gone"):
        service_accounts.create(tx, now, entropy, project_id="app", name=name)
    service_accounts.delete(tx, now, "gone@app.iam.leasehold.internal")
    service_accounts.disable(tx, now, ROBOT)

    assert ["crawler", "robot"] == [a.name for a in service_accounts.list_accounts(tx, "app")]


def test_the_name_of_a_deleted_account_may_be_used_again_with_another_number(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    first = service_accounts.create(tx, now, entropy, project_id="app", name="robot")
    key = service_accounts.add_key(
        tx, now, entropy, email=ROBOT, public_key="PEM", certificate="PEM"
    )
    service_accounts.delete(tx, now, ROBOT)

    second = service_accounts.create(tx, now, entropy, project_id="app", name="robot")

    assert first.id != second.id
    assert [] == service_accounts.keys_of(tx, ROBOT)
    assert first.id == key.service_account_id


def test_an_account_is_disabled_and_enabled_again(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    service_accounts.create(tx, now, entropy, project_id="app", name="robot")

    service_accounts.disable(tx, now, ROBOT)
    disabled = service_accounts.find(tx, ROBOT)
    service_accounts.enable(tx, ROBOT)
    enabled = service_accounts.find(tx, ROBOT)

    assert disabled is not None
    assert not disabled.is_active
    assert enabled is not None
    assert enabled.is_active


def test_keys_are_listed_oldest_first_until_they_are_deleted(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    service_accounts.create(tx, now, entropy, project_id="app", name="robot")
    keys = [
        service_accounts.add_key(
            tx, now + n, entropy, email=ROBOT, public_key=f"PEM {n}", certificate="PEM"
        )
        for n in range(3)
    ]

    service_accounts.delete_key(tx, now, keys[1].id)

    assert [keys[0], keys[2]] == service_accounts.keys_of(tx, ROBOT)
    assert keys[0] == service_accounts.find_key(tx, keys[0].id)
    assert service_accounts.find_key(tx, keys[1].id) is None


@pytest.mark.parametrize("strange", ["", "x\0", "\ud800", "' or 1=1 --", "../../etc/passwd"])
def test_strange_addresses_and_key_ids_are_not_there(tx: Transaction, strange: str) -> None:
    assert service_accounts.find(tx, strange) is None
    assert service_accounts.find_key(tx, strange) is None


def test_changes_of_what_is_not_there_are_refused(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    for change in (
        lambda: service_accounts.disable(tx, now, ROBOT),
        lambda: service_accounts.enable(tx, ROBOT),
        lambda: service_accounts.delete(tx, now, ROBOT),
        lambda: service_accounts.add_key(
            tx, now, entropy, email=ROBOT, public_key="PEM", certificate="PEM"
        ),
        lambda: service_accounts.delete_key(tx, now, "0" * 40),
    ):
        with pytest.raises(NotFound):
            change()


def test_every_change_is_counted_for_the_servers(
    tx: Transaction, now: int, entropy: Entropy
) -> None:
    versions = [configuration.version(tx)]
    service_accounts.create(tx, now, entropy, project_id="app", name="robot")
    versions.append(configuration.version(tx))
    key = service_accounts.add_key(
        tx, now, entropy, email=ROBOT, public_key="PEM", certificate="PEM"
    )
    versions.append(configuration.version(tx))
    changes: list[Callable[[], None]] = [
        lambda: service_accounts.delete_key(tx, now, key.id),
        lambda: service_accounts.disable(tx, now, ROBOT),
        lambda: service_accounts.enable(tx, ROBOT),
        lambda: service_accounts.delete(tx, now, ROBOT),
    ]
    for change in changes:
        change()
        versions.append(configuration.version(tx))

    assert sorted(set(versions)) == versions


def test_an_account_has_at_most_ten_keys(tx: Transaction, now: int, entropy: Entropy) -> None:
    service_accounts.create(tx, now, entropy, project_id="app", name="robot")
    for n in range(10):
        service_accounts.add_key(
            tx, now, entropy, email=ROBOT, public_key=f"PEM {n}", certificate="PEM"
        )

    with pytest.raises(Conflict, match="delete one first"):
        service_accounts.add_key(tx, now, entropy, email=ROBOT, public_key="PEM", certificate="PEM")
