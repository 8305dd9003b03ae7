"""`leasehold service-account`: accounts, and key files that are safe and complete."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from leasehold.accounts import installation, service_accounts
from leasehold.accounts.model import ServiceAccount
from leasehold.cli.database import read, transact
from leasehold.cli.service_account import new_key
from leasehold.errors import Invalid
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction
from tests.cli.commands import Commands

WORKER = "worker@shop.iam.leasehold.internal"
ISSUER = "https://tasks.example.com"
ON_UNKNOWN_ACCOUNTS = [
    "disable nobody@shop.iam.leasehold.internal",
    "enable nobody@shop.iam.leasehold.internal",
    "delete worker",
    "keys \udcff",
    "delete-key nobody@shop.iam.leasehold.internal 00",
    f"rotate-key nobody@shop.iam.leasehold.internal --key-file x.json --issuer {ISSUER}",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker.json"


@pytest.fixture
def worker(shop: Commands, path: Path) -> Commands:
    """A service account whose key is in `path`."""
    shop.ok(create(path))
    return shop


def create(path: Path, more: str = f"--issuer {ISSUER}") -> str:
    return f"service-account create worker --project shop --key-file {path} {more}"


def keys(commands: Commands) -> list[str]:
    return [key["key"] for key in commands.json(f"service-account keys {WORKER}")]


def test_create_writes_a_key_file_that_only_its_owner_may_read(shop: Commands, path: Path) -> None:
    result = shop.run(create(path))

    content = json.loads(path.read_text())
    assert 0 == result.exit_code
    assert f"Service account {WORKER} has a new key in {path}." in result.stdout
    assert f"leasehold queue grant QUEUE --project shop --role consumer {WORKER}" in result.stdout
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert (WORKER, f"{ISSUER}/token") == (content["client_email"], content["token_uri"])
    assert [content["private_key_id"]] == keys(shop)
    assert "PRIVATE KEY" not in result.output


def test_the_key_that_is_registered_is_the_one_in_the_file(worker: Commands, path: Path) -> None:
    content = json.loads(path.read_text())
    engine = open_engine(worker.database_url)
    registered = read(
        engine, lambda tx, _: service_accounts.find_key(tx, content["private_key_id"])
    )

    private = serialization.load_pem_private_key(content["private_key"].encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert registered is not None
    assert registered.public_key == public.decode()


def test_create_again_gives_the_account_one_more_key(worker: Commands, path: Path) -> None:
    value = worker.json(create(path.with_name("second.json")))

    assert 2 == len(keys(worker))
    assert value["key"] in keys(worker)


def test_the_issuer_is_the_one_that_the_server_was_started_with(shop: Commands, path: Path) -> None:
    unknown = shop.refused(create(path, ""))
    engine = open_engine(shop.database_url)
    transact(engine, lambda tx, _: installation.put(tx, "issuer", "http://127.0.0.1:8080"))
    shop.ok(create(path, ""))

    assert "give it with --issuer" in unknown
    assert "http://127.0.0.1:8080/token" == json.loads(path.read_text())["token_uri"]


def test_an_issuer_that_is_no_url_is_refused(shop: Commands, path: Path) -> None:
    assert "a URL like" in shop.refused(create(path, "--issuer tasks.example.com"))


def test_a_file_that_is_there_is_replaced_only_with_force(shop: Commands, path: Path) -> None:
    path.write_text("precious")
    path.chmod(0o644)

    said = shop.refused(create(path))
    kept = path.read_text()
    none = shop.json("service-account list --project shop")
    shop.ok(create(path, f"--issuer {ISSUER} --force"))

    assert f"{path} is there already" in said
    assert ("precious", []) == (kept, none)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [json.loads(path.read_text())["private_key_id"]] == keys(shop)


@pytest.mark.parametrize("force", ["", " --force"])
def test_no_key_is_left_when_the_file_cannot_be_written(
    worker: Commands, tmp_path: Path, force: str
) -> None:
    before = keys(worker)
    nowhere = tmp_path / "nowhere" / "worker.json"

    said = worker.refused(create(nowhere, f"--issuer {ISSUER}{force}"))

    assert "cannot be written: No such file or directory" in said
    assert before == keys(worker)


def test_the_universe_of_the_key_file_may_be_another_one(shop: Commands, path: Path) -> None:
    shop.ok(create(path, f"--issuer {ISSUER} --universe-domain tasks.example.com"))

    assert "tasks.example.com" == json.loads(path.read_text())["universe_domain"]


@pytest.mark.parametrize("domain", ["https://tasks.example.com", "tasks", "a..b", "a.b/c", "A.b"])
def test_a_universe_is_a_domain(shop: Commands, path: Path, domain: str) -> None:
    said = shop.misused(create(path, f"--issuer {ISSUER} --universe-domain {domain}"))

    assert "a domain has labels with dots between" in said
    assert not path.exists()


def test_no_key_is_left_when_the_file_fails_at_the_last_moment(
    worker: Commands, tmp_path: Path
) -> None:
    before = keys(worker)
    target = tmp_path / "target.json"

    def find(tx: Transaction, _now: int) -> ServiceAccount:
        target.mkdir()  # now the finished file cannot take this name
        return service_accounts.require(tx, WORKER)

    with pytest.raises(Invalid, match="cannot be written"):
        new_key(
            open_engine(worker.database_url),
            find,
            target,
            issuer=ISSUER,
            universe_domain="googleapis.com",
            force=True,
        )

    assert before == keys(worker)
    assert [] == list(tmp_path.glob(".target.json*"))


def test_no_file_is_left_when_the_account_is_refused(shop: Commands, path: Path) -> None:
    line = f"service-account create Worker! --project shop --key-file {path} --issuer {ISSUER}"

    assert "lower-case letters" in shop.refused(line)
    assert not path.exists()


def test_list_shows_accounts_and_how_many_keys_they_have(worker: Commands) -> None:
    value = worker.json("service-account list --project shop")

    assert [(WORKER, "active", 1)] == [(a["email"], a["state"], a["keys"]) for a in value]
    assert f"{WORKER}  active     1" in worker.ok("service-account list --project shop")


def test_an_account_is_disabled_enabled_and_deleted(worker: Commands, path: Path) -> None:
    states = [worker.json(f"service-account disable {WORKER}")["state"]]
    more = worker.run(create(path.with_name("second.json")))
    states.append(worker.json(f"service-account enable {WORKER.upper()}")["state"])
    worker.ok(f"service-account delete {WORKER}")

    assert ["disabled", "active"] == states
    assert "the account is disabled" in more.stderr
    assert [] == worker.json("service-account list --project shop")


def test_rotate_deletes_the_older_keys_once_the_new_file_is_there(
    worker: Commands, path: Path
) -> None:
    value = worker.json(
        f"service-account rotate-key {WORKER} --key-file {path} --force --issuer {ISSUER}"
    )

    assert 1 == value["keys_deleted"]
    assert [value["key"]] == keys(worker)
    assert value["key"] == json.loads(path.read_text())["private_key_id"]


def test_rotate_may_keep_the_older_keys(worker: Commands, path: Path) -> None:
    second = path.with_name("second.json")

    said = worker.ok(
        f"service-account rotate-key {WORKER} --key-file {second} --keep-old --issuer {ISSUER}"
    )

    assert "leasehold service-account delete-key" in said
    assert 2 == len(keys(worker))


def test_rotate_deletes_nothing_when_the_new_file_cannot_be_written(
    worker: Commands, path: Path
) -> None:
    before = keys(worker)

    worker.refused(f"service-account rotate-key {WORKER} --key-file {path} --issuer {ISSUER}")

    assert before == keys(worker)


def test_one_key_is_deleted_and_only_the_accounts_own(worker: Commands, path: Path) -> None:
    other = path.with_name("other.json")
    worker.ok(f"service-account create other --project shop --key-file {other} --issuer {ISSUER}")
    (key,) = keys(worker)
    foreign = json.loads(other.read_text())["private_key_id"]

    said = worker.refused(f"service-account delete-key {WORKER} {foreign}")
    worker.ok(f"service-account delete-key {WORKER} {key}")

    assert f"{WORKER} has no key '{foreign}'" in said
    assert [] == keys(worker)


def test_an_unknown_account_is_told_in_one_line(
    shop: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for line in ON_UNKNOWN_ACCOUNTS:
        said = shop.refused(f"service-account {line}")

        assert "there is no service account" in said
        assert 1 == said.count("\n")
    assert not Path("x.json").exists()


def test_an_unknown_project_is_told(shop: Commands, path: Path) -> None:
    line = f"service-account create worker --project other --key-file {path} --issuer {ISSUER}"

    assert "no project 'other'" in shop.refused(line)
    assert "no project 'other'" in shop.refused("service-account list --project other")
