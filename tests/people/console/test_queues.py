"""Queues in the console: made, looked at, changed, granted, paused, purged and deleted."""

import html
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from leasehold.accounts import projects
from leasehold.entropy import Entropy
from leasehold.queues import configure, stats, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Acl, Queue
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.transaction import Transaction
from leasehold.web.console import queue_purge
from tests.browser import NewPage
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.console.two_editors import is_asked_before_undoing
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, RunningServer, write_key_file

QUEUES = f"{AT}/queues"
ONE = f"{QUEUES}/resize"
WORKER = "worker@photo-shop.iam.leasehold.internal"
OWN = {"Sec-Fetch-Site": "same-origin"}
SCRIPT = "<script>alert(1)</script>"
BOTH = ("/edit", "/access", "/access/revoke?email=x", "/purge", "/delete")
SHOWN = (*BOTH, "", "/now", "/purge/now")
ACTS = (*BOTH, "/pause", "/resume", "/purge/rest")

Form = dict[str, str | float | bool]


@pytest.fixture
def keeper(owner: Visitor) -> Visitor:
    """Ada, whose project has the queue `resize`."""
    make(owner.site)
    return owner


def make(
    site: RunningServer, name: str = "resize", project_id: str = SHOP, **settings: object
) -> Queue:
    return site.queue(name, project_id=project_id, **settings)


def find(site: RunningServer) -> Queue:
    return site.do(lambda tx, _: find_in(tx))


def find_in(tx: Transaction) -> Queue:
    return configure.find(tx, SHOP, "resize")


def fill(site: RunningServer, count: int, *, after: int = 0) -> None:
    """Inserts tasks of 10 bytes, which are available after so many seconds."""
    queue, now = find(site), site.clock.now()
    task = NewTask(queue, b"x" * 10, None, None, now + after * 1_000_000)

    def add(tx: Transaction, _: int) -> None:
        insert(tx, now, [task] * count, task_id.load(tx, Entropy()), TaskNumbers())

    site.do(add)
    site.clock.advance(1)


def lease_some(site: RunningServer, count: int) -> None:
    request, now = LeaseRequest(find(site), count, 600), site.clock.now()
    site.do(lambda tx, _: lease(tx, now, [request], task_id.load(tx, Entropy()), HeadCursor()))


def count(site: RunningServer) -> int:
    return site.do(lambda tx, now: stats.statistics(tx, now, find_in(tx))).total_tasks


def make_many(site: RunningServer, names: Sequence[str]) -> None:
    def add(tx: Transaction, now: int) -> None:
        for name in names:
            queue = Queue(id=0, project_id=SHOP, name=name, mode="pull", created_at=now)
            configure.create(tx, queue)

    site.do(add)


def looks_again(visitor: Visitor) -> None:
    """Has live parts fetched now."""
    visitor.page.evaluate("htmx.trigger(document.body, 'looked-at')")


def figure(visitor: Visitor, title: str) -> str:
    shown = visitor.page.locator(".figures > div", has_text=title).locator("dd")
    return shown.inner_text()


def test_the_first_queue_is_made_from_an_empty_page(owner: Visitor) -> None:
    owner.opens(QUEUES)
    owner.sees("Make your first queue", "/admin/v1/projects/photo-shop/queues")
    is_in_order(owner.page, "console-queues-empty")
    owner.follows("New queue")
    is_in_order(owner.page, "console-queue-new")
    owner.types("Name", "resize")
    owner.unfolds("Who may use it")
    owner.types("Consumers (optional)", f"{WORKER}\n\n {ADA.upper()} ")
    owner.types("Producers (optional)", "nobody")

    owner.presses("Make the queue")

    wrong = owner.page.get_by_label("Producers")
    expect(wrong).to_have_accessible_description(re.compile("“nobody” is not an e-mail address"))
    expect(owner.page.get_by_label("Consumers")).to_have_value(f"{WORKER}\n\n {ADA.upper()} ")
    is_in_order(owner.page, "console-queue-new-wrong")
    owner.types("Producers (optional)", WORKER)
    owner.unfolds("How its tasks are leased")
    owner.types("Retry limit (optional)", "5")
    owner.page.get_by_label("Strict leases").check()
    owner.unfolds("Limits")
    owner.types("Calls (optional)", "0.5")
    owner.types("Tasks (optional)", "1,000")
    owner.types("Payload (optional)", "1.5")
    owner.presses("Make the queue")
    owner.sees("The queue resize is made.")
    owner.is_at(ONE)
    made = find(owner.site)
    assert Acl(frozenset({WORKER, ADA}), frozenset({WORKER})) == made.acl
    assert (5, True, 604_800) == (made.task_retry_limit, made.strict_leases, made.tombstone_seconds)
    assert (0.5, 1_000, 3 * 2**19) == (made.requests_per_second, made.max_tasks, made.max_bytes)


