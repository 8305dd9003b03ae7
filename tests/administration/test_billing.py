"""Who may see bills and set prices, and what the audit log says of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from leasehold.accounts import projects, users
from leasehold.administration import billing
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.errors import Forbidden, NotFound
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import EXAMPLE
from tests.usage.meter import Meter, metering

ROOT = Actor("operator", "root", address="tasks.example.com")
ADA = Actor("person", "ada@example.com", address="192.0.2.1")
EVE = Actor("person", "eve@example.com", address="192.0.2.2")
WORKER = Actor("service_account", "ada@example.com", address="192.0.2.3")  # a name proves nothing

NOVEMBER = Month(2026, 11)
DECEMBER = Month(2026, 12)

SQL = parse("""
-- name: audited
select action, project_id, target, before, after
  from audit_entries
 order by number
""")


@pytest.fixture
def meter(database_url: str) -> Iterator[Meter]:
    with metering(database_url) as made:
        made.do(people)
        made.call(times=2)
        yield made


def people(tx: Transaction, now: int) -> None:
    for name in ("ada", "eve"):
        users.create(tx, now, Entropy(), email=f"{name}@example.com", password_hash=None)
        projects.create(tx, now, project_id=f"of-{name}", owner_email=f"{name}@example.com")
    projects.create(tx, now, project_id="shop", owner_email="ada@example.com")


def audited(meter: Meter) -> list[tuple[object, ...]]:
    return meter.do(lambda tx, _: tx.all(SQL.audited))


@pytest.mark.parametrize("actor", [ADA, ROOT])
def test_admins_and_operators_see_a_projects_bill(meter: Meter, actor: Actor) -> None:
    bill = meter.do(partial(billing.get_bill, actor=actor, project_id="shop", month=NOVEMBER))
    running = meter.do(partial(billing.get_bill, actor=actor, project_id="shop"))

    assert bill == running
    assert bill.lines[0].quantity == 2


@pytest.mark.parametrize("actor", [ADA, ROOT])
def test_they_see_of_which_months_there_are_bills(meter: Meter, actor: Actor) -> None:
    meter.at("2026-12-24 12:00").fold()

    months = meter.do(partial(billing.list_months, actor=actor, project_id="shop"))

    assert [DECEMBER, NOVEMBER] == months


@pytest.mark.parametrize("actor", [EVE, WORKER])
@pytest.mark.parametrize("see", [billing.get_bill, billing.list_months])
def test_for_others_the_project_is_not_there(
    meter: Meter, actor: Actor, see: Callable[..., object]
) -> None:
    said = []
    for project_id in ("shop", "missing"):
        with pytest.raises(NotFound) as refusal:
            meter.do(partial(see, actor=actor, project_id=project_id))
        said.append(refusal.value.message.replace(project_id, "PROJECT"))

    assert said[0] == said[1]


OF_OPERATORS: list[Callable[..., object]] = [
    partial(billing.set_price_sheet, from_month=DECEMBER, sheet=EXAMPLE),
    billing.list_price_sheets,
    partial(billing.export_bills, month=NOVEMBER),
]


@pytest.mark.parametrize("act", OF_OPERATORS)
def test_prices_and_everybodys_bills_are_the_operators(
    meter: Meter, act: Callable[..., object]
) -> None:
    for actor in (ADA, EVE, WORKER):
        with pytest.raises(Forbidden, match="only the operator"):
            meter.do(partial(act, actor=actor))

    assert audited(meter) == []
    assert meter.do(partial(billing.list_price_sheets, actor=ROOT)) == []


def test_a_price_sheet_is_audited_and_setting_the_same_again_is_not(meter: Meter) -> None:
    dearer = replace(EXAMPLE, currency="USD")
    for sheet in (EXAMPLE, EXAMPLE, dearer):
        meter.do(partial(billing.set_price_sheet, actor=ROOT, from_month=DECEMBER, sheet=sheet))

    first, second = audited(meter)

    assert first[:4] == ("price_sheets.set", "", "price_sheets/2026-12", None)
    assert '"currency":"EUR"' in str(first[4]).replace(" ", "")
    assert second[3] == first[4]
    assert '"currency":"USD"' in str(second[4]).replace(" ", "")
    (kept,) = meter.do(partial(billing.list_price_sheets, actor=ROOT))
    assert (kept.sheet, kept.set_by) == (dearer, "root")
