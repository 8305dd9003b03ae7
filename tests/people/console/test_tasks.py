"""Tasks in the console: found, inserted, looked at, released and deleted."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

import pytest
from playwright.sync_api import APIResponse, expect

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.queues import configure, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import MAX_LOOKED_AT, find
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.transaction import Transaction
from leasehold.web.console.lists import PAGE_SIZE
from leasehold.web.console.task_payload import DUMPED_BYTES, SHOWN_CHARACTERS, decoded
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, SCRIPT, holds_no_markup
from tests.people.visitor import Visitor
from tests.running_server import PROJECT, RunningServer

QUEUE = "resize"
TASKS = f"{AT}/queues/{QUEUE}/tasks"
INSERT = f"{AT}/queues/{QUEUE}/insert"
OWN = {"Sec-Fetch-Site": "same-origin"}
MEBIBYTE = 2**20
HOUR = 3_600  # seconds
JSON = b'{"photo":17,"sizes":[128,1.50e3],"tags":{},"title":"caf\xc3\xa9"}'

REFUSED = [
    ({"name": "a b"}, "Task name is invalid: use 1 to 500 letters"),
    ({"name": "taken"}, "Task name is invalid: it is taken"),
    ({"name": "lease"}, "is a method&#39;s name"),
    ({"name": "x" * 501}, "That is too long: 500 characters at most."),
    ({"tag": "\u00e9" * 300}, "Tag is longer than 500 bytes."),
    ({"payload": "a\0b"}, "holds a character which cannot be kept"),
    ({"payload": "a", "encoding": "base64"}, "That is not base64"),
    ({"payload": "caf\u00e9", "encoding": "base64"}, "That is not base64"),
    ({"encoding": "rot13"}, "Choose one of text, base64."),
    ({"start": "later"}, "Choose one of now, in, at."),
    ({"start": "in"}, "Fill this in."),
    ({"start": "in", "in": "soon"}, "That is not a whole number"),
    ({"start": "in", "in": "43201"}, "Use 0 to 43,200 minutes: at most 30 days ahead."),
    ({"start": "at"}, "Fill this in."),
    ({"start": "at", "at": "noon"}, "That is no time: write 2026-11-21T09:30."),
    ({"start": "at", "at": "2001-01-01T00:00"}, "That time has passed"),
    ({"start": "at", "at": "9999-12-31T23:59"}, "That is too far away"),
]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A queue of the shop, in which a test puts tasks as a producer does."""

    site: RunningServer
    queue: Queue

    def put(self, *payloads: bytes, delay: int = 0, **parts: str) -> list[str]:
        """Their ids; `delay` in seconds."""
        now = self.site.clock.now()
        eta = now + delay * MICROSECONDS
        new = [NewTask(self.queue, payload, eta=eta, **parts) for payload in payloads]

        def run(tx: Transaction, _: int) -> list[str]:
            ids = task_id.load(tx, Entropy())
            done = insert(tx, now, new, ids, TaskNumbers(block=1))
            assert all(isinstance(task, Task) for task in done), done
            return [task.id for task in done if isinstance(task, Task)]

        return self.site.do(run)

    def lease(self, count: int = 1, *, seconds: int = 60) -> None:
        """A worker takes the first ones."""
        request = LeaseRequest(self.queue, count, seconds)
        now = self.site.clock.now()

        def run(tx: Transaction, _: int) -> None:
            ids = task_id.load(tx, Entropy())
            (leased,) = lease(tx, now, [request], ids, HeadCursor())
            assert isinstance(leased, list)
            assert len(leased) == count

        self.site.do(run)

    def find(self, id_: str) -> Task | None:
        """The task as it is; None when it is not there."""
        return self.site.do(lambda tx, _: find(tx, self.queue, id_, task_id.load(tx, Entropy())))


@pytest.fixture
def make_shelf(owner: Visitor) -> Callable[..., Shelf]:
    """Makes a queue, of the shop if nothing else is said."""

    def make(name: str = QUEUE, project_id: str = SHOP, **settings: object) -> Shelf:
        plain = Queue(id=0, project_id=project_id, name=name, mode="pull", created_at=1)
        queue = replace(plain, **settings)  # type: ignore[arg-type]  # a test's own words
        return Shelf(owner.site, owner.site.do(lambda tx, _: configure.create(tx, queue)))

    return make


