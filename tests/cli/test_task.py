"""`leasehold task`: single tasks, listed, shown, inserted, deleted and released."""

import base64
from pathlib import Path

import pytest

from tests.cli.commands import Commands

AT = "--project shop --queue resize"
ON_ONE_TASK = ["show", "delete", "release"]


def insert(commands: Commands, more: str = "--payload job", *, typed: str | bytes = "") -> str:
    return str(commands.json(f"task insert {AT} {more}", typed=typed)["task"])


def test_a_task_is_inserted_listed_shown_and_deleted(resize: Commands) -> None:
    inserted = resize.json(f"task insert {AT} --payload job --id photo-1 --tag night")
    listed = resize.json(f"task list {AT}")
    shown = resize.json(f"task show photo-1 {AT}")
    deleted = resize.json(f"task delete photo-1 {AT}")

    assert ("photo-1", "night", "job", 3) == tuple(
        shown[key] for key in ("task", "tag", "payload", "payload_bytes")
    )
    assert ["photo-1"] == [task["task"] for task in listed["tasks"]]
    assert "" == listed["next_page_token"]
    assert ("resize", "shop", 0) == (
        inserted["queue"],
        inserted["project"],
        inserted["retry_count"],
    )
    assert deleted["deleted"]
    assert 0 == resize.count_tasks("resize")


def test_what_was_done_is_said_in_a_sentence(resize: Commands) -> None:
    said = resize.ok(f"task insert {AT} --payload job --id photo-1")
    released = resize.ok(f"task release photo-1 {AT}")
    deleted = resize.ok(f"task delete photo-1 {AT}")

    assert "Task photo-1 was inserted into queue resize of project shop.\n" == said
    assert "Task photo-1 of queue resize is available.\n" == released
    assert "Task photo-1 of queue resize was deleted.\n" == deleted


