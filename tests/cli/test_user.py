"""`leasehold user`."""

import re
from pathlib import Path

import pytest

from leasehold.accounts import installation, passwords, users
from leasehold.cli.database import read, transact
from leasehold.entropy import Entropy
from leasehold.sign_in import browser_sessions, links, rows
from leasehold.sign_in.model import From
from leasehold.storage.engine import open_engine
from leasehold.storage.secret_box import KEY_BYTES, SecretBox, read_key_file
from leasehold.storage.transaction import Transaction
from tests.cli.commands import Commands

REFUSED_PASSWORDS = {
    b"short\n": "too short",
    b"": "too short",
    b"x" * 20_000: "too long",
    b"correct horse\nbattery\n": "more than one line",
    b"correct \xff horse\n": "not UTF-8",
}


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands keep the secret key, whatever the engine."""
    path = tmp_path / "secret.key"
    monkeypatch.setenv("LEASEHOLD_SECRET_KEY_FILE", str(path))
    return path


def has_password(commands: Commands, password: str) -> bool:
    engine = open_engine(commands.database_url)
    user = read(engine, lambda tx, _: users.require(tx, "ada@example.com"))
    return passwords.check(user.password_hash, password)


def test_create_makes_the_database_adds_the_user_and_names_the_next_step(
    commands: Commands,
) -> None:
    said = commands.ok("user create Ada@Example.com --password-stdin", typed="correct horse\n")

    assert "User ada@example.com was added." in said
    assert "leasehold project create PROJECT --owner ada@example.com" in said
    assert has_password(commands, "correct horse")


def test_create_asks_twice_for_the_password_and_shows_it_nowhere(commands: Commands) -> None:
    result = commands.run("user create ada@example.com", typed="correct horse\ncorrect horse\n")

    assert 0 == result.exit_code
    assert "horse" not in result.output
    assert has_password(commands, "correct horse")


def test_create_is_given_up_when_nobody_answers(commands: Commands) -> None:
    assert "Aborted" in commands.refused("user create ada@example.com")


def test_a_password_that_will_not_do_is_refused(commands: Commands) -> None:
    for typed, why in REFUSED_PASSWORDS.items():
        said = commands.refused("user create ada@example.com --password-stdin", typed=typed)

        assert why in said
        assert "horse" not in said


def test_a_user_is_added_once(ada: Commands) -> None:
    said = ada.refused("user create ADA@example.com --password-stdin", typed="correct horse")

    assert "leasehold: there is already a user ada@example.com\n" == said


def test_list_shows_everybody_by_address(ada: Commands) -> None:
    ada.ok("user create aaron@example.com --password-stdin", typed="correct horse")
    ada.ok("user disable aaron@example.com")

    listed = ada.json("user list")

    found = [(user["email"], user["state"]) for user in listed]
    assert [("aaron@example.com", "disabled"), ("ada@example.com", "active")] == found
    assert listed[1]["disabled_at"] is None
    assert listed[1]["created_at"].endswith("Z")
    assert "ada@example.com    active" in ada.ok("user list")


def test_set_password_puts_another_in_place_of_the_old_one(ada: Commands) -> None:
    said = ada.ok("user set-password ada@example.com --password-stdin", typed="battery staple\n")

    assert "have lost it" in said
    assert has_password(ada, "battery staple")
    assert not has_password(ada, "correct horse")


def test_an_unknown_user_is_told_before_a_password_is_asked(ada: Commands) -> None:
    for command in ("disable", "set-password"):
        result = ada.run(f"user {command} eve@example.com")

        assert 1 == result.exit_code
        assert "leasehold: there is no user eve@example.com: add the user first\n" == result.stderr


def test_what_is_no_address_is_a_misuse(ada: Commands) -> None:
    assert "not an e-mail address" in ada.misused("user disable ada")


def test_a_disabled_person_can_be_enabled_again(ada: Commands) -> None:
    ada.ok("user disable ada@example.com")

    said = ada.ok("user enable ada@example.com")

    assert "can sign in again" in said
    assert "clients that they gave access have it again" in said
    assert ada.json("user list")[0]["disabled_at"] is None


def token(said: str) -> str:
    """The token of the link in what was printed."""
    (found,) = re.findall(r"\?token=([A-Za-z0-9_-]{43})\s", said)
    return str(found)


def sign_in(commands: Commands) -> None:
    """Ada signs in with a browser, and has begun to in another."""
    box = SecretBox(b"k" * KEY_BYTES)
    caller = From("203.0.113.9", "Firefox", None)

    def run(tx: Transaction, now: int) -> None:
        user = users.require(tx, "ada@example.com")
        browser_sessions.begin(tx, now, box, Entropy(), user, method="password", caller=caller)
        rows.begin_totp(tx, now, user.id, sealed=b"sealed")
        rows.confirm_totp(tx, now, user.id, step=1, created_at=now)

    transact(open_engine(commands.database_url), run)


def test_a_person_made_here_has_a_verified_address_and_a_subject(ada: Commands) -> None:
    ada.ok("user create eve@example.com --name Eve --password-stdin", typed="correct horse")

    engine = open_engine(ada.database_url)
    user = read(engine, lambda tx, _: users.require(tx, "eve@example.com"))

    assert "Eve" == user.name
    assert user.email_verified_at is not None
    assert re.fullmatch(r"2[0-9]{20}", user.subject)


def test_invite_prints_a_link_that_only_its_receiver_should_see(
    commands: Commands, key_file: Path
) -> None:
    said = commands.ok("user invite Eve@example.com --issuer https://queue.example.com/")

    assert "Send this link to eve@example.com, and nobody else:" in said
    assert "\nhttps://queue.example.com/register/complete?token=" in said
    box = read_key_file(key_file)
    assert box is not None
    email = read(
        open_engine(commands.database_url),
        lambda tx, now: links.find(tx, now, box, token(said), frozenset({links.INVITATION})),
    )
    assert "eve@example.com" == email


@pytest.mark.usefixtures("key_file")
def test_invite_takes_the_url_that_the_server_was_started_with(ada: Commands) -> None:
    assert "--issuer" in ada.refused("user invite eve@example.com")
    assert "URL like" in ada.refused("user invite eve@example.com --issuer queue.example.com")
    transact(
        open_engine(ada.database_url),
        lambda tx, _: installation.put(tx, "issuer", "http://127.0.0.1:8080"),
    )

    invited = ada.json("user invite eve@example.com")

    assert invited["link"].startswith("http://127.0.0.1:8080/register/complete?token=")


@pytest.mark.usefixtures("key_file")
def test_nobody_is_invited_who_is_there(ada: Commands) -> None:
    said = ada.refused("user invite ada@example.com --issuer https://queue.example.com")

    assert "leasehold: there is already a user ada@example.com\n" == said


def test_sessions_shows_where_a_person_is_signed_in(ada: Commands) -> None:
    assert "signed in nowhere" in ada.ok("user sessions ada@example.com")

    sign_in(ada)

    (session,) = ada.json("user sessions ada@example.com")
    assert ("203.0.113.9", "password", "Firefox") == (
        session["address"],
        session["method"],
        session["user_agent"],
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("user sign-out ada@example.com", "signed out of 1 browser"),
        ("user reset-second-factor ada@example.com", "with the password alone"),
        ("user set-password ada@example.com --password-stdin", "new password"),
        ("user disable ada@example.com", "can no longer sign in"),
    ],
)
def test_browsers_are_signed_out_by(ada: Commands, command: str, said: str) -> None:
    sign_in(ada)

    assert said in ada.ok(command, typed="battery staple\n")

    assert [] == ada.json("user sessions ada@example.com")


def test_reset_second_factor_switches_it_off_and_nothing_else_does(ada: Commands) -> None:
    sign_in(ada)
    ada.ok("user sign-out ada@example.com")

    first = ada.json("user reset-second-factor ada@example.com")
    second = ada.json("user reset-second-factor ada@example.com")

    assert (True, False) == (first["was_on"], second["was_on"])