@pytest.fixture
def shelf(make_shelf: Callable[..., Shelf]) -> Shelf:
    return make_shelf()


def gets(visitor: Visitor, path: str) -> APIResponse:
    """What a page is answered, unseen."""
    return visitor.page.context.request.get(visitor.site.url + path, max_redirects=0)


def sends(visitor: Visitor, path: str, **fields: str) -> APIResponse:
    """What a form is answered, unseen."""
    return visitor.page.context.request.post(
        visitor.site.url + path, form=dict(fields), headers=OWN, max_redirects=0
    )


def inserts(visitor: Visitor, payload: str = "x", **fields: str) -> APIResponse:
    """The same of the form that inserts."""
    usual = {"encoding": "text", "start": "now"}
    return sends(visitor, INSERT, payload=payload, **(usual | fields))


def inserted(shelf: Shelf, answer: APIResponse) -> Task:
    """The task that a form has inserted."""
    assert 303 == answer.status, answer.text()
    task = shelf.find(answer.headers["location"].rpartition("/")[2])
    assert task is not None
    return task


def test_an_admin_fills_an_empty_queue_by_hand(admin: Visitor, shelf: Shelf) -> None:
    admin.opens(TASKS)
    admin.sees("No tasks in it", f"/projects/{SHOP}/taskqueues/{QUEUE}/tasks")
    is_in_order(admin.page, "console-tasks-empty")
    admin.follows("Insert a task")
    expect(admin.page.get_by_label("In how many minutes? (optional)")).to_be_hidden()
    is_in_order(admin.page, "console-task-insert")
    admin.types("Payload (optional)", "no base64!\n")
    admin.page.get_by_label("Base64").check()
    admin.types("Tag (optional)", "night")
    admin.page.get_by_label("In a while").check()
    admin.types("In how many minutes? (optional)", "90")
    admin.presses("Insert the task")
    box = admin.page.get_by_label("Payload (optional)")
    expect(box).to_have_accessible_description(re.compile("That is not base64"))
    expect(box).to_have_value("no base64!\n")
    expect(admin.page.get_by_label("In how many minutes? (optional)")).to_have_value("90")
    is_in_order(admin.page, "console-task-insert-refused")

    admin.page.get_by_label("Text").check()
    admin.presses("Insert the task")

    admin.sees("The task is inserted.", "Delayed for another 89 minutes", "no base64!")
    expect(admin.page.get_by_role("link", name="night")).to_be_visible()
    is_in_order(admin.page, "console-task-delayed")
    (id_,) = [admin.page.get_by_role("heading", level=1).inner_text()]
    task = shelf.find(id_)
    assert task is not None
    assert (b"no base64!\n", "night") == (task.payload, task.tag)


def test_a_task_is_inserted_by_keyboard(owner: Visitor, shelf: Shelf) -> None:
    owner.opens(INSERT)
    tabs_to(owner, "Payload (optional)")
    types(owner, "hello")
    tabs_to(owner, "Name (optional)")
    types(owner, "greeting")
    tabs_to(owner, "At once")
    presses(owner, "ArrowDown")
    tabs_to(owner, "In how many minutes?")
    types(owner, "5")

    presses(owner, "Enter")

    owner.is_at(f"{TASKS}/greeting")
    task = shelf.find("greeting")
    assert task is not None
    assert b"hello" == task.payload


def test_a_payload_is_text_or_base64(owner: Visitor, shelf: Shelf) -> None:
    for text, encoding, payload in [
        ("caf\u00e9\r\n", "text", b"caf\xc3\xa9\n"),
        ("", "text", b""),
        ("AP8Q\r\n+/8=", "base64", b"\x00\xff\x10\xfb\xff"),
        ("-_8", "base64", b"\xfb\xff"),
    ]:
        assert payload == inserted(shelf, inserts(owner, text, encoding=encoding)).payload


