"""The API explorer: asked for consent first, it runs every method against the live server."""

import ast
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Request, expect

from leasehold.accounts import projects
from leasehold.administration import audit
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, reports
from leasehold.usage.key_model import NewKey
from leasehold.web.administration import methods as administration
from leasehold.web.api import methods as taskqueue
from leasehold.web.console.explorer_methods import Method, catalogue
from leasehold.web.console.explorer_request import in_python, in_shell, shown
from leasehold.web.console.forms import Typed
from tests.browser import NewPage, PageErrors
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.console.test_shell import OWN, add_mallory, asks
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import SECRET_BOX, RunningServer

EXPLORER = f"{AT}/explorer"
LEASE = f"{EXPLORER}/taskqueue.v1beta2/tasks.lease"
INSERT = f"{EXPLORER}/taskqueue.v1beta2/tasks.insert"
QUEUES = f"{EXPLORER}/leasehold.v1/queues"
AUTHORIZED = f"{EXPLORER}/authorized"
QUEUE = "thumbs"
LEASES = "Lease tasks, and change and delete those in your queues"
INSERTS = "Add, lease, change and delete tasks, and manage queues"
CONSUMER = "https://www.googleapis.com/auth/taskqueue.consumer"
TASKQUEUE = "https://www.googleapis.com/auth/taskqueue"

HOSTILE = 'it\'s "q" $(id) `id` \\ \n\t# zoë 🐝 \u202e'

ALL = catalogue("https://tasks.example.com", Settings())
EVERY = [method for api in ALL.apis for method in api.methods]


@pytest.fixture
def explorer(owner: Visitor) -> Visitor:
    """Ada, whose project has the Task Queue API and a queue."""
    owner.site.do(make_queue)
    return owner


def make_queue(tx: Transaction, now: int) -> None:
    projects.enable_api(tx, now, project_id=SHOP, api="taskqueue")
    made = Queue(id=0, project_id=SHOP, name=QUEUE, mode="pull", created_at=now)
    configure.create(tx, made)


def fills(visitor: Visitor, **values: str) -> None:
    """Fills parameters in."""
    for name, value in values.items():
        visitor.page.locator(f"#parameter-{name}").fill(value)


def authorizes(visitor: Visitor, path: str) -> None:
    """Gives the explorer what the method at this page needs, by the real consent page."""
    visitor.opens(path)
    visitor.presses("Authorize")
    visitor.presses("Allow")
    visitor.sees("The explorer has access now.")


def token_of(visitor: Visitor) -> str:
    """The token as the page's script gets it."""
    answer = visitor.page.context.request.post(
        f"{visitor.site.url}{EXPLORER}/token", headers=OWN, form={"x": ""}
    )
    assert 200 == answer.status, answer.text()
    assert "no-store" == answer.headers["cache-control"]
    return str(answer.json()["token"])


def explorers(site: RunningServer) -> list[Client]:
    """The project's clients that are the explorer."""
    found = site.do(lambda tx, _: clients.clients_of(tx, SHOP))
    return [client for client in found if client.redirect_uris == (site.url + AUTHORIZED,)]


def calls(site: RunningServer) -> dict[str, int]:
    """The project's calls by method."""
    now = site.clock.now()
    found = site.do(
        lambda tx, _: reports.report(
            tx, now, SHOP, since=now, until=now + 1, period="day", by=["method"]
        )
    )
    return {line.values[0]: line.calls for line in found.lines}


def queue_names(site: RunningServer) -> list[str]:
    found = site.do(
        lambda tx, _: configure.list_queues(tx, SHOP, after_name="", prefix="", num_queues=9)
    )
    return [queue.name for queue in found]


