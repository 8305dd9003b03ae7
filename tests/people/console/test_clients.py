"""OAuth clients in the console: registered, changed, given new secrets, and deleted."""

import json
import re
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from google_auth_oauthlib.flow import (  # type: ignore[import-untyped]  # it carries none
    InstalledAppFlow,
)
from playwright.sync_api import expect

from leasehold.accounts import users
from leasehold.administration.clients import explorer_path
from leasehold.entropy import Entropy
from leasehold.oauth2 import clients, consents, scopes
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.storage.transaction import Transaction
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.two_editors import is_asked_before_undoing
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, SECRET_BOX, RunningServer

CLIENTS = f"{AT}/clients"
CALLBACK = "https://app.example.com/callback"
ORIGIN = "https://app.example.com"
OWN = {"Sec-Fetch-Site": "same-origin"}


def make(site: RunningServer, kind: str = "web", **more: object) -> Client:
    """Registers a client without the console."""
    usual = {"project_id": SHOP, "type": kind, "name": "Printer", "redirect_uris": (CALLBACK,)}
    new = NewClient(**usual | more)  # type: ignore[arg-type]  # a test's own words
    return site.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))[0]


def registered(site: RunningServer) -> list[Client]:
    return site.do(lambda tx, _: clients.clients_of(tx, SHOP))


def page_of(client: Client) -> str:
    return f"{CLIENTS}/{client.id}"


def downloads(visitor: Visitor, tmp_path: Path) -> Path:
    """The file that the page's one such link hands out."""
    link = visitor.page.get_by_role("link", name=re.compile("Download client_secret_"))
    with visitor.page.expect_download() as begun:
        link.click()
    path = tmp_path / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def test_a_web_client_is_registered_and_its_file_kept(owner: Visitor, tmp_path: Path) -> None:
    owner.opens(CLIENTS)
    owner.sees("No clients yet")
    is_in_order(owner.page, "console-clients-none")
    owner.follows("New client")
    owner.sees("Where does the application run?")
    is_in_order(owner.page, "console-client-types")
    owner.follows("On a server")
    is_in_order(owner.page, "console-client-new")
    owner.types("Name", "Photo printer")
    owner.types("Redirect URIs", "http://app.example.com/callback")
    owner.types("JavaScript origins (optional)", ORIGIN)
    owner.page.get_by_label("May act for itself").check()
    owner.presses("Register the client")
    box = owner.page.get_by_label("Redirect URIs")
    expect(box).to_have_accessible_description(re.compile("http:// is only for"))
    expect(box).to_be_focused()
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Photo printer")
    expect(owner.page.get_by_label("JavaScript origins")).to_have_value(ORIGIN)
    expect(owner.page.get_by_label("May act for itself")).to_be_checked()
    is_in_order(owner.page, "console-client-new-refused")
    owner.types("Redirect URIs", f"{CALLBACK}\n\n  https://app.example.com/again ")

    owner.presses("Register the client")

    owner.sees("Photo printer is registered", "It is shown only now.", f'redirect_uri="{CALLBACK}"')
    is_in_order(owner.page, "console-client-made")
    [client] = registered(owner.site)
    secret = owner.reads(".once code")
    content = json.loads(downloads(owner, tmp_path).read_text())["web"]
    assert (client.id, secret) == (content["client_id"], content["client_secret"])
    assert [CALLBACK, "https://app.example.com/again"] == content["redirect_uris"]
    assert ((ORIGIN,), True, False) == (
        client.javascript_origins,
        client.client_credentials,
        client.rotates,
    )
    owner.follows("I have kept it")
    owner.is_at(page_of(client))
    owner.sees(f"…{secret[-4:]}", client.email)
    owner.sees_no(secret)
    is_in_order(owner.page, "console-client")


def test_an_installed_client_needs_a_name_alone(owner: Visitor, tmp_path: Path) -> None:
    owner.opens(f"{CLIENTS}/new")
    owner.follows("On desks and phones")
    owner.types("Name", "Shop tools")

    owner.presses("Register the client")

    owner.sees("flow.run_local_server(port=0)")
    path = downloads(owner, tmp_path)
    [client] = registered(owner.site)
    assert f"client_secret_{client.id}.json" == path.name
    assert (
        client.id
        == InstalledAppFlow.from_client_secrets_file(str(path), []).oauth2session.client_id
    )
    assert ("http://localhost", "http://127.0.0.1") == client.redirect_uris


