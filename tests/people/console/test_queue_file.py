"""Queue files in the console: previewed step by step, and applied when they still do that."""

import re

import pytest
from playwright.sync_api import APIResponse, expect

from leasehold.accounts import projects
from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.web.console.queue_file import EXAMPLE
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.test_hostile_names import NAMES, SCRIPT, holds_no_markup
from tests.people.visitor import Visitor
from tests.running_server import RunningServer

FILE = f"{AT}/queue-file"
OWN = {"Sec-Fetch-Site": "same-origin"}
FIRST = """\
total_storage_limit: 2M
queue:
- name: resize
  mode: pull
- name: mail
  mode: pull
- name: old
  mode: pull
"""
SECOND = """\
application: s~other-shop
queue:
- name: resize
  mode: pull
  retry_parameters:
    task_retry_limit: 7
- name: mail
  mode: pull
- name: thumbs
  mode: pull
  acl:
  - user_email: worker@example.com
"""
XML = """\
<?xml version="1.0" encoding="utf-8"?>
<queue-entries>
  <queue><name>from-xml</name><mode>pull</mode></queue>
</queue-entries>
"""


def queues(site: RunningServer) -> dict[str, Queue]:
    """The shop's, by name."""
    found = site.do(
        lambda tx, _: configure.list_queues(tx, SHOP, after_name="", prefix="", num_queues=600)
    )
    return {queue.name: queue for queue in found}


def sends(visitor: Visitor, text: str, act: str = "preview", **fields: str) -> APIResponse:
    """What the form is answered, unseen."""
    return visitor.page.context.request.post(
        visitor.site.url + FILE,
        form={"file": text, "act": act, **fields},
        headers=OWN,
        max_redirects=0,
    )


def plan_in(answer: APIResponse) -> str:
    """What a preview's page sends back, so that it is known what was shown."""
    found = re.search(r'name="plan" value="([0-9a-f]{64})"', answer.text())
    assert found, answer.text()
    return found[1]


def applies(visitor: Visitor, text: str) -> None:
    """Previewed and applied, unseen."""
    assert 303 == sends(visitor, text, "apply", plan=plan_in(sends(visitor, text))).status


def test_a_file_is_previewed_and_applied(admin: Visitor) -> None:
    admin.opens(f"{AT}/queues")
    admin.follows("Apply a queue file")
    admin.sees("user_email: worker@example.com")
    is_in_order(admin.page, "console-queue-file")
    admin.types("YAML or XML", EXAMPLE.replace("task_retry_limit: 5", "task_retry_limit: often"))
    admin.presses("Preview")
    admin.sees("1 thing is wrong with the file.", "Line 5:", "task_retry_limit: often")
    box = admin.page.get_by_label("YAML or XML")
    expect(box).to_have_value(re.compile("task_retry_limit: often"))
    expect(box).to_be_focused()
    is_in_order(admin.page, "console-queue-file-wrong")
    admin.types("YAML or XML", EXAMPLE)
    admin.presses("Preview")
    admin.sees("1 queue is made.", "user_email worker@example.com")
    is_in_order(admin.page, "console-queue-file-preview")
    assert {} == queues(admin.site)

    admin.presses("Apply the file")

    admin.is_at(f"{AT}/queues")
    admin.sees("Done: 1 queue is made.")
    made = queues(admin.site)["thumbnails"]
    assert (5, {"worker@example.com"}) == (made.task_retry_limit, set(made.acl.consumers))


def test_a_preview_says_what_changes_and_what_stays(owner: Visitor) -> None:
    applies(owner, FIRST)
    owner.opens(FILE)
    owner.types("YAML or XML", SECOND)

    owner.presses("Preview")

    owner.sees(
        "1 queue is made, 1 is changed, 1 is paused and keeps its tasks.",
        "The file is for s~other-shop, and is applied to photo-shop.",
        "task_retry_limit 7, was not set",
        "it is not in the file any more",
        "1 queue stays as it is",
    )
    is_in_order(owner.page, "console-queue-file-changes")
    applies(owner, SECOND)
    found = queues(owner.site)
    assert {"resize", "mail", "old", "thumbs"} == set(found)
    assert found["old"].paused_at is not None


