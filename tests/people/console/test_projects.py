"""Projects in the console: found, made, looked at, changed, switched off and deleted."""

import re

import pytest
from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.accounts.model import Project
from leasehold.storage.transaction import Transaction
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.console.two_editors import is_asked_before_undoing
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, RunningServer

NEW = "/console/new"
SETTINGS = f"{AT}/settings"
DAY = 86_400


def project(site: RunningServer) -> Project:
    return site.do(lambda tx, _: projects.require(tx, SHOP))


def make_many(tx: Transaction, now: int) -> None:
    for number in range(60):
        projects.create(tx, now, project_id=f"project-{number:02}", owner_email=ADA)


def test_who_has_no_project_is_led_to_the_first(ada: Visitor) -> None:
    ada.has_signed_in()
    ada.opens("/console")
    ada.sees("Make your first project")
    is_in_order(ada.page, "console-projects-none")
    ada.follows("New project")
    is_in_order(ada.page, "console-new")

    ada.types("Project id", "photo-shop")
    ada.presses("Make the project")

    ada.is_at(f"{AT}/overview")
    ada.sees("photo-shop is yours.", "From here to a leased task", "You are an owner")
    is_in_order(ada.page, "console-overview-new")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("Photo Shop", "A project id has 1 to 63 lower-case letters"),
        (PROJECT, "There is already a project demo."),
        ("<b>x</b>", "A project id has 1 to 63 lower-case letters"),
    ],
)
def test_an_id_that_cannot_be_is_refused_beside_its_field(
    ada: Visitor, typed: str, problem: str
) -> None:
    ada.has_signed_in()
    ada.opens(NEW)
    ada.types("Project id", typed)

    ada.presses("Make the project")

    ada.sees(problem)
    box = ada.page.get_by_label("Project id")
    expect(box).to_have_value(typed)
    expect(box).to_be_focused()
    expect(box).to_have_accessible_description(re.compile(re.escape(problem)))


def test_projects_are_listed_with_their_state(owner: Visitor) -> None:
    owner.site.do(make_states)

    owner.opens("/console")

    owner.sees("photo-shop", "On", "resting", "Switched off", "gone", "Deleted")
    is_in_order(owner.page, "console-projects")


def make_states(tx: Transaction, now: int) -> None:
    for name in ("resting", "gone"):
        projects.create(tx, now, project_id=name, owner_email=ADA)
    projects.disable(tx, now, "resting")
    projects.delete(tx, now, "gone")


def test_many_projects_have_pages_and_a_search(owner: Visitor) -> None:
    owner.site.do(make_many)
    owner.opens("/console")
    owner.sees("project-10")
    owner.sees_no("project-59")
    is_in_order(owner.page, "console-projects-many")

    owner.follows("Next page")
    owner.sees("project-59")
    owner.follows("Back to the start")
    owner.types("Search your projects", "T-59")
    owner.presses("Search")
    owner.sees("project-59")
    owner.sees_no("project-10")
    owner.types("Search your projects", "nowhere")
    owner.presses("Search")

    owner.sees("None of your projects has “nowhere” in its id.")


def test_a_page_token_that_is_none_is_refused(owner: Visitor) -> None:
    answer = owner.opens("/console?page=%C3%A4")

    assert 400 == answer.status
    owner.sees("That did not work")


def next_step(visitor: Visitor) -> str:
    """What the list of first steps says is to be done next."""
    return visitor.reads("[aria-current=step] h3").removeprefix("To do:").strip()


def test_the_overview_leads_step_by_step_to_a_leased_task(ada: Visitor) -> None:
    site = ada.site
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/overview")
    assert "Make a queue" == next_step(ada)
    site.queue()
    ada.opens(f"/console/{PROJECT}/overview")
    assert "Make a service account with a key" == next_step(ada)
    worker = site.service_account()["client_email"]
    ada.opens(f"/console/{PROJECT}/overview")
    ada.sees(worker)
    assert "Let it in to the queue" == next_step(ada)
    site.queue_for(worker, "open")
    ada.opens(f"/console/{PROJECT}/overview")
    assert "Insert a task" == next_step(ada)
    is_in_order(ada.page, "console-overview-steps")
    token = site.token()
    body = {"queueName": "open", "payloadBase64": "aGVsbG8="}
    site.call("POST", "demo/taskqueues/open/tasks", token=token, json=body)
    ada.opens(f"/console/{PROJECT}/overview")
    assert "Lease it" == next_step(ada)

    site.call("POST", "demo/taskqueues/open/tasks/lease?numTasks=1&leaseSecs=9", token=token)

    ada.opens(f"/console/{PROJECT}/overview")
    ada.sees("Calls today2", "5 bytes")
    ada.sees_no("From here to a leased task")
    is_in_order(ada.page, "console-overview")


