"""The audit log in the console: searched, read entry by entry, and taken away as a file."""

import csv
import io
import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.administration import audit
from leasehold.administration.actor import Actor
from leasehold.administration.audit_chain import hash_of
from leasehold.administration.audit_export import entry_in
from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.web.console.audit_changes import changes_of
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, RunningServer

AUDIT = f"{AT}/audit"
DAY = 86_400 * MICROSECONDS
NOON = 1_793_534_400 * MICROSECONDS  # of the first of November 2026

Value = Mapping[str, object] | None


def write(
    site: RunningServer,
    action: str = "queues.change",
    *,
    target: str = "queues/resize",
    actor: str = ADA,
    project: str = SHOP,
    at: int = NOON,
    before: Value = None,
    after: Value = None,
) -> None:
    """An act of somebody."""
    kind = "person" if "@" in actor else "operator"
    who = Actor("person" if kind == "person" else "operator", actor, "192.0.2.7")
    site.do(
        lambda tx, _: audit.record(
            tx,
            at,
            who,
            action=action,
            project_id=project,
            target=target,
            before=before,
            after=after,
        )
    )


def write_many(tx: Transaction, _now: int) -> None:
    for number in range(1_200):
        audit.record(
            tx,
            NOON,
            Actor("person", ADA, "192.0.2.7"),
            action="tasks.delete",
            project_id=SHOP if number % 2 else "other",
            target=f"queues/resize/tasks/{number}",
            before=None,
            after=None,
        )


def gets(visitor: Visitor, path: str) -> tuple[int, Mapping[str, str], str]:
    """What a request with the visitor's cookies is answered, unseen."""
    answer = visitor.page.context.request.get(visitor.site.url + path, max_redirects=0)
    return answer.status, answer.headers, answer.text()


def test_a_log_without_entries_says_what_comes_into_it(owner: Visitor) -> None:
    owner.opens(AUDIT)

    owner.sees("Nothing was changed yet")
    is_in_order(owner.page, "console-audit-empty")


def test_entries_are_found_by_who_what_and_when(owner: Visitor) -> None:
    write(owner.site, "queues.create", at=NOON)
    write(owner.site, "queues.change", at=NOON + DAY, actor=BOB)
    write(owner.site, "projects.change", target=f"projects/{SHOP}", at=NOON + 2 * DAY, actor="root")
    owner.opens(AUDIT)
    rows = owner.page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("projects.change")
    expect(rows.first).to_contain_text("root (operator)")
    is_in_order(owner.page, "console-audit")

    for label, text, found in [
        ("Who (optional)", " Bob@Example.com ", "queues.change"),
        ("Of what (optional)", f"projects/{SHOP}", "projects.change"),
        ("From the day (optional)", "2026-11-03", "projects.change"),
        ("To the day (optional)", "2026-11-01", "queues.create"),
    ]:
        owner.unfolds("Search")
        owner.types(label, text)
        owner.presses("Search")

        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text(found)
        owner.follows("Show all")
    expect(rows).to_have_count(3)
    owner.unfolds("Search")
    owner.page.get_by_label("What", exact=True).select_option("Queues")
    owner.presses("Search")

    expect(rows).to_have_count(2)
    expect(owner.page.get_by_label("What", exact=True)).to_have_value("queues.")
    owner.types("Who (optional)", "nobody")
    owner.presses("Search")
    owner.sees("Nothing of that kind was done.")
    is_in_order(owner.page, "console-audit-nothing")


def test_a_search_that_cannot_be_is_refused_beside_its_field(owner: Visitor) -> None:
    for query, label, problem in [
        ("since=yesterday", "From the day", "Write a day like 2026-11-30"),
        ("until=9999-12-31", "To the day", "Write a day like 2026-11-30"),
        ("since=1969-12-31", "From the day", "Write a day like 2026-11-30"),
        ("actor=" + "x" * 1025, "Who", "That is too long"),
        ("action=a&action=b", "What", "This field was sent more than once"),
        ("since=2026-11-02&until=2026-11-01", "To the day", "That is before the first day"),
    ]:
        assert 400 == owner.opens(f"{AUDIT}?{query}").status

        owner.sees(problem)
        field = owner.page.get_by_label(re.compile(f"^{label}"))
        expect(field).to_have_attribute("aria-invalid", "true")
        for file in ("csv", "json"):
            assert 400 == gets(owner, f"{AUDIT}/{file}?{query}")[0]
    is_in_order(owner.page, "console-audit-refused")


def test_a_page_token_that_is_none_is_refused(owner: Visitor) -> None:
    assert 400 == owner.opens(f"{AUDIT}?page=%C3%A4").status

    owner.sees("That did not work")


def test_an_entry_says_what_was_before_and_after(owner: Visitor) -> None:
    write(
        owner.site,
        before={"paused": False, "max_tasks": 5, "consumers": ["a@x.y", "b@x.y"], "push": {}},
        after={
            "paused": True,
            "max_tasks": 5,
            "consumers": ["b@x.y", "c@x.y"],
            "push": {"url": "https://x.y/" + "z" * 300},
        },
    )
    owner.opens(AUDIT)

    owner.follows("queues.change entry 1")

    owner.sees("queues/resize", ADA, "192.0.2.7", "What changed")
    gone, come = owner.page.locator("del"), owner.page.locator("ins")
    assert ["a@x.y", "no"] == sorted(gone.all_inner_texts())
    assert ["c@x.y", "https://x.y/" + "z" * 300, "yes"] == sorted(come.all_inner_texts())
    is_in_order(owner.page, "console-audit-entry")
    owner.unfolds("1 field that stayed the same")
    owner.sees("max_tasks")
    entry = owner.site.do(
        lambda tx, _: audit.get(tx, Actor("operator", "", ""), project_id=None, number=1)
    )
    owner.sees(f"leasehold audit verify --known 1:{entry.hash}", "None: this is the first entry")
    owner.follows("queues/resize")
    expect(owner.page.get_by_label("Of what")).to_have_value("queues/resize")