def test_a_task_may_wait_for_some_minutes_or_for_a_time(owner: Visitor, shelf: Shelf) -> None:
    now = owner.site.clock.now()
    then = datetime.fromtimestamp(now // MICROSECONDS + 2 * HOUR, UTC).replace(second=0)

    waits = inserted(shelf, inserts(owner, start="in", **{"in": "1,440"}))
    comes = inserted(shelf, inserts(owner, start="at", at=f"{then:%Y-%m-%dT%H:%M}"))

    assert 24 * HOUR == (waits.eta - now) // MICROSECONDS
    assert then.timestamp() * MICROSECONDS == comes.eta


def test_what_cannot_be_inserted_is_refused_beside_its_field(owner: Visitor, shelf: Shelf) -> None:
    shelf.put(b"x", name="taken")

    for given, problem in REFUSED:
        answer = inserts(owner, **({"payload": "what I typed"} | given))

        assert 400 == answer.status, given
        assert 'class="wrong" role="alert"' in answer.text()
        assert problem in answer.text()
        assert escape(given.get("payload", "what I typed")) in answer.text()


def test_a_task_may_be_as_large_as_the_api_takes(owner: Visitor, shelf: Shelf) -> None:
    lines = "\n" * MEBIBYTE  # six bytes each in a form
    full = base64.b64encode(b"\xff" * MEBIBYTE).decode()

    assert lines.encode() == inserted(shelf, inserts(owner, lines.replace("\n", "\r\n"))).payload
    assert MEBIBYTE == len(inserted(shelf, inserts(owner, full, encoding="base64")).payload or b"")
    refused = inserts(owner, "x" * (MEBIBYTE + 1))
    assert 400 == refused.status
    assert f"The task has {MEBIBYTE + 1} bytes" in refused.text()
    assert "x" * (MEBIBYTE + 1) in refused.text()
    assert 413 == inserts(owner, "\n" * 3 * MEBIBYTE).status


def test_megabytes_of_a_stranger_are_not_read(owner: Visitor) -> None:
    owner.page.context.clear_cookies()

    answer = inserts(owner, "x" * MEBIBYTE)

    assert 303 == answer.status
    assert answer.headers["location"].startswith("/signin?")


def test_a_full_queue_takes_no_more(owner: Visitor, make_shelf: Callable[..., Shelf]) -> None:
    make_shelf(max_tasks=1).put(b"x")

    answer = inserts(owner, "what I typed")

    assert 403 == answer.status
    assert "Quota exceeded: queue resize may hold 1 tasks" in answer.text()
    assert "what I typed" in answer.text()


def test_into_a_push_queue_nothing_is_inserted(
    owner: Visitor, make_shelf: Callable[..., Shelf]
) -> None:
    make_shelf(mode="push")

    owner.opens(TASKS)
    owner.sees("This is a push queue")
    expect(owner.page.get_by_role("link", name="Insert a task")).to_have_count(0)
    is_in_order(owner.page, "console-tasks-push")
    assert "is a push queue" in gets(owner, INSERT).text()
    assert 400 == inserts(owner).status


def test_a_list_is_narrowed_by_state_and_tag(owner: Visitor, shelf: Shelf) -> None:
    first, second = shelf.put(b"x", b"x" * 2_000, tag="night")
    shelf.lease()
    (third,) = shelf.put(b"x", tag="day", delay=HOUR)
    shelf.put(b"x", name="thumbnail-17")
    owner.opens(TASKS)
    owner.sees(first, second, third, "thumbnail-17", "2 KiB")
    is_in_order(owner.page, "console-tasks")

    owner.page.get_by_label("State").select_option("Available")
    owner.types("Tag (optional)", "night")
    owner.presses("Show")

    owner.sees(second)
    for id_ in (first, third, "thumbnail-17"):
        owner.sees_no(id_)
    expect(owner.page.get_by_label("State")).to_have_value("available")
    owner.follows("Show all")
    owner.follows("day")
    owner.sees(third)
    owner.sees_no(first)
    owner.page.get_by_label("State").select_option("Leased")
    owner.presses("Show")
    owner.sees("No such tasks at the moment.")
    is_in_order(owner.page, "console-tasks-none")


def test_a_filter_that_cannot_be_is_refused_beside_its_field(owner: Visitor, shelf: Shelf) -> None:
    shelf.put(b"x")

    for query, problem in [
        (f"tag={'%C3%A9' * 300}", "Tag is longer than 500 bytes."),
        ("state=lost", "Choose one of available, leased, delayed."),
        ("tag=%00", "holds a character which cannot be kept"),
    ]:
        answer = gets(owner, f"{TASKS}?{query}")

        assert 400 == answer.status
        assert 'class="wrong" role="alert"' in answer.text()
        assert problem in answer.text()
    assert 400 == gets(owner, f"{TASKS}?page=x").status


def test_a_long_list_pages(owner: Visitor, shelf: Shelf) -> None:
    ids = shelf.put(*[b"x"] * (PAGE_SIZE + 3), tag="night")
    owner.opens(f"{TASKS}?tag=night")
    expect(owner.page.locator("tbody tr")).to_have_count(PAGE_SIZE)

    owner.follows("Next page")

    expect(owner.page.locator("tbody tr")).to_have_count(3)
    owner.sees(ids[-1])
    owner.follows("Back to the start")
    owner.sees(ids[0])
    expect(owner.page.get_by_label("Tag (optional)")).to_have_value("night")


def test_a_short_page_that_is_not_the_last_says_so(owner: Visitor, shelf: Shelf) -> None:
    (first,) = shelf.put(b"x")
    shelf.lease(seconds=HOUR)
    shelf.put(*[b""] * (MAX_LOOKED_AT + 10), delay=HOUR // 2)

    owner.opens(f"{TASKS}?state=leased")

    owner.sees("Among the 10,000 tasks that were looked at none is what you look for.")
    is_in_order(owner.page, "console-tasks-search-goes-on")
    owner.follows("Next page")
    owner.sees(first)


def test_a_list_moves(owner: Visitor, shelf: Shelf) -> None:
    shelf.put(b"x")
    owner.opens(f"{TASKS}?state=available")
    shelf.lease()

    owner.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    owner.sees("No such tasks at the moment.")


def test_a_task_moves_while_somebody_looks(owner: Visitor, shelf: Shelf) -> None:
    (id_,) = shelf.put(JSON, tag="night")
    owner.opens(f"{TASKS}/{id_}")
    owner.sees("Available since", '"photo": 17,', '"sizes": [')
    is_in_order(owner.page, "console-task")
    shelf.lease()

    owner.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    owner.sees("Leased for another 59 seconds")
    expect(owner.page.get_by_role("link", name="Release the lease …")).to_be_visible()
    owner.unfolds("As it was inserted")
    owner.sees(JSON.decode())
    is_in_order(owner.page, "console-task-leased")
    owner.site.do(lambda tx, now: configure.delete(tx, now, shelf.queue))
    owner.page.evaluate("htmx.trigger(document.body, 'looked-at')")
    owner.sees(f"Project {SHOP} has no queue 'resize'.")


def test_an_admin_releases_a_lease_after_being_asked(admin: Visitor, shelf: Shelf) -> None:
    (id_,) = shelf.put(b"x")
    shelf.lease(seconds=HOUR)
    admin.opens(f"{TASKS}/{id_}")
    admin.follows("Release the lease …")
    admin.sees(f"Release task {id_}?", "59 minutes", "may still be working")
    is_in_order(admin.page, "console-task-release")
    admin.follows("Cancel")
    admin.sees("Leased for another")
    admin.follows("Release the lease …")

    admin.presses("Release the lease")

    admin.sees("The task is available.", "Available since")
    task = shelf.find(id_)
    assert task is not None
    assert task.eta <= admin.site.clock.now()
    admin.opens(f"{TASKS}/{id_}/release")
    admin.is_at(f"{TASKS}/{id_}")
    admin.sees("It is available already.")


def test_what_a_release_means_is_said(owner: Visitor, make_shelf: Callable[..., Shelf]) -> None:
    shelf = make_shelf(strict_leases=True)
    (leased,) = shelf.put(b"x")
    shelf.lease()
    (delayed,) = shelf.put(b"x", delay=HOUR)

    assert "can no longer delete the task" in gets(owner, f"{TASKS}/{leased}/release").text()
    asked = gets(owner, f"{TASKS}/{delayed}/release").text()
    assert "It was to wait for another 59 minutes" in asked
    assert 303 == sends(owner, f"{TASKS}/{delayed}/release", x="").status
    assert "Available" in gets(owner, f"{TASKS}/{delayed}").text()


def test_an_admin_deletes_a_task_after_being_asked(admin: Visitor, shelf: Shelf) -> None:
    shelf.put(b"x" * 3_000, name="thumbnail-17")
    shelf.lease()
    admin.opens(f"{TASKS}/thumbnail-17")
    admin.follows("Delete …")
    admin.sees(
        "Delete task thumbnail-17?", "2.9 KiB", "leased for another", "stays taken for 7 days"
    )
    is_in_order(admin.page, "console-task-delete")
    admin.follows("Cancel")
    assert shelf.find("thumbnail-17") is not None
    admin.follows("Delete …")

    admin.presses("Delete the task")

    admin.is_at(TASKS)
    admin.sees("Task thumbnail-17 is deleted.")
    assert shelf.find("thumbnail-17") is None
    assert 404 == sends(admin, f"{TASKS}/thumbnail-17/delete", x="").status
    assert 404 == sends(admin, f"{TASKS}/thumbnail-17/release", x="").status
    assert 404 == admin.opens(f"{TASKS}/thumbnail-17").status
    is_in_order(admin.page, "console-task-404")


def test_a_task_of_any_name_has_its_page(owner: Visitor, shelf: Shelf) -> None:
    for name in ["new", "insert", "now", "payload", "delete", "release"]:
        shelf.put(b"my payload", name=name)

        assert f'href="{TASKS}/{name}"' in gets(owner, TASKS).text()
        page = gets(owner, f"{TASKS}/{name}")
        assert 200 == page.status
        assert "my payload" in page.text()
        for path in ["payload", "delete"]:
            assert 200 == gets(owner, f"{TASKS}/{name}/{path}").status


def test_long_names_and_tags_break_no_page(owner: Visitor, shelf: Shelf) -> None:
    name = "x" * 500
    shelf.put(b"z" * 5_000, name=name, tag="\u202e" + "y" * 400, delay=HOUR)

    owner.opens(TASKS)
    is_in_order(owner.page, "console-tasks-long")
    owner.opens(f"{TASKS}/{name}")
    is_in_order(owner.page, "console-task-long")


def test_names_tags_and_payloads_are_shown_as_text(owner: Visitor, shelf: Shelf) -> None:
    for number, name in enumerate(NAMES):
        (id_,) = shelf.put(f"{name}\n{number}".encode(), tag=name)
        owner.opens(f"{TASKS}/{id_}")
        owner.sees(name)
        holds_no_markup(owner)
        owner.follows(name)
        owner.sees(id_)
        expect(owner.page.get_by_label("Tag (optional)")).to_have_value(name)
        holds_no_markup(owner)
        (id_,) = shelf.put(b"\xff" + name.encode())
        owner.opens(f"{TASKS}/{id_}")
        holds_no_markup(owner)
    for path in [SCRIPT, f"x/tasks/{SCRIPT}", f"{QUEUE}/tasks/{SCRIPT}/delete"]:
        owner.opens(f"{AT}/queues/{path}/tasks".replace("/delete/tasks", "/delete"))
        holds_no_markup(owner)


def test_bytes_that_are_no_text_are_dumped(owner: Visitor, shelf: Shelf) -> None:
    (id_,) = shelf.put(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 16)

    owner.opens(f"{TASKS}/{id_}")

    owner.sees("00000000  89 50 4e 47 0d 0a 1a 0a", ".PNG....", "Only the beginning is shown")
    owner.unfolds("In base64 (the first 3,072 bytes)")
    owner.sees("iVBORw0KGgo")
    is_in_order(owner.page, "console-task-bytes")
    (empty,) = shelf.put(b"")
    assert "It is empty." in gets(owner, f"{TASKS}/{empty}").text()


def test_a_payload_is_downloaded_as_it_is_and_is_no_page(owner: Visitor, shelf: Shelf) -> None:
    page = f"<html>{SCRIPT}".encode()
    for payload, suffix in [(page, "txt"), (JSON, "json"), (b"\xff", "bin")]:
        (id_,) = shelf.put(payload)

        answer = gets(owner, f"{TASKS}/{id_}/payload")

        assert payload == answer.body()
        headers = answer.headers
        assert "application/octet-stream" == headers["content-type"]
        assert f"attachment; filename*=utf-8''task-{id_}.{suffix}" == headers["content-disposition"]
        assert "nosniff" == headers["x-content-type-options"]
        assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert "no-store" == headers["cache-control"]


def test_tasks_of_another_project_are_as_if_they_were_not_there(
    owner: Visitor, shelf: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    (foreign,) = make_shelf("private", PROJECT).put(b"secret")
    (other,) = make_shelf("other").put(b"secret")
    shelf.put(b"mine")

    for real, missing in [
        (f"queues/private/tasks/{foreign}", "queues/absent/tasks/absent"),
        ("queues/private/tasks", "queues/absent/tasks"),
        ("queues/private/insert", "queues/absent/insert"),
        (f"queues/{QUEUE}/tasks/{foreign}", f"queues/{QUEUE}/tasks/absent"),
        (f"queues/{QUEUE}/tasks/{other}", f"queues/{QUEUE}/tasks/absent"),
    ]:
        seen = gets(owner, f"{AT}/{real}")
        unseen = gets(owner, f"{AT}/{missing}").text()
        assert 404 == seen.status, real
        assert unseen == seen.text().replace(foreign, "absent").replace(other, "absent").replace(
            "private", "absent"
        )
        if real.endswith((foreign, other)):
            for act in ["delete", "release"]:
                assert 404 == sends(owner, f"{AT}/{real}/{act}", x="").status
            assert 404 == gets(owner, f"{AT}/{real}/payload").status
    assert 404 == sends(owner, f"{AT}/queues/private/insert", payload="x").status


def test_tasks_of_a_deleted_project_are_not_touched(owner: Visitor, shelf: Shelf) -> None:
    (id_,) = shelf.put(b"x")
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    assert 409 == sends(owner, f"{TASKS}/{id_}/delete", x="").status
    assert 409 == inserts(owner).status
    assert shelf.find(id_) is not None


def test_json_keeps_its_own_spelling() -> None:
    shown = decoded(b'{"a": 1.50e3, "a": [], "b": {"c": "\\u00e9 [x, {", "d": [1,2]}}').shown

    assert shown.splitlines() == [
        "{",
        '  "a": 1.50e3,',
        '  "a": [],',
        '  "b": {',
        '    "c": "\\u00e9 [x, {",',
        '    "d": [',
        "      1,",
        "      2",
        "    ]",
        "  }",
        "}",
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * MEBIBYTE,
        b"[" * 900 + b"1," * 400_000 + b"1" + b"]" * 900,
        b"{" + b'"a":' * 200_000,
        b'["' + b"\\" * 1_000_001,
        b'["' + b"x" * 1_000_000 + b'"]',
        b"x" * MEBIBYTE,
        b"\x00" * MEBIBYTE,
        "\U0001f600".encode() * 250_000,
    ],
)
def test_no_payload_makes_a_page_huge(payload: bytes) -> None:
    found = decoded(payload)

    assert found.is_cut
    assert found.size == len(payload)
    assert len(found.shown) <= SHOWN_CHARACTERS
    assert len(found.raw) <= SHOWN_CHARACTERS


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"17", "text"),
        (b'"x"', "text"),
        (b"[1,]", "text"),
        (b"[NaN]", "text"),
        (b" [1]\n", "json"),
        (b"a\tb\r\nc", "text"),
        (b"a\x1b[31m", "bytes"),
        (b"a\x00b", "bytes"),
        (b"\xed\xa0\x80", "bytes"),
        (b"\xff" * DUMPED_BYTES, "bytes"),
        (b"", "empty"),
    ],
)
def test_a_payload_is_what_it_can_be_read_as(payload: bytes, kind: str) -> None:
    found = decoded(payload)

    assert kind == found.kind
    assert not found.is_cut