def test_the_calls_of_today_move_without_reloading(ada: Visitor) -> None:
    site = ada.site
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    site.queue_for(site.service_account()["client_email"])
    token = site.token()
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/overview")
    ada.sees("Calls today0")

    site.call("GET", "demo/taskqueues/q/tasks", token=token)
    ada.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    ada.sees("Calls today1")


def test_the_overview_shows_the_last_hours_and_the_newest_acts(owner: Visitor) -> None:
    site = owner.site
    owner.opens(f"{AT}/apis")
    owner.presses("Switch it on")
    owner.opens(f"{AT}/overview")
    owner.sees("What was changed last", "apis.enable", ADA, "Tasks stored0")
    expect(owner.page.locator("#hours")).to_be_hidden()
    call = Charge(SHOP, "taskqueue", "taskqueue.tasks.lease", "worker", "", "", 1)
    site.do(lambda tx, now: ledger.record(tx, now, [(call, None)] * 3))

    owner.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    expect(owner.page.locator("#hours canvas")).to_be_visible()
    owner.page.locator("#hours summary").click()
    expect(owner.page.locator("#hours-table tbody td").first).to_have_text("3")
    is_in_order(owner.page, "console-overview-busy")
    owner.follows("apis.enable")
    owner.sees("apis.enable")


def test_each_first_step_leads_to_where_it_is_done(ada: Visitor) -> None:
    site = ada.site
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    ada.has_signed_in()
    for make in (nothing, make_queue, make_key, make_consumer, make_task):
        make(site)
        ada.opens(f"/console/{PROJECT}/overview")
        way = ada.page.locator(".step.next .actions a").get_attribute("href")

        assert 200 == ada.opens(way or "").status


def nothing(_site: RunningServer) -> None:
    pass


def make_queue(site: RunningServer) -> None:
    site.queue()


def make_key(site: RunningServer) -> None:
    site.service_account()


def make_consumer(site: RunningServer) -> None:
    site.queue_for(site.service_account()["client_email"], "open")


def make_task(site: RunningServer) -> None:
    body = {"queueName": "open", "payloadBase64": "aGVsbG8="}
    site.call("POST", "demo/taskqueues/open/tasks", token=site.token(), json=body)


def test_settings_are_saved_and_shown(owner: Visitor) -> None:
    owner.opens(SETTINGS)
    owner.types("Storage limit (optional)", "1,024")
    owner.page.get_by_label("Legacy scopes").check()

    owner.presses("Save the settings")

    owner.sees("The settings are saved.")
    expect(owner.page.get_by_label("Storage limit")).to_have_value("1024")
    expect(owner.page.get_by_label("Legacy scopes")).to_be_checked()
    assert (2**30, True) == (
        project(owner.site).total_storage_limit,
        project(owner.site).legacy_scopes,
    )


def test_whoever_saves_settings_later_is_asked_before_the_earlier_are_undone(
    owner: Visitor,
) -> None:
    is_asked_before_undoing(
        owner,
        SETTINGS,
        typed={"total_storage_limit": "64"},
        meanwhile=lambda tx, _: projects.set_legacy_scopes(tx, project_id=SHOP, allowed=True),
        stored_now=["ticked"],
        found=lambda: project(owner.site),
    )


