"""`leasehold user`."""

from leasehold.accounts import passwords, users
from leasehold.cli.database import read
from leasehold.storage.engine import open_engine
from tests.cli.commands import Commands

REFUSED_PASSWORDS = {
    b"short\n": "too short",
    b"": "too short",
    b"x" * 20_000: "too long",
    b"correct horse\nbattery\n": "more than one line",
    b"correct \xff horse\n": "not UTF-8",
}


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
    ada.ok("user set-password ada@example.com --password-stdin", typed="battery staple\n")

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
    assert ada.json("user list")[0]["disabled_at"] is None