def sends(visitor: Visitor, path: str, fields: Form) -> tuple[int, str]:
    """What a form with the visitor's cookies is answered, unseen."""
    answer = visitor.page.context.request.post(
        visitor.site.url + path, form=fields, headers=OWN, max_redirects=0
    )
    return answer.status, html.unescape(answer.text())


PLAIN: Form = {"name": "new", "mode": "pull", "tombstone_seconds": "60"}


@pytest.mark.parametrize("path", [f"{AT}/new-queue", f"{ONE}/edit"])
def test_settings_that_cannot_be_are_refused_beside_their_field(keeper: Visitor, path: str) -> None:
    refused = [
        ("mode", "topic", "Choose one of pull, push."),
        ("task_retry_limit", "-1", "A retry limit has 0 (none)"),
        ("tombstone_seconds", "", "Fill this in: 0 frees names at once."),
        ("tombstone_seconds", "999999999999", "ten years"),
        ("requests_per_second", "0.01", "limited to 0.1 to 1000000 a second"),
        ("requests_per_second", SCRIPT, "That is not a number"),
        ("max_tasks", "1.5", "That is not a whole number"),
        ("max_bytes", "-1", "holds 0 to 1000000000000000 bytes"),
        ("max_bytes", "9" * 18, "holds 0 to 1000000000000000 bytes"),
    ]
    for name, text, says in refused:
        status, page = sends(keeper, path, {**PLAIN, "max_tasks": "77", name: text})

        wrong = re.search(rf'id="{name}-problem">(.*?)<', page)
        assert (400, True) == (status, wrong is not None and says in wrong[1]), (name, text)
        assert name == "mode" or not text or f'value="{text}"' in page
        assert name == "max_tasks" or 'value="77"' in page
    assert 604_800 == find(keeper.site).tombstone_seconds


def test_a_name_or_an_address_that_cannot_be_is_refused_beside_its_field(keeper: Visitor) -> None:
    refused = [
        ("name", "", 400, "Fill this in."),
        ("name", "resize", 409, "already has a queue resize."),
        ("name", "a/b", 400, "letters, digits and hyphens."),
        ("name", "x" * 101, 400, "100 characters at most"),
        ("name", SCRIPT, 400, "letters, digits and hyphens."),
        ("admins", SCRIPT, 400, f"“{SCRIPT}” is not an e-mail address"),
        ("producers", "x" * 300_000, 400, "too long"),
    ]
    for name, text, status, says in refused:
        fields = {**PLAIN, "max_tasks": "77", name: text}

        answer = sends(keeper, f"{AT}/new-queue", fields)

        assert status == answer[0], (name, text)
        assert re.search(rf'id="{name}-problem">[^\n]*{re.escape(says)}', answer[1]), (name, text)
        assert 'value="77"' in answer[1]


