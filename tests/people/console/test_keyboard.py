"""Projects, members, queues and tasks by keyboard alone, each from opening the page to the end."""

from playwright.sync_api import expect

from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.storage.transaction import Transaction
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.test_shell import make_many
from tests.people.console.test_tasks import Shelf
from tests.people.keyboard import (
    focused,
    follows,
    goes,
    is_refused,
    presses,
    replaces,
    skips_to,
    tabs_back_to,
    tabs_to,
    types,
)
from tests.people.visitor import ADA, Visitor

QUEUES = f"{AT}/queues"
WORKER = "worker@example.com"
PERSON = f"Signed in as A {ADA}"


def visits(visitor: Visitor, name: str) -> None:
    """Goes to a page of the project by the navigation, which comes before the page's content."""
    tabs_to(visitor, name)
    goes(visitor)


def make_queues(tx: Transaction, now: int) -> None:
    for number in range(60):
        name = f"queue-{number:02}"
        plain = Queue(id=0, project_id=SHOP, name=name, mode="pull", created_at=now)
        configure.create(tx, plain)


def test_a_project_is_made_and_its_api_switched_on_and_off(owner: Visitor) -> None:
    owner.opens("/console")
    follows(owner, "New project")
    skips_to(owner, "Project id")
    types(owner, "Print shop")
    goes(owner)
    is_refused(owner, "Project id", "A project id has 1 to 63 lower-case letters")
    replaces(owner, "print-shop")
    goes(owner)
    owner.sees("print-shop is yours.")

    follows(owner, "Go to APIs")
    follows(owner, "Switch it on")
    owner.sees("Task Queue is on")
    follows(owner, "Switch off …")
    follows(owner, "Cancel")
    follows(owner, "Switch off …")
    follows(owner, "Switch it off")

    owner.sees("Task Queue is off")


def test_a_member_is_added_changed_and_removed(owner: Visitor) -> None:
    owner.opens(f"{AT}/overview")
    visits(owner, "Members")
    follows(owner, f"Remove … {BOB}")
    follows(owner, "Remove the member")
    owner.sees(f"{BOB} has no part in {SHOP} any more.")

    skips_to(owner, "E-mail address")
    types(owner, "nobody@example.com")
    goes(owner)
    is_refused(owner, "E-mail address", "There is no user nobody@example.com")
    replaces(owner, BOB)
    tabs_to(owner, "Admin")
    presses(owner, "ArrowDown")
    assert "Owner" == focused(owner)
    goes(owner)
    owner.sees(f"{BOB} is an owner now.")
    follows(owner, f"Make admin {BOB}")

    owner.sees(f"{BOB} is an admin now.")


def test_a_project_is_switched_off_deleted_and_had_back(owner: Visitor) -> None:
    owner.opens(f"{AT}/overview")
    visits(owner, "Settings")
    follows(owner, "Switch off …")
    follows(owner, "Switch the project off")
    owner.sees(f"{SHOP} is off.")
    follows(owner, "Switch it on")
    owner.sees(f"{SHOP} is on again.")

    follows(owner, "Delete …")
    skips_to(owner, f"Type {SHOP} to go on")
    types(owner, "photo")
    goes(owner)
    is_refused(owner, f"Type {SHOP} to go on", f"That is not {SHOP}")
    replaces(owner, SHOP)
    goes(owner)
    owner.sees(f"{SHOP} is deleted.")
    follows(owner, "Undelete the project")

    owner.sees(f"{SHOP} is back, as it was.")


def test_menus_open_and_close_and_lead_on(owner: Visitor) -> None:
    owner.site.do(make_many)
    owner.opens(f"{AT}/overview")
    tabs_to(owner, f"Project: {SHOP}")
    presses(owner, "Enter")
    tabs_to(owner, "All projects")
    tabs_back_to(owner, "Search your projects")
    types(owner, "-37")
    goes(owner)
    owner.sees("project-37")
    owner.sees_no("project-36")

    tabs_to(owner, PERSON)
    presses(owner, "Space")
    tabs_to(owner, "Sign out")
    presses(owner, "Escape")
    assert PERSON == focused(owner)
    expect(owner.page.get_by_role("button", name="Sign out")).to_be_hidden()
    presses(owner, "Space")
    tabs_to(owner, "Search your projects")  # beyond the menu, which closes behind
    expect(owner.page.get_by_role("button", name="Sign out")).to_be_hidden()
    tabs_back_to(owner, PERSON)
    presses(owner, "Enter")
    tabs_to(owner, "Sign out")
    goes(owner)

    owner.sees("You are signed out.")


