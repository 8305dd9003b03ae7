"""A project's bills: month by month, line by line, and as the command line's files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from starlette.responses import Response

from leasehold.administration import billing
from leasehold.errors import Error
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_export
from leasehold.usage.billing import Bill, Charged, Detail, Line, gb_days
from leasehold.usage.month import Month
from leasehold.web.console.charts import Bar, Chart
from leasehold.web.console.downloads import CSV, JSON, download
from leasehold.web.console.forms import Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

MOST_BARS = 8  # methods in the chart, each with its name below it
MOST_QUEUES = 10

_TITLES = {"operations": "Operations", "storage": "Storage"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the bill, as people read it; "" where there is no price."""

    title: str
    quantity: str
    free: str
    price: str
    amount: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a method, or a queue, came to."""

    name: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A bill as its page has it."""

    title: str
    preliminary_at: int | None
    currency: str
    total: str  # "": there is no price sheet
    prices_from: str
    rows: tuple[Row, Row]
    methods: Chart
    queues: Sequence[Part]  # those with the most, first
    other_queues: int  # how many are left out
    others: str  # what these came to together


async def show(visit: ProjectVisit) -> Response:
    typed = Typed(visit.visit.query)
    try:
        month = _asked(visit)
        months, bill = await visit.read_aside(lambda tx, now: _read(tx, now, visit, month))
    except Error as error:
        if error.field != "month":
            raise
        months = await visit.read_aside(lambda tx, now: _months(tx, now, visit))
        return _page(visit, typed.refused(error), months, months[0], None)
    return _page(visit, typed, months, bill.month, bill)


async def csv_file(visit: ProjectVisit) -> Response:
    bill = await _bill(visit)
    text = billing_export.to_csv([bill])
    return download(text, name=_file_name(bill, "csv"), media_type=CSV)


async def json_file(visit: ProjectVisit) -> Response:
    bill = await _bill(visit)
    text = json.dumps([billing_export.to_value(bill)], indent=2) + "\n"
    return download(text, name=_file_name(bill, "json"), media_type=JSON)


async def _bill(visit: ProjectVisit) -> Bill:
    month = _asked(visit)
    return await visit.read_aside(
        lambda tx, now: billing.get_bill(
            tx, now, visit.actor, project_id=visit.project.id, month=month
        )
    )


def _asked(visit: ProjectVisit) -> Month | None:
    """The month of the address; None is the one that runs. Raises Invalid."""
    text = visit.parameter("month").strip()
    return Month.parse(text) if text else None


def _months(tx: Transaction, now: int, visit: ProjectVisit) -> list[Month]:
    return billing.list_months(tx, now, visit.actor, project_id=visit.project.id)


def _read(
    tx: Transaction, now: int, visit: ProjectVisit, month: Month | None
) -> tuple[list[Month], Bill]:
    bill = billing.get_bill(tx, now, visit.actor, project_id=visit.project.id, month=month)
    return _months(tx, now, visit), bill


def _page(
    visit: ProjectVisit, typed: Typed, months: list[Month], month: Month, bill: Bill | None
) -> Response:
    offered = sorted({*months, month}, reverse=True)  # somebody may look at one without usage
    return visit.page(
        "console/billing.html",
        typed=typed,
        months=[(str(each), _words(each)) for each in offered],
        month=str(month),
        next_month=str(months[0].next),
        bill=None if bill is None else _shown(bill),
    )


def _shown(bill: Bill) -> Shown:
    operations, storage = bill.lines
    queues = _largest(storage.details)
    left_out = queues[MOST_QUEUES:]
    return Shown(
        title=_words(bill.month),
        preliminary_at=bill.preliminary_at,
        currency=bill.currency,
        total="" if bill.total is None else f"{bill.total:,f}",
        prices_from="" if bill.prices_from is None else _words(bill.prices_from),
        rows=(_row(operations, bill.currency), _row(storage, bill.currency)),
        methods=_chart(operations),
        queues=[
            Part(each.name, _quantity(storage, each.quantity)) for each in queues[:MOST_QUEUES]
        ],
        other_queues=len(left_out),
        others=_quantity(storage, sum(each.quantity for each in left_out)),
    )


def _row(line: Line, currency: str) -> Row:
    charged = line.charged
    quantity = _quantity(line, line.quantity)
    return Row(
        title=_TITLES[line.item],
        quantity=f"{quantity}{_unit(line, quantity)}",
        free="" if charged is None else _quantity(line, charged.free),
        price="" if charged is None else _price(line, charged, currency),
        amount="" if charged is None else f"{currency} {charged.amount:,f}",
    )


def _unit(line: Line, quantity: str) -> str:
    if line.item == "operations":
        return ""
    return " GB-day" if quantity == "1" else " GB-days"


def _price(line: Line, charged: Charged, currency: str) -> str:
    each = f"{charged.per:,}" if line.item == "operations" else "GB-day"
    return f"{currency} {billing_export.plain(charged.price)} per {each}"


def _quantity(line: Line, quantity: int | Decimal) -> str:
    if line.item == "operations":
        return f"{int(quantity):,}"  # a sheet has whole ones alone
    text = f"{gb_days(quantity):,f}"
    return text.rstrip("0").rstrip(".")


def _chart(operations: Line) -> Chart:
    methods = _largest(operations.details)
    bars = [Bar((each.quantity,), label=_method(each.name)) for each in methods[:MOST_BARS]]
    if others := methods[MOST_BARS:]:
        bars.append(Bar((sum(each.quantity for each in others),), label="Others"))
    return Chart(
        title="Operations by method", of="Method", series=("Operations",), bars=bars, kind="bar"
    )


def _largest(details: Sequence[Detail]) -> list[Detail]:
    return sorted(details, key=lambda each: -each.quantity)


def _method(name: str) -> str:
    """A method's name within its API, which bears the API's name already."""
    return name.partition("/")[2].partition(".")[2] or name


def _words(month: Month) -> str:
    """As people write it: November 2026."""
    return f"{date(month.year, month.number, 1):%B} {month.year}"


def _file_name(bill: Bill, ending: str) -> str:
    return f"{bill.project_id}-{bill.month}.{ending}"


GROUP = Group(
    title="Billing",
    path="billing",
    pages=(
        ProjectPage("billing", show=show),
        ProjectPage("billing/csv", show=csv_file),
        ProjectPage("billing/json", show=json_file),
    ),
)
