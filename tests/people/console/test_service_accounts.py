"""Service accounts in the console: made, given keys, let in, switched off and deleted."""

import json
import re
from functools import partial
from urllib.parse import quote, unquote

import pytest
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from playwright.sync_api import expect

from leasehold.accounts import projects, service_accounts
from leasehold.accounts.model import ServiceAccountKey
from leasehold.entropy import Entropy
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.storage.transaction import Transaction
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import Visitor
from tests.running_server import PROJECT, RunningServer

ACCOUNTS = f"{AT}/service-accounts"
WORKER = f"worker@{SHOP}.iam.leasehold.internal"
FOREIGN = f"foreign@{PROJECT}.iam.leasehold.internal"
ACCOUNT = f"{ACCOUNTS}/account?email={quote(WORKER)}"
TASKQUEUE = "https://www.googleapis.com/auth/taskqueue"
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def boss(owner: Visitor) -> Visitor:
    """Ada, whose project has an account; another project has one, too."""
    owner.site.do(partial(make, project_id=SHOP, name="worker"))
    owner.site.do(partial(make, project_id=PROJECT, name="foreign"))
    return owner


def make(tx: Transaction, now: int, *, project_id: str, name: str) -> None:
    service_accounts.create(tx, now, Entropy(), project_id=project_id, name=name)


def add_keys(site: RunningServer, count: int, email: str = WORKER) -> list[str]:
    """Keys that nobody has the private half of; their ids, oldest first."""
    return [site.do(partial(_add_key, email=email)).id for _ in range(count)]


def _add_key(tx: Transaction, now: int, *, email: str) -> ServiceAccountKey:
    return service_accounts.add_key(
        tx, now, Entropy(), email=email, public_key="public", certificate="certificate"
    )


def add_queue(tx: Transaction, now: int, *, name: str) -> None:
    let_in = Acl(consumers=frozenset([WORKER]), producers=frozenset([WORKER]))
    queue = Queue(id=0, project_id=SHOP, name=name, mode="pull", created_at=now, acl=let_in)
    configure.create(tx, queue)


def keys(site: RunningServer) -> list[str]:
    return [key.id for key in site.do(lambda tx, _: service_accounts.keys_of(tx, WORKER))]


def test_the_landing_page_leads_to_every_kind(owner: Visitor) -> None:
    owner.opens(f"{AT}/credentials")
    owner.sees("Service accounts", "OAuth clients", "API keys", "Delegations")
    is_in_order(owner.page, "console-credentials-none")
    owner.follows("New API key")
    owner.is_at(f"{AT}/api-keys/new")
    owner.opens(f"{AT}/credentials")

    owner.follows("New service account")

    owner.is_at(f"{ACCOUNTS}/new")


def test_an_account_is_made_by_keyboard_after_a_name_that_cannot_be(owner: Visitor) -> None:
    owner.opens(ACCOUNTS)
    owner.sees("No service accounts yet")
    is_in_order(owner.page, "console-service-accounts-none")
    owner.follows("New service account")
    is_in_order(owner.page, "console-service-account-new")
    tabs_to(owner, "Name")
    types(owner, "Worker 1")
    presses(owner, "Enter")
    box = owner.page.get_by_label("Name", exact=True)
    expect(box).to_have_accessible_description(re.compile("1 to 63 lower-case letters"))
    expect(box).to_have_value("Worker 1")
    is_in_order(owner.page, "console-service-account-new-refused")
    box.fill("worker")

    presses(owner, "Enter")

    owner.is_at(f"{ACCOUNTS}/account")
    owner.sees(f"{WORKER} is made.", "It has none yet", "as consumer it leases")
    is_in_order(owner.page, "console-service-account-no-keys")


def test_the_name_of_another_account_is_refused_beside_its_field(boss: Visitor) -> None:
    boss.opens(f"{ACCOUNTS}/new")
    boss.types("Name", "worker")

    boss.presses("Make the account")

    box = boss.page.get_by_label("Name", exact=True)
    expect(box).to_have_accessible_description(re.compile("There is already a service account"))


def test_what_was_typed_for_a_name_is_shown_as_text(owner: Visitor) -> None:
    for name in NAMES:
        owner.opens(f"{ACCOUNTS}/new")
        owner.types("Name", name)

        owner.presses("Make the account")

        expect(owner.page.get_by_label("Name", exact=True)).to_have_attribute("value", name)
        holds_no_markup(owner)


