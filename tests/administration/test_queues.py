"""Administration of queues: who may, what is written down, and lists page by page."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from leasehold.accounts import configuration
from leasehold.administration import queues
from leasehold.administration.actor import Actor
from leasehold.administration.queues import MAX_QUEUES, QueueSettings
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.queues import rows, stats, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Acl, Queue
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.statements import parse
from tests.administration.office import (
    ALLOWED,
    MILL,
    NEIGHBOUR,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

WORKER = "worker@shop.iam.leasehold.internal"
WRITERS: dict[str, dict[str, Any]] = {
    "change": {"settings": QueueSettings(task_retry_limit=3)},
    "grant": {"role": "consumer", "email": WORKER},
    "revoke": {"role": "consumer", "email": WORKER},
    "pause": {},
    "resume": {},
    "begin_purge": {},
    "delete": {},
}

Act = Callable[[Actor, str], object]

SQL = parse("""
-- name: many_queues
-- rows: name text
insert into queues (project_id, name, mode, created_at, from_file, strict_leases, tombstone_seconds)
select 'shop', name, 'pull', 1, 0, 0, 60
  from {rows}
""")


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def create(
    office: Office,
    name: str = "resize",
    actor: Actor = OWNER,
    project_id: str = SHOP,
    **more: Any,  # noqa: ANN401  # a test's own words
) -> Queue:
    return queues.create(office.tx, NOW, actor, project_id=project_id, name=name, **more)


def act(
    office: Office, name: str, actor: Actor = OWNER, project_id: str = SHOP, queue: str = "resize"
) -> Any:  # noqa: ANN401  # whatever the function returns
    function: Callable[..., object] = getattr(queues, name)
    return function(office.tx, NOW, actor, project_id=project_id, name=queue, **WRITERS[name])


def fill(office: Office, queue: Queue, count: int) -> None:
    tasks = [NewTask(queue, b"x" * 10) for _ in range(count)]
    insert(office.tx, NOW, tasks, task_id.load(office.tx, Entropy()), TaskNumbers())


def names(office: Office, actor: Actor = OWNER, **more: Any) -> list[str]:  # noqa: ANN401  # as above
    page = queues.list_page(office.tx, actor, project_id=SHOP, **more)
    return [each.queue.name for each in page.items]


def make_many(office: Office, count: int, prefix: str = "q") -> list[str]:
    made = [f"{prefix}-{number:05}" for number in range(count)]
    office.tx.many(SQL.many_queues, [(name,) for name in made])
    return made


def test_owners_admins_and_operators_may_do_everything(office: Office) -> None:
    for number, actor in enumerate(ALLOWED):
        queue = f"q{number}"
        create(office, queue, actor)
        fill(office, queues.get(office.tx, actor, project_id=SHOP, name=queue), 1)
        act(office, "grant", actor, queue=queue)
        act(office, "pause", actor, queue=queue)
        act(office, "change", actor, queue=queue)
        act(office, "revoke", actor, queue=queue)
        act(office, "resume", actor, queue=queue)
        act(office, "begin_purge", actor, queue=queue)
        held = queues.statistics(office.tx, NOW, actor, project_id=SHOP, name=queue)
        listed = names(office, actor)
        act(office, "delete", actor, queue=queue)

        entries = [entry for entry in office.audit() if entry.target == f"queues/{queue}"]
        done = ["create", "grant", "pause", "change", "revoke", "resume", "purge", "delete"]
        assert [f"queues.{word}" for word in done] == [entry.action for entry in entries]
        assert {(actor.kind, actor.name, SHOP)} == {
            (entry.actor_kind, entry.actor, entry.project_id) for entry in entries
        }
        assert 1 == held.total_tasks
        assert [queue] == listed


def test_for_everybody_else_the_project_is_not_there(office: Office) -> None:
    create(office)

    acts: list[Act] = [
        lambda actor, project: create(office, "q", actor, project),
        lambda actor, project: queues.get(office.tx, actor, project_id=project, name="resize"),
        lambda actor, project: queues.list_page(office.tx, actor, project_id=project),
        lambda actor, project: queues.statistics(
            office.tx, NOW, actor, project_id=project, name="resize"
        ),
        *(partial(lambda name, *where: act(office, name, *where), name) for name in WRITERS),
    ]
    for each in acts:
        assert_refused_like_absent(office, each)


def test_an_admin_by_the_acl_of_a_queue_administers_nothing(office: Office) -> None:
    create(office, acl=Acl(admins=frozenset({NEIGHBOUR.name})))

    with pytest.raises(NotFound, match="no project 'shop'"):
        act(office, "pause", NEIGHBOUR)


def test_a_queue_of_another_project_is_not_there(office: Office) -> None:
    create(office, "theirs", NEIGHBOUR, MILL)

    for name in WRITERS:
        with pytest.raises(NotFound, match="project shop has no queue 'theirs'"):
            act(office, name, OWNER, SHOP, "theirs")
    assert ["theirs"] == [
        each.queue.name for each in queues.list_page(office.tx, OPERATOR, project_id=MILL).items
    ]


def test_what_is_made_is_written_down_with_its_settings_and_acl(office: Office) -> None:
    acl = Acl(consumers=frozenset({"Worker@Shop.example.com"}))

    queue = create(office, acl=acl, settings=QueueSettings(task_retry_limit=5, max_tasks=10))

    after = json.loads(office.last().after or "")
    assert (5, 10, frozenset({"worker@shop.example.com"})) == (
        queue.task_retry_limit,
        queue.max_tasks,
        queue.acl.consumers,
    )
    assert (5, 10, ["worker@shop.example.com"], "pull") == (
        after["task_retry_limit"],
        after["max_tasks"],
        after["consumers"],
        after["mode"],
    )
    assert office.last().before is None


def test_a_change_is_written_down_by_what_is_different(office: Office) -> None:
    create(office, settings=QueueSettings(max_bytes=100, tombstone_seconds=60))

    changed = queues.change(
        office.tx,
        NOW,
        OWNER,
        project_id=SHOP,
        name="resize",
        settings=QueueSettings(max_bytes=None, tombstone_seconds=60, requests_per_second=2.5),
    )

    assert ("queues.change", "queues/resize") == office.last()[:3:2]
    assert {"max_bytes": 100, "requests_per_second": None} == json.loads(office.last().before or "")
    assert {"max_bytes": None, "requests_per_second": 2.5} == json.loads(office.last().after or "")
    assert changed == queues.get(office.tx, OWNER, project_id=SHOP, name="resize")


def test_roles_are_written_down_with_whom_they_are_for(office: Office) -> None:
    create(office)

    act(office, "grant")
    granted = office.last()
    act(office, "revoke")

    expected = {"role": "consumer", "email": WORKER}
    assert (None, expected) == (granted.before, json.loads(granted.after or ""))
    assert (expected, None) == (json.loads(office.last().before or ""), office.last().after)


def test_what_changes_nothing_is_not_written_down(office: Office) -> None:
    create(office)
    act(office, "change")
    act(office, "grant")
    act(office, "pause")
    recorded = office.audit()

    act(office, "change")
    act(office, "grant")
    act(office, "pause")
    act(office, "begin_purge")

    assert recorded == office.audit()


def test_running_servers_hear_of_every_change(office: Office) -> None:
    create(office)

    for name in WRITERS:
        before = configuration.version(office.tx)
        act(office, name)

        assert (name != "begin_purge") == (configuration.version(office.tx) > before)


@pytest.mark.parametrize(
    "settings",
    [
        QueueSettings(task_retry_limit=-1),
        QueueSettings(tombstone_seconds=-1),
        QueueSettings(max_tasks=-1),
        QueueSettings(requests_per_second=0.0),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(office: Office, settings: QueueSettings) -> None:
    create(office)

    with pytest.raises(Invalid):
        queues.change(office.tx, NOW, OWNER, project_id=SHOP, name="resize", settings=settings)
    with pytest.raises(Invalid):
        create(office, "other", settings=settings)


def test_a_purge_destroys_in_steps_what_was_there_and_says_how_many(office: Office) -> None:
    queue = create(office)
    fill(office, queue, 600)
    purge = queues.begin_purge(
        office.tx, NOW, OWNER, project_id=SHOP, name="resize", enqueued_until=NOW
    )
    late = [NewTask(queue, b"later")]
    insert(office.tx, NOW + 1, late, task_id.load(office.tx, Entropy()), TaskNumbers())

    steps = [queues.purge_some(office.tx, NOW + 2, purge) for _ in range(3)]

    left = queues.statistics(office.tx, NOW + 2, OWNER, project_id=SHOP, name="resize")
    assert ([500, 100, 0], 1) == (steps, left.total_tasks)
    assert {"tasks": 600, "bytes": 6_000} == json.loads(office.last().before or "")
    assert "queues.purge" == office.last().action


def test_a_deletion_is_written_down_with_what_was_lost(office: Office) -> None:
    fill(office, create(office), 3)

    deleted = act(office, "delete")

    before = json.loads(office.last().before or "")
    assert (3, 30, "pull") == (before["tasks"], before["bytes"], before["mode"])
    assert office.last().after is None
    assert [3, 0] == [queues.sweep_some(office.tx, NOW, deleted) for _ in range(2)]
    assert create(office).id != deleted.id


def test_a_list_has_every_queue_once_whatever_is_made_meanwhile(office: Office) -> None:
    made = make_many(office, 25)
    found: list[str] = []
    token = ""

    while token or not found:
        page = queues.list_page(office.tx, OWNER, project_id=SHOP, page_size=10, page_token=token)
        found += [each.queue.name for each in page.items]
        token = page.next_page_token
        make_many(office, 1, prefix=f"a{len(found)}")  # before those that were seen
        if not token:
            break

    assert made == [name for name in found if name.startswith("q-")]
    assert len(set(found)) == len(found)


def test_a_page_of_queues_with_long_acls_ends_early_and_names_the_next_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MAX_PAGE_ENTRIES", 10)
    monkeypatch.setattr(queues, "QUEUES_AT_ONCE", 2)
    for number in range(5):
        many = frozenset(f"worker-{worker}@example.com" for worker in range(5))
        create(office, f"q{number}", acl=Acl(consumers=many))

    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page = queues.list_page(office.tx, OWNER, project_id=SHOP, page_token=token)
        pages.append([each.queue.name for each in page.items])
        token = page.next_page_token

    assert [["q0", "q1"], ["q2", "q3"], ["q4"]] == pages


def test_a_list_says_what_each_queue_holds_and_who_may_use_it(office: Office) -> None:
    full = create(office, "full", acl=Acl(producers=frozenset({WORKER})))
    create(office, "empty", acl=Acl(admins=frozenset({WORKER})))
    fill(office, full, 3)

    page = queues.list_page(office.tx, OWNER, project_id=SHOP)

    assert [("empty", 0, 0), ("full", 3, 30)] == [
        (each.queue.name, each.tasks, each.bytes) for each in page.items
    ]
    assert [Acl(admins=frozenset({WORKER})), Acl(producers=frozenset({WORKER}))] == [
        each.queue.acl for each in page.items
    ]


def test_a_list_may_be_of_names_that_begin_alike(office: Office) -> None:
    for name in ("mail", "mail-2", "Mail", "mai", "resize"):
        create(office, name)

    assert {"mail", "mail-2"} == set(names(office, prefix="mail"))
    assert [] == names(office, prefix="z")
    with pytest.raises(Invalid, match="letters, digits and hyphens"):
        names(office, prefix="%")


@pytest.mark.parametrize("given", [{"page_size": 0}, {"page_size": 1001}, {"page_token": "\0"}])
def test_a_page_that_cannot_be_is_refused(office: Office, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        names(office, **given)


def test_a_project_has_at_most_so_many_queues(office: Office) -> None:
    make_many(office, MAX_QUEUES - 1)
    create(office, "last")

    with pytest.raises(Conflict, match="has 10000 queues"):
        create(office, "one-more")


def test_an_acl_has_at_most_so_many_entries(office: Office) -> None:
    many = frozenset(f"w{number}@example.com" for number in range(queues.MAX_ACL_ENTRIES))
    create(office, acl=Acl(consumers=many))

    with pytest.raises(Conflict, match="at most 1000 entries"):
        act(office, "grant")
    with pytest.raises(Conflict, match="at most 1000 entries"):
        create(office, "other", acl=Acl(consumers=many, producers=frozenset({WORKER})))


def test_a_page_of_many_queues_is_read_by_an_index_and_in_few_statements(office: Office) -> None:
    make_many(office, MAX_QUEUES)
    is_sqlite = "sqlite" in type(office.tx).__module__
    word = "explain query plan" if is_sqlite else "explain (analyze, costs off, timing off)"
    statement = rows.SQL.queues_after
    explained = replace(statement, text=f"{word}\n{statement.text}")

    plan = office.tx.all(
        explained, project_id=SHOP, after_name="q-05000", prefix="", num_queues=101
    )
    page = names(office, page_size=1_000, page_token="cS0wODk5OQ")

    assert any("queues_by_name" in str(row[-1]) for row in plan)
    assert not any("sort" in str(row[-1]).lower() for row in plan if is_sqlite)
    assert ("q-09000", 1_000) == (page[0], len(page))


def test_the_roles_of_an_address_are_listed_by_queue(office: Office) -> None:
    create(office, "resize", acl=Acl(consumers=frozenset({WORKER}), admins=frozenset({WORKER})))
    create(office, "mail", acl=Acl(producers=frozenset({WORKER, OWNER.name})))
    create(office, "other", acl=Acl(producers=frozenset({OWNER.name})))
    gone = create(office, "gone", acl=Acl(consumers=frozenset({WORKER})))
    queues.delete(office.tx, NOW, OWNER, project_id=SHOP, name=gone.name)

    assert [("mail", "producer"), ("resize", "admin"), ("resize", "consumer")] == roles(office)
    assert [("mail", "producer")] == roles(office, most=1)
    assert_refused_like_absent(
        office, lambda actor, project: roles(office, actor=actor, project_id=project)
    )


def roles(office: Office, **given: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # as above
    asked: dict[str, Any] = {
        "actor": OWNER,
        "project_id": SHOP,
        "email": WORKER.upper(),
        "most": 10,
    } | given
    return list(queues.roles_of(office.tx, asked.pop("actor"), **asked))


def test_names_of_queues_are_told_from_others(office: Office) -> None:
    create(office, "resize")

    def among(*given: str, actor: Actor = OWNER, project_id: str = SHOP) -> set[str]:
        return queues.names_among(office.tx, actor, project_id=project_id, names=given)

    assert {"resize"} == among("resize", "nowhere")
    assert set() == among()
    with pytest.raises(Invalid):
        among("a/b")
    assert_refused_like_absent(
        office, lambda actor, project: among("resize", actor=actor, project_id=project)
    )


def test_a_list_says_since_when_a_task_waits_in_each_queue(office: Office) -> None:
    fill(office, create(office, "full"), 2)
    create(office, "empty")

    page = queues.list_page(office.tx, OWNER, project_id=SHOP)

    assert [("empty", None), ("full", NOW)] == [
        (each.queue.name, each.oldest_eta) for each in page.items
    ]


def counted(
    office: Office, *, now: int = NOW + 1, actor: Actor = OWNER, project_id: str = SHOP
) -> tuple[int, int, int, list[str]]:
    found = queues.state_counts(office.tx, now, actor, project_id=project_id, name="resize")
    return found.available, found.leased, found.delayed, sorted(found.uncounted)


def fill_each_state(office: Office) -> None:
    """Two tasks that are available, three that are leased, four that are delayed."""
    queue = create(office)
    fill(office, queue, 5)
    ids = task_id.load(office.tx, Entropy())
    later = NewTask(queue, b"x", None, None, NOW + 9_000_000)
    insert(office.tx, NOW, [later] * 4, ids, TaskNumbers())
    lease(office.tx, NOW + 1, [LeaseRequest(queue, 3, 60)], ids, HeadCursor())


def test_tasks_are_counted_by_state(office: Office) -> None:
    fill_each_state(office)

    assert (2, 3, 4, []) == counted(office)
    assert (9, 0, 0, []) == counted(office, now=NOW + 99_000_000)
    assert_refused_like_absent(
        office, lambda actor, project: counted(office, actor=actor, project_id=project)
    )


def test_of_very_many_tasks_only_some_are_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "MAX_COUNTED", 1)
    fill_each_state(office)

    assert (2, 0, 2, ["available", "delayed", "leased"]) == counted(office)


def test_waiting_tasks_are_counted_exactly_however_many(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "MAX_COUNTED", 1)
    fill(office, create(office), 7)

    assert (7, 0, 0, []) == counted(office)