def test_what_changed_since_the_preview_is_shown_first(owner: Visitor) -> None:
    owner.opens(FILE)
    owner.types("YAML or XML", FIRST)
    owner.presses("Preview")
    owner.sees("3 queues are made, the project's storage limit is 2 MiB, was none.")
    made = Queue(id=0, project_id=SHOP, name="mail", mode="push", created_at=1)
    owner.site.do(lambda tx, _: configure.create(tx, made))

    owner.presses("Apply the file")

    owner.sees("is no longer what you were shown", "mode pull, was push")
    is_in_order(owner.page, "console-queue-file-moved")
    assert {"mail"} == set(queues(owner.site))
    owner.presses("Apply the file")
    owner.sees("Done: 2 queues are made, 1 is changed")
    assert {"resize", "mail", "old"} == set(queues(owner.site))


def test_a_text_that_was_changed_since_the_preview_is_previewed_anew(owner: Visitor) -> None:
    plan = plan_in(sends(owner, FIRST))

    answer = sends(owner, SECOND, "apply", plan=plan)

    assert 409 == answer.status
    assert "thumbs" in answer.text()
    assert {} == queues(owner.site)
    # A comment changes nothing of what is done.
    assert 303 == sends(owner, f"# mine\n{FIRST}", "apply", plan=plan).status


def test_nobody_applies_what_was_never_shown(owner: Visitor) -> None:
    assert 409 == sends(owner, FIRST, "apply").status

    assert {} == queues(owner.site)


def test_a_file_that_is_in_force_offers_nothing_to_apply(owner: Visitor) -> None:
    applies(owner, FIRST)
    owner.opens(FILE)
    owner.types("YAML or XML", FIRST)

    owner.presses("Preview")

    owner.sees("Nothing: the project is as the file says already.", "3 queues stay as they are")
    expect(owner.page.get_by_role("button", name="Apply the file")).to_have_count(0)
    is_in_order(owner.page, "console-queue-file-in-force")


def test_xml_is_read_too(owner: Visitor) -> None:
    applies(owner, XML)

    assert {"from-xml"} == set(queues(owner.site))
    assert "Line 2:" in sends(owner, "<queue-entries>\n<queue></queue-entries>").text()


@pytest.mark.parametrize("act", ["preview", "apply"])
def test_a_file_that_cannot_be_used_is_refused_beside_its_field(owner: Visitor, act: str) -> None:
    many = "queue:\n" + "".join(f"- name: q{n}\n  mode: pull\n" for n in range(501))
    for text, problem in [
        ("", "Fill this in."),
        ("   ", "Fill this in."),
        ("queue:\n\t- name: x", "Line 2:"),
        ("queue:\n- name: a_b\n  mode: full\n", "2 things are wrong with the file."),
        ("- &a\n- *a", "wrong with the file"),
        ("!!python/object/apply:os.system [ls]", "wrong with the file"),
        ("a\0b", "holds a character which cannot be kept"),
        (many, "files of at most 500 queues and roles"),
        ("x" * (2**20 + 1), "That is too long: 1,048,576 characters at most."),
    ]:
        answer = sends(owner, text, act)

        assert answer.status in {400, 409}, text[:50]
        assert 'class="wrong" role="alert"' in answer.text()
        assert problem in answer.text(), text[:50]
        assert text[-1_000:].strip() in answer.text().replace("&amp;", "&")
    assert 400 == sends(owner, FIRST, "destroy").status
    assert {} == queues(owner.site)


def test_what_stands_in_a_file_is_shown_as_text(owner: Visitor) -> None:
    for name in NAMES:
        owner.opens(FILE)
        owner.types(
            "YAML or XML", f"queue:\n- name: {name}\n  {name}: {SCRIPT}\n</textarea>{SCRIPT}"
        )
        owner.presses("Preview")
        expect(owner.page.locator(".faults li").first).to_be_visible()
        expect(owner.page.get_by_label("YAML or XML")).to_have_value(re.compile("</textarea>"))
        holds_no_markup(owner)
    application = 'application: "<img src=x onerror=alert(1)>"\n'
    assert "onerror" not in sends(owner, application + FIRST).text().replace(
        "&lt;img src=x onerror", ""
    )


def test_no_file_is_applied_to_a_deleted_project(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    assert 409 == sends(owner, FIRST).status
    assert 409 == sends(owner, FIRST, "apply", plan="x").status


def test_a_megabyte_of_a_stranger_is_not_read(owner: Visitor) -> None:
    owner.page.context.clear_cookies()

    answer = sends(owner, "#" * 2**20)

    assert 303 == answer.status
    assert answer.headers["location"].startswith("/signin?")
