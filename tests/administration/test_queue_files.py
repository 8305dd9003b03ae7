"""Administration by queue files: previewed, applied whole or not at all, and written down."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts import projects
from leasehold.administration import queue_files, queues
from leasehold.administration.actor import Actor
from leasehold.errors import Conflict, Invalid
from leasehold.queues import queue_file
from leasehold.queues.configure import Step
from leasehold.queues.queue_file import QueueFile
from tests.administration.office import (
    ALLOWED,
    NOW,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

FIRST = """\
total_storage_limit: 2M
queue:
- name: resize
  mode: pull
- name: mail
  mode: pull
"""
SECOND = """\
queue:
- name: resize
  mode: pull
  retry_parameters:
    task_retry_limit: 7
- name: thumbs
  mode: pull
"""


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def parsed(text: str) -> QueueFile:
    return queue_file.parse(text.encode(), file_name="queue.yaml")


def apply(office: Office, text: str, actor: Actor = OWNER, project_id: str = SHOP) -> list[Step]:
    return queue_files.apply(
        office.tx,
        NOW,
        actor,
        project_id=project_id,
        file=parsed(text),
        tombstone_seconds=60,
    )


def check_effort(office: Office, text: str, actor: Actor = OWNER, project_id: str = SHOP) -> None:
    queue_files.check_effort(office.tx, actor, project_id=project_id, file=parsed(text))


def preview(office: Office, text: str, actor: Actor = OWNER, project_id: str = SHOP) -> list[Step]:
    return queue_files.preview(
        office.tx,
        NOW,
        actor,
        project_id=project_id,
        file=parsed(text),
        tombstone_seconds=60,
    )


def test_each_queue_that_changes_is_written_down_for_itself(office: Office) -> None:
    apply(office, FIRST)
    made = office.audit()
    apply(office, SECOND)

    changed = office.audit()[len(made) :]
    assert [
        ("queues.create", "queues/resize"),
        ("queues.create", "queues/mail"),
        ("projects.setStorageLimit", "projects/shop"),
    ] == [(entry.action, entry.target) for entry in made]
    assert [
        ("queues.change", "queues/resize"),
        ("queues.create", "queues/thumbs"),
        ("queues.pause", "queues/mail"),
    ] == [(entry.action, entry.target) for entry in changed]
    assert {"total_storage_limit": 2 * 2**20} == json.loads(made[-1].after or "")
    assert {"task_retry_limit": 7} == json.loads(changed[0].after or "")


def test_the_same_file_again_is_not_written_down(office: Office) -> None:
    apply(office, FIRST)
    recorded = office.audit()

    apply(office, FIRST)

    assert recorded == office.audit()


def test_a_preview_tells_the_same_steps_and_changes_nothing(office: Office) -> None:
    apply(office, FIRST)
    recorded = office.audit()

    foreseen = preview(office, SECOND)
    after_preview = (office.audit(), queues.list_page(office.tx, OWNER, project_id=SHOP))
    done = apply(office, SECOND)

    assert foreseen == done
    assert recorded == after_preview[0]
    assert ["mail", "resize"] == [each.queue.name for each in after_preview[1].items]
    project = projects.find(office.tx, SHOP)
    assert project is not None
    assert 2 * 2**20 == project.total_storage_limit


@pytest.mark.parametrize("act", [apply, preview])
def test_what_the_one_refuses_the_other_refuses(
    office: Office, act: Callable[[Office, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid, match="storage limit is a positive number"):
        act(office, FIRST.replace("2M", "0"))
    monkeypatch.setattr(queue_files, "MAX_QUEUES", 1)
    with pytest.raises(Conflict, match="at most 1 queues"):
        act(office, FIRST)


def test_owners_admins_and_operators_may(office: Office) -> None:
    for actor in ALLOWED:
        assert 2 == len(preview(office, FIRST, actor))
        assert 2 == len(apply(office, FIRST, actor))


def test_for_everybody_else_the_project_is_not_there(office: Office) -> None:
    assert_refused_like_absent(office, lambda actor, project: apply(office, FIRST, actor, project))
    assert_refused_like_absent(
        office, lambda actor, project: preview(office, FIRST, actor, project)
    )


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_WRITTEN", 1), ("MAX_THERE", 1)], ids=["too much to do", "too large"]
)
def test_what_would_keep_others_waiting_is_for_the_command_line(
    office: Office, limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(office, FIRST)
    check_effort(office, FIRST)

    monkeypatch.setattr(queue_files, limit, most)

    with pytest.raises(Conflict, match="by the command line"):
        check_effort(office, FIRST)


def test_queues_that_a_file_would_pause_count_as_well(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_files, "MAX_WRITTEN", 1)
    short = "queue:\n- name: thumbs\n  mode: pull\n"
    check_effort(office, short)

    apply(office, FIRST)

    with pytest.raises(Conflict, match="by the command line"):
        check_effort(office, short)


def test_what_is_asked_of_strangers_projects_stays_unsaid(office: Office) -> None:
    assert_refused_like_absent(
        office, lambda actor, project: check_effort(office, FIRST, actor, project)
    )