def asked_for(visitor: Visitor, path: str, scope: str = CONSUMER) -> dict[str, str]:
    """What the authorization endpoint is sent when Authorize is pressed, unseen."""
    answer = visitor.page.context.request.post(
        f"{visitor.site.url}{path}/authorize", headers=OWN, form={"scope": scope}, max_redirects=0
    )
    assert 303 == answer.status, answer.text()
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def allows(visitor: Visitor, parameters: dict[str, str]) -> dict[str, str]:
    """Says yes at the consent page; what the browser would bring back, and does not."""
    request = visitor.page.context.request
    page = request.get(f"{visitor.site.url}/o/oauth2/v2/auth?{urlencode(parameters)}").text()
    found = re.search(r'name="request" value="([^"]+)"', page)
    assert found, page
    form: dict[str, str | float | bool] = {
        "request": found[1],
        "answer": "allow",
        "scope": parameters["scope"],
    }
    url = f"{visitor.site.url}/o/oauth2/consent"
    answer = request.post(url, headers=OWN, form=form, max_redirects=0)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def brings(visitor: Visitor, answer: dict[str, str]) -> tuple[int, str]:
    """Comes back to the explorer with this answer."""
    return asks(visitor, "GET", f"{SHOP}/explorer/authorized?{urlencode(answer)}", {})


def has_access(visitor: Visitor) -> bool:
    status, _ = asks(visitor, "POST", f"{SHOP}/explorer/token", OWN)
    return status == 200


# The list of methods


def test_every_method_of_the_server_is_there_and_no_other() -> None:
    of_queues = {(f"taskqueue.{v}", m.id) for m in taskqueue.METHODS for v in m.versions}
    of_projects = {("leasehold.v1", method.id) for method in administration.METHODS}

    assert of_queues | of_projects == {(method.api, method.id) for method in EVERY}


def test_what_takes_something_away_asks_first() -> None:
    taken = ("Deletes", "Destroys", "Ends", "Removes", "Takes ", "Switches a project off")

    assert [m.id for m in EVERY if m.text.startswith(taken) and not m.destroys] == []
    assert not any(method.destroys for method in EVERY if method.verb == "GET")


def test_every_method_has_a_page(explorer: Visitor) -> None:
    for method in EVERY:
        status, text = asks(explorer, "GET", f"{SHOP}/explorer/{method.api}/{method.name}", {})

        assert (200, True) == (status, f"<h1>{method.name}</h1>" in text), method.id


def test_one_finds_a_method_by_words_also_without_scripts(
    explorer: Visitor, new_page: NewPage
) -> None:
    ada = Visitor(new_page(java_script_enabled=False), explorer.site)
    ada.has_signed_in()
    ada.opens(EXPLORER)
    ada.sees("TaskQueue API v1beta1", "Leasehold Administration API")
    ada.types("Search the methods", "purge QUEUE")
    ada.presses("Search")
    ada.sees("Destroys all tasks that are in a queue now")
    ada.sees_no("tasks.lease")

    ada.follows("queues.purge")

    ada.is_at(f"{QUEUES}.purge")
    ada.opens(f"{EXPLORER}?search=unicorns")
    ada.sees("No method is like that")


def test_the_list_is_in_order(explorer: Visitor) -> None:
    explorer.opens(EXPLORER)
    is_in_order(explorer.page, "console-explorer")


@pytest.mark.parametrize("path", ["maps.v1/tasks.lease", "taskqueue.v1beta1/tasks.insert"])
def test_a_method_that_is_none_is_not_there(owner: Visitor, path: str) -> None:
    assert 404 == owner.opens(f"{EXPLORER}/{path}").status

    owner.sees("There is no such method: look for it in the list of all methods.")


# Running methods


