"""Members and APIs in the console: who may do what, and what programs may call."""

import re

import pytest
from playwright.sync_api import expect

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, PASSWORD_HASH, Visitor
from tests.running_server import PROJECT, RunningServer

EVE = "eve@example.com"
MEMBERS = f"{AT}/members"


@pytest.fixture
def team(owner: Visitor) -> Visitor:
    """Ada, who owns the project, at its page of members; Eve has an account."""
    owner.site.do(add_eve)
    owner.opens(MEMBERS)
    return owner


def add_eve(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=EVE, password_hash=PASSWORD_HASH)


def roles(site: RunningServer) -> dict[str, str]:
    found = site.do(lambda tx, _: projects.list_members(tx, SHOP))
    return {member.email: member.role for member in found}


def test_an_owner_adds_a_member(team: Visitor) -> None:
    is_in_order(team.page, "console-members")
    team.types("E-mail address", " Eve@Example.com ")
    team.page.get_by_label("Owner", exact=True).check()

    team.presses("Add the member")

    team.sees("eve@example.com is an owner now.")
    assert {ADA: "owner", BOB: "admin", EVE: "owner"} == roles(team.site)


def test_who_has_no_account_is_refused_beside_the_field(team: Visitor) -> None:
    team.types("E-mail address", "nobody@example.com")
    team.page.get_by_label("Owner", exact=True).check()

    team.presses("Add the member")

    box = team.page.get_by_label("E-mail address")
    expect(box).to_have_value("nobody@example.com")
    expect(box).to_have_accessible_description(re.compile("nobody@example.com"))
    expect(team.page.get_by_label("Owner", exact=True)).to_be_checked()
    is_in_order(team.page, "console-members-unknown")


def test_what_was_typed_for_an_address_is_shown_as_text(team: Visitor) -> None:
    for name in NAMES:
        team.opens(MEMBERS)
        team.page.locator("form").last.evaluate("(form) => (form.noValidate = true)")
        team.page.get_by_label("E-mail address").evaluate("(box) => (box.type = 'text')")
        team.types("E-mail address", name)

        team.presses("Add the member")

        expect(team.page.locator(".wrong").first).to_be_visible()
        expect(team.page.get_by_label("E-mail address")).to_have_attribute("value", name)
        holds_no_markup(team)


def test_an_owner_changes_a_role(team: Visitor) -> None:
    team.presses(f"Make owner {BOB}")
    team.sees(f"{BOB} is an owner now.")

    team.presses(f"Make admin {BOB}")

    team.sees(f"{BOB} is an admin now.")
    assert "admin" == roles(team.site)[BOB]


def test_the_last_owner_stays(team: Visitor) -> None:
    team.presses(f"Make admin {ADA}")
    team.sees("Project photo-shop needs an owner: make another user owner first")
    expect(team.page.get_by_label("E-mail address")).to_have_value("")
    is_in_order(team.page, "console-members-last-owner")
    team.opens(MEMBERS)
    team.follows(f"Leave … {ADA}")
    team.sees("Leave photo-shop?")

    team.presses("Leave the project")

    team.sees("Project photo-shop needs an owner: make another user owner first")
    assert "owner" == roles(team.site)[ADA]


def test_an_owner_removes_a_member_after_being_asked(team: Visitor) -> None:
    team.follows(f"Remove … {BOB}")
    team.sees(f"Remove {BOB}?")
    is_in_order(team.page, "console-members-remove")
    team.follows("Cancel")
    assert BOB in roles(team.site)
    team.follows(f"Remove … {BOB}")

    team.presses("Remove the member")

    team.sees(f"{BOB} has no part in photo-shop any more.")
    assert {ADA: "owner"} == roles(team.site)


def test_who_leaves_does_not_see_the_project_any_more(team: Visitor) -> None:
    team.presses(f"Make owner {BOB}")
    team.sees(f"{BOB} is an owner now.")
    team.follows(f"Leave … {ADA}")

    team.presses("Leave the project")

    team.is_at("/console")
    team.sees("You have no part in photo-shop any more.", "Make your first project")
    assert 404 == team.opens(MEMBERS).status
    is_in_order(team.page, "console-404")


def test_an_admin_sees_members_and_changes_none(admin: Visitor) -> None:
    admin.opens(MEMBERS)
    admin.sees("You are an admin. To change members, ask an owner.")
    expect(admin.page.get_by_role("button", name="Add the member")).to_have_count(0)
    is_in_order(admin.page, "console-members-admin")

    for path in ["", f"/remove?email={ADA}"]:
        answer = admin.page.context.request.post(
            f"{admin.site.url}{MEMBERS}{path}",
            form={"email": BOB, "role": "owner"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )

        assert 403 == answer.status
    assert {ADA: "owner", BOB: "admin"} == roles(admin.site)


def test_a_member_is_added_by_keyboard(team: Visitor) -> None:
    tabs_to(team, "E-mail address")
    types(team, EVE)
    tabs_to(team, "Admin")
    presses(team, "ArrowDown")
    presses(team, "Enter")

    team.sees(f"{EVE} is an owner now.")


def test_an_api_is_switched_on_and_off_and_programs_notice_at_once(ada: Visitor) -> None:
    site = ada.site
    site.queue_for(site.service_account()["client_email"])
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    token = site.token()
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/apis")
    is_in_order(ada.page, "console-apis")
    ada.follows("Switch off …")
    ada.sees("Switch Task Queue off for demo?", "Queues that stop1")
    is_in_order(ada.page, "console-apis-off")
    ada.presses("Switch it off")
    ada.sees("Task Queue is off: calls are refused from now on.")
    is_in_order(ada.page, "console-apis-is-off")
    assert 403 == site.call("GET", "demo/taskqueues/q", token=token).status_code

    ada.presses("Switch it on")

    ada.sees("Task Queue is on: its queues are served from now on.")
    assert 200 == site.call("GET", "demo/taskqueues/q", token=token).status_code


def test_an_api_that_is_none_is_not_there(owner: Visitor) -> None:
    assert 404 == owner.opens(f"{AT}/apis/maps/off").status

    owner.sees("There is no API 'maps'.")
    is_in_order(owner.page, "console-apis-404")


def test_nothing_is_changed_in_a_deleted_project(owner: Visitor) -> None:
    owner.opens(f"{AT}/apis")
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    owner.presses("Switch it on")

    owner.sees("Project photo-shop is deleted: undelete it first")
    is_in_order(owner.page, "console-apis-deleted")
