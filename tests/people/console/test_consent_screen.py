"""The consent screen in the console: filled in, looked at before it is saved, its logo, testers."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from playwright.sync_api import FilePayload, expect

from leasehold.accounts import projects
from leasehold.oauth2 import consent_screens
from leasehold.oauth2.client_model import ConsentScreen
from leasehold.storage.transaction import Transaction
from tests.browser import NewPage
from tests.oauth2.registration.pictures import png
from tests.people.accessibility import is_in_order
from tests.people.application import Shop
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.two_editors import is_asked_before_undoing
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import API, PROJECT, RunningServer
from tests.web.consenting import TASKQUEUE, make_client

SCREEN = f"{AT}/consent-screen"
TESTERS = f"{SCREEN}/testers"
CALLBACK = "https://app.example.com/callback"
EVE = "eve@example.com"
OWN = {"Sec-Fetch-Site": "same-origin"}
PREVIEW = ".preview"
LOADED = "(image) => image.complete && image.naturalWidth"


def screen(site: RunningServer, project_id: str = SHOP) -> ConsentScreen:
    return site.do(lambda tx, _: consent_screens.get(tx, project_id))


def listed(site: RunningServer, project_id: str = SHOP) -> list[str]:
    return site.do(lambda tx, _: consent_screens.testers_of(tx, project_id))


def posts(visitor: Visitor, path: str, form: Mapping[str, str]) -> tuple[int, str]:
    """What a form that is sent unseen is answered."""
    answer = visitor.page.context.request.post(
        visitor.site.url + path, form=dict(form), headers=OWN, max_redirects=0
    )
    return answer.status, answer.text()


def picture(content: bytes, name: str = "logo.png", kind: str = "image/png") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def uploads(visitor: Visitor, file: FilePayload) -> None:
    visitor.page.locator("#logo").set_input_files(file)
    visitor.presses("Upload the logo")


def verify(tx: Transaction, now: int) -> None:
    consent_screens.verify(tx, now, SHOP)


def test_the_screen_is_filled_in(owner: Visitor) -> None:
    owner.opens(SCREEN)
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value(SHOP)
    expect(owner.page.get_by_label("Support e-mail")).to_have_value(ADA)
    is_in_order(owner.page, "console-consent-screen-new")
    owner.types("Name", "Photo printer")
    owner.types("Support e-mail", " Help@Example.com ")
    owner.types("Home page (optional)", "https://printer.example.com/")
    owner.types("Privacy policy (optional)", "http://printer.example.com/privacy")
    owner.page.get_by_label("Published").check()
    owner.presses("Save")
    box = owner.page.get_by_label("Privacy policy")
    expect(box).to_be_focused()
    expect(box).to_have_accessible_description(re.compile("begins with https://"))
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Photo printer")
    expect(owner.page.get_by_label("Published")).to_be_checked()
    expect(owner.page.locator(PREVIEW)).to_contain_text("Photo printer asks for access")
    is_in_order(owner.page, "console-consent-screen-refused")
    owner.types("Privacy policy (optional)", "https://printer.example.com/privacy")

    owner.presses("Save")

    owner.sees("The consent screen is saved.", "leasehold consent-screen verify photo-shop")
    saved = screen(owner.site)
    assert ("Photo printer", "help@example.com", "production") == (
        saved.name,
        saved.support_email,
        saved.stage,
    )
    assert ("https://printer.example.com/", "https://printer.example.com/privacy", "") == (
        saved.home_page,
        saved.privacy_link,
        saved.terms_link,
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"name": " "}, 'id="name-problem" role'),
        ({"name": "x" * 81}, 'id="name-problem"'),
        ({"support_email": "nobody"}, 'id="support_email-problem"'),
        ({"home_page": "javascript:alert(1)"}, 'id="home_page-problem"'),
        ({"terms_link": f"https://e.example/{'x' * 1024}"}, 'id="terms_link-problem"'),
        ({"stage": "done"}, 'id="stage-problem"'),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    owner: Visitor, changed: dict[str, str], problem: str
) -> None:
    before = screen(owner.site)
    usual = {"name": "Shop", "support_email": ADA, "stage": "testing"}

    status, text = posts(owner, SCREEN, usual | changed)

    assert 400 == status
    assert problem.partition(" ")[0] in text
    assert before == screen(owner.site)


def test_whoever_saves_the_screen_later_is_asked_before_the_earlier_is_undone(
    owner: Visitor,
) -> None:
    is_asked_before_undoing(
        owner,
        SCREEN,
        typed={"name": "Photos", "support_email": ADA, "stage": "testing"},
        meanwhile=lambda tx, _: consent_screens.put(
            tx, replace(consent_screens.get(tx, SHOP), name="Prints", stage="production")
        ),
        stored_now=["Prints", "Published"],
        found=lambda: screen(owner.site),
    )


def test_the_preview_follows_what_is_typed_and_saves_nothing(owner: Visitor) -> None:
    owner.site.do(verify)
    before = screen(owner.site)
    owner.opens(SCREEN)
    shown = owner.page.locator(PREVIEW)
    expect(shown).to_contain_text("photo-shop asks for access")
    expect(shown).to_contain_text("In testing")

    owner.types("Name", "Photo <b>printer</b>")
    expect(shown).to_contain_text("Photo <b>printer</b> asks for access")
    expect(shown).to_contain_text("Not verified")
    expect(shown).to_contain_text("Saved like this, it is verified no longer.")
    owner.types("Support e-mail", "half-typed")
    expect(shown).to_contain_text("half-typed")
    owner.types("Terms of service (optional)", "https://printer.example.com/terms")
    expect(shown).to_contain_text("Terms")
    owner.page.get_by_label("Published").check()

    expect(shown).to_contain_text("Published: everybody")
    is_in_order(owner.page, "console-consent-screen")
    assert before == screen(owner.site)
    assert before.verified_at is not None


def test_nothing_in_the_preview_can_be_followed_or_pressed(owner: Visitor) -> None:
    owner.opens(SCREEN)
    owner.types("Home page (optional)", "https://elsewhere.example/")
    expect(owner.page.locator(PREVIEW)).to_contain_text("Home page")

    inside = owner.page.locator(".preview .card")

    for working in ("[href]", "form", "script", ":enabled", "[tabindex]"):
        expect(inside.first.locator(working)).to_have_count(0)


def test_the_preview_is_what_people_are_shown(owner: Visitor) -> None:
    client = make_client(owner.site, "web", CALLBACK, project_id=SHOP, name="Printer at the desk")
    owner.site.do(lambda tx, now: projects.enable_api(tx, now, project_id=SHOP, api=API))
    owner.opens(SCREEN)
    owner.types("Name", "Photo printer")
    owner.types("Home page (optional)", "https://printer.example.com/")
    owner.presses("Save")
    owner.sees("The consent screen is saved.")
    foretold = words(owner, ".preview > .card").partition("In testing:")[0].strip()

    owner.opens(Shop(owner.site, client, CALLBACK).url(scope=f"{TASKQUEUE} email"))

    assert foretold == words(owner, "main")


def words(visitor: Visitor, selector: str) -> str:
    return " ".join(visitor.page.locator(selector).first.inner_text().split())


def test_without_scripts_the_preview_shows_what_is_saved(owner: Visitor, new_page: NewPage) -> None:
    ada = Visitor(new_page(java_script_enabled=False), owner.site)
    ada.has_signed_in()
    ada.opens(SCREEN)
    ada.types("Name", "Photo printer")

    ada.presses("Save")

    ada.sees("The consent screen is saved.", "Photo printer asks for access")


def test_a_logo_is_refused_until_it_is_one_and_nothing_typed_is_lost(owner: Visitor) -> None:
    owner.opens(SCREEN)
    owner.types("Name", "Photo printer")
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for file, problem in [
        (None, "Choose a picture first."),
        (picture(b"GIF89a"), "A logo is a PNG, JPEG or WebP picture."),
        (picture(script, "logo.svg", "image/svg+xml"), "A logo is a PNG, JPEG or WebP picture."),
        (picture(png() + b"x" * 64 * 1024), "A logo has at most 64 KiB."),
        (picture(b"\xff" * 3_000_000, "photo.jpg"), "A logo has at most 64 KiB."),
        (picture(png(width=9)), "A logo is 16 to 1024 pixels wide and high, not 9 by 64."),
    ]:
        if file is None:
            owner.presses("Upload the logo")
        else:
            uploads(owner, file)

        expect(owner.page.locator("#logo")).to_have_accessible_description(
            re.compile(re.escape(problem))
        )
        expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Photo printer")
    assert screen(owner.site).logo_type is None
    is_in_order(owner.page, "console-consent-screen-logo-refused")

    uploads(owner, picture(png()))

    owner.sees("The logo is saved. What you changed in the form is not saved yet.")
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Photo printer")
    assert (SHOP, "image/png") == (screen(owner.site).name, screen(owner.site).logo_type)


def test_a_logo_is_shown_replaced_and_removed(owner: Visitor) -> None:
    owner.opens(SCREEN)
    uploads(owner, picture(png()))
    owner.sees("The logo is saved.")
    image = owner.page.locator(".preview img")
    assert 64 == image.evaluate(LOADED)
    address = image.get_attribute("src")
    answer = owner.page.context.request.get(f"{owner.site.url}{address}")
    assert png() == answer.body()
    assert ("image/png", "nosniff") == (
        answer.headers["content-type"],
        answer.headers["x-content-type-options"],
    )
    is_in_order(owner.page, "console-consent-screen-logo")

    uploads(owner, picture(png(width=32)))
    expect(image).not_to_have_attribute("src", str(address))
    assert 32 == image.evaluate(LOADED)
    owner.follows("Remove …")
    owner.sees("Remove the logo?")
    is_in_order(owner.page, "console-consent-screen-logo-remove")
    owner.presses("Remove the logo")

    owner.sees("The logo is removed.")
    expect(image).to_have_count(0)
    assert screen(owner.site).logo_type is None
    assert 404 == owner.opens(f"{SCREEN}/logo/remove").status


@pytest.mark.parametrize("origin", ["cross-site", "same-site", "none"])
def test_a_logo_from_another_site_is_refused(owner: Visitor, origin: str) -> None:
    answer = owner.page.context.request.post(
        f"{owner.site.url}{SCREEN}/logo",
        multipart={"logo": picture(png())},
        headers={"Sec-Fetch-Site": origin},
    )

    assert 403 == answer.status
    assert screen(owner.site).logo_type is None


def test_no_other_form_takes_a_file(owner: Visitor) -> None:
    answer = owner.page.context.request.post(
        f"{owner.site.url}{SCREEN}", multipart={"logo": picture(png())}, headers=OWN
    )

    assert 400 == answer.status


def test_testers_are_added_and_removed(owner: Visitor) -> None:
    owner.opens(SCREEN)
    owner.follows("Add testers")
    is_in_order(owner.page, "console-testers-none")
    owner.page.locator("form").last.evaluate("(form) => (form.noValidate = true)")
    owner.types("E-mail address", "eve")
    owner.presses("Add the tester")
    box = owner.page.get_by_label("E-mail address")
    expect(box).to_have_value("eve")
    expect(box).to_have_accessible_description(re.compile("."))
    is_in_order(owner.page, "console-testers-refused")
    owner.types("E-mail address", " Eve@Example.com ")
    owner.presses("Add the tester")
    owner.sees("eve@example.com is a tester now.", "Testers 1 of 100")
    is_in_order(owner.page, "console-testers")
    owner.page.locator("main").get_by_role("link", name="Consent screen").click()
    owner.sees("One person besides the members")
    owner.follows("Testers")
    owner.follows(f"Remove … {EVE}")
    owner.sees(f"Remove {EVE}?")
    is_in_order(owner.page, "console-testers-remove")

    owner.presses("Remove the tester")

    owner.sees(f"{EVE} is no tester any more.", "Add the first tester")
    assert [] == listed(owner.site)


def test_a_project_has_so_many_testers(owner: Visitor) -> None:
    owner.site.do(fill)

    status, text = posts(owner, TESTERS, {"email": EVE})

    assert 409 == status
    assert "photo-shop has 100 testers: remove one first" in text.lower()
    assert EVE not in listed(owner.site)


def fill(tx: Transaction, now: int) -> None:
    del now
    for number in range(consent_screens.MAX_TESTERS):
        consent_screens.add_tester(tx, project_id=SHOP, email=f"tester-{number}@example.com")


def test_a_tester_of_another_project_is_not_there(owner: Visitor) -> None:
    owner.site.do(lambda tx, _: consent_screens.add_tester(tx, project_id=PROJECT, email=EVE))

    answer = owner.opens(f"{TESTERS}/remove?email={EVE}")
    status, text = posts(owner, f"{TESTERS}/remove?email={EVE}", {"x": ""})

    assert (404, 404) == (answer.status, status)
    assert f"{EVE} is not a tester of photo-shop" in text.replace("Eve@", "eve@")
    assert [EVE] == listed(owner.site, PROJECT)


def test_the_screen_of_another_project_is_not_there(owner: Visitor) -> None:
    fields = {"name": "Mine", "support_email": ADA, "stage": "production"}

    for path in (
        "",
        "/preview",
        "/logo",
        "/logo/remove",
        "/testers",
        f"/testers/remove?email={BOB}",
    ):
        status, _ = posts(owner, f"/console/{PROJECT}/consent-screen{path}", fields)

        assert 404 == status
    assert PROJECT == screen(owner.site, PROJECT).name


def test_what_was_typed_is_shown_as_text(owner: Visitor) -> None:
    owner.opens(SCREEN)
    title = owner.page.locator(".preview h3")
    for name in NAMES:
        owner.types("Name", name)
        expect(title).to_have_text(f"{name} asks for access")
        holds_no_markup(owner)
        owner.types("Privacy policy (optional)", name)

        owner.presses("Save")

        expect(owner.page.locator(".wrong")).to_be_visible()
        expect(owner.page.get_by_label("Privacy policy")).to_have_value(name)
        expect(title).to_have_text(f"{name} asks for access")
        holds_no_markup(owner)


def test_the_longest_words_fit(owner: Visitor) -> None:
    link = f"https://e.example/{'x' * 1000}"
    email = f"{'e' * 60}@{'d' * 60}.{'d' * 60}.example.com"
    fields = {"name": "W" * 80, "support_email": email, "home_page": link, "stage": "testing"}
    assert 303 == posts(owner, SCREEN, fields)[0]
    assert 303 == posts(owner, TESTERS, {"email": email})[0]

    owner.opens(SCREEN)
    is_in_order(owner.page, "console-consent-screen-long")
    owner.opens(TESTERS)

    is_in_order(owner.page, "console-testers-long")


def test_the_screen_is_changed_by_keyboard(owner: Visitor) -> None:
    owner.opens(SCREEN)
    tabs_to(owner, "Terms of service (optional)")
    types(owner, "https://printer.example.com/terms")
    tabs_to(owner, "Testing")
    presses(owner, "ArrowDown")
    presses(owner, "Enter")

    owner.sees("The consent screen is saved.")
    assert "production" == screen(owner.site).stage
