"""`leasehold queue apply`: a queue file becomes a project's queues, all of it or nothing."""

from pathlib import Path

import pytest

from tests.cli.commands import Commands

YAML = """\
total_storage_limit: 120M
queue:
- name: resize
  mode: pull
  retry_parameters:
    task_retry_limit: 7
  acl:
  - user_email: Worker@Example.com
- name: mail
  rate: 5/s
"""
XML = """\
<queue-entries>
  <queue><name>resize</name><mode>pull</mode></queue>
</queue-entries>
"""
WRONG = """\
queue:
- name: a b
- name: resize
  mode: pul
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "queue.yaml"
    file.write_text(YAML)
    return file


def test_a_file_makes_queues_and_sets_the_storage_limit(shop: Commands, path: Path) -> None:
    said = shop.ok(f"queue apply {path} --project shop")

    queue = shop.json("queue show resize --project shop")
    assert "create  resize  mode pull, task_retry_limit 7, user_email worker@example.com\n" in said
    assert "create  mail    mode push, rate 5.0\n" in said
    assert "Storage limit of the project: 125,829,120 bytes\n" in said
    assert said.endswith("Queues of project shop: 2 made.\n")
    assert (7, ["worker@example.com"], True) == (
        queue["retry_limit"],
        queue["consumers"],
        queue["from_file"],
    )
    assert 120 * 2**20 == shop.json("project show shop")["total_storage_limit"]


def test_a_dry_run_shows_the_same_and_changes_nothing(shop: Commands, path: Path) -> None:
    rehearsed = shop.json(f"queue apply {path} --project shop --dry-run")
    said = shop.ok(f"queue apply {path} --project shop --dry-run")
    queues = shop.json("queue list --project shop")
    applied = shop.json(f"queue apply {path} --project shop")

    assert "Nothing was changed yet: leave --dry-run out to do this.\n" in said
    assert [] == queues
    assert (True, False) == (rehearsed["dry_run"], applied["dry_run"])
    assert rehearsed["steps"] == applied["steps"]
    assert ["create", "create"] == [step["action"] for step in applied["steps"]]


def test_the_same_file_again_keeps_everything(shop: Commands, path: Path) -> None:
    shop.ok(f"queue apply {path} --project shop")

    said = shop.ok(f"queue apply {path} --project shop")

    assert said.endswith("Queues of project shop: 2 kept.\n")


def test_a_queue_that_left_the_file_is_paused_and_keeps_its_tasks(
    shop: Commands, path: Path
) -> None:
    path.write_text("queue:\n- name: empty\n  mode: pull\n- name: full\n  mode: pull\n")
    shop.ok(f"queue apply {path} --project shop")
    shop.ok("queue create by-hand --project shop")
    shop.fill("full", 2)
    path.write_text(XML)
    xml = path.rename(path.with_suffix(".xml"))

    steps = shop.json(f"queue apply {xml} --project shop")["steps"]

    listed = shop.json("queue list --project shop")
    assert [("resize", "create"), ("empty", "pause"), ("full", "pause")] == [
        (step["queue"], step["action"]) for step in steps
    ]
    assert [
        ("by-hand", "running"),
        ("empty", "paused"),
        ("full", "paused"),
        ("resize", "running"),
    ] == [(queue["queue"], queue["state"]) for queue in listed]


def test_a_queue_made_by_hand_comes_under_the_file_that_names_it(
    resize: Commands,
) -> None:
    text = "queue:\n- name: resize\n  mode: pull\n"

    said = resize.ok("queue apply - --project shop", typed=text)
    changed = resize.run("queue set resize --project shop --retry-limit 2")

    assert "change  resize  declared by the file from now on" in said
    assert "a queue file declares this queue" in changed.stderr


@pytest.mark.parametrize("text", [YAML, XML])
def test_a_file_may_come_from_standard_input(shop: Commands, text: str) -> None:
    shop.ok("queue apply - --project shop", typed=text)

    assert "pull" == shop.json("queue show resize --project shop")["mode"]


def test_every_problem_is_told_by_line_and_nothing_changes(shop: Commands, path: Path) -> None:
    path.write_text(WRONG)

    said = shop.refused(f"queue apply {path} --project shop")

    first, second = said.splitlines()
    assert first.startswith(f"{path}:2: name: 'a b' is not a queue name")
    assert second.startswith(f"{path}:4: mode: 'pul' is not a mode")
    assert [] == shop.json("queue list --project shop")


def test_problems_are_a_list_in_json(shop: Commands) -> None:
    result = shop.run("queue apply - --project shop --json", typed=WRONG)

    assert 1 == result.exit_code
    assert 1 == result.stderr.count("\n")
    assert '"problems": [{"line": 2, "message"' in result.stderr


def test_all_is_undone_when_the_last_part_is_refused(shop: Commands) -> None:
    text = YAML.replace("120M", "0")
    for flag in ("", " --dry-run"):
        said = shop.refused(f"queue apply - --project shop{flag}", typed=text)

        assert "the storage limit is a positive number" in said
        assert [] == shop.json("queue list --project shop")


def test_a_file_for_another_application_is_applied_with_a_word_about_it(shop: Commands) -> None:
    result = shop.run("queue apply - --project shop", typed=f"application: bakery\n{YAML}")

    assert 0 == result.exit_code
    assert "the file is for bakery, and is applied to shop" in result.stderr


def test_a_file_that_cannot_be_read_is_told(shop: Commands, tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        assert f"{path} cannot be read" in shop.refused(f"queue apply {path} --project shop")
    assert "larger than" in shop.refused("queue apply - --project shop", typed="#" * (2**20 + 1))
    assert "not UTF-8" in shop.refused("queue apply - --project shop", typed=b"queue: \xff\n")


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(shop: Commands) -> None:
    text = 'queue:\n- name: q\n  mode: pull\n  acl:\n  - user_email: "a\\e[31m@example.com"\n'

    result = shop.run("queue apply - --project shop", typed=text)

    assert "\x1b" not in result.output + shop.run("queue show q --project shop").output
