"""`leasehold audit`: what was done is listed, exported and proved; and `project`'s last acts."""

import csv
import io
import json
from pathlib import Path

import pytest

from leasehold.cli.database import transact
from leasehold.storage import statements
from leasehold.storage.engine import open_engine
from tests.cli.commands import Commands


@pytest.fixture
def busy(shop: Commands) -> Commands:
    """Five acts, the newest of them a deletion."""
    shop.ok("project set shop --legacy-scopes")
    shop.ok("project delete shop --yes")
    shop.ok("project undelete shop")
    return shop


def change(commands: Commands, sql: str) -> None:
    """Does what only somebody with the database can."""
    statement = statements.parse(f"-- name: harm\n{sql}\n").harm
    transact(open_engine(commands.database_url), lambda tx, _: tx.run(statement))


def exported(commands: Commands, path: Path, options: str = "") -> list[str]:
    """The lines of an export, which is now in the file too."""
    text = commands.ok(f"audit export {options}")
    path.write_text(text)
    return text.splitlines()


def test_list_shows_the_newest_first(busy: Commands) -> None:
    said = busy.ok("audit list")
    values = busy.json("audit list")

    assert "projects.delete" in said
    assert [5, 4, 3, 2, 1] == [value["number"] for value in values]
    assert ["projects.undelete", "projects.delete", "projects.change", "projects.create"] == [
        value["action"] for value in values[:4]
    ]
    assert {"operator"} == {value["actor_kind"] for value in values}


def test_list_takes_a_part(busy: Commands) -> None:
    lines = {
        "--project shop": [5, 4, 3, 2],
        "--action users.": [1],
        "--target users/ada@example.com": [1],
        "--actor nobody": [],
        "--since 1h": [5, 4, 3, 2, 1],
        "--until 2026-01-01": [],
        "--until 1h": [],
        "--since 2000-01-01T00:00Z --action projects.c": [3, 2],
        "--most 2": [5, 4],
        "--before 3": [2, 1],
        "--before 3 --most 1": [2],
    }

    for options, numbers in lines.items():
        found = [value["number"] for value in busy.json(f"audit list {options}")]
        assert (options, numbers) == (options, found)


def test_list_says_that_there_are_older_ones(busy: Commands) -> None:
    said = busy.run("audit list --most 2").stderr

    assert "--before 4" in said
    assert "" == busy.run("audit list --most 5").stderr


def test_list_says_when_there_is_none(busy: Commands) -> None:
    assert "Nothing of that kind was done." in busy.ok("audit list --actor nobody")


def test_list_of_another_project_is_refused(busy: Commands) -> None:
    assert "no project 'mill'" in busy.refused("audit list --project mill")


@pytest.mark.parametrize("when", ["x", "7w", "2026-13-01", "99999-01-01"])
def test_a_time_that_is_none_is_a_misuse(busy: Commands, when: str) -> None:
    assert "how long ago" in busy.misused(f"audit list --since {when}").replace("\n", " ")


def test_show_has_before_and_after(busy: Commands) -> None:
    value = busy.json("audit show 3")

    assert (False, True) == (value["before"]["legacy_scopes"], value["after"]["legacy_scopes"])
    assert "Before     deleted no" in busy.ok("audit show 3")
    assert "no entry 99" in busy.refused("audit show 99")


def test_csv_has_a_line_for_each_and_no_formula(busy: Commands) -> None:
    change(busy, "update audit_entries set actor = '=1+1' where number = 2")

    for command in ("audit list", "audit export"):
        rows = list(csv.DictReader(io.StringIO(busy.ok(f"{command} --csv"))))
        assert {"1", "2", "3", "4", "5"} == {row["number"] for row in rows}
        assert "'=1+1" in [row["actor"] for row in rows]
        assert "exclude" in busy.misused(f"{command} --csv --json")


def test_a_log_as_it_was_written_is_whole(busy: Commands) -> None:
    said = busy.ok("audit verify")
    value = busy.json("audit verify")

    assert "Entries 1 to 5 are as they were written." in said
    assert value["head"] in said
    assert (True, 5, None) == (value["whole"], value["entries"], value["bad"])
    assert "Entries 1 to 5" in busy.ok(f"audit verify --known {value['head']}")


def test_a_log_without_entries_is_whole(commands: Commands) -> None:
    commands.ok("user create ada@example.com --password-stdin", typed="correct horse")
    change(commands, "delete from audit_entries")
    change(commands, "update audit_head set number = 0, hash = ''")

    assert "There are no entries yet." in commands.ok("audit verify")