def test_a_key_file_is_shown_once_and_opens_a_queue(boss: Visitor) -> None:
    boss.site.do(partial(add_queue, name="resize"))
    boss.site.do(lambda tx, _: projects.enable_api(tx, _, project_id=SHOP, api="taskqueue"))
    boss.opens(ACCOUNT)
    boss.presses("Make a key")
    boss.sees("It is shown only now.", "GOOGLE_APPLICATION_CREDENTIALS", "google.auth.default")
    is_in_order(boss.page, "console-service-account-key")
    link = boss.page.get_by_role("link", name=re.compile("^Download worker-[0-9a-f]{12}.json$"))
    text = unquote(str(link.get_attribute("href")).partition(",")[2])

    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # the library's
        json.loads(text), scopes=[TASKQUEUE]
    )
    credentials.refresh(Request())

    answer = boss.site.call("GET", f"{SHOP}/taskqueues/resize/tasks", token=credentials.token)
    assert 200 == answer.status_code
    assert boss.page.locator(".once code").text_content() == text
    boss.follows("I have kept it")
    boss.sees(*keys(boss.site), "resize", "consumer, producer")
    boss.sees_no("PRIVATE KEY")
    is_in_order(boss.page, "console-service-account")


def test_a_key_file_may_be_of_another_universe(boss: Visitor) -> None:
    boss.opens(ACCOUNT)
    boss.unfolds("Options")
    boss.types("Universe domain (optional)", "nowhere")
    boss.presses("Make a key")
    box = boss.page.get_by_label("Universe domain")
    expect(box).to_have_accessible_description(re.compile("labels with dots between"))
    expect(box).to_have_value("nowhere")
    is_in_order(boss.page, "console-service-account-universe")
    assert [] == keys(boss.site)
    box.fill("tasks.example.com")

    boss.presses("Make a key")

    boss.sees('"universe_domain": "tasks.example.com"', "GOOGLE_CLOUD_UNIVERSE_DOMAIN")
    boss.sees_no("with_subject")


def test_an_account_has_ten_keys_at_most(boss: Visitor) -> None:
    add_keys(boss.site, 9)
    boss.opens(ACCOUNT)
    add_keys(boss.site, 1)

    boss.presses("Make a key")

    boss.sees("The account has 10 keys: delete one first.", "as many as an account may have")
    expect(boss.page.get_by_role("button", name="Make a key")).to_have_count(0)
    is_in_order(boss.page, "console-service-account-ten-keys")


def test_a_key_is_deleted_after_being_asked(boss: Visitor) -> None:
    older, newer = add_keys(boss.site, 2)
    boss.opens(ACCOUNT)
    boss.follows(f"Delete … {older}")
    boss.sees(f"Delete key {older[:12]}… of worker?", "Keys that stay1")
    is_in_order(boss.page, "console-service-account-key-delete")
    boss.follows("Cancel")
    assert [older, newer] == keys(boss.site)
    boss.follows(f"Delete … {older}")

    boss.presses("Delete the key")

    boss.sees(f"Key {older[:12]}… is deleted.")
    assert [newer] == keys(boss.site)


def test_a_key_that_somebody_deleted_meanwhile_is_not_there(boss: Visitor) -> None:
    (key,) = add_keys(boss.site, 1)
    boss.opens(ACCOUNT)
    boss.follows(f"Delete … {key}")
    boss.site.do(lambda tx, now: service_accounts.delete_key(tx, now, key))

    boss.presses("Delete the key")

    boss.sees("This is not there", f"Service account {WORKER} has no key")
    is_in_order(boss.page, "console-service-account-key-404")


def test_an_account_is_switched_off_and_on(boss: Visitor) -> None:
    add_keys(boss.site, 2)
    boss.site.do(partial(add_queue, name="resize"))
    boss.opens(ACCOUNT)
    boss.follows("Switch off …")
    boss.sees("Switch worker off?", "Keys2", "Queues that let it in1")
    is_in_order(boss.page, "console-service-account-off")
    boss.presses("Switch the account off")
    boss.sees("worker is off.", "It is off since")
    is_in_order(boss.page, "console-service-account-is-off")
    assert not boss.site.do(lambda tx, _: service_accounts.require(tx, WORKER)).is_active

    boss.presses("Switch the account on")

    boss.sees("worker is on again.")
    assert boss.site.do(lambda tx, _: service_accounts.require(tx, WORKER)).is_active