@pytest.mark.parametrize("form", ["-", "file"])
def test_a_payload_may_come_from_a_file_or_standard_input(
    resize: Commands, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "photo.bin"
    path.write_bytes(b"\x89PNG\0\xff")
    given = "-" if form == "-" else path

    id_ = insert(resize, f"--payload-file {given}", typed=path.read_bytes())

    shown = resize.json(f"task show {id_} {AT}")
    assert (None, b"\x89PNG\0\xff") == (
        shown["payload"],
        base64.b64decode(shown["payload_base64"]),
    )


def test_text_is_shown_as_it_is_and_other_bytes_in_base64(resize: Commands) -> None:
    text = '{"photo": 17,\r\n "name": "Zoë"}'
    page = resize.ok(f"task show {insert(resize, '--payload-file -', typed=text)} {AT}")
    binary = insert(resize, "--payload-file -", typed=b"\xff" * 5_000)
    other = resize.ok(f"task show {binary} {AT}")

    assert page.endswith('\n\n{"photo": 17,\n "name": "Zoë"}\n')
    assert "Bytes of payload  5000\n" in other
    assert "/////" in other
    assert other.endswith("(in base64; 904 bytes more: --json)\n")


def test_what_a_payload_or_a_tag_holds_does_not_steer_the_terminal(resize: Commands) -> None:
    for payload in ("a\x1b[31m", "b\x9b31m", "c\rd", "e\u202ef"):
        steering = payload[1].replace("\r", "\x07")  # a command line is split at the other
        id_ = insert(resize, f"--payload-file - --tag x{steering}y", typed=payload)

        shown = resize.ok(f"task show {id_} {AT}") + resize.ok(f"task list {AT}")
        assert not set("\x07\x1b\x9b\r\u202e") & set(shown)


def test_an_eta_says_when_a_task_may_be_leased_first(resize: Commands) -> None:
    eta = resize.json("queue show resize --project shop")["created_at"]
    id_ = insert(resize, "--payload x --eta 2026-11-21T09:30:00+02:00")
    late = resize.run(f"task insert {AT} --payload x --eta 2099-01-01")

    assert eta <= resize.json(f"task show {id_} {AT}")["eta"]
    assert "eta is more than 30 days ahead" in late.stderr
    assert "is no instant" in resize.misused(f"task insert {AT} --payload x --eta soon")


def test_a_list_tells_of_states_and_goes_on_where_it_ended(resize: Commands) -> None:
    resize.fill("resize", 5)

    first = resize.json(f"task list {AT} --limit 3")
    rest = resize.json(f"task list {AT} --page-token {first['next_page_token']}")
    note = resize.run(f"task list {AT} --limit 3").stderr
    delayed = resize.json(f"task list {AT} --state delayed")["tasks"]

    assert (3, 2, "") == (len(first["tasks"]), len(rest["tasks"]), rest["next_page_token"])
    assert ["available"] * 4 + ["delayed"] == [
        task["state"] for task in first["tasks"] + rest["tasks"]
    ]
    assert [rest["tasks"][-1]] == delayed
    assert f"there may be more: --page-token {first['next_page_token']}\n" in note
    assert "No such tasks in queue resize." in resize.ok(f"task list {AT} --state leased")
    assert "No such tasks in queue resize." in resize.ok(f"task list {AT} --tag none")


def test_a_delayed_task_is_released(resize: Commands) -> None:
    resize.fill("resize", 1)
    (task,) = resize.json(f"task list {AT} --state delayed")["tasks"]

    released = resize.json(f"task release {task['task']} {AT}")

    assert released["eta"] < task["eta"]
    assert [] == resize.json(f"task list {AT} --state delayed")["tasks"]


@pytest.mark.parametrize("command", ON_ONE_TASK)
def test_a_task_that_is_not_there_is_told_in_one_line(resize: Commands, command: str) -> None:
    for name in ("nope", "0123456789abcdef", "\udcff"):
        said = resize.refused(f"task {command} {name} {AT}")

        assert "there is no task" in said
        assert 1 == said.count("\n")
    assert "no queue 'nope'" in resize.refused(f"task {command} x --project shop --queue nope")
    assert "no project 'nope'" in resize.refused(f"task {command} x --project nope --queue resize")


def test_one_payload_is_needed(resize: Commands, tmp_path: Path) -> None:
    for line in (f"task insert {AT}", f"task insert {AT} --payload a --payload-file b"):
        assert "--payload TEXT or --payload-file FILE" in resize.misused(line)
    for path in (tmp_path / "none", tmp_path, "a\0b"):
        assert "cannot be read" in resize.refused(f"task insert {AT} --payload-file {path}")
    too_much = resize.refused(f"task insert {AT} --payload-file -", typed=b"x" * (2**20 + 1))
    assert "the limit is 1048576" in too_much
    assert "not UTF-8" in resize.refused(f"task insert {AT} --payload x --tag \udcff")


def test_a_queues_limits_hold_for_commands_too(resize: Commands) -> None:
    value = resize.json(
        "queue set resize --project shop --max-tasks 1 --max-bytes 100 --requests-per-second 2.5"
    )
    insert(resize)

    said = resize.refused(f"task insert {AT} --payload job")
    lifted = resize.json(
        "queue set resize --project shop --max-tasks none --max-bytes none"
        " --requests-per-second none"
    )

    limits = ("max_tasks", "max_bytes", "requests_per_second")
    assert "may hold 1 tasks" in said
    assert (1, 100, 2.5) == tuple(value[limit] for limit in limits)
    assert (None, None, None) == tuple(lifted[limit] for limit in limits)
    assert "'--max-tasks'" in resize.misused("queue set resize --project shop --max-tasks few")


def test_a_queue_is_made_with_limits_and_found_by_the_beginning_of_its_name(
    resize: Commands,
) -> None:
    value = resize.json("queue create mail-out --project shop --max-tasks 5 --max-bytes none")

    listed = resize.json("queue list --project shop --prefix mail-")
    assert (5, None) == (value["max_tasks"], value["max_bytes"])
    assert ["mail-out"] == [queue["queue"] for queue in listed]
    assert "No queue of project shop begins with x" in resize.ok(
        "queue list --project shop --prefix x"
    )


def test_every_act_is_in_the_audit_log_and_no_payload(resize: Commands) -> None:
    id_ = insert(resize, "--payload very-private")
    resize.ok(f"task delete {id_} {AT}")
    resize.ok("queue pause resize --project shop")

    entries = resize.json("audit list --project shop")
    assert "very-private" not in str(entries)
    assert {"queues.create", "queues.pause", "tasks.insert", "tasks.delete"} <= {
        entry["action"] for entry in entries
    }