def test_a_queue_is_made_edited_paused_and_opened_up(owner: Visitor) -> None:
    owner.opens(QUEUES)
    follows(owner, "New queue")
    skips_to(owner, "Name")
    types(owner, "resize photos")
    goes(owner)
    is_refused(owner, "Name", "Queue name 'resize photos' is invalid")
    replaces(owner, "resize")
    tabs_to(owner, "Limits")
    presses(owner, "Enter")
    tabs_to(owner, "Tasks (optional)")
    types(owner, "100")
    goes(owner)
    owner.sees("The queue resize is made.", "0 of 100")

    follows(owner, "Edit")
    skips_to(owner, "Retry limit (optional)")
    types(owner, "3")
    goes(owner)
    owner.sees("3 leases")
    follows(owner, "Pause")
    owner.sees("Paused")
    follows(owner, "Resume")
    owner.sees("Running")

    follows(owner, "Access")
    skips_to(owner, "E-mail address")
    types(owner, WORKER)
    goes(owner)
    group = owner.page.get_by_role("group", name="Roles")
    expect(group).to_be_focused()
    expect(group).to_have_accessible_description("Tick one at least.")
    tabs_to(owner, "Consumer")
    presses(owner, "Space")
    goes(owner)
    owner.sees(f"{WORKER} is a consumer of resize now.")
    follows(owner, f"Revoke … {WORKER}")
    follows(owner, "Revoke")

    owner.sees("Nobody is on the list yet.")


def test_a_queue_is_found_purged_and_deleted(owner: Visitor) -> None:
    owner.site.do(make_queues)
    owner.opens(QUEUES)
    follows(owner, "Next page")
    owner.sees("queue-59")
    follows(owner, "Back to the start")
    skips_to(owner, "Search by how names begin")
    types(owner, "queue-4")
    goes(owner)
    owner.sees_no("queue-39")
    follows(owner, "queue-42")

    follows(owner, "Purge …")
    skips_to(owner, "Type queue-42 to go on")
    types(owner, "queue-4")
    goes(owner)
    is_refused(owner, "Type queue-42 to go on", "That is not queue-42")
    replaces(owner, "queue-42")
    goes(owner)
    owner.sees("queue-42 is purged")
    follows(owner, "Delete …")
    follows(owner, "Delete the queue")

    owner.sees("The queue queue-42 is deleted.")


def test_a_task_is_inserted_found_looked_at_released_and_deleted(owner: Visitor) -> None:
    owner.site.do(make_queues)
    owner.opens(f"{QUEUES}/queue-00")
    follows(owner, "Tasks")
    follows(owner, "Insert a task")
    skips_to(owner, "Payload (optional)")
    types(owner, '{"photo": 17}')
    tabs_to(owner, "Name (optional)")
    types(owner, "seventeen")
    tabs_to(owner, "Tag (optional)")
    types(owner, "holiday")
    tabs_to(owner, "At once")
    presses(owner, "ArrowDown")
    tabs_to(owner, "In how many minutes?")
    types(owner, "60")
    goes(owner)
    owner.sees("The task is inserted.", "Delayed")

    skips_to(owner, "As it was inserted")
    presses(owner, "Space")
    expect(owner.page.get_by_text('{"photo": 17}', exact=True)).to_be_visible()
    tabs_to(owner, "Download the payload")
    with owner.page.expect_download() as download:
        presses(owner, "Enter")
    assert '{"photo": 17}' == download.value.path().read_text()
    owner.opens(f"{QUEUES}/queue-00/tasks/seventeen")
    follows(owner, "Make it available now …")
    follows(owner, "Make it available")
    owner.sees("The task is available.")

    queue = owner.site.do(lambda tx, _: configure.find(tx, SHOP, "queue-00"))
    Shelf(owner.site, queue).lease()
    owner.opens(f"{QUEUES}/queue-00/tasks")
    skips_to(owner, "State")
    types(owner, "Leased")
    tabs_to(owner, "Tag")
    types(owner, "holiday")
    goes(owner)
    assert owner.page.url.endswith("?state=leased&tag=holiday")
    follows(owner, "seventeen")
    follows(owner, "Release the lease …")
    follows(owner, "Release the lease")
    owner.sees("The task is available.")
    follows(owner, "Delete …")
    follows(owner, "Delete the task")

    owner.sees("Task seventeen is deleted.")


def test_a_queue_file_is_typed_previewed_and_applied(owner: Visitor) -> None:
    owner.opens(f"{AT}/queue-file")
    skips_to(owner, "YAML or XML")
    types(owner, "queue:\n- name: resize\n  mode: pull\n  rote: 5/s")
    tabs_to(owner, "Preview")
    goes(owner)
    is_refused(owner, "YAML or XML", "1 thing is wrong with the file")
    replaces(owner, "queue:\n- name: resize\n  mode: pull")
    tabs_to(owner, "Preview")
    goes(owner, "Space")
    owner.sees("What would be done")
    follows(owner, "Apply the file")

    owner.sees("Done: ")
