"""`leasehold secret-key replace`: the way back when the key file is lost or known to others."""

import json
from pathlib import Path

import pytest

from leasehold.accounts import configuration
from leasehold.cli.database import transact
from leasehold.entropy import Entropy
from leasehold.errors import Unavailable
from leasehold.oauth2 import signing_keys
from leasehold.oauth2.signing_keys import DAY
from leasehold.storage.engine import open_engine
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from tests.cli.commands import Commands

ISSUER = "--issuer https://tasks.example.com"
CREATE = "client create --project shop --type installed --name Printer --out {}"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "secret.key"
    monkeypatch.setenv("LEASEHOLD_SECRET_KEY_FILE", str(path))
    return path


@pytest.fixture
def client(shop: Commands, key: Path, tmp_path: Path) -> str:
    """The id of a client; its secret made the key file."""
    line = CREATE.format(tmp_path / "client_secrets.json")
    made = shop.json(f"{line} {ISSUER}")
    assert key.exists()
    return str(made["client"])


def test_after_a_loss_a_new_file_is_made_and_client_secrets_have_ended(
    shop: Commands, key: Path, client: str, tmp_path: Path
) -> None:
    key.unlink()
    rotate = f"client rotate-secret {client} {ISSUER} --out {tmp_path / '2.json'}"
    refused = shop.refused(rotate)
    assert "leasehold secret-key replace" in refused

    ended = shop.json("secret-key replace --yes")

    assert 1 == ended["client_secrets_ended"]
    assert key.exists()
    assert 0o600 == key.stat().st_mode & 0o777
    assert [] == shop.json(f"client show {client}")["secrets"]
    shop.ok(rotate)
    assert client == json.loads((tmp_path / "2.json").read_text())["installed"]["client_id"]


def test_a_file_that_is_still_there_is_kept_beside_the_new_one(
    shop: Commands, key: Path, client: str
) -> None:
    before = key.read_text()

    shop.ok("secret-key replace --yes")

    assert client
    assert before == Path(f"{key}.old").read_text()
    assert before != key.read_text()
    assert "is there from an earlier time" in shop.refused("secret-key replace --yes")


def test_the_strings_of_api_keys_end_and_the_keys_stay(shop: Commands, key: Path) -> None:
    made = shop.json("key create --project shop --name Printer")
    shop.ok(f"key rotate {made['key']}")

    assert "API keys' strings" in shop.run("secret-key replace", typed="n\n").stderr
    ended = shop.json("secret-key replace --yes")

    assert 2 == ended["api_key_strings_ended"]
    assert key.exists()
    assert "without a string" == shop.json(f"key show {made['key']}")["state"]
    assert shop.ok(f"key rotate {made['key']}").startswith("lhk_")


def test_signing_keys_of_the_old_file_are_removed(shop: Commands, key: Path, client: str) -> None:
    engine = open_engine(shop.database_url)
    made = signing_keys.make(SecretBox(b"k" * KEY_BYTES), Entropy())
    transact(engine, lambda tx, now: signing_keys.add(tx, now, key=made, period=30 * DAY))

    shop.ok("secret-key replace --yes")

    assert client
    assert key.exists()
    assert {} == transact(engine, lambda tx, _: dict(signing_keys.published(tx, 0)))


def test_without_a_yes_nothing_changes(shop: Commands, key: Path, client: str) -> None:
    before = key.read_text()

    assert "nothing was changed" in shop.refused("secret-key replace", typed="n\n")

    assert client
    assert before == key.read_text()


def test_when_the_change_fails_the_old_file_has_its_name_again(
    shop: Commands, key: Path, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key.read_text()

    def fail(_tx: Transaction) -> None:
        raise Unavailable("the database is gone")

    monkeypatch.setattr(configuration, "touch", fail)
    assert "the database is gone" in shop.refused("secret-key replace --yes")

    assert client
    assert before == key.read_text()
    assert not Path(f"{key}.old").exists()
