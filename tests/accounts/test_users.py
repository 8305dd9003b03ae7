"""Users: added once, found by any spelling of their address, disabled, given new passwords."""

import re

import pytest

from leasehold.accounts import configuration, users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction


def test_a_user_is_found_by_any_spelling_of_the_address(tx: Transaction, now: int) -> None:
    created = users.create(tx, now, Entropy(), email="Ada@Example.com", password_hash="h")

    assert created == users.find(tx, " ADA@example.com")
    assert users.find(tx, "eve@example.com") is None


def test_two_users_cannot_have_one_address(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")

    with pytest.raises(Conflict, match=r"ada@example\.com"):
        users.create(tx, now, Entropy(), email="ADA@example.com", password_hash="h")


def test_a_user_needs_an_address(tx: Transaction, now: int) -> None:
    with pytest.raises(Invalid):
        users.create(tx, now, Entropy(), email="ada", password_hash="h")


def test_users_are_listed_by_address(tx: Transaction, now: int) -> None:
    for email in ("eve@example.com", "ada@example.com"):
        users.create(tx, now, Entropy(), email=email, password_hash="h")

    assert ["ada@example.com", "eve@example.com"] == [user.email for user in users.list_users(tx)]


def test_a_disabled_user_stays_and_keeps_the_first_instant(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")
    users.disable(tx, now + 1, "ada@example.com")

    users.disable(tx, now + 2, "Ada@example.com")

    assert now + 1 == users.require(tx, "ada@example.com").disabled_at


def test_a_new_password_takes_the_place_of_the_old_one(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email="ada@example.com", password_hash="old")

    users.set_password_hash(tx, "ada@example.com", "new")

    assert "new" == users.require(tx, "ada@example.com").password_hash


def test_changes_of_an_unknown_user_are_refused(tx: Transaction, now: int) -> None:
    for change in (
        lambda: users.disable(tx, now, "eve@example.com"),
        lambda: users.set_password_hash(tx, "eve@example.com", "h"),
        lambda: users.require(tx, "eve@example.com"),
    ):
        with pytest.raises(NotFound, match=r"eve@example\.com"):
            change()


def test_a_password_hash_is_not_shown(tx: Transaction, now: int) -> None:
    user = users.create(
        tx, now, Entropy(), email="ada@example.com", password_hash="$argon2id$secret"
    )

    assert "secret" not in repr(user)


def test_every_change_is_counted_for_the_servers(tx: Transaction, now: int) -> None:
    versions = [configuration.version(tx)]
    users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")
    versions.append(configuration.version(tx))
    users.set_password_hash(tx, "ada@example.com", "new")
    versions.append(configuration.version(tx))
    users.disable(tx, now, "ada@example.com")
    versions.append(configuration.version(tx))

    assert sorted(set(versions)) == versions


def test_a_user_has_a_subject_of_21_digits_that_is_never_anothers(
    tx: Transaction, now: int
) -> None:
    ada = users.create(tx, now, Entropy(), email="ada@example.com", password_hash="h")
    eve = users.create(tx, now, Entropy(), email="eve@example.com", password_hash="h")

    assert re.fullmatch(r"2[0-9]{20}", ada.subject)
    assert ada.subject != eve.subject
    assert ada == users.find_by_subject(tx, ada.subject)
    for text in ("", "2" * 21, "\0", ada.subject + "\n"):
        assert users.find_by_subject(tx, text) is None


def test_a_user_may_have_a_name_no_password_and_an_unverified_address(
    tx: Transaction, now: int
) -> None:
    user = users.create(
        tx, now, Entropy(), email="ada@example.com", password_hash=None, name=" Ada  Lovelace "
    )

    assert ("Ada Lovelace", None, None) == (
        user.name,
        user.password_hash,
        user.email_verified_at,
    )
    assert user == users.find_by_id(tx, user.id)


def test_an_address_is_verified_once(tx: Transaction, now: int) -> None:
    user = users.create(tx, now, Entropy(), email="ada@example.com", password_hash=None)

    users.mark_email_verified(tx, now + 1, user.id)
    users.mark_email_verified(tx, now + 2, user.id)

    assert now + 1 == users.require(tx, "ada@example.com").email_verified_at


@pytest.mark.parametrize("name", ["x" * 101, "a\0b", "\u202eevil", "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(tx: Transaction, now: int, name: str) -> None:
    user = users.create(tx, now, Entropy(), email="ada@example.com", password_hash=None)

    with pytest.raises(Invalid, match="a name has"):
        users.set_name(tx, user.id, name)
    users.set_name(tx, user.id, "Ada")

    assert "Ada" == users.require(tx, "ada@example.com").name


def test_who_is_disabled_is_not_held(tx: Transaction, now: int) -> None:
    user = users.create(tx, now, Entropy(), email="ada@example.com", password_hash=None)
    assert user == users.hold(tx, user.id)

    users.disable(tx, now, "ada@example.com")

    assert users.hold(tx, user.id) is None
    assert users.find_by_id(tx, user.id) == users.require(tx, "ada@example.com")


def test_a_hash_is_replaced_only_while_it_is_the_same(tx: Transaction, now: int) -> None:
    user = users.create(tx, now, Entropy(), email="ada@example.com", password_hash="old")

    assert users.replace_password_hash(tx, user.id, old="old", new="new")
    assert not users.replace_password_hash(tx, user.id, old="old", new="other")

    assert "new" == users.require(tx, "ada@example.com").password_hash
