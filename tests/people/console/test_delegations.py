"""Delegations in the console: seen by members, given by the operator alone."""

from functools import partial
from urllib.parse import quote

from leasehold.accounts import service_accounts
from leasehold.entropy import Entropy
from leasehold.oauth2 import delegations
from leasehold.storage.transaction import Transaction
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import Visitor
from tests.running_server import PROJECT

DELEGATIONS = f"{AT}/delegations"
WORKER = f"worker@{SHOP}.iam.leasehold.internal"
SCOPES = (
    "https://www.googleapis.com/auth/taskqueue https://www.googleapis.com/auth/taskqueue.consumer"
)


def delegate(
    tx: Transaction, now: int, *, count: int, project_id: str = SHOP, name: str = "worker"
) -> None:
    made = service_accounts.create(tx, now, Entropy(), project_id=project_id, name=name)
    for number in range(count):
        domain = f"{name}-{number:02}.example.com"
        delegations.add(tx, now, account_email=made.email, domain=domain, scope=SCOPES)


def test_who_has_none_is_told_who_adds_them(owner: Visitor) -> None:
    owner.opens(f"{AT}/credentials")

    owner.follows("None yet: how to add one (delegations)")

    owner.is_at(DELEGATIONS)
    owner.sees(f"leasehold delegation add {WORKER} \\")
    is_in_order(owner.page, "console-delegations-none")


def test_delegations_are_listed_with_their_scopes(owner: Visitor) -> None:
    owner.site.do(partial(delegate, count=2))
    owner.site.do(partial(delegate, count=1, project_id=PROJECT, name="foreign"))
    owner.opens(f"{AT}/credentials")
    owner.follows("All 2 (delegations)")

    owner.sees("worker-00.example.com", "worker-01.example.com")
    rows = owner.page.locator("tbody tr").first.locator("code").all_inner_texts()
    assert ["taskqueue", "taskqueue.consumer"] == rows
    owner.sees_no("foreign")
    is_in_order(owner.page, "console-delegations")
    owner.page.get_by_role("link", name=WORKER).first.click()

    owner.is_at(f"{AT}/service-accounts/account")
    owner.sees("Acts for users of")


def test_many_delegations_have_pages_and_a_search(owner: Visitor) -> None:
    owner.site.do(partial(delegate, count=60))
    owner.opens(DELEGATIONS)
    owner.follows("Next page")
    owner.sees("worker-59.example.com")
    owner.types("Search delegations", "ER-1")
    owner.presses("Search")
    owner.sees("worker-19.example.com")
    owner.sees_no("worker-20.example.com")

    for name in NAMES:
        owner.opens(f"{DELEGATIONS}?search={quote(name)}")

        owner.sees(f"No delegation has “{name}” in it.")
        holds_no_markup(owner)


def test_no_form_adds_a_delegation(owner: Visitor) -> None:
    answer = owner.page.context.request.post(
        f"{owner.site.url}{DELEGATIONS}",
        form={"email": WORKER, "domain": "example.com"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )

    assert 405 == answer.status