def test_the_file_of_a_browser_client_is_there_at_any_time(owner: Visitor, tmp_path: Path) -> None:
    owner.opens(f"{CLIENTS}/new")
    owner.follows("In a page")
    is_in_order(owner.page, "console-client-new-browser")
    owner.types("Name", "Shop page")
    owner.types("Redirect URIs", CALLBACK)
    owner.types("JavaScript origins", ORIGIN)
    owner.presses("Register the client")
    owner.sees("Shop page is registered")
    owner.sees_no("It is shown only now.")
    is_in_order(owner.page, "console-client-made-browser")
    first = downloads(owner, tmp_path).read_text()
    assert "client_secret" not in json.loads(first)["web"]

    owner.follows("Go on")
    owner.sees("Client id")

    assert first == downloads(owner, tmp_path).read_text()
    [client] = registered(owner.site)
    assert client.rotates
    owner.sees_no("Add a secret")
    is_in_order(owner.page, "console-client-browser")


def test_a_client_is_registered_by_keyboard(owner: Visitor) -> None:
    owner.opens(f"{CLIENTS}/new")
    tabs_to(owner, "On desks and phones")
    presses(owner, "Enter")
    owner.sees("New installed client")
    tabs_to(owner, "Name")
    types(owner, "Shop tools")
    presses(owner, "Enter")

    owner.sees("Shop tools is registered")


def test_a_client_is_changed(owner: Visitor) -> None:
    client = make(owner.site, javascript_origins=(ORIGIN,))
    owner.opens(page_of(client))
    owner.types("Name", "Photo printer")
    owner.types("JavaScript origins (optional)", f"{ORIGIN}/")
    owner.page.get_by_label("Replace refresh tokens").check()
    owner.presses("Save the client")
    box = owner.page.get_by_label("JavaScript origins")
    expect(box).to_have_accessible_description(re.compile("without a path or slash"))
    expect(box).to_have_value(f"{ORIGIN}/")
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Photo printer")
    expect(owner.page.get_by_label("Replace refresh tokens")).to_be_checked()
    is_in_order(owner.page, "console-client-refused")
    owner.types("JavaScript origins (optional)", "")

    owner.presses("Save the client")

    owner.sees("The client is saved.")
    [changed] = registered(owner.site)
    assert ("Photo printer", (CALLBACK,), (), True) == (
        changed.name,
        changed.redirect_uris,
        changed.javascript_origins,
        changed.rotates,
    )


def test_whoever_saves_a_client_later_is_asked_before_the_earlier_is_undone(
    owner: Visitor,
) -> None:
    client = make(owner.site)
    also = (CALLBACK, "https://app.example.com/also")

    is_asked_before_undoing(
        owner,
        page_of(client),
        typed={"name": "Scanner", "redirect_uris": CALLBACK},
        meanwhile=lambda tx, _: clients.set_redirect_uris(tx, client.id, also),
        stored_now=[", ".join(also)],
        found=lambda: registered(owner.site),
    )


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"name": ""}, "Fill this in."),
        (
            {"name": "Pri\u202enter", "redirect_uris": CALLBACK},
            "none of which is a control character",
        ),
        ({"name": "x", "redirect_uris": ""}, "A web client needs a redirect URI"),
        ({"name": "x", "redirect_uris": f"{CALLBACK}\n" * 4000}, "That is too long"),
        (
            {"name": "x", "redirect_uris": "\n".join(f"{CALLBACK}/{i}" for i in range(51))},
            "A client has at most 50 redirect URIs",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    owner: Visitor, typed: dict[str, str | float | bool], problem: str
) -> None:
    client = make(owner.site)
    for path in (f"{CLIENTS}/new?type=web", page_of(client)):
        answer = owner.page.context.request.post(owner.site.url + path, form=typed, headers=OWN)

        assert 400 == answer.status
        assert problem in answer.text()
    assert [client] == registered(owner.site)


