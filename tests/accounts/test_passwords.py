"""Passwords: how long they are, how they are kept, and what a check reveals."""

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from leasehold.accounts import passwords
from leasehold.entropy import Entropy
from leasehold.errors import Invalid


def test_a_password_is_right_and_another_one_is_not(entropy: Entropy) -> None:
    kept = passwords.hash_password(entropy, "correct horse")

    assert passwords.check(kept, "correct horse")
    assert not passwords.check(kept, "correct horsf")


def test_the_hash_is_argon2id_with_19_mib_two_passes_and_one_lane(entropy: Entropy) -> None:
    parameters = extract_parameters(passwords.hash_password(entropy, "correct horse"))

    assert (Type.ID, 19 * 1024, 2, 1) == (
        parameters.type,
        parameters.memory_cost,
        parameters.time_cost,
        parameters.parallelism,
    )


def test_the_same_password_is_never_kept_as_the_same_text(entropy: Entropy) -> None:
    first = passwords.hash_password(entropy, "correct horse")

    assert first != passwords.hash_password(entropy, "correct horse")


@pytest.mark.parametrize("password", ["", "seven77", "a" * 1025])
def test_a_password_of_fewer_than_8_or_more_than_1024_characters_is_refused(
    entropy: Entropy, password: str
) -> None:
    with pytest.raises(Invalid, match="characters or"):
        passwords.hash_password(entropy, password)


def test_no_other_rule_is_made_about_a_password(entropy: Entropy) -> None:
    for password in ("12345678", "        ", "пароль-🔑", "a" * 1024, "half\ud800surrogate"):
        assert passwords.check(passwords.hash_password(entropy, password), password)


def test_both_unicode_forms_of_a_password_are_the_same_password(entropy: Entropy) -> None:
    kept = passwords.hash_password(entropy, "caf\u00e9 cr\u00e8me")

    assert passwords.check(kept, "cafe\u0301 cre\u0300me")


def test_a_password_that_begins_with_the_right_1024_characters_is_wrong(entropy: Entropy) -> None:
    kept = passwords.hash_password(entropy, "a" * 1024)

    assert not passwords.check(kept, "a" * 1025)


def test_an_unknown_user_never_passes_and_costs_as_much_as_a_known_one() -> None:
    stand_in = passwords._NOBODY  # noqa: SLF001  # the work that is done when there is no hash

    assert not passwords.check(None, "correct horse")
    assert not passwords.needs_rehash(stand_in)


def test_a_damaged_hash_lets_nobody_in() -> None:
    assert not passwords.check("$argon2id$damaged", "correct horse")


def test_a_hash_with_other_parameters_is_to_be_made_anew(entropy: Entropy) -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("correct horse")

    assert passwords.check(weaker, "correct horse")
    assert passwords.needs_rehash(weaker)
    assert not passwords.needs_rehash(passwords.hash_password(entropy, "correct horse"))
