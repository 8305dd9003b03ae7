"""`fields` over HTTP: what is kept, and that a bad selector is refused before anything is done."""

import pytest

from tests.api.worker import Worker


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("kind", {"kind": "taskqueue#tasks"}),
        ("items/id", {"items": [{"id": "a"}, {"id": "b"}]}),
        ("items(id,tag)", {"items": [{"id": "a", "tag": "t"}, {"id": "b"}]}),
        ("items/tag", {"items": [{"tag": "t"}, {}]}),
        ("kind,items/retry_count", {"kind": "taskqueue#tasks", "items": [{"retry_count": 1}] * 2}),
    ],
)
def test_a_lease_shows_what_was_selected(
    worker: Worker, selector: str, selected: dict[str, object]
) -> None:
    worker.insert(id="a", tag="t")
    worker.insert(id="b")

    assert selected == worker.lease(numTasks=2, fields=selector).json()


def test_a_queue_shows_one_statistic(worker: Worker) -> None:
    reply = worker.call(
        "GET",
        f"demo/taskqueues/{worker.queue}",
        params={"getStats": "true", "fields": "stats/totalTasks,acl(adminEmails)"},
    )

    assert {"stats": {"totalTasks": 0}, "acl": {"adminEmails": []}} == reply.json()


def test_everything_is_shown_for_a_star_and_for_nothing(worker: Worker) -> None:
    task = worker.insert(id="a").json()

    assert task == worker.get("a", params={"fields": "*"}).json()
    assert task == worker.get("a", params={"fields": ""}).json()


@pytest.mark.parametrize(
    ("selector", "shown"),
    [
        ("id", "id"),
        ("items/payload", "items/payload"),
        ("items(id", "items(id"),
        ("items)", "items)"),
        (",", ","),
        ("items//id", "items//"),
        ("items/id/x", "items/id/x"),
        ("a" * 10_001, "a" * 100 + "..."),
    ],
)
def test_a_bad_selector_is_refused_before_anything_is_leased(
    worker: Worker, selector: str, shown: str
) -> None:
    worker.insert(id="a")

    reply = worker.lease(fields=selector)

    entry = reply.json()["error"]["errors"][0]
    assert 400 == reply.status_code
    assert ("invalidParameter", "parameter", "fields") == (
        entry["reason"],
        entry["locationType"],
        entry["location"],
    )
    assert f"Invalid field selection {shown}" == entry["message"]
    assert 0 == worker.get("a").json()["retry_count"]


def test_a_bad_selector_inserts_and_changes_nothing(worker: Worker) -> None:
    inserted = worker.call(
        "POST", worker.tasks, params={"fields": "x"}, json={"payloadBase64": "am9i"}
    )

    assert 400 == inserted.status_code
    assert [] == worker.listed_ids()


def test_a_deletion_has_nothing_to_select_from(worker: Worker) -> None:
    worker.insert(id="a")

    assert 204 == worker.delete("a", params={"fields": "kind"}).status_code