def test_a_secret_is_replaced_without_an_interruption(owner: Visitor, tmp_path: Path) -> None:
    client = make(owner.site)
    [old] = owner.site.do(lambda tx, _: clients.secrets_of(tx, client.id))
    owner.opens(page_of(client))
    owner.presses("Add a secret")
    owner.sees("A new secret for Printer", "It is shown only now.")
    is_in_order(owner.page, "console-client-secret")
    new = owner.reads(".once code")
    assert new == json.loads(downloads(owner, tmp_path).read_text())["web"]["client_secret"]
    owner.follows("I have kept it")
    owner.sees(f"…{new[-4:]}", "Two are good at a time. Once nobody uses the older one, end it.")
    expect(owner.page.get_by_role("button", name="Add a secret")).to_have_count(0)
    owner.follows(f"End … {old.ending}")
    owner.sees(f"End the secret that ends in {old.ending}?", "Secrets that stay1")
    is_in_order(owner.page, "console-client-secret-end")

    owner.presses("End the secret")

    owner.sees("The secret is ended.")
    owner.sees_no(f"…{old.ending}")
    owner.follows(f"End … {new[-4:]}")
    owner.sees("It is the only one")
    owner.presses("End the secret")
    owner.sees("It has none, and gets no tokens until you add one.")
    is_in_order(owner.page, "console-client-no-secret")


def test_a_third_secret_is_refused(owner: Visitor) -> None:
    client = make(owner.site)
    first = owner.page.context.request
    url = f"{owner.site.url}{page_of(client)}/secrets"
    assert 200 == first.post(url, form={"x": ""}, headers=OWN).status

    answer = first.post(url, form={"x": ""}, headers=OWN)

    assert 409 == answer.status
    assert "The client has 2 secrets: delete the older one" in answer.text()
    browser = make(owner.site, "browser")
    answer = first.post(f"{owner.site.url}{page_of(browser)}/secrets", form={"x": ""}, headers=OWN)
    assert 400 == answer.status
    assert "A browser client has no secret" in answer.text()


def test_a_client_is_deleted_with_the_consents_that_people_gave_it(owner: Visitor) -> None:
    client = make(owner.site, client_credentials=True)
    owner.site.do(partial(allow, client=client))
    owner.opens(page_of(client))
    owner.sees("2 people have allowed it access.")
    owner.follows("Delete …")
    owner.sees("Delete Printer?", "Consents that end2", "Secrets that end1", client.email)
    is_in_order(owner.page, "console-client-delete")
    owner.types("Type Printer to go on", "printer")
    owner.presses("Delete the client")
    owner.sees("That is not Printer: type it as it stands above.")
    is_in_order(owner.page, "console-client-delete-refused")
    owner.types("Type Printer to go on", "Printer")

    owner.presses("Delete the client")

    owner.sees("Printer is deleted.", "No clients yet")
    assert [] == registered(owner.site)


def allow(tx: Transaction, now: int, *, client: Client) -> None:
    """Ada and Bob say yes to it."""
    for email in (ADA, BOB):
        user = users.require(tx, email)
        consents.give(tx, now, user_id=user.id, client_id=client.id, scopes=scopes.TASKQUEUE)


def test_a_client_that_nobody_allowed_is_deleted_after_a_question(owner: Visitor) -> None:
    client = make(owner.site)
    owner.opens(f"{page_of(client)}/delete")

    owner.presses("Delete the client")

    owner.sees("Printer is deleted.")
    assert 404 == owner.opens(page_of(client)).status


def test_the_explorer_stays_as_it_is(owner: Visitor) -> None:
    page = f"{owner.site.url}{explorer_path(SHOP)}"
    client = make(owner.site, "browser", name="API explorer", redirect_uris=(page,))
    owner.opens(page_of(client))
    owner.sees("This is the console’s own explorer, and it stays as it is.")  # noqa: RUF001  # as it is shown
    expect(owner.page.get_by_role("button", name="Save the client")).to_have_count(0)
    is_in_order(owner.page, "console-client-explorer")

    answer = owner.page.context.request.post(
        owner.site.url + page_of(client), form={"name": "x", "redirect_uris": page}, headers=OWN
    )

    assert 409 == answer.status
    assert "This is the API explorer, which stays as it is" in answer.text()
    assert [client] == registered(owner.site)


