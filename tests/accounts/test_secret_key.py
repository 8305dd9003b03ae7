"""The installation's secret key file: made once, and never mistaken for another's."""

from pathlib import Path

import pytest

from leasehold.accounts import secret_key
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, NotFound
from leasehold.storage.secret_box import make_key_file
from leasehold.storage.transaction import Transaction


def test_the_first_start_makes_the_file_and_the_next_reads_it(
    tx: Transaction, tmp_path: Path, entropy: Entropy
) -> None:
    path = tmp_path / "leasehold.key"

    first = secret_key.unlock(tx, path, entropy)
    second = secret_key.unlock(tx, path, entropy)

    assert first.id == second.id


def test_a_missing_file_is_not_made_anew(tx: Transaction, tmp_path: Path, entropy: Entropy) -> None:
    path = tmp_path / "leasehold.key"
    secret_key.unlock(tx, path, entropy)
    path.unlink()

    with pytest.raises(NotFound, match=r"is missing.*LEASEHOLD_SECRET_KEY_FILE"):
        secret_key.unlock(tx, path, entropy)

    assert not path.exists()


def test_another_installations_file_is_refused(
    tx: Transaction, tmp_path: Path, entropy: Entropy
) -> None:
    secret_key.unlock(tx, tmp_path / "ours.key", entropy)
    make_key_file(tmp_path / "theirs.key", entropy)

    with pytest.raises(Conflict, match="not the secret key file of this database"):
        secret_key.unlock(tx, tmp_path / "theirs.key", entropy)


def test_who_gives_up_a_lost_file_gets_a_new_one(
    tx: Transaction, tmp_path: Path, entropy: Entropy
) -> None:
    path = tmp_path / "leasehold.key"
    lost = secret_key.unlock(tx, path, entropy)
    path.unlink()

    secret_key.forget(tx)
    found = secret_key.unlock(tx, path, entropy)

    assert lost.id != found.id