HARMS = {
    "update audit_entries set actor = 'eve' where number = 3": 3,
    "update audit_entries set after = null where number = 5": 5,
    "delete from audit_entries where number = 1": 1,
    "delete from audit_entries where number = 4": 4,
    "delete from audit_entries where number > 3": 4,
    "delete from audit_entries": 1,
    "update audit_entries set number = 77 where number = 5": 5,
    "update audit_entries set number = -4 where number = 2": -4,
    "update audit_head set hash = 'x'": 5,
    "update audit_head set number = 4": 5,
    "update audit_head set number = 9000000000000000000": 6,
    "update audit_head set number = -9000000000000000000": 1,
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_log_that_somebody_changed_is_broken(busy: Commands, harm: str) -> None:
    change(busy, harm)

    result = busy.run("audit verify")
    as_json = busy.run("audit verify --json")

    assert (1, 1) == (result.exit_code, as_json.exit_code)
    assert "the audit log is broken: entry" in result.stderr
    value = json.loads(as_json.stdout)
    assert (False, HARMS[harm]) == (value["whole"], value["bad"])
    assert "auditLogBroken" == json.loads(as_json.stderr)["error"]["reason"]


def test_an_instant_without_a_date_does_not_stop_the_others(busy: Commands) -> None:
    change(busy, "update audit_entries set at = 9000000000000000000 where number = 5")

    assert "9000000000000000000" in busy.ok("audit list")
    assert "9000000000000000000" in busy.ok("audit export")
    assert "entry 5" in busy.refused("audit verify")


def test_a_log_without_its_head_is_refused(busy: Commands) -> None:
    change(busy, "delete from audit_head")

    assert "lost its head" in busy.refused("audit verify")
    assert "lost its head" in busy.refused("project set shop --no-legacy-scopes")
    assert busy.json("project show shop")["legacy_scopes"]


def test_a_log_that_was_written_anew_is_found_with_a_noted_head(busy: Commands) -> None:
    noted = busy.json("audit verify")["head"]
    change(busy, "delete from audit_entries")
    change(busy, "update audit_head set number = 0, hash = ''")
    for option in ("--no-legacy-scopes", "--legacy-scopes") * 3:
        busy.ok(f"project set shop {option}")

    assert "Entries 1 to 6" in busy.ok("audit verify")
    assert "entry 5 is not the one that was noted" in busy.refused(f"audit verify --known {noted}")


@pytest.mark.parametrize("known", ["5", "0:" + "0" * 64, "5:xyz", "-1:" + "0" * 64])
def test_a_head_that_never_was_one_is_a_misuse(busy: Commands, known: str) -> None:
    assert "NUMBER:HASH" in busy.misused(f"audit verify --known {known}")


def test_an_export_is_proved_without_the_database(busy: Commands, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = exported(busy, path)
    head = busy.json("audit verify")["head"]

    offline = Commands(str(tmp_path / "missing.db"))

    assert 5 == len(lines)
    assert "Entries 1 to 5" in offline.ok(f"audit verify --file {path}")
    assert head == offline.json(f"audit verify --file {path} --known {head}")["head"]
    assert not (tmp_path / "missing.db").exists()


def test_export_prints_the_head_to_note(busy: Commands) -> None:
    assert busy.json("audit verify")["head"] in busy.run("audit export").stderr
    assert "" == busy.run("audit export --json").stderr


def test_a_part_is_proved_too(busy: Commands, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = exported(busy, path, "--from 2 --to 4")

    assert 3 == len(lines)
    assert "Entries 2 to 4" in busy.ok(f"audit verify --file {path}")


def test_a_selection_is_exported_and_is_no_proof(busy: Commands, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = exported(busy, path, "--action projects.d")
    assert 1 == len(lines)
    lines += exported(busy, path, "--action users.")
    path.write_text("\n".join(reversed(lines)))

    assert "entry 2 is missing" in busy.refused(f"audit verify --file {path}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"legacy_scopes":true', '"legacy_scopes":false'),
        ('"number":3', '"number":33'),
        ('"number":3', '"number":"3"'),
        ('"actor":', '"actor":"eve","actor":'),
        ("}\n{", "}{"),
        ('"previous_hash":""', '"previous_hash":"00"'),
        ("{", ""),
    ],
)
def test_a_file_that_somebody_changed_is_refused(
    busy: Commands, tmp_path: Path, old: str, new: str
) -> None:
    path = tmp_path / "audit.jsonl"
    text = "\n".join(exported(busy, path)) + "\n"
    assert old in text
    path.write_text(text.replace(old, new, 1))

    assert 1 == busy.run(f"audit verify --file {path}").exit_code


def test_a_file_that_is_not_there_or_no_text_is_refused(busy: Commands, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    assert "cannot be read" in busy.refused(f"audit verify --file {path}")

    path.write_bytes(b"\xff\xfe{}")
    assert "not a text file" in busy.refused(f"audit verify --file {path}")

    path.write_text("[" * 3_000_000)
    assert "line 1" in busy.refused(f"audit verify --file {path}")


def test_a_long_log_is_read_in_pages(shop: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leasehold.administration.audit.CHAIN_PAGE", 2)
    for option in ("--legacy-scopes", "--no-legacy-scopes") * 3:
        shop.ok(f"project set shop {option}")

    assert "Entries 1 to 8" in shop.ok("audit verify")
    assert 8 == len(shop.ok("audit export").splitlines())
    assert [3, 5, 7] == [
        json.loads(line)["number"]
        for line in shop.ok("audit export --action projects.change").splitlines()
    ][:6:2]


def test_every_command_that_changes_something_is_written_down(shop: Commands) -> None:
    shop.ok("user create eve@example.com --password-stdin", typed="correct horse")
    lines = {
        "project add-member shop eve@example.com --role admin": "members.put",
        "project remove-member shop eve@example.com": "members.remove",
        "project set shop --total-storage-limit 1000": "projects.change",
        "project disable shop": "projects.disable",
        "project enable shop": "projects.enable",
        "project delete shop --yes": "projects.delete",
        "project undelete shop": "projects.undelete",
        "api enable taskqueue --project shop": "apis.enable",
        "api disable taskqueue --project shop": "apis.disable",
        "user disable eve@example.com": "users.disable",
        "user enable eve@example.com": "users.enable",
    }

    for line, action in lines.items():
        shop.ok(line)
        assert action == shop.json("audit list --most 1")[0]["action"]


def test_no_password_is_written_down(shop: Commands) -> None:
    shop.ok("user set-password ada@example.com --password-stdin", typed="another horse")

    text = shop.ok("audit export")

    assert "users.setPassword" in text
    assert "horse" not in text
    assert "argon2" not in text


def test_delete_asks_and_says_what_it_ends(resize: Commands) -> None:
    result = resize.run("project delete shop", typed="n\n")

    assert 1 == result.exit_code
    assert "with its 1 queue, clients, service accounts and keys?" in result.stderr
    assert "nothing was changed" in result.stderr
    assert "active" == resize.json("project show shop")["state"]

    said = resize.ok("project delete shop", typed="y\n")
    assert "leasehold project undelete shop" in said
    assert "deleted" == resize.json("project show shop")["state"]
    assert "deleted already" in resize.refused("project delete shop --yes")


def test_a_project_is_switched_off_and_on(shop: Commands) -> None:
    states = [shop.json(f"project {verb} shop")["state"] for verb in ("disable", "enable")]

    assert ["disabled", "active"] == states
    assert "Project shop is off" in shop.ok("project disable shop")
    assert "Project shop is on" in shop.ok("project enable shop")
    assert "not deleted" in shop.refused("project undelete shop")
    for verb in ("disable", "enable", "delete", "undelete"):
        assert "no project 'mill'" in shop.refused(f"project {verb} mill")


def test_a_deleted_project_is_not_changed_until_it_is_back(shop: Commands) -> None:
    shop.ok("project disable shop")
    shop.ok("project delete shop --yes")

    for line in ("enable shop", "disable shop", "set shop --legacy-scopes"):
        assert "undelete it first" in shop.refused(f"project {line}")
    assert "deleted" == shop.json("project list")[0]["state"]
    assert "it is off" in shop.ok("project undelete shop")


def test_a_storage_limit_is_set_and_taken_away(shop: Commands) -> None:
    assert "at most 1,000 bytes" in shop.ok("project set shop --total-storage-limit 1000")
    assert 1_000 == shop.json("project show shop")["total_storage_limit"]
    assert shop.json("project set shop --total-storage-limit 0")["total_storage_limit"] is None