def test_a_full_project_takes_no_more(owner: Visitor) -> None:
    owner.site.do(fill)
    owner.opens(CLIENTS)
    owner.sees("Client 000", "Client 099", "100 of 100 that a project may have.")
    owner.opens(f"{CLIENTS}/new?type=installed")
    owner.types("Name", "One more")

    owner.presses("Register the client")

    owner.sees("Photo-shop has 100 clients: delete one first")
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("One more")


def fill(tx: Transaction, now: int) -> None:
    for number in range(clients.MAX_CLIENTS):
        name = f"Client {number:03}"
        new = NewClient(project_id=SHOP, type="installed", name=name)
        clients.create(tx, now, Entropy(), SECRET_BOX, new)


def test_names_are_shown_as_text(owner: Visitor) -> None:
    names = [*NAMES, "ש" * 80, "W" * 80]
    made = [make(owner.site, name=name) for name in names]
    owner.site.do(partial(allow, client=made[0]))
    owner.opens(CLIENTS)
    for name in names:
        owner.sees(name)
    holds_no_markup(owner)
    is_in_order(owner.page, "console-clients")

    for client in made:
        for path in [page_of(client), f"{page_of(client)}/delete"]:
            owner.opens(path)

            expect(owner.page.get_by_role("heading", level=1)).to_contain_text(client.name)
            holds_no_markup(owner)
    is_in_order(owner.page, "console-client-delete-long")


def test_what_was_typed_is_shown_as_text(owner: Visitor) -> None:
    owner.opens(f"{CLIENTS}/new?type=web")
    for name in NAMES:
        for label in ("Name", "Redirect URIs", "JavaScript origins (optional)"):
            owner.types(label, name)

        owner.presses("Register the client")

        expect(owner.page.locator(".wrong")).to_contain_text("cannot be a redirect URI")
        expect(owner.page.get_by_label("Redirect URIs")).to_have_value(name)
        holds_no_markup(owner)


def test_a_client_of_another_project_is_not_there(owner: Visitor) -> None:
    foreign = make(owner.site, project_id=PROJECT)
    [secret] = owner.site.do(lambda tx, _: clients.secrets_of(tx, foreign.id))
    missing = foreign.id[::-1][-32:] + foreign.id[32:]
    assert missing != foreign.id

    for verb, path in [
        ("GET", ""),
        ("POST", ""),
        ("POST", "/secrets"),
        ("GET", f"/secrets/{secret.id}/end"),
        ("POST", f"/secrets/{secret.id}/end"),
        ("GET", "/delete"),
        ("POST", "/delete"),
    ]:
        answers = [
            owner.page.context.request.fetch(
                f"{owner.site.url}{CLIENTS}/{client_id}{path}",
                method=verb,
                headers=OWN,
                form={"name": "x", "redirect_uris": CALLBACK} if verb == "POST" else {},
            )
            for client_id in (foreign.id, missing)
        ]

        assert [404, 404] == [answer.status for answer in answers], (verb, path)
        assert answers[0].text().replace(foreign.id, missing) == answers[1].text()
    assert [foreign] == owner.site.do(lambda tx, _: clients.clients_of(tx, PROJECT))
    assert [secret] == owner.site.do(lambda tx, _: clients.secrets_of(tx, foreign.id))


def test_a_secret_of_another_client_is_not_there(owner: Visitor) -> None:
    client, other = make(owner.site), make(owner.site, name="Other")
    [secret] = owner.site.do(lambda tx, _: clients.secrets_of(tx, other.id))

    for number in (str(secret.id), "0", "x", "9" * 30, "-1", "²", "1%2F2"):
        for verb in ("GET", "POST"):
            answer = owner.page.context.request.fetch(
                f"{owner.site.url}{page_of(client)}/secrets/{quote(number, safe='%')}/end",
                method=verb,
                headers=OWN,
            )

            assert 404 == answer.status, number
    assert [secret] == owner.site.do(lambda tx, _: clients.secrets_of(tx, other.id))
