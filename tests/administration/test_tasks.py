"""Administration of tasks: who may, what is written down, and lists page by page."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from leasehold.accounts import projects
from leasehold.administration import queues, tasks
from leasehold.administration.actor import Actor
from leasehold.administration.queues import QueueSettings
from leasehold.errors import Invalid, NotFound
from leasehold.queues import rows, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.limits import InvalidTaskName, QueueFull
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import MAX_LOOKED_AT, TaskOutline
from leasehold.queues.task_id import TaskIds
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.statements import Statement, parse
from tests.administration.office import (
    ALLOWED,
    NEIGHBOUR,
    NOW,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

SECRET = b"4111 1111 1111 1111"
HOUR = 3_600_000_000  # microseconds
LATER = NOW + 1_000

Act = Callable[[Actor, str], object]

SQL = parse("""
-- name: refresh_statistics
analyze tasks
""")


@dataclass
class Shop:
    """The office, with a queue `resize`."""

    office: Office
    ids: TaskIds
    queue: Queue
    numbers: TaskNumbers = field(default_factory=TaskNumbers)

    def act(self, act: str, /, actor: Actor = OWNER, project_id: str = SHOP, **more: Any) -> Any:  # noqa: ANN401  # a test's own words
        place = {"project_id": project_id, "queue": "resize", "ids": self.ids}
        return getattr(tasks, act)(self.office.tx, LATER, actor, **(place | more))

    def get(self, id_: str, actor: Actor = OWNER, project_id: str = SHOP) -> Task:
        return tasks.get(
            self.office.tx,
            actor,
            ids=self.ids,
            project_id=project_id,
            queue="resize",
            task_id=id_,
        )

    def insert(self, name: str | None = None, **more: Any) -> Task:  # noqa: ANN401  # as above
        inserted: Task = self.act("insert", **{"payload": SECRET, "name": name} | more)
        return inserted

    def fill(self, count: int, *, at: int = NOW, **more: Any) -> list[str]:  # noqa: ANN401  # as above
        """As a server does it: what was inserted, in order."""
        new = [NewTask(self.queue, b"x", **more) for _ in range(count)]
        done = insert(self.office.tx, at, new, self.ids, self.numbers)
        return [task.id for task in done if isinstance(task, Task)]

    def lease(self, count: int, *, at: int = LATER) -> list[str]:
        request = LeaseRequest(queue=self.queue, num_tasks=count, seconds=60)
        (leased,) = lease(self.office.tx, at, [request], self.ids, HeadCursor())
        assert isinstance(leased, list)
        return [task.id for task in leased]

    def pages(self, **more: Any) -> Iterator[list[TaskOutline]]:  # noqa: ANN401  # as above
        token = ""
        while True:
            page = self.act("list_page", page_token=token, **more)
            yield list(page.items)
            token = page.next_page_token
            if not token:
                return

    def listed(self, **more: Any) -> list[str]:  # noqa: ANN401  # as above
        return [task.id for page in self.pages(**more) for task in page]

    def plan(self, statement: Statement, **values: object) -> str:
        is_sqlite = "sqlite" in type(self.office.tx).__module__
        word = "explain query plan" if is_sqlite else "explain (costs off)"
        explained = replace(statement, text=f"{word}\n{statement.text}")
        return "\n".join(str(row[-1]) for row in self.office.tx.all(explained, **values))


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with opened(database_url) as office:
        queue = queues.create(office.tx, NOW, OWNER, project_id=SHOP, name="resize")
        yield Shop(office, task_id.load(office.tx, office.entropy), queue)


def test_owners_admins_and_operators_may_do_everything(shop: Shop) -> None:
    for actor in ALLOWED:
        task = shop.act("insert", actor, payload=SECRET, eta=NOW + HOUR)
        listed = shop.act("list_page", actor).items
        found = shop.get(task.id, actor)
        released = shop.act("release", actor, task_id=task.id)
        shop.act("delete", actor, task_id=task.id)

        last = shop.office.audit()[-3:]
        assert ["tasks.insert", "tasks.release", "tasks.delete"] == [e.action for e in last]
        assert {(actor.name, SHOP, f"queues/resize/tasks/{task.id}")} == {
            (entry.actor, entry.project_id, entry.target) for entry in last
        }
        assert ([task.id], SECRET, LATER) == ([t.id for t in listed], found.payload, released.eta)


def test_for_everybody_else_the_project_is_not_there(shop: Shop) -> None:
    task = shop.insert()

    acts: list[Act] = [
        lambda actor, project: shop.get(task.id, actor, project),
        lambda actor, project: shop.act("list_page", actor, project),
        lambda actor, project: shop.act("insert", actor, project, payload=b""),
        lambda actor, project: shop.act("delete", actor, project, task_id=task.id),
        lambda actor, project: shop.act("release", actor, project, task_id=task.id),
    ]
    for act in acts:
        assert_refused_like_absent(shop.office, act)


def test_a_task_of_another_queue_is_not_there(shop: Shop) -> None:
    queues.create(shop.office.tx, NOW, OWNER, project_id=SHOP, name="other")
    made = tasks.insert(
        shop.office.tx, NOW, OWNER, ids=shop.ids, project_id=SHOP, queue="other", payload=b""
    )
    recorded = shop.office.audit()

    for id_ in (made.id, "nope", "lease", "\0", "\ud800", "x" * 10_000):
        for act in ("delete", "release"):
            with pytest.raises(NotFound, match=r"there is no task .* in queue resize"):
                shop.act(act, task_id=id_)
        with pytest.raises(NotFound, match="there is no task"):
            shop.get(id_)
    assert recorded == shop.office.audit()


def test_the_log_says_how_large_a_task_was_and_never_what_was_in_it(shop: Shop) -> None:
    task = shop.insert("photo", tag="night", eta=NOW + HOUR)
    shop.act("release", task_id=task.id)
    shop.act("delete", task_id=task.id)

    entries = shop.office.audit()[-3:]
    described = {"payload_bytes": 19, "eta": NOW + HOUR, "retry_count": 0, "tag": "night"}
    assert (None, described) == (entries[0].before, json.loads(entries[0].after or ""))
    assert (described, {"eta": LATER}) == tuple(
        json.loads(text or "") for text in (entries[1].before, entries[1].after)
    )
    assert (described | {"eta": LATER}, None) == (
        json.loads(entries[2].before or ""),
        entries[2].after,
    )
    assert "4111" not in str(shop.office.audit())


def test_a_number_is_taken_for_one_task_and_the_servers_keep_theirs(shop: Shop) -> None:
    first = shop.fill(3)
    one, two = shop.insert(), shop.insert()
    second = shop.fill(3)

    numbers = [shop.ids.decode(shop.queue.id, id_) for id_ in (*first, *second, one.id, two.id)]
    assert 8 == len({*first, *second, one.id, two.id})
    assert numbers == sorted(n for n in numbers if n is not None)
    assert numbers[-1] == (numbers[-2] or 0) + 1


def test_a_name_is_taken_once(shop: Shop) -> None:
    shop.insert("photo")
    shop.act("delete", task_id="photo")

    with pytest.raises(InvalidTaskName, match="taken"):
        shop.insert("photo")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a b"},
        {"tag": "x" * 501},
        {"payload": b"x" * (2**20 + 1)},
        {"eta": NOW + 800 * HOUR},
    ],
)
def test_what_breaks_a_limit_is_refused(shop: Shop, given: dict[str, Any]) -> None:
    recorded = shop.office.audit()

    with pytest.raises(Invalid):
        shop.insert(**given)
    assert recorded == shop.office.audit()


def test_a_full_queue_takes_no_task(shop: Shop) -> None:
    settings = QueueSettings(max_tasks=1)
    queues.change(shop.office.tx, NOW, OWNER, project_id=SHOP, name="resize", settings=settings)
    shop.insert()

    with pytest.raises(QueueFull, match="may hold 1 tasks"):
        shop.insert()


def test_a_full_project_takes_no_task(shop: Shop) -> None:
    queues.create(shop.office.tx, NOW, OWNER, project_id=SHOP, name="other")
    projects.set_total_storage_limit(shop.office.tx, project_id=SHOP, limit=2 * len(SECRET))
    shop.insert()
    shop.insert()

    with pytest.raises(QueueFull, match="may take 38 bytes"):
        shop.act("insert", queue="other", payload=b"x")


def test_a_push_queues_tasks_are_seen_and_deleted_but_none_inserted(shop: Shop) -> None:
    task = shop.insert()
    settings = QueueSettings(mode="push")
    queues.change(shop.office.tx, NOW, OWNER, project_id=SHOP, name="resize", settings=settings)

    with pytest.raises(Invalid, match="is a push queue"):
        shop.insert()
    assert [task.id] == shop.listed()
    assert SECRET == shop.get(task.id).payload
    shop.act("delete", task_id=task.id)
    assert [] == shop.listed()


def test_a_task_is_deleted_whatever_its_queue_demands_of_consumers(shop: Shop) -> None:
    settings = QueueSettings(strict_leases=True)
    queues.change(shop.office.tx, NOW, OWNER, project_id=SHOP, name="resize", settings=settings)
    task = shop.insert()

    deleted = shop.act("delete", task_id=task.id)

    assert SECRET == deleted.payload
    with pytest.raises(NotFound):
        shop.get(task.id)


def test_a_released_task_is_leased_by_the_next(shop: Shop) -> None:
    (id_,) = shop.fill(1)
    shop.lease(1)
    assert [] == shop.lease(1, at=LATER + 1)

    released = shop.act("release", task_id=id_)

    assert (LATER, 1) == (released.eta, released.retry_count)
    assert [id_] == shop.lease(1, at=LATER + 1)


def test_what_is_available_already_is_released_without_a_word(shop: Shop) -> None:
    (id_,) = shop.fill(1)
    recorded = shop.office.audit()

    released = shop.act("release", task_id=id_)

    assert (NOW, recorded) == (released.eta, shop.office.audit())


def test_a_task_of_a_paused_queue_is_released_too(shop: Shop) -> None:
    shop.fill(1)
    (id_,) = shop.lease(1)
    queues.pause(shop.office.tx, NOW, OWNER, project_id=SHOP, name="resize")

    assert LATER == shop.act("release", task_id=id_).eta


def test_a_list_has_every_task_once_whatever_is_inserted_meanwhile(shop: Shop) -> None:
    there = shop.fill(10) + shop.fill(10, at=NOW + 1) + shop.fill(5, eta=NOW + HOUR)
    seen: list[str] = []

    for page in shop.pages(page_size=4):
        seen += [task.id for task in page]
        if len(seen) < 25:
            shop.fill(2, at=NOW + 1)

    assert there == [id_ for id_ in seen if id_ in there]
    assert len(set(seen)) == len(seen) > 25


def test_a_list_may_be_of_one_tag(shop: Shop) -> None:
    night = shop.fill(5, tag="night")
    shop.fill(5, tag="day")
    shop.fill(5)

    assert night == shop.listed(tag="night", page_size=2)
    assert [] == shop.listed(tag="noon")


def test_a_list_may_be_of_one_state(shop: Shop) -> None:
    ready = shop.fill(30)
    delayed = shop.fill(20, eta=NOW + 30_000_000)
    leased = shop.lease(10)

    assert ready[10:] == shop.listed(state="available", page_size=7)
    assert leased == shop.listed(state="leased", page_size=7)
    assert delayed == shop.listed(state="delayed", page_size=7)
    assert {"available", "delayed", "leased"} == {t.state for page in shop.pages() for t in page}


def test_a_page_looks_at_so_many_tasks_and_no_more(shop: Shop) -> None:
    leased = shop.fill(1)
    shop.lease(1)
    shop.fill(MAX_LOOKED_AT + 10, eta=NOW + 30_000_000)

    pages = list(shop.pages(state="leased", page_size=5))

    assert [[], leased] == [[task.id for task in page] for page in pages]


@pytest.mark.parametrize(
    "given",
    [
        {"page_size": 0},
        {"page_size": 1001},
        {"page_token": "x"},
        {"page_token": "MS4"},
        {"tag": "\0"},
    ],
)
def test_a_list_that_cannot_be_is_refused(shop: Shop, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        shop.act("list_page", **given)


def test_a_list_of_one_tag_and_state_ends_where_the_state_does(shop: Shop) -> None:
    ready = shop.fill(5, tag="night")
    shop.fill(5, tag="night", eta=NOW + HOUR)

    assert ready == shop.listed(tag="night", state="available", page_size=2)


def test_a_tag_is_looked_up_although_nobody_has_counted_the_tasks(shop: Shop) -> None:
    values = {"queue_id": shop.queue.id, "after_eta": NOW, "after_number": 7, "num_tasks": 101}

    shown = shop.plan(rows.SQL.tasks_of_tag_after, **values, tag="night")

    assert "tasks_by_tag" in shown


@pytest.mark.parametrize("tag", [None, "night"])
def test_a_page_is_read_in_the_order_of_an_index(shop: Shop, tag: str | None) -> None:
    shop.fill(2_000, tag="night")
    shop.fill(2_000, tag="day")
    shop.office.tx.run(SQL.refresh_statistics)
    values = {
        "queue_id": shop.queue.id,
        "after_eta": NOW,
        "after_number": 700,
        "num_tasks": 101,
    }

    if tag is None:
        shown = shop.plan(rows.SQL.tasks_after, **values, before=NOW + HOUR)
    else:
        shown = shop.plan(rows.SQL.tasks_of_tag_after, **values, tag=tag)

    assert ("tasks_by_eta" if tag is None else "tasks_by_tag") in shown
    assert not any(
        word in shown.lower() for word in ("sort", "temp b-tree", "scan tasks", "seq scan")
    )


def test_a_strangers_token_for_another_list_reads_nothing_of_it(shop: Shop) -> None:
    shop.fill(5)
    token = shop.act("list_page", page_size=2).next_page_token

    with pytest.raises(NotFound):
        shop.act("list_page", NEIGHBOUR, page_token=token)
