"""Bills: what a project's usage of a month costs, with all that is needed to compute it anew."""

from typing import Annotated, Literal

from msgspec import Meta

from leasehold.administration import billing
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.usage.billing import Bill, Charged, Line
from leasehold.usage.billing_export import UNITS, plain, to_csv
from leasehold.usage.month import Month
from leasehold.web.administration.method import Call, Csv, Method
from leasehold.web.administration.wire import Instant, Wire, maybe_instant

Amount = Annotated[str, Meta(description="A decimal number, exact.")]


class BillDetail(Wire, frozen=True):
    """A part of a line: what one method, or one queue, came to."""

    name: str
    quantity: Amount


class BillCharge(Wire, frozen=True):
    """What a line costs: (quantity - free) x price / per, rounded half to even."""

    free: Amount
    price: Amount
    per: Annotated[int, Meta(description="So many units have that price.")]
    amount: Amount


class BillLine(Wire, frozen=True):
    """One thing that is paid for. Its details add up to its quantity."""

    item: Literal["operations", "storage"]
    unit: str
    quantity: Amount
    charge: Annotated[BillCharge | None, Meta(description="Null: nothing has a price.")]
    details: tuple[BillDetail, ...]


class BillResource(Wire, frozen=True):
    """A project's bill for a month."""

    project: str
    month: str
    preliminary_at: Annotated[
        Instant | None, Meta(description="Usage up to then is in it; null: it is final.")
    ]
    currency: Annotated[str | None, Meta(description="Null: nothing has a price.")]
    prices_from: Annotated[
        str | None, Meta(description="The month from which the price sheet is; null: none.")
    ]
    total: Annotated[Amount | None, Meta(description="Null: nothing has a price.")]
    lines: tuple[BillLine, ...]


def get(tx: Transaction, now: int, call: Call) -> BillResource | Csv:
    month = Month.parse(call.ids["month"])
    bill = billing.get_bill(tx, now, call.actor, project_id=call.project, month=month)
    return Csv(to_csv([bill])) if call.wants_csv else _resource(bill)


def _resource(bill: Bill) -> BillResource:
    return BillResource(
        project=bill.project_id,
        month=str(bill.month),
        preliminary_at=maybe_instant(bill.preliminary_at),
        currency=bill.currency or None,
        prices_from=None if bill.prices_from is None else str(bill.prices_from),
        total=None if bill.total is None else plain(bill.total),
        lines=tuple(map(_line, bill.lines)),
    )


def _line(line: Line) -> BillLine:
    return BillLine(
        item=line.item,
        unit=UNITS[line.item],
        quantity=str(line.quantity),
        charge=_charge(line.charged),
        details=tuple(
            BillDetail(name=part.name, quantity=str(part.quantity)) for part in line.details
        ),
    )


def _charge(charged: Charged | None) -> BillCharge | None:
    if charged is None:
        return None
    return BillCharge(
        free=plain(charged.free),
        price=plain(charged.price),
        per=charged.per,
        amount=plain(charged.amount),
    )


METHODS = (
    Method(
        id="leasehold.billing.get",
        verb="GET",
        path="projects/{project}/billing/{month}",
        description="Shows the project's bill for a month that has begun.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=BillResource,
        has_csv=True,
        run=get,
    ),
)
