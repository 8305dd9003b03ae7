"""The console's frame: who gets in, how one finds the way, and what guards every page."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction
from leasehold.web.console.routes import GROUPS
from tests.browser import HEIGHT, NARROW, NewPage
from tests.people.console.conftest import AT, SHOP
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, PASSWORD_HASH, SECURITY, Visitor
from tests.running_server import PROJECT

MALLORY = "mallory@example.com"
OVERVIEW = f"{AT}/overview"
OWN, FOREIGN = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}

_SEND_FORM = """([url, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    [input.name, input.value] = [name, value];
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}"""


def every_page() -> Iterator[tuple[str, bool, bool]]:
    """The path below a project of each page of each group, and whether it shows and acts."""
    for group in GROUPS:
        for page in group.pages:
            yield re.sub(r"\{\w+\}", "x", page.path), page.show is not None, page.act is not None


def asks(visitor: Visitor, verb: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """What a request with the visitor's cookies is answered, unseen."""
    url = f"{visitor.site.url}/console/{path}"
    answer = visitor.page.context.request.fetch(
        url,
        method=verb,
        headers=headers,
        max_redirects=0,
        form={"x": "x"} if verb == "POST" else {},
    )
    return answer.status, answer.text()


def add_mallory(tx: Transaction, now: int) -> None:
    users.create(tx, now, Entropy(), email=MALLORY, password_hash=PASSWORD_HASH)


def test_who_is_not_signed_in_signs_in_first_and_comes_back(owner: Visitor) -> None:
    owner.page.context.clear_cookies()

    owner.opens(f"{AT}/members")
    owner.gives_password()

    owner.is_at(f"{AT}/members")


def test_to_strangers_no_page_of_a_project_is_there(owner: Visitor, stranger: Visitor) -> None:
    owner.site.do(add_mallory)
    stranger.has_signed_in(email=MALLORY)

    for path, shows, acts in every_page():
        for verb in ["GET"] * shows + ["POST"] * acts:
            status, text = asks(stranger, verb, f"{SHOP}/{path}", OWN)
            same = asks(stranger, verb, f"missing/{path}", OWN)

            assert (404, text.replace(SHOP, "missing")) == (status, same[1]), (verb, path)


def test_no_page_acts_on_a_form_of_another_site(owner: Visitor) -> None:
    for path in [f"{SHOP}/{path}" for path, _, acts in every_page() if acts] + ["new"]:
        status, text = asks(owner, "POST", path, FOREIGN)

        assert 403 == status, path
        assert "not sent from a page of this site" in text


def test_a_form_of_another_site_adds_no_member(owner: Visitor, shop_url: str) -> None:
    owner.site.do(add_mallory)
    owner.opens(f"{shop_url}/callback")

    fields = {"email": MALLORY, "role": "owner"}
    owner.page.evaluate(_SEND_FORM, [f"{owner.site.url}{AT}/members", fields])

    owner.sees("This form was not sent from a page of this site.")
    owner.opens(f"{AT}/members")
    owner.sees_no(MALLORY)


def test_what_an_address_names_is_shown_as_text(owner: Visitor) -> None:
    paths = [
        path
        for name in NAMES
        for path in (
            f"/console?search={quote(name)}",
            f"/console/{quote(name, safe='')}/overview",
            f"{AT}/members/remove?email={quote(name)}",
            f"{AT}/apis/{quote(name, safe='')}/off",
        )
    ]
    for path in paths:
        owner.opens(path)

        holds_no_markup(owner)


def test_the_navigation_says_where_one_is(owner: Visitor) -> None:
    owner.opens(OVERVIEW)

    owner.page.locator("nav.side").get_by_role("link", name="Members").click()

    owner.is_at(f"{AT}/members")
    here = owner.page.locator("nav.side [aria-current=page]")
    expect(here).to_have_text("Members")
    assert "Members – photo-shop – Leasehold" == owner.page.title()


def test_on_a_phone_the_navigation_opens_without_any_script(
    owner: Visitor, new_page: NewPage
) -> None:
    phone = {"viewport": {"width": NARROW, "height": HEIGHT}, "java_script_enabled": False}
    ada = Visitor(new_page(**phone), owner.site)
    ada.has_signed_in()
    ada.opens(OVERVIEW)

    ada.page.locator(".side-fold summary").click()
    ada.follows("Settings")

    ada.is_at(f"{AT}/settings")


def test_the_menu_of_who_is_signed_in_leads_to_the_account_and_out(owner: Visitor) -> None:
    owner.opens(OVERVIEW)
    owner.unfolds(ADA)
    owner.follows("Your account")
    owner.is_at("/account/access")
    owner.follows("Console")
    owner.is_at("/console")

    owner.unfolds(ADA)
    owner.presses("Sign out")

    owner.sees("You are signed out.")


def test_the_picker_leads_to_another_project(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.create(tx, now, project_id="zoo", owner_email=ADA))
    owner.opens(OVERVIEW)

    owner.unfolds(SHOP)
    owner.follows("zoo")

    owner.is_at("/console/zoo/overview")


def test_the_picker_of_somebody_with_many_projects_searches(owner: Visitor) -> None:
    owner.site.do(make_many)
    owner.opens(OVERVIEW)
    owner.unfolds(SHOP)

    owner.types("Search your projects", "-37")
    owner.presses("Search")

    owner.is_at("/console")
    owner.sees("project-37")
    owner.sees_no("project-36")


def make_many(tx: Transaction, now: int) -> None:
    for number in range(60):
        projects.create(tx, now, project_id=f"project-{number}", owner_email=ADA)


@pytest.mark.parametrize("project_id", ["new", "example.com:app"])
def test_every_id_of_a_project_has_its_pages(owner: Visitor, project_id: str) -> None:
    owner.site.do(lambda tx, now: projects.create(tx, now, project_id=project_id, owner_email=ADA))
    owner.opens("/console")

    owner.follows(project_id)

    expect(owner.page.get_by_role("heading", level=1)).to_have_text(project_id)


@pytest.mark.parametrize("path", [AT, f"/console/s~{SHOP}"])
def test_the_short_address_leads_to_the_overview(owner: Visitor, path: str) -> None:
    owner.opens(path)

    owner.is_at(OVERVIEW)


def test_dates_are_in_the_readers_time_zone(owner: Visitor, new_page: NewPage) -> None:
    page = new_page(timezone_id="Asia/Tokyo", locale="en-GB")
    ada = Visitor(page, owner.site)
    ada.has_signed_in()
    deleted = 1_700_000_000_000_000  # 22:13 in UTC, when it was the next day already in Tokyo
    owner.site.do(lambda tx, _: projects.delete(tx, deleted, SHOP))

    ada.opens(f"{AT}/settings")

    expect(page.locator("time").nth(1)).to_have_text("15 Nov 2023, 07:13")
    expect(page.locator("time").nth(1)).to_have_attribute("title", "2023-11-14 22:13:20 UTC")


def test_a_note_is_shown_once_and_to_nobody_else(owner: Visitor, stranger: Visitor) -> None:
    owner.opens(f"{AT}/settings")
    answer = asks_to_save(owner)
    cookie = re.search(r"leasehold-note=([^;]+)", answer)
    assert cookie
    owner.site.do(add_mallory)
    stranger.has_signed_in(email=MALLORY)
    stranger.page.context.add_cookies(
        [{"name": "leasehold-note", "value": cookie[1], "url": owner.site.url}]
    )

    stranger.opens("/console")
    stranger.sees_no("The settings are saved.")
    owner.opens(f"{AT}/settings")
    owner.sees("The settings are saved.")
    owner.opens(f"{AT}/settings")
    owner.sees_no("The settings are saved.")


def asks_to_save(visitor: Visitor) -> str:
    """The header with the cookie, after the form of the settings was sent unseen."""
    answer = visitor.page.context.request.post(
        f"{visitor.site.url}{AT}/settings", form={"x": ""}, headers=OWN, max_redirects=0
    )
    assert 303 == answer.status
    return answer.headers["set-cookie"]


def test_lines_are_copied_with_a_button(owner: Visitor, new_page: NewPage) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    ada = Visitor(page, owner.site)
    ada.has_signed_in()
    owner.site.service_account()
    owner.site.queue_for(owner.site.service_account()["client_email"])
    owner.site.do(
        lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin")
    )
    ada.opens(f"/console/{PROJECT}/overview")

    ada.presses("Copy")

    ada.sees("Copied")
    assert page.locator("code").first.inner_text() != ""
    assert "tasks.insert(" in page.evaluate("navigator.clipboard.readText()")


def test_a_live_part_says_when_its_reader_was_signed_out(owner: Visitor) -> None:
    owner.opens(OVERVIEW)
    owner.page.context.clear_cookies()

    owner.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    owner.sees("You are signed out: open the page again to sign in.")


def test_one_finds_the_way_by_keyboard(owner: Visitor) -> None:
    owner.opens("/console")
    tabs_to(owner, SHOP)
    presses(owner, "Enter")
    owner.is_at(OVERVIEW)

    tabs_to(owner, "Settings")
    presses(owner, "Enter")
    owner.is_at(f"{AT}/settings")
    tabs_to(owner, "Storage limit (optional)")
    types(owner, "64")
    presses(owner, "Enter")

    owner.sees("The settings are saved.")


def test_escape_closes_a_menu_and_gives_the_focus_back(owner: Visitor) -> None:
    owner.opens(OVERVIEW)
    menu = owner.page.locator("summary", has_text=ADA)
    menu.focus()
    presses(owner, "Enter")
    presses(owner, "Tab")

    presses(owner, "Escape")

    expect(menu).to_be_focused()
    expect(owner.page.get_by_role("link", name="Your account")).to_be_hidden()


def test_the_account_pages_are_as_near_as_the_console(owner: Visitor) -> None:
    owner.opens(SECURITY)

    owner.follows("Console")

    owner.is_at("/console")
