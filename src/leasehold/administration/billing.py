"""Bills for the admins of a project; price sheets, and everybody's bills, for the operator."""

from collections.abc import Iterator

from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing, price_sheet
from leasehold.usage.billing import Bill
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import KeptSheet, PriceSheet


def get_bill(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, month: Month | None = None
) -> Bill:
    """A project's bill; None is the running month. Raises as `billing.bill` does."""
    authority.require(tx, actor, project_id, deleted_too=True)
    return billing.bill(tx, now, project_id=project_id, month=month or Month.at(now))


def list_months(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> list[Month]:
    """The months of which a project has a bill that is worth a look, the running one first."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    return billing.used_months(tx, now, project_id=project_id, since=project.created_at)


def export_bills(tx: Transaction, now: int, actor: Actor, *, month: Month) -> Iterator[Bill]:
    """The bills of all projects that used anything in a month, by project id. Operators only."""
    authority.require_operator(actor)
    return billing.bills(tx, now, month=month)


def list_price_sheets(tx: Transaction, now: int, actor: Actor) -> list[KeptSheet]:  # noqa: ARG001  # every operation is given the time
    """All of them, the newest month first. Operators only."""
    authority.require_operator(actor)
    return price_sheet.list_sheets(tx)


def set_price_sheet(
    tx: Transaction, now: int, actor: Actor, *, from_month: Month, sheet: PriceSheet
) -> None:
    """Makes these the prices from a month on. Operators only.

    Raises Conflict when that month has begun, unless nothing has had a price yet.
    """
    authority.require_operator(actor)
    replaced = price_sheet.put(tx, now, from_month=from_month, sheet=sheet, set_by=actor.name)
    if replaced and replaced.sheet == sheet:
        return
    audit.record(
        tx,
        now,
        actor,
        action="price_sheets.set",
        project_id="",
        target=f"price_sheets/{from_month}",
        before=price_sheet.to_value(replaced.sheet) if replaced else None,
        after=price_sheet.to_value(sheet),
    )
