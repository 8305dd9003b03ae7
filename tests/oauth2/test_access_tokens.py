"""Access tokens: their form, their record, and when they are good."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from leasehold.accounts import rows, service_accounts
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens
from leasehold.oauth2.access_tokens import AccessToken, digest, is_well_formed, mint
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import World

DAY = 86_400


def test_a_token_is_a_prefix_256_random_bits_and_a_checksum() -> None:
    token = mint(Entropy())

    assert re.fullmatch(r"lha_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}", token)
    assert is_well_formed(token)
    assert token != mint(Entropy())


def test_every_prefix_of_a_token_fails() -> None:
    token = mint(Entropy())

    assert not any(is_well_formed(token[:length]) for length in range(len(token)))


def test_a_token_with_one_changed_character_fails() -> None:
    token = mint(Entropy())
    changed = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        for place in range(len(token))
    ]

    assert not any(map(is_well_formed, changed))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + "A",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.upper(),
        lambda token: token.swapcase(),
        lambda token: token.replace("l", "\u217c", 1),  # a Roman numeral that looks like an l
        lambda token: token.replace("_", "%5F", 1),
        lambda token: token + "=",
        lambda token: token + "\0",
        lambda token: "\ud800" + token,
        lambda token: token * 2,
    ],
)
def test_a_token_that_was_extended_or_spelled_otherwise_fails(spoil: Callable[[str], str]) -> None:
    assert not is_well_formed(spoil(mint(Entropy())))


def test_any_text_has_a_digest() -> None:
    assert {32} == {len(digest(text)) for text in ("", "lha_", "\ud800", "ключ")}


def test_a_record_is_found_by_its_digest(world: World) -> None:
    record = a_record(world)

    assert world.do(lambda tx, _now: access_tokens.store(tx, record))

    assert record == world.do(lambda tx, _now: access_tokens.find(tx, record.digest))
    assert world.do(lambda tx, _now: access_tokens.find(tx, b"\0" * 32)) is None


def test_a_token_is_good_until_the_instant_of_its_expiry(world: World) -> None:
    record = a_record(world, seconds=10)

    assert record.is_good(record.expires_at - 1)
    assert not record.is_good(record.expires_at)


def test_a_token_is_revoked_once_and_listed_since_then(world: World) -> None:
    record = stored(world, seconds=DAY)
    world.hands.seconds += 5
    instant = world.now * 1_000_000

    revoked = [
        world.do(lambda tx, now: access_tokens.revoke(tx, now, record.digest)) for _ in range(2)
    ]

    assert [True, False] == revoked
    assert [record.digest] == revoked_since(world, instant)
    assert [] == revoked_since(world, instant + 1)
    assert dataclasses.replace(record, revoked_at=instant) == found(world, record)


def test_a_disabled_accounts_tokens_are_revoked_and_stay_so_when_it_is_enabled(
    world: World,
) -> None:
    record = stored(world)

    world.do(lambda tx, now: service_accounts.disable(tx, now, world.account.email))
    assert not is_good(world, record)
    world.do(lambda tx, _now: service_accounts.enable(tx, world.account.email))

    assert not is_good(world, record)
    assert [record.digest] == revoked_since(world, 0)


def test_a_deleted_accounts_tokens_are_revoked(world: World) -> None:
    record = stored(world)

    world.do(lambda tx, now: service_accounts.delete(tx, now, world.account.email))

    assert not is_good(world, record)
    assert [record.digest] == revoked_since(world, 0)


def test_a_deleted_keys_tokens_are_revoked_and_another_keys_are_not(world: World) -> None:
    of_the_first = stored(world)
    second = world.do(
        lambda tx, now: service_accounts.add_key(
            tx, now, Entropy(), email=world.account.email, public_key="PEM", certificate="PEM"
        )
    )
    of_the_second = stored(world, key_id=second.id)

    world.do(lambda tx, now: service_accounts.delete_key(tx, now, world.key.id))

    assert [False, True] == [is_good(world, record) for record in (of_the_first, of_the_second)]
    assert [of_the_first.digest] == revoked_since(world, 0)


def test_a_token_that_escaped_the_revocation_is_not_good_either(world: World) -> None:
    record = stored(world)

    # Past the rule, which would revoke it.
    world.do(lambda tx, now: rows.disable_service_account(tx, now, world.account.email))

    assert not is_good(world, record)


@pytest.mark.parametrize("what", ["disabled", "deleted", "key deleted"])
def test_no_token_is_stored_for_an_account_or_key_that_is_switched_off(
    world: World, what: str
) -> None:
    record = a_record(world)
    changes: dict[str, Callable[[Transaction, int], None]] = {
        "disabled": lambda tx, now: service_accounts.disable(tx, now, world.account.email),
        "deleted": lambda tx, now: service_accounts.delete(tx, now, world.account.email),
        "key deleted": lambda tx, now: service_accounts.delete_key(tx, now, world.key.id),
    }
    world.do(changes[what])

    assert not world.do(lambda tx, _now: access_tokens.store(tx, record))
    assert world.do(lambda tx, _now: access_tokens.find(tx, record.digest)) is None


def test_the_sweeper_removes_what_expired_more_than_a_day_ago_a_few_at_a_time(
    world: World,
) -> None:
    old = [stored(world, seconds=seconds) for seconds in (1, 2, 3)]
    young = stored(world, seconds=60)
    world.hands.seconds += DAY + 30

    swept = [world.do(lambda tx, now: access_tokens.sweep(tx, now, 2)) for _ in range(3)]

    assert [2, 1, 0] == swept
    assert [None, None, None, young] == [found(world, record) for record in (*old, young)]


def a_record(world: World, *, seconds: int = 3600, key_id: str = "") -> AccessToken:
    return AccessToken(
        digest=digest(mint(Entropy())),
        service_account_id=world.account.id,
        key_id=key_id or world.key.id,
        project_id="app",
        subject=world.account.id,
        email=world.account.email,
        client_id=world.account.id,
        scopes=3,
        issued_at=world.now * 1_000_000,
        expires_at=(world.now + seconds) * 1_000_000,
    )


def stored(world: World, *, seconds: int = 3600, key_id: str = "") -> AccessToken:
    record = a_record(world, seconds=seconds, key_id=key_id)
    assert world.do(lambda tx, _now: access_tokens.store(tx, record))
    return record


def is_good(world: World, record: AccessToken) -> bool:
    kept = found(world, record)
    return kept is not None and kept.is_good(world.now * 1_000_000)


def found(world: World, record: AccessToken) -> AccessToken | None:
    return world.do(lambda tx, _now: access_tokens.find(tx, record.digest))


def revoked_since(world: World, instant: int) -> list[bytes]:
    return world.do(lambda tx, _now: access_tokens.revoked_since(tx, instant))