def test_a_task_is_inserted_and_leased_and_both_calls_are_counted(
    explorer: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    urls: list[str] = []
    explorer.page.on("request", lambda request: urls.append(request.url))
    explorer.opens(INSERT)
    is_in_order(explorer.page, "console-explorer-insert")
    explorer.page.locator("#body").fill('{"payloadBase64": "aGVsbG8=", "tag": "<b>"}')
    explorer.presses("Authorize")
    explorer.sees(f"{SHOP} asks for access", INSERTS)
    explorer.presses("Allow")
    explorer.sees("The explorer has access now.", "Enough for this method")
    expect(explorer.page.locator("#parameter-taskqueue")).to_have_value(QUEUE)
    expect(explorer.page.locator("#body")).to_have_value(re.compile("<b>"))
    explorer.presses("Run")
    explorer.sees("200 OK, after")
    expect(explorer.page.locator("#answer-body")).to_contain_text('"payloadBase64": "aGVsbG8="')

    explorer.opens(LEASE)
    explorer.sees("Enough for this method")
    fills(explorer, numTasks="1", leaseSecs="60")
    explorer.presses("Run")

    expect(explorer.page.locator("#answer-body")).to_contain_text('"tag": "<b>"')
    explorer.unfolds("Headers")
    explorer.sees("content-type")
    is_in_order(explorer.page, "console-explorer-leased")
    assert {"taskqueue.tasks.insert": 1, "taskqueue.tasks.lease": 1} == calls(explorer.site)
    appears_nowhere(explorer, token_of(explorer), [*urls, caplog.text])


def appears_nowhere(visitor: Visitor, token: str, texts: list[str]) -> None:
    """No page, address, storage or log holds the token, and no cookie either, as it is."""
    page = visitor.page
    kept = page.evaluate(
        "JSON.stringify([document.cookie, {...sessionStorage}, {...localStorage}])"
    )
    cookies = [str(cookie["value"]) for cookie in page.context.cookies()]
    assert not [text for text in [page.content(), kept, *cookies, *texts] if token in text]
    for cookie in page.context.cookies():
        if "explorer" in str(cookie["name"]):
            assert (True, "Lax") == (cookie["httpOnly"], cookie["sameSite"])


def test_a_token_that_is_too_narrow_is_refused_and_may_be_widened(
    explorer: Visitor, page_errors: PageErrors
) -> None:
    authorizes(explorer, f"{QUEUES}.list")
    explorer.presses("Run")
    explorer.sees("200 OK", f'"name": "{QUEUE}"')
    explorer.opens(f"{QUEUES}.create")
    explorer.sees("Not enough for this method")
    explorer.page.locator("#body").fill('{"name": "more"}')

    explorer.presses("Run")

    explorer.sees("403 Forbidden", "Your token does not open this method.")
    page_errors.expect("403")
    is_in_order(explorer.page, "console-explorer-too-narrow")
    explorer.presses("Authorize")
    explorer.presses("Allow")
    explorer.sees("Enough for this method", "See everything in your projects but secrets")
    explorer.presses("Run")
    explorer.sees("200 OK")
    assert ["more", QUEUE] == queue_names(explorer.site)
    assert 1 == len(explorers(explorer.site))


def test_what_destroys_is_run_after_a_yes_alone(explorer: Visitor) -> None:
    authorizes(explorer, f"{QUEUES}.delete")
    explorer.presses("Run …")
    expect(explorer.page.get_by_role("dialog")).to_contain_text(f"DELETE /admin/v1/projects/{SHOP}")
    is_in_order(explorer.page, "console-explorer-ask")
    explorer.presses("Cancel")
    expect(explorer.page.get_by_role("dialog")).to_be_hidden()
    explorer.presses("Run …")
    expect(explorer.page.get_by_role("button", name="Cancel")).to_be_focused()
    presses(explorer, "Escape")
    expect(explorer.page.get_by_role("dialog")).to_be_hidden()
    assert [QUEUE] == queue_names(explorer.site)
    explorer.presses("Run …")

    explorer.presses("Run it")

    explorer.sees("204 No Content")
    assert [] == queue_names(explorer.site)


def test_what_the_api_refuses_is_shown(explorer: Visitor, page_errors: PageErrors) -> None:
    authorizes(explorer, LEASE)
    fills(explorer, numTasks="1", leaseSecs="60", taskqueue="missing")
    explorer.presses("Run")
    explorer.sees("404 Not Found", "missing")

    fills(explorer, numTasks="many", taskqueue=QUEUE)
    explorer.presses("Run")

    explorer.sees("400 Bad Request", "Invalid integer value")
    page_errors.expect("Failed to load resource")


def test_another_persons_project_stays_closed(explorer: Visitor, page_errors: PageErrors) -> None:
    authorizes(explorer, f"{QUEUES}.list")
    explorer.site.do(make_foreign)
    fills(explorer, project="zoo")

    explorer.presses("Run")

    explorer.sees("404 Not Found")
    explorer.sees_no("lions")
    page_errors.expect("404")
    explorer.opens(LEASE)
    fills(explorer, project="zoo", taskqueue="lions", numTasks="1", leaseSecs="60")
    explorer.presses("Run")
    explorer.sees("403 Forbidden")
    page_errors.expect("403")


def make_foreign(tx: Transaction, now: int) -> None:
    projects.create(tx, now, project_id="zoo", owner_email=BOB)
    configure.create(tx, Queue(id=0, project_id="zoo", name="lions", mode="pull", created_at=now))


def test_without_a_token_the_call_is_refused(explorer: Visitor, page_errors: PageErrors) -> None:
    explorer.opens(LEASE)
    fills(explorer, numTasks="1", leaseSecs="60")
    explorer.presses("Run")
    explorer.sees("The explorer's access is still to be given: press Authorize first.")
    page_errors.expect("409")
    explorer.page.get_by_label("No token").check()
    expect(explorer.page.locator("#curl code")).not_to_contain_text("TOKEN")

    explorer.presses("Run")

    explorer.sees("401 Unauthorized", "There was no token, or it has ended.")
    page_errors.expect("401")


def test_an_api_key_goes_along_and_is_kept_nowhere(explorer: Visitor) -> None:
    key = explorer.site.do(make_key)
    sent: list[Request] = []
    authorizes(explorer, LEASE)
    explorer.page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  # Playwright takes no function written in C
    fills(explorer, numTasks="1", leaseSecs="60")
    explorer.page.get_by_label("An API key").check()
    explorer.page.get_by_label("API key", exact=True).fill("no key ë")
    explorer.presses("Run")
    explorer.sees("That is no API key: it has letters, digits and signs alone.")
    explorer.page.get_by_label("API key", exact=True).fill(key)
    expect(explorer.page.locator("#curl code")).to_contain_text("X-Goog-Api-Key: $KEY")

    explorer.presses("Run")

    explorer.sees("200 OK")
    with_key = [one for one in sent if key in json.dumps([one.all_headers(), one.url])]
    assert [f"/taskqueue/v1beta2/projects/{SHOP}"] == [
        urlsplit(one.url).path.partition("/taskqueues")[0] for one in with_key
    ]
    assert not [one for one in sent if key in (one.post_data or "")]
    assert key not in explorer.page.content()


def make_key(tx: Transaction, now: int) -> str:
    _, string = api_keys.create(tx, now, Entropy(), SECRET_BOX, NewKey(project_id=SHOP, name="k"))
    return string.text


def test_a_method_is_run_by_keyboard(explorer: Visitor) -> None:
    explorer.opens(LEASE)
    tabs_to(explorer, "Authorize")
    presses(explorer, "Enter")
    explorer.sees("asks for access")
    tabs_to(explorer, "Allow")
    presses(explorer, "Enter")
    explorer.sees("The explorer has access now.")

    tabs_to(explorer, "numTasks integer")
    types(explorer, "1")
    presses(explorer, "Tab")
    types(explorer, "60")
    presses(explorer, "Enter")

    explorer.sees("200 OK")


def test_at_another_address_of_the_server_one_is_led_to_its_own(
    explorer: Visitor, page_errors: PageErrors
) -> None:
    elsewhere = explorer.site.url.replace("localhost", "127.0.0.1")
    (cookie,) = [str(c["value"]) for c in explorer.page.context.cookies()]
    explorer.page.context.add_cookies(
        [{"name": "leasehold-session", "value": cookie, "url": elsewhere}]
    )
    explorer.opens(elsewhere + LEASE)
    explorer.sees("You see this page at another address than the server")
    fills(explorer, numTasks="1", leaseSecs="60")
    explorer.page.get_by_label("No token").check()
    explorer.presses("Run")
    explorer.sees("401 Unauthorized")
    page_errors.expect("401")

    explorer.follows("open it there")

    explorer.is_at(LEASE)


def test_who_is_signed_out_meanwhile_is_told(explorer: Visitor) -> None:
    explorer.opens(LEASE)
    fills(explorer, numTasks="1", leaseSecs="60")
    explorer.page.context.clear_cookies()

    explorer.presses("Run")

    explorer.sees("You are signed out, or have no part in this project any more")


# Consent


def test_a_no_gives_nothing_and_is_told(explorer: Visitor) -> None:
    explorer.opens(LEASE)
    explorer.presses("Authorize")

    explorer.presses("Refuse")

    explorer.is_at(LEASE)
    explorer.sees("You said no, so the explorer was given nothing.")
    assert not has_access(explorer)


def test_nothing_ticked_is_refused_beside_the_ticks(explorer: Visitor) -> None:
    explorer.opens(LEASE)
    expect(explorer.page.get_by_label(LEASES)).to_be_checked()
    expect(explorer.page.get_by_label(INSERTS)).not_to_be_checked()
    explorer.page.get_by_label(LEASES).uncheck()

    explorer.presses("Authorize")

    explorer.sees("Tick what the explorer may do for you.")
    is_in_order(explorer.page, "console-explorer-nothing-ticked")
    for scope in ("https://evil.example", "openid"):
        answer = explorer.page.context.request.post(
            f"{explorer.site.url}{LEASE}/authorize", headers=OWN, form={"scope": scope}
        )
        assert 400 == answer.status


def test_an_api_that_is_off_is_told_before_and_after(owner: Visitor) -> None:
    owner.opens(LEASE)
    owner.sees("This API is switched off for photo-shop")
    is_in_order(owner.page, "console-explorer-api-off")

    owner.presses("Authorize")

    owner.is_at(LEASE)
    owner.sees("The explorer was given nothing", "taskqueue is switched off")


def test_the_explorer_is_a_client_that_is_registered_once_and_audited(explorer: Visitor) -> None:
    first = asked_for(explorer, LEASE)
    second = asked_for(explorer, INSERT)

    (client,) = explorers(explorer.site)
    assert [client.id] * 2 == [first["client_id"], second["client_id"]]
    assert ("browser", "API explorer") == (client.type, client.name)
    assert first["state"] != second["state"]
    assert "S256" == first["code_challenge_method"]
    wanted = audit.Search(action="clients.create")
    entries = explorer.site.do(
        lambda tx, _: audit.search(tx, Actor("person", ADA, ""), project_id=SHOP, wanted=wanted)
    )
    assert [ADA] == [entry.actor for entry in entries.items]


def test_a_client_that_could_be_answered_elsewhere_too_is_not_taken_for_the_explorer(
    explorer: Visitor,
) -> None:
    uris = (explorer.site.url + AUTHORIZED, "https://evil.example/")
    new = NewClient(project_id=SHOP, type="browser", name="API explorer", redirect_uris=uris)
    explorer.site.do(lambda tx, now: clients.create(tx, now, Entropy(), SECRET_BOX, new))

    asked = asked_for(explorer, LEASE)

    assert [asked["client_id"]] == [client.id for client in explorers(explorer.site)]


def test_access_is_removed_and_the_token_with_it(explorer: Visitor) -> None:
    authorizes(explorer, LEASE)
    token = token_of(explorer)
    explorer.sees("Until ")

    explorer.presses("Remove access")

    explorer.sees("The explorer's access is removed: its token is refused from now on.")
    assert not has_access(explorer)
    path = f"{SHOP}/taskqueues/{QUEUE}"
    assert 401 == explorer.site.call("GET", path, token=token).status_code


def test_access_that_has_ended_is_given_again_and_what_was_typed_stays(explorer: Visitor) -> None:
    authorizes(explorer, LEASE)
    explorer.site.clock.advance(3601)
    explorer.opens(LEASE)
    explorer.sees("access has ended. Authorize it again")
    assert not has_access(explorer)
    fills(explorer, numTasks="7", leaseSecs="60")
    explorer.page.get_by_label("No token").check()

    explorer.presses("Authorize")
    explorer.presses("Allow")

    explorer.sees("Enough for this method")
    expect(explorer.page.locator("#parameter-numTasks")).to_have_value("7")
    expect(explorer.page.get_by_label("No token")).to_be_checked()
    kept = explorer.page.evaluate("Object.keys(sessionStorage)")
    assert not [key for key in kept if key.startswith("explorer")]


def test_access_taken_back_elsewhere_has_ended_here(explorer: Visitor) -> None:
    authorizes(explorer, LEASE)
    explorer.opens("/account/access")
    explorer.presses("Remove access")
    explorer.opens(LEASE)

    explorer.sees("access has ended. Authorize it again")


# Attacks


def test_an_answer_with_a_forged_state_gives_nothing(explorer: Visitor) -> None:
    asked = asked_for(explorer, LEASE)
    answer = allows(explorer, asked)
    forged = [
        answer | {"state": "x" * 43},
        {name: value for name, value in answer.items() if name != "state"},
        answer | {"iss": "https://evil.example"},
    ]
    for one in forged:
        status, text = brings(explorer, one)

        assert 400 == status
        assert "this answer belongs to no question" in text.lower()
        assert not has_access(explorer)


def test_an_answer_is_taken_once(explorer: Visitor) -> None:
    answer = allows(explorer, asked_for(explorer, LEASE))
    assert 303 == brings(explorer, answer)[0]
    assert has_access(explorer)

    assert 400 == brings(explorer, answer)[0]


def test_a_code_that_was_asked_for_elsewhere_is_refused(explorer: Visitor) -> None:
    stolen = allows(explorer, asked_for(explorer, LEASE))
    asked = asked_for(explorer, LEASE)  # with a verifier of its own

    status, text = brings(explorer, stolen | {"state": asked["state"]})

    assert 400 == status
    assert "The explorer was given nothing" in text
    assert not has_access(explorer)


def test_nobody_is_given_somebody_elses_access(explorer: Visitor, admin: Visitor) -> None:
    answer = allows(admin, asked_for(admin, LEASE))
    cookies = {str(cookie["name"]): str(cookie["value"]) for cookie in admin.page.context.cookies()}
    plants(explorer, cookies["leasehold-explorer-request"], "leasehold-explorer-request")
    assert 400 == brings(explorer, answer)[0]
    assert 303 == brings(admin, answer)[0]
    (token,) = [c for c in admin.page.context.cookies() if c["name"] == "leasehold-explorer-token"]

    plants(explorer, str(token["value"]), "leasehold-explorer-token")

    assert has_access(admin)
    assert not has_access(explorer)
    for nonsense in ("x", "é", "A" * 5000, "=" * 40):
        headers = OWN | {"Cookie": f"leasehold-explorer-token={nonsense}"}
        assert 500 != asks(explorer, "POST", f"{SHOP}/explorer/token", headers)[0]


def plants(visitor: Visitor, value: str, name: str) -> None:
    visitor.page.context.add_cookies([{"name": name, "value": value, "url": visitor.site.url}])


def test_a_token_of_one_project_is_not_given_out_in_another(explorer: Visitor) -> None:
    explorer.site.do(lambda tx, now: projects.create(tx, now, project_id="zoo", owner_email=ADA))
    allowed = allows(explorer, asked_for(explorer, LEASE))
    brings(explorer, allowed)

    assert has_access(explorer)
    assert 409 == asks(explorer, "POST", "zoo/explorer/token", OWN)[0]


def test_the_token_is_not_given_to_a_page_of_another_site(
    explorer: Visitor, stranger: Visitor
) -> None:
    brings(explorer, allows(explorer, asked_for(explorer, LEASE)))
    explorer.site.do(add_mallory)
    stranger.has_signed_in(email="mallory@example.com")

    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert 403 == asks(explorer, "POST", f"{SHOP}/explorer/token", foreign)[0]
    assert 405 == asks(explorer, "GET", f"{SHOP}/explorer/token", {})[0]
    assert 404 == asks(stranger, "POST", f"{SHOP}/explorer/token", OWN)[0]


def test_what_is_typed_and_what_is_answered_is_shown_as_text(explorer: Visitor) -> None:
    authorizes(explorer, INSERT)
    for name in NAMES:
        explorer.opens(f"{LEASE}?taskqueue={quote(name)}&tag={quote(name)}")
        expect(explorer.page.locator("#parameter-taskqueue")).to_have_value(name)
        holds_no_markup(explorer)
    explorer.opens(INSERT)
    explorer.page.locator("#body").fill(json.dumps({"payloadBase64": "", "tag": "".join(NAMES)}))
    explorer.presses("Run")
    explorer.sees("200 OK", "<img src=x onerror=alert(1)>")

    holds_no_markup(explorer)


# The request as it is shown


@given(st.text())
def test_a_word_of_the_shell_is_one_word(text: str) -> None:
    assert [text] == shlex.split(in_shell(text))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON)