def test_settings_are_changed_and_saving_them_again_changes_nothing(keeper: Visitor) -> None:
    keeper.opens(ONE)
    keeper.follows("Edit")
    is_in_order(keeper.page, "console-queue-edit")
    keeper.page.get_by_label("Push").check()
    keeper.types("Payload (optional)", "0.0000005")
    keeper.types("Calls (optional)", "a few")

    keeper.presses("Save the settings")

    expect(keeper.page.get_by_label("Calls")).to_have_value("a few")
    is_in_order(keeper.page, "console-queue-edit-wrong")
    keeper.types("Calls (optional)", "0.1")
    keeper.types("Payload (optional)", "0.95367431640625")
    keeper.presses("Save the settings")
    keeper.sees("The settings are saved.", "Push: nothing sends its tasks yet", "At most 976.6 KiB")
    changed = find(keeper.site)
    assert ("push", 0.1, 1_000_000) == (
        changed.mode,
        changed.requests_per_second,
        changed.max_bytes,
    )
    keeper.follows("Edit")
    keeper.presses("Save the settings")
    keeper.sees("The settings are saved.")
    assert changed == find(keeper.site)


def test_whoever_saves_settings_later_is_asked_before_the_earlier_are_undone(
    keeper: Visitor,
) -> None:
    queue = find(keeper.site)

    is_asked_before_undoing(
        keeper,
        f"{ONE}/edit",
        typed={"mode": "pull", "tombstone_seconds": "3600", "max_tasks": "77"},
        meanwhile=lambda tx, _: configure.change(
            tx, replace(queue, max_tasks=50, strict_leases=True)
        ),
        stored_now=["ticked", "50"],
        found=lambda: find(keeper.site),
    )


def test_the_list_moves_and_says_what_waits(keeper: Visitor) -> None:
    make(keeper.site, "mail")
    keeper.opens(QUEUES)
    row = keeper.page.get_by_role("row", name="resize")
    expect(row).to_contain_text("Running")
    fill(keeper.site, 3)
    keeper.site.clock.advance(7_300)
    keeper.site.do(lambda tx, now: configure.pause(tx, now, find_in(tx)))

    looks_again(keeper)

    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text("30 bytes")
    expect(row).to_contain_text("2 hours")
    is_in_order(keeper.page, "console-queues")


def test_many_queues_are_listed_page_by_page_and_searched(keeper: Visitor) -> None:
    make_many(keeper.site, [f"q-{number:03}" for number in range(60)])
    keeper.opens(QUEUES)
    keeper.sees_no("q-055")
    keeper.follows("Next page")
    keeper.sees("q-055")
    keeper.follows("Back to the start")
    is_in_order(keeper.page, "console-queues-many")

    keeper.types("Search by how names begin", "q-05")
    keeper.presses("Search")

    keeper.sees("q-050", "q-059")
    keeper.sees_no("q-049")
    keeper.types("Search by how names begin", "zebra")
    keeper.presses("Search")
    keeper.sees("name begins with “zebra”.")
    is_in_order(keeper.page, "console-queues-none")
    for name in NAMES:
        keeper.types("Search by how names begin", name)
        keeper.presses("Search")
        keeper.sees("use 1 to 100 letters, digits and hyphens")
        expect(keeper.page.get_by_label("Search by how names begin")).to_have_value(name)
        holds_no_markup(keeper)
    is_in_order(keeper.page, "console-queues-wrong-search")


def test_the_page_of_a_queue_moves(keeper: Visitor) -> None:
    site = keeper.site
    site.do(lambda tx, _: configure.grant(tx, find_in(tx), "consumer", WORKER))
    keeper.opens(ONE)
    keeper.sees("It is empty.", WORKER, "every call to this queue is refused")
    site.do(lambda tx, now: projects.enable_api(tx, now, project_id=SHOP, api="taskqueue"))
    fill(site, 5)
    fill(site, 2, after=3_600)
    lease_some(site, 3)
    site.clock.advance(30)

    looks_again(keeper)

    keeper.sees("Oldest has waited32 seconds")
    assert ["2", "3", "2"] == [figure(keeper, name) for name in ("Available", "Leased", "Delayed")]
    assert ["7", "3"] == [figure(keeper, name) for name in ("All tasks", "Leases, last hour")]
    keeper.unfolds("Insert and lease a task with curl")
    keeper.unfolds("A worker in Python")
    is_in_order(keeper.page, "console-queue")