def test_what_was_made_and_what_was_removed_have_one_column(owner: Visitor) -> None:
    write(owner.site, "queues.create", after={"mode": "pull", "acl": {"consumers": []}})
    write(owner.site, "queues.delete", before={"mode": "pull"})

    owner.opens(f"{AUDIT}/1")
    owner.sees("How it was made", "acl.consumers", "none")
    owner.sees_no("Before")
    is_in_order(owner.page, "console-audit-made")
    owner.opens(f"{AUDIT}/2")
    owner.sees("How it was")
    owner.sees_no("After")


def test_a_log_of_many_pages_goes_back_and_forth(owner: Visitor) -> None:
    owner.site.do(write_many)
    owner.opens(AUDIT)
    expect(owner.page.locator("tbody tr")).to_have_count(50)
    owner.sees("queues/resize/tasks/1199")

    owner.follows("Older entries")

    owner.sees("queues/resize/tasks/1099")
    is_in_order(owner.page, "console-audit-older")
    owner.follows("Back to the newest")
    owner.sees("queues/resize/tasks/1199")


def test_the_files_hold_all_that_the_search_finds(owner: Visitor) -> None:
    owner.site.do(write_many)
    write(owner.site, "queues.change", target="=cmd", before={"a": 1}, after={"a": 2})

    status, headers, text = gets(owner, f"{AUDIT}/json")

    lines = text.splitlines()
    entries = [entry_in(line) for line in lines]
    assert (200, 601) == (status, len(entries))
    assert all(entry.hash == hash_of(entry) and entry.project_id == SHOP for entry in entries)
    assert [1201, 1200, 1198] == [entry.number for entry in entries[:3]]
    assert {"a": 1} == json.loads(lines[0])["before"]
    assert "attachment; filename*=utf-8''photo-shop-audit.jsonl" == headers["content-disposition"]
    assert "nosniff" == headers["x-content-type-options"]
    _, headers, text = gets(owner, f"{AUDIT}/csv?action=queues.")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [("1201", "'=cmd", '{"a":1}')] == [
        (row["number"], row["target"], row["before"]) for row in table
    ]
    assert headers["content-type"] == "text/csv; charset=utf-8"
    head = owner.page.context.request.head(f"{owner.site.url}{AUDIT}/csv")
    assert (200, b"") == (head.status, head.body())


def test_the_links_to_the_files_keep_the_search(owner: Visitor) -> None:
    write(owner.site, "queues.create")
    write(owner.site, "members.put", target="members/=x")
    owner.opens(f"{AUDIT}?action=members.&since=2026-11-01")

    with owner.page.expect_download() as download:
        owner.follows("Download as JSON lines")

    assert "photo-shop-audit.jsonl" == download.value.suggested_filename
    text = download.value.path().read_text()
    assert ["members.put"] == [entry_in(line).action for line in text.splitlines()]


def test_an_entry_of_another_project_is_not_there(owner: Visitor) -> None:
    write(owner.site, project=PROJECT)

    for number in ["1", "3", "0", "x", "9" * 18, "9" * 30, "-1", "²"]:
        status, _, text = gets(owner, f"{AUDIT}/{quote(number)}")

        assert 404 == status
        assert f"There is no entry {number}" in text
        assert "queues.change" not in text


def test_what_acts_are_about_is_shown_as_text(owner: Visitor) -> None:
    for number, name in enumerate(NAMES, 1):
        write(owner.site, name, target=name, actor=name, before={name: name}, after={name: [name]})

        for path in (AUDIT, f"{AUDIT}/{number}"):
            owner.opens(path)
            owner.sees(name)
            holds_no_markup(owner)
    for name in NAMES:
        owner.opens(f"{AUDIT}?action=x")
        owner.types("Who (optional)", name)
        owner.presses("Search")
        expect(owner.page.get_by_label("Who")).to_have_value(name)
        holds_no_markup(owner)


def test_the_longest_entry_stands_on_a_phone(owner: Visitor) -> None:
    long = "x" * 500
    write(owner.site, long, target=long, actor=f"{long}@", before={long: long}, after={long: 1})

    owner.opens(AUDIT)
    is_in_order(owner.page, "console-audit-long")
    owner.opens(f"{AUDIT}/1")

    is_in_order(owner.page, "console-audit-entry-long")


def test_an_entry_that_somebody_changed_is_still_shown(owner: Visitor) -> None:
    write(owner.site, at=300_000_000_000 * MICROSECONDS)

    owner.opens(AUDIT)
    owner.sees("no date")
    owner.opens(f"{AUDIT}/1")

    owner.sees("no date")


def test_what_is_no_object_is_shown_as_it_is() -> None:
    odd = changes_of("no JSON", "[" * 100_000)
    deep = changes_of(None, '{"a":' * 900 + "1" + "}" * 900)
    many = changes_of(None, json.dumps({str(number): number for number in range(600)}))
    nothing = changes_of(None, None)

    assert [("", "changed")] == [(change.field, change.kind) for change in odd.different]
    assert ["a.a.a.a"] == [change.field for change in deep.different]
    assert (500, 100) == (len(many.different), many.left_out)
    assert ((), (), 0) == (nothing.different, nothing.same, nothing.left_out)


def test_a_deleted_projects_log_is_still_there(owner: Visitor) -> None:
    write(owner.site)
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    owner.opens(AUDIT)

    owner.sees("queues.change")
    assert 200 == gets(owner, f"{AUDIT}/json")[0]