def test_what_json_can_say_python_reads_alike(value: object) -> None:
    assert value == ast.literal_eval(in_python(value))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.booleans())
def test_nothing_that_is_typed_breaks_out_of_the_lines_shown(text: str, is_in_body: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    method = found("taskqueue.v1beta2", "tasks.insert")
    value = {"tag": text}
    typed = (
        {"body": json.dumps(value, ensure_ascii=False)}
        if is_in_body
        else {
            "parameter.quotaUser": text,
            "parameter.taskqueue": f"q{text}"[:1000],
        }
    )

    request = shown(method, Typed({name: [one] for name, one in typed.items()}), "http://x")

    words = shlex.split(request.curl.replace(" \\\n  -", " -"))
    assert ["curl", "-X", "POST"] == words[:3]
    assert words[3].startswith("http://x/taskqueue/v1beta2/projects/PROJECT/taskqueues/")
    assert (10 if is_in_body else 6) == len(words)
    calls_made = [
        node for node in ast.walk(ast.parse(request.python)) if isinstance(node, ast.Call)
    ]
    assert 6 == len(calls_made)
    assert all(c.isprintable() or c in "\n\t" for c in request.curl + request.python)
    if is_in_body and request.body:
        assert value == json.loads(request.body)


def found(api: str, name: str) -> Method:
    method = ALL.find(api, name)
    assert method is not None
    return method


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{", "that is not JSON: expecting property name"),
        ("[1]", "every method takes an object"),
        ('{"a": NaN}', "NaN is no number there"),
        ('{"a": 1e999}', "a number in it is too large"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a": ' + "1" * 5_000 + "}", "not JSON for every reader"),
    ],
)
def test_a_body_that_is_none_is_refused_beside_it(
    explorer: Visitor, body: str, problem: str
) -> None:
    headers = OWN | {"Accept": "application/json"}
    answer = explorer.page.context.request.post(
        f"{explorer.site.url}{INSERT}", headers=headers, form={"body": body}
    )

    assert "body" == answer.json()["at"]
    assert problem.lower() in answer.json()["problem"].lower()