def test_a_queue_of_the_longest_name_stands(keeper: Visitor) -> None:
    name = "W" * 100
    make(
        keeper.site, name, max_tasks=10**12, acl=Acl(frozenset({f"{'w' * 64}@{'x' * 60}.example"}))
    )
    keeper.opens(QUEUES)
    is_in_order(keeper.page, "console-queues-long")
    for link in (name, "Access"):
        keeper.follows(link)
        is_in_order(keeper.page, f"console-queue-long-{link[:6]}")


def test_a_queue_may_be_called_like_a_page(owner: Visitor) -> None:
    for name in ("new", "now", "new-queue", "tasks"):
        make(owner.site, name)
        owner.opens(QUEUES)

        owner.follows(name)

        expect(owner.page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_queue_is_paused_and_resumed(keeper: Visitor) -> None:
    keeper.opens(ONE)

    keeper.presses("Pause")

    keeper.sees("resize is paused: nothing is leased from it.", "leases are not renewed")
    assert find(keeper.site).paused_at is not None
    is_in_order(keeper.page, "console-queue-paused")
    keeper.presses("Resume")
    keeper.sees("resize is resumed: its tasks are leased again.")
    assert find(keeper.site).paused_at is None


def test_access_is_granted_and_revoked(keeper: Visitor) -> None:
    keeper.opens(ONE)
    keeper.follows("Access")
    keeper.sees("Nobody is on the list yet.")
    is_in_order(keeper.page, "console-queue-access-empty")
    keeper.types("E-mail address", WORKER.upper())
    keeper.presses("Let them in")
    keeper.sees("Tick one at least.")
    expect(keeper.page.get_by_label("E-mail address")).to_have_value(WORKER.upper())
    keeper.page.get_by_label("Consumer").check()
    keeper.page.get_by_label("Producer").check()
    keeper.types("E-mail address", "somebody@localhost@")
    keeper.page.locator("form").last.evaluate("(form) => (form.noValidate = true)")

    keeper.presses("Let them in")

    box = keeper.page.get_by_label("E-mail address")
    expect(box).to_have_accessible_description(re.compile("not an e-mail address"))
    expect(keeper.page.get_by_label("Producer")).to_be_checked()
    is_in_order(keeper.page, "console-queue-access-wrong")
    keeper.types("E-mail address", WORKER)
    keeper.presses("Let them in")
    keeper.sees(f"{WORKER} is a consumer and a producer of resize now.")
    assert Acl(frozenset({WORKER}), frozenset({WORKER})) == find(keeper.site).acl
    is_in_order(keeper.page, "console-queue-access")
    keeper.follows(f"Revoke … {WORKER}")
    keeper.page.get_by_label("Consumer").uncheck()
    keeper.page.get_by_label("Producer").uncheck()
    keeper.presses("Revoke")
    keeper.sees("Tick one at least.")
    is_in_order(keeper.page, "console-queue-access-revoke")
    keeper.page.get_by_label("Consumer").check()
    keeper.presses("Revoke")
    keeper.sees(f"{WORKER} is not a consumer of resize any more.")
    assert Acl(producers=frozenset({WORKER})) == find(keeper.site).acl
    keeper.follows(f"Revoke … {WORKER}")
    is_in_order(keeper.page, "console-queue-access-revoke-one")
    keeper.presses("Revoke")
    keeper.sees("Nobody is on the list yet.")
    assert Acl() == find(keeper.site).acl


def test_the_access_list_takes_what_is_no_address_and_names_it_as_text(keeper: Visitor) -> None:
    for name in NAMES:
        keeper.site.do(partial(grant, email=name.lower()))
    for path in (ONE, f"{ONE}/access", f"{ONE}/access?search={quote(NAMES[0])}"):
        keeper.opens(path)
        holds_no_markup(keeper)
    for name in NAMES:
        keeper.opens(f"{ONE}/access")
        keeper.follows(f"Revoke … {name.lower()}")
        holds_no_markup(keeper)
        keeper.presses("Revoke")
        keeper.sees(f"{name.lower()} is not an admin of resize any more.")
    assert Acl() == find(keeper.site).acl


def grant(tx: Transaction, _: int, *, email: str) -> None:
    configure.grant(tx, find_in(tx), "admin", email)


def test_a_long_access_list_is_shown_page_by_page_and_is_full_at_last(keeper: Visitor) -> None:
    many = frozenset(f"w{number:04}@example.com" for number in range(1_000))
    make(keeper.site, "busy", acl=Acl(many))
    keeper.opens(f"{QUEUES}/busy/access?email={WORKER}")
    keeper.sees_no("w0050@example.com")
    keeper.follows("Next page")
    keeper.sees("w0050@example.com")
    keeper.types("Search addresses", "W099")
    keeper.presses("Search")
    keeper.sees("w0990@example.com")
    keeper.types("Search addresses", SCRIPT)
    keeper.presses("Search")
    keeper.sees(f"No address has “{SCRIPT}” in it.")
    keeper.opens(f"{QUEUES}/busy/access?email={WORKER}")
    keeper.page.get_by_label("Producer").check()

    keeper.presses("Let them in")

    keeper.sees("A queue's ACL has at most 1000 entries.")
    expect(keeper.page.get_by_label("E-mail address")).to_have_value(WORKER)
    status, text = sends(keeper, f"{ONE}/access", {"email": WORKER, "role": SCRIPT})
    assert (400, True) == (status, "Choose of consumer, producer, admin" in text)


def test_a_queue_is_purged_after_its_name_was_typed(keeper: Visitor) -> None:
    fill(keeper.site, 3)
    keeper.opens(ONE)
    keeper.follows("Purge …")
    keeper.sees("Purge resize?", "Tasks3", "Payload30 bytes")
    is_in_order(keeper.page, "console-queue-purge")
    keeper.types("Type resize to go on", "mail")
    keeper.presses("Purge the queue")
    keeper.sees("That is not resize: type it as it stands above.")
    assert 3 == count(keeper.site)
    keeper.types("Type resize to go on", "resize")

    keeper.presses("Purge the queue")

    keeper.sees("resize is purged: all tasks that were in it are destroyed.")
    assert 0 == count(keeper.site)


def test_the_purge_of_a_large_queue_shows_how_far_it_is(
    keeper: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_purge, "AT_ONCE", 2)
    fill(keeper.site, 3)
    held: list[Route] = []
    keeper.page.route("**/purge/rest", lambda route: held.append(route))  # noqa: PLW0108  # Playwright writes on it
    keeper.opens(f"{ONE}/purge")
    keeper.types("Type resize to go on", "resize")
    keeper.presses("Purge the queue")
    keeper.sees("Purging resize", "3 of 3 tasks are left.")
    is_in_order(keeper.page, "console-queue-purging")
    keeper.site.clock.advance(1)
    fill(keeper.site, 1)

    held.pop().continue_()

    keeper.sees("resize is purged: all tasks that were in it are destroyed.")
    is_in_order(keeper.page, "console-queue-purged")
    assert 1 == count(keeper.site)
    keeper.follows("Back to the queue")
    keeper.is_at(ONE)


def test_a_large_queue_is_purged_without_any_script(
    keeper: Visitor, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_purge, "AT_ONCE", 2)
    fill(keeper.site, 3)
    ada = Visitor(new_page(java_script_enabled=False), keeper.site)
    ada.has_signed_in()
    ada.opens(f"{ONE}/purge")
    ada.types("Type resize to go on", "resize")
    ada.presses("Purge the queue")

    ada.presses("Go on purging")

    ada.sees("resize is purged: all tasks that were in it are destroyed.")
    assert 0 == count(ada.site)


def test_no_address_that_is_opened_purges(keeper: Visitor) -> None:
    fill(keeper.site, 3)

    for path in ("/purge", "/purge?until=99999999999999999", "/purge/now?tasks=x", "/purge/rest"):
        keeper.page.context.request.get(f"{keeper.site.url}{ONE}{path}")

    assert 3 == count(keeper.site)
    status, text = sends(keeper, f"{ONE}/purge/rest", {"until": "never"})
    assert (400, True) == (status, "not a whole number" in text)
    assert 3 == count(keeper.site)


def test_a_queue_with_tasks_is_deleted_after_its_name_was_typed(keeper: Visitor) -> None:
    keeper.opens(ONE)
    keeper.follows("Delete …")
    keeper.sees("Delete resize?", "Tasks0")
    expect(keeper.page.get_by_label("Type resize to go on")).to_have_count(0)
    fill(keeper.site, 1)  # since the page asked
    keeper.presses("Delete the queue")
    keeper.sees("That is not resize: type it as it stands above.", "Tasks1")
    is_in_order(keeper.page, "console-queue-delete")
    keeper.types("Type resize to go on", "resize")

    keeper.presses("Delete the queue")

    keeper.sees("The queue resize is deleted.", "Make your first queue")
    assert 404 == keeper.opens(ONE).status
    keeper.sees("Project photo-shop has no queue 'resize'.")
    is_in_order(keeper.page, "console-queue-404")


def test_a_part_that_moves_says_when_its_queue_is_gone(keeper: Visitor) -> None:
    keeper.opens(ONE)
    keeper.site.do(lambda tx, now: configure.delete(tx, now, find_in(tx)))

    looks_again(keeper)

    keeper.sees("Project photo-shop has no queue 'resize'. Open it again")


ALL: Form = PLAIN | {"email": WORKER, "role": "consumer", "until": "1"}


def test_a_queue_of_another_project_is_answered_like_one_that_is_missing(keeper: Visitor) -> None:
    make(keeper.site, "secret", project_id=PROJECT)
    request = keeper.page.context.request

    for path in SHOWN:
        url = f"{keeper.site.url}{QUEUES}/{{}}{path}"
        found, absent = request.get(url.format("secret")), request.get(url.format("absent"))
        assert found.text().replace("secret", "absent") == absent.text(), path
        assert (404, 404) == (found.status, absent.status), path
    for path in ACTS:
        foreign = sends(keeper, f"{QUEUES}/secret{path}", ALL | {"typed": "secret"})
        missing = sends(keeper, f"{QUEUES}/absent{path}", ALL | {"typed": "absent"})
        assert 404 == foreign[0], path
        assert foreign[1].replace("secret", "absent") == missing[1], path
    other = keeper.site.do(lambda tx, _: configure.find(tx, PROJECT, "secret"))
    assert (None, 604_800) == (other.paused_at, other.tombstone_seconds)


def test_a_queue_is_made_and_opened_up_by_keyboard(owner: Visitor) -> None:
    owner.opens(f"{AT}/new-queue")
    tabs_to(owner, "Name")
    types(owner, "resize")
    presses(owner, "Enter")
    owner.sees("The queue resize is made.")
    owner.opens(f"{ONE}/access")
    tabs_to(owner, "E-mail address")
    types(owner, WORKER)
    tabs_to(owner, "Consumer")
    presses(owner, "Space")
    presses(owner, "Enter")

    owner.sees(f"{WORKER} is a consumer of resize now.")


def test_the_worker_to_copy_works(
    ada: Visitor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = ada.site
    key = site.service_account()
    site.queue_for(key["client_email"])
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    body = {"queueName": "q", "payloadBase64": "aGVsbG8="}
    site.call("POST", "demo/taskqueues/q/tasks", token=site.token(), json=body)
    write_key_file(tmp_path, key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", stop)
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/queues/q")
    ada.unfolds("A worker in Python")
    lines = ada.page.locator("details[open] code").last.inner_text()

    names: dict[str, Any] = {}
    with pytest.raises(KeyboardInterrupt):
        exec(lines, names)  # noqa: S102  # as whoever copies it does
    names["tasks"].close()

    assert "b'hello'\n" == capsys.readouterr().out


def stop(seconds: float) -> None:
    raise KeyboardInterrupt(seconds)