def test_a_limit_that_is_no_number_of_mebibytes_stays_as_it_is(owner: Visitor) -> None:
    owner.site.do(lambda tx, _: projects.set_total_storage_limit(tx, project_id=SHOP, limit=1500))
    owner.opens(SETTINGS)
    expect(owner.page.get_by_label("Storage limit")).to_have_value("1")

    owner.presses("Save the settings")
    owner.sees("The settings are saved.")
    assert 1500 == project(owner.site).total_storage_limit

    owner.types("Storage limit (optional)", "")
    owner.presses("Save the settings")
    owner.sees("The settings are saved.")
    assert project(owner.site).total_storage_limit is None


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("much", "That is not a whole number"),
        ("-5", "That is no limit"),
        ("9" * 18, "The storage limit is a positive number of bytes, or none."),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_kept_to_be_mended(
    owner: Visitor, typed: str, problem: str
) -> None:
    owner.opens(SETTINGS)
    owner.page.get_by_label("Legacy scopes").check()
    owner.types("Storage limit (optional)", typed)

    owner.presses("Save the settings")

    owner.sees(problem)
    expect(owner.page.get_by_label("Storage limit")).to_have_value(typed)
    expect(owner.page.get_by_label("Legacy scopes")).to_be_checked()
    assert not project(owner.site).legacy_scopes
    if typed == "much":
        is_in_order(owner.page, "console-settings-wrong")


def test_an_owner_switches_the_project_off_and_on(owner: Visitor) -> None:
    owner.opens(SETTINGS)
    is_in_order(owner.page, "console-settings")
    owner.follows("Switch off …")
    owner.sees("Switch photo-shop off?", "Queues0", "Service accounts0")
    is_in_order(owner.page, "console-settings-off")
    owner.follows("Cancel")
    owner.follows("Switch off …")
    owner.presses("Switch the project off")
    owner.sees("photo-shop is off.", "This project is switched off")
    is_in_order(owner.page, "console-settings-is-off")

    owner.presses("Switch it on")

    owner.sees("photo-shop is on again.")
    assert project(owner.site).is_on


def test_what_the_operator_switched_off_an_owner_cannot_switch_on(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.disable(tx, now, SHOP, by_operator=True))
    owner.opens(SETTINGS)
    owner.sees("The operator of this server switched it off: ask them.")

    answer = owner.page.context.request.post(
        f"{owner.site.url}{SETTINGS}/on", headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert 403 == answer.status
    assert "ask them" in answer.text()
    assert not project(owner.site).is_on


def test_who_deletes_a_project_types_its_id_and_can_have_it_back(owner: Visitor) -> None:
    owner.opens(SETTINGS)
    owner.follows("Delete …")
    owner.types("Type photo-shop to go on", "photo-shp")
    owner.presses("Delete the project")
    owner.sees("That is not photo-shop: type it as it stands above.")
    expect(owner.page.get_by_label("Type photo-shop")).to_have_value("photo-shp")
    is_in_order(owner.page, "console-settings-delete")
    assert project(owner.site).is_on
    owner.types("Type photo-shop to go on", "photo-shop")
    owner.presses("Delete the project")
    owner.sees("photo-shop is deleted.", "This project was deleted on")
    is_in_order(owner.page, "console-settings-deleted")
    owner.opens(f"{AT}/overview")
    owner.sees("Nothing can be changed in a deleted project.")
    is_in_order(owner.page, "console-overview-deleted")
    owner.follows("Go to Settings")

    owner.presses("Undelete the project")

    owner.sees("photo-shop is back, as it was.")
    assert project(owner.site).is_on


def test_after_30_days_nobody_has_it_back(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.delete(tx, now - 31 * DAY * 1_000_000, SHOP))
    owner.opens(SETTINGS)

    owner.presses("Undelete the project")

    owner.sees("is not deleted, or was more than 30 days ago")


def test_an_admin_sees_what_only_owners_do_and_cannot_do_it(admin: Visitor) -> None:
    admin.opens(SETTINGS)
    admin.sees("Only an owner can switch it off.", "Only an owner can delete it.")
    is_in_order(admin.page, "console-settings-admin")

    for path, fields in [("off", {}), ("delete", {"typed": SHOP})]:
        answer = admin.page.context.request.post(
            f"{admin.site.url}{SETTINGS}/{path}",
            form={"x": "", **fields},
            headers={"Sec-Fetch-Site": "same-origin"},
        )

        assert 403 == answer.status
        assert f"Only an owner of {SHOP} may do this." in answer.text()
    assert project(admin.site).is_on
