"""`leasehold client`: clients, and the files with their secrets."""

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leasehold.accounts import installation
from leasehold.cli import client_secrets_file
from leasehold.cli.client_secrets_file import Made
from leasehold.cli.database import transact
from leasehold.cli.secret_key_file import unlock
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import NewClient
from leasehold.settings import Settings
from leasehold.storage.engine import open_engine
from leasehold.storage.transaction import Transaction
from tests.cli.commands import Commands

ISSUER = "https://tasks.example.com"
CALLBACK = "https://printer.example.com/callback"
UNKNOWN = "a" * 32 + ".apps.leasehold.internal"


@pytest.fixture(autouse=True)
def secret_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL it would be made in the directory in which the tests run."""
    monkeypatch.setenv("LEASEHOLD_SECRET_KEY_FILE", str(tmp_path / "secret.key"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "client_secrets.json"


@pytest.fixture
def printer(shop: Commands, path: Path) -> str:
    """The id of a web client whose secret is in `path`."""
    return str(shop.json(create(path))["client"])


def create(
    path: Path | str, more: str = f"--redirect-uri {CALLBACK}", *, client_type: str = "web"
) -> str:
    return (
        f"client create --project shop --type {client_type} --name Printer --out {path}"
        f" --issuer {ISSUER} {more}"
    )


def secret_in(path: Path) -> str:
    (content,) = json.loads(path.read_text()).values()
    return str(content["client_secret"])


def endings(commands: Commands, client_id: str) -> list[str]:
    return [secret["ending"] for secret in commands.json(f"client show {client_id}")["secrets"]]


def ids(commands: Commands) -> list[str]:
    return [value["client"] for value in commands.json("client list --project shop")]


def test_create_writes_a_file_that_only_its_owner_may_read_and_shows_the_secret_nowhere(
    shop: Commands, path: Path
) -> None:
    result = shop.run(create(path))

    content = json.loads(path.read_text())["web"]
    assert 0 == result.exit_code
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [content["client_id"]] == ids(shop)
    assert f"was registered: {content['client_id']}" in result.stdout
    assert f"{ISSUER}/token" == content["token_uri"]
    assert content["client_secret"] not in result.output
    assert [content["client_secret"][-4:]] == endings(shop, content["client_id"])


def test_an_installed_clients_file_is_complete_without_a_redirect_uri(
    shop: Commands, path: Path
) -> None:
    shop.ok(create(path, "", client_type="installed"))

    content = json.loads(path.read_text())["installed"]
    assert ["http://localhost", "http://127.0.0.1"] == content["redirect_uris"]
    assert secret_in(path).startswith("lhs_")


def test_a_browser_client_has_no_secret_and_is_told_of_origins(shop: Commands, path: Path) -> None:
    without = shop.run(create(path, f"--redirect-uri {CALLBACK}", client_type="browser"))
    origin = "--javascript-origin https://printer.example.com --force"
    with_origin = shop.run(
        create(path, f"--redirect-uri {CALLBACK} {origin}", client_type="browser")
    )

    assert "client_secret" not in json.loads(path.read_text())["web"]
    assert "it has no secret" in without.stdout
    assert "pages cannot call the token endpoint yet" in without.stderr
    assert "" == with_origin.stderr


def test_a_dash_prints_the_file_and_nothing_else_on_stdout(shop: Commands) -> None:
    result = shop.run(create("-"))
    in_json = shop.run(create("-", f"--redirect-uri {CALLBACK} --json"))

    assert json.loads(result.stdout)["web"]["client_secret"].startswith("lhs_")
    assert "was registered" in result.stderr
    assert "client_secrets.json is" not in result.stderr
    assert json.loads(in_json.stdout)["web"]["client_secret"].startswith("lhs_")
    assert "" == in_json.stderr


def test_the_issuer_is_the_one_that_the_server_was_started_with(shop: Commands, path: Path) -> None:
    line = create(path).replace(f"--issuer {ISSUER}", "")

    unknown = shop.refused(line)
    engine = open_engine(shop.database_url)
    transact(engine, lambda tx, _: installation.put(tx, "issuer", "http://127.0.0.1:8080"))
    shop.ok(line)

    assert "give it with --issuer" in unknown
    assert "http://127.0.0.1:8080/token" == json.loads(path.read_text())["web"]["token_uri"]
    assert "a URL like" in shop.refused(f"{line} --issuer example.com")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("--redirect-uri javascript:alert(1)", "cannot be a redirect URI"),
        ("--redirect-uri http://printer.example.com/", "use https://"),
        ("", "needs a redirect URI"),
        (f"--redirect-uri {CALLBACK} --javascript-origin *", "cannot be a JavaScript origin"),
    ],
)
def test_what_is_refused_leaves_neither_client_nor_file(
    shop: Commands, path: Path, more: str, expected: str
) -> None:
    said = shop.refused(create(path, more))

    assert expected in said
    assert 1 == said.count("\n")
    assert not path.exists()
    assert [] == ids(shop)


def test_no_client_is_left_when_its_file_cannot_be_written(shop: Commands, path: Path) -> None:
    path.write_text("precious")

    there = shop.refused(create(path))
    nowhere = shop.refused(create(path.parent / "nowhere" / "x.json"))

    assert f"{path} is there already" in there
    assert "No such file or directory" in nowhere
    assert "precious" == path.read_text()
    assert [] == ids(shop)


def test_no_client_is_left_when_the_file_fails_at_the_last_moment(
    shop: Commands, tmp_path: Path
) -> None:
    engine = open_engine(shop.database_url)
    box = unlock(engine, Settings(secret_key_file=str(tmp_path / "secret.key")))
    target = tmp_path / "target.json"

    def make(tx: Transaction, now: int) -> Made:
        target.mkdir()  # now the finished file cannot take this name
        new = NewClient(project_id="shop", type="installed", name="Printer")
        return clients.create(tx, now, Entropy(), box, new)

    with pytest.raises(Invalid, match="cannot be written"):
        client_secrets_file.write(
            engine,
            target,
            issuer=ISSUER,
            force=True,
            make=make,
            undo=lambda tx, now, made: clients.delete(tx, now, made[0].id),
        )

    assert [] == ids(shop)


def test_show_and_list_say_what_a_client_may_do(shop: Commands, path: Path, printer: str) -> None:
    value = shop.json(f"client show {printer}")
    shown = shop.ok(f"client show {printer}")
    listed = shop.ok("client list --project shop")

    assert ("web", "Printer", [CALLBACK]) == (value["type"], value["name"], value["redirect_uris"])
    assert ("lasting", False, False, 0) == (
        value["refresh_tokens"],
        value["client_credentials"],
        value["implicit"],
        value["consents"],
    )
    assert f"{printer[:12]}@shop.clients.leasehold.internal" in shown
    assert re.search(
        rf"id 1, ending {secret_in(path)[-4:]}, created at [0-9 :-]{{19}} UTC$", shown, re.MULTILINE
    )
    assert printer in listed
    assert secret_in(path) not in shown + listed + json.dumps(value)


def test_set_changes_what_is_given_and_nothing_else(shop: Commands, printer: str) -> None:
    before = shop.json(f"client show {printer}")

    result = shop.run(
        f"client set {printer} --name Plotter --redirect-uri {CALLBACK}2 --rotate-refresh-tokens"
        " --client-credentials --javascript-origin https://a.example"
    )
    changed = shop.json(f"client show {printer}")
    shop.ok(f"client set {printer} --no-javascript-origins")

    assert "its client_secrets.json has the old list" in result.stderr
    assert changed == before | {
        "name": "Plotter",
        "redirect_uris": [f"{CALLBACK}2"],
        "javascript_origins": ["https://a.example"],
        "refresh_tokens": "rotating",
        "client_credentials": True,
    }
    assert [] == shop.json(f"client show {printer}")["javascript_origins"]
    assert "say what to change" in shop.misused(f"client set {printer}")
    both = f"client set {printer} --javascript-origin https://a.example --no-javascript-origins"
    assert "exclude each other" in shop.misused(both)


def test_a_secret_is_rotated_in_two_steps(
    shop: Commands, path: Path, tmp_path: Path, printer: str
) -> None:
    second = tmp_path / "second.json"
    (older,) = shop.json(f"client show {printer}")["secrets"]

    said = shop.ok(f"client rotate-secret {printer} --out {second} --issuer {ISSUER}")
    both = endings(shop, printer)
    third = shop.refused(f"client rotate-secret {printer} --out {tmp_path}/3 --issuer {ISSUER}")
    shop.ok(f"client delete-secret {printer} {older['id']}")

    assert f"leasehold client delete-secret {printer} {older['id']}" in said
    assert secret_in(second) not in said
    assert [secret_in(path)[-4:], secret_in(second)[-4:]] == both
    assert "delete the older one" in third
    assert not (tmp_path / "3").exists()
    assert [secret_in(second)[-4:]] == endings(shop, printer)


def test_of_four_that_rotate_at_once_one_succeeds(
    shop: Commands, tmp_path: Path, printer: str
) -> None:
    engine = open_engine(shop.database_url)
    box = unlock(engine, Settings(secret_key_file=str(tmp_path / "secret.key")))

    def rotate(_: int) -> bool:
        try:
            transact(engine, lambda tx, now: clients.add_secret(tx, now, Entropy(), box, printer))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        succeeded = list(pool.map(rotate, range(4)))

    assert 1 == succeeded.count(True)
    assert 2 == len(endings(shop, printer))


def test_no_secret_is_left_when_its_file_cannot_be_written(
    shop: Commands, path: Path, printer: str
) -> None:
    shop.refused(f"client rotate-secret {printer} --out {path} --issuer {ISSUER}")

    assert [secret_in(path)[-4:]] == endings(shop, printer)


def test_the_last_secret_may_be_deleted_and_then_it_is_said_so(
    shop: Commands, printer: str
) -> None:
    (secret,) = shop.json(f"client show {printer}")["secrets"]

    result = shop.run(f"client delete-secret {printer} {secret['id']}")

    assert "it has no secret now" in result.stderr
    assert "no secret" in shop.refused(f"client delete-secret {printer} {secret['id']}")
    assert "is not in the range" in shop.misused(f"client delete-secret {printer} {2**64}")


def test_delete_asks_and_says_what_it_ends(shop: Commands, printer: str) -> None:
    kept = shop.refused(f"client delete {printer}", typed="n\n")
    result = shop.run(f"client delete {printer}", typed="y\n")

    assert "with its secrets, 0 consents and all its tokens? [y/N]" in result.stderr
    assert "nothing was changed" in kept
    assert "was deleted" in result.stdout
    assert [] == ids(shop)


def test_delete_does_not_ask_when_told_so(shop: Commands, printer: str) -> None:
    assert shop.json(f"client delete {printer} --yes")["deleted"]


def test_an_unknown_client_is_told_in_one_line(shop: Commands, path: Path) -> None:
    for line in (
        f"show {UNKNOWN}",
        f"set {UNKNOWN} --name x",
        "set x\udcff --name x",
        f"rotate-secret {UNKNOWN} --out {path} --issuer {ISSUER}",
        f"delete-secret {UNKNOWN} 1",
        "delete ../x --yes",
    ):
        said = shop.refused(f"client {line}")

        assert "there is no client" in said
        assert 1 == said.count("\n")
    assert not path.exists()
    assert "no project 'other'" in shop.refused("client list --project other")