def test_an_account_is_deleted_when_its_name_is_typed(boss: Visitor) -> None:
    add_keys(boss.site, 3)
    boss.site.do(partial(add_queue, name="resize"))
    boss.opens(ACCOUNT)
    boss.follows("Delete …")
    boss.sees("Keys3", "Queues that let it in1", "a new account of its name")
    boss.types("Type worker to go on", "wroker")
    boss.presses("Delete the account")
    boss.sees("That is not worker")
    expect(boss.page.get_by_label("Type worker")).to_have_value("wroker")
    is_in_order(boss.page, "console-service-account-delete")
    boss.types("Type worker to go on", "worker")

    boss.presses("Delete the account")

    boss.is_at(ACCOUNTS)
    boss.sees(f"{WORKER} is deleted.", "No service accounts yet")


def make_many(tx: Transaction, now: int) -> None:
    for number in range(120):
        make(tx, now, project_id=SHOP, name=f"worker-{number:03}")


def test_many_accounts_have_pages_and_a_search(owner: Visitor) -> None:
    owner.site.do(make_many)
    owner.site.do(lambda tx, now: service_accounts.disable(tx, now, f"worker-000@{WORKER[7:]}"))
    owner.opens(f"{AT}/credentials")
    owner.sees("worker-002", "All 120")
    owner.sees_no("worker-003")
    is_in_order(owner.page, "console-credentials")
    owner.follows("All 120 Service accounts")
    owner.sees("worker-049")
    owner.sees_no("worker-050")
    is_in_order(owner.page, "console-service-accounts")
    owner.follows("Next page")
    owner.sees("worker-050")

    owner.types("Search service accounts", "R-11")
    owner.presses("Search")
    owner.sees("worker-119")
    owner.sees_no("worker-109")
    owner.types("Search service accounts", "<b>nowhere</b>")
    owner.presses("Search")

    owner.sees("No service account has “<b>nowhere</b>” in its address.")
    holds_no_markup(owner)


def test_accounts_and_keys_of_other_projects_are_not_there(boss: Visitor) -> None:
    (foreign,) = add_keys(boss.site, 1, FOREIGN)
    missing = f"missing@{PROJECT}.iam.leasehold.internal"
    request = boss.page.context.request
    tries = [("GET", "account"), ("POST", "account"), ("POST", "enable")]
    tries += [(verb, path) for path in ("disable", "delete") for verb in ("GET", "POST")]
    tries += [("GET", "keys/delete"), ("POST", "keys/delete")]

    for verb, path in tries:
        answers = [
            request.fetch(
                f"{boss.site.url}{ACCOUNTS}/{path}?email={email}&key={foreign}",
                method=verb,
                headers=OWN,
                form={"typed": "foreign"} if verb == "POST" else {},
            )
            for email in (FOREIGN, missing)
        ]

        assert [404, 404] == [answer.status for answer in answers], path
        assert answers[0].text().replace("foreign@", "missing@") == answers[1].text()
    stolen = f"{boss.site.url}{ACCOUNTS}/keys/delete?email={WORKER}&key={foreign}"
    for answer in (request.get(stolen), request.post(stolen, form={"x": ""}, headers=OWN)):
        assert 404 == answer.status
    assert boss.site.do(lambda tx, _: service_accounts.find_key(tx, foreign)) is not None


def test_what_an_address_names_is_text_on_every_page_of_accounts(boss: Visitor) -> None:
    for name in NAMES:
        for path in (
            f"account?email={quote(name)}",
            f"keys/delete?email={WORKER}&key={quote(name)}",
        ):
            assert 404 == boss.opens(f"{ACCOUNTS}/{path}").status

            holds_no_markup(boss)


def test_a_page_of_accounts_that_is_none_is_refused(owner: Visitor) -> None:
    for token in ("%C3%A4", "YQ", "a" * 2000):
        assert 400 == owner.opens(f"{ACCOUNTS}?page={token}").status