def test_what_is_wrong_is_shown_beside_its_field_as_one_types(explorer: Visitor) -> None:
    explorer.opens(INSERT)

    explorer.page.locator("#body").fill("{'a': 1}")
    explorer.sees("That is not JSON: expecting property name enclosed in double quotes")
    expect(explorer.page.locator("#body")).to_have_accessible_description(re.compile("not JSON"))
    is_in_order(explorer.page, "console-explorer-not-json")
    explorer.page.locator("#body").fill("{}")
    fills(explorer, taskqueue="..")

    explorer.sees("No address can hold a single or double point between slashes.")
    explorer.sees_no("That is not JSON")


def test_a_long_body_goes_into_a_file() -> None:
    body = json.dumps({"payloadBase64": "A" * 100_000})
    request = shown(found("taskqueue.v1beta2", "tasks.insert"), Typed({"body": [body]}), "http://x")

    assert "--data-binary @body.json" in request.curl
    assert 'json.load(open("body.json"))' in request.python
    assert body == request.body


def runs(line: str, token: str) -> str:
    """What a shell prints for the line."""
    return printed(["/bin/sh", "-c", line], token)


def printed(command: list[str], token: str) -> str:
    known = os.environ | {"TOKEN": token}
    done = subprocess.run(
        command, env=known, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_the_lines_shown_do_what_the_page_does(explorer: Visitor) -> None:
    authorizes(explorer, INSERT)
    token = token_of(explorer)
    body = json.dumps({"payloadBase64": "", "tag": HOSTILE}, ensure_ascii=False)
    explorer.page.locator("#body").fill(body)
    expect(explorer.page.locator("#curl code")).to_contain_text("zoë")
    curl, python = explorer.reads("#curl code"), explorer.reads("#python code")

    by_curl = json.loads(runs(f"{curl} -sS", token))
    by_python = ast.literal_eval(printed([sys.executable, "-c", python], token))

    assert [HOSTILE, HOSTILE] == [by_curl["tag"], by_python["tag"]]
    explorer.opens(f"{LEASE}?numTasks=9&leaseSecs=60&groupByTag=true")
    leased = json.loads(runs(f"{explorer.reads('#curl code')} -sS", token))
    assert [HOSTILE, HOSTILE] == [task["tag"] for task in leased["items"]]


def test_the_lines_shown_administer_too(explorer: Visitor) -> None:
    authorizes(explorer, f"{EXPLORER}/leasehold.v1/keys.create")
    token = token_of(explorer)
    name = 'it\'s "q" $(id) `id` \\ zoë 🐝'
    explorer.page.locator("#body").fill(json.dumps({"name": name}, ensure_ascii=False))
    expect(explorer.page.locator("#curl code")).to_contain_text("zoë")
    curl, python = explorer.reads("#curl code"), explorer.reads("#python code")

    by_curl = json.loads(runs(f"{curl} -sS", token))
    status, _, by_python = printed([sys.executable, "-c", python], token).partition(" ")

    assert ("200", [name] * 2) == (
        status,
        [by_curl["key"]["name"], json.loads(by_python)["key"]["name"]],
    )


def test_without_scripts_one_is_shown_what_to_send(explorer: Visitor, new_page: NewPage) -> None:
    ada = Visitor(new_page(java_script_enabled=False), explorer.site)
    ada.has_signed_in()
    ada.opens(LEASE)
    ada.sees("To run it from this page the browser must let its scripts run.", "NUM_TASKS")
    fills(ada, numTasks="3", leaseSecs="60", tag="it's")

    ada.presses("Show the request")

    ada.is_at(LEASE)
    assert "numTasks=3&leaseSecs=60&tag=it%27s" in ada.reads("#curl code")
    expect(ada.page.locator("#parameter-tag")).to_have_value("it's")
    fills(ada, taskqueue="..")
    ada.presses("Show the request")
    ada.sees("No address can hold a single or double point between slashes.")
