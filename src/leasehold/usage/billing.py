"""Billing: what a project's usage of a month costs, by the price sheet in force.

Only what was done is paid, not what was refused. Amounts are computed as fractions, without any
rounding, and each line is rounded once, half to even, to the currency's smallest unit; the total
is the sum of the lines. So whoever has the quantities can compute the bill anew, to the cent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import Literal

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows as rows
from leasehold.usage import price_sheet
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import GB_DAY, PRICED_OPERATIONS, PriceSheet

# A month is final an hour after its end: by then every call of its last minute is written down.
SETTLE_SECONDS = 3_600

_EXACT = Context(prec=200, traps=[Inexact])

Item = Literal["operations", "storage"]


@dataclass(frozen=True, slots=True)
class Detail:
    """A part of a line: what one method, or one queue, came to."""

    name: str  # API/METHOD, or the queue's name
    quantity: int


@dataclass(frozen=True, slots=True)
class Charged:
    """What a line costs: (quantity - free) x price / per, rounded; 0 when all of it is free."""

    free: Decimal  # in the line's unit
    price: Decimal
    per: int  # so many units have that price
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is paid for. Its details add up to its quantity."""

    item: Item
    quantity: int  # operations are units of quota; storage is bytes times seconds
    details: tuple[Detail, ...]  # sorted by name
    charged: Charged | None = None  # None: no price sheet was in force


@dataclass(frozen=True, slots=True)
class Bill:
    """A project's bill for a month: a line for operations, and one for storage."""

    project_id: str
    month: Month
    lines: tuple[Line, Line]
    prices_from: Month | None  # the month from which the price sheet is; None: there is none
    currency: str  # "" when there is no price sheet
    preliminary_at: int | None  # microseconds: usage up to then, more may come; None: it is final

    @property
    def total(self) -> Decimal | None:
        """The sum of the lines; None when there is no price sheet."""
        operations, storage = (line.charged for line in self.lines)
        if operations is None or storage is None:
            return None
        return _EXACT.add(operations.amount, storage.amount)


def bill(tx: Transaction, now: int, *, project_id: str, month: Month) -> Bill:
    """The bill of a month that has begun, a project without usage included.

    Raises Invalid for a month that has not begun, and NotFound when its usage, or some of it, may
    have been swept away.
    """
    _check_begun(month, now)
    # Before usage is read: what is added meanwhile must not be missing from a bill that is final.
    is_final = _is_complete(tx, month, now)
    lines = usage(tx, project_id, month)
    # And afterwards: what was swept meanwhile would be missing too.
    _check_kept(tx, month)
    kept = price_sheet.in_force(tx, month)
    return Bill(
        project_id=project_id,
        month=month,
        lines=price(lines, kept.sheet) if kept else lines,
        prices_from=kept.from_month if kept else None,
        currency=kept.sheet.currency if kept else "",
        preliminary_at=None if is_final else now,
    )


def bills(tx: Transaction, now: int, *, month: Month) -> Iterator[Bill]:
    """The bills of all projects that used anything in a month, deleted ones too, by their ids.

    Raises as `bill` does.
    """
    _check_begun(month, now)
    _check_kept(tx, month)
    for project_id in rows.projects(tx, month):
        yield bill(tx, now, project_id=project_id, month=month)


def used_months(tx: Transaction, now: int, *, project_id: str, since: int) -> list[Month]:
    """The running month, and those before it that have usage and still a bill; newest first.

    `since`, in microseconds: the project was not there before.
    """
    running = Month.at(now)
    swept_before = rows.marks(tx).swept_before
    months = []
    month = max(Month.at(since), Month.at(swept_before * MICROSECONDS))
    while month < running:
        if month.starts >= swept_before and rows.is_used(tx, project_id, month):
            months.append(month)
        month = month.next
    return [running, *reversed(months)]


def usage(tx: Transaction, project_id: str, month: Month) -> tuple[Line, Line]:
    """What there is to be paid for, without prices."""
    operations = rows.operations(tx, project_id, month)
    return (
        _line("operations", {f"{api}/{method}": n for (api, method), n in operations.items()}),
        _line("storage", rows.stored(tx, project_id, month)),
    )


def _line(item: Item, quantities: Mapping[str, int]) -> Line:
    details = tuple(Detail(name, quantity) for name, quantity in sorted(quantities.items()))
    return Line(item, sum(quantities.values()), details)


def price(lines: tuple[Line, Line], sheet: PriceSheet) -> tuple[Line, Line]:
    """The same lines with what they cost."""
    operations, storage = lines
    free_storage = _EXACT.multiply(sheet.free_gb_days, GB_DAY)
    return (
        _charged(
            operations, sheet, sheet.free_operations, sheet.operations_price, PRICED_OPERATIONS
        ),
        _charged(storage, sheet, free_storage, sheet.storage_price, GB_DAY),
    )


def _charged(line: Line, sheet: PriceSheet, free: Decimal, for_each: Decimal, per: int) -> Line:
    billable = max(Fraction(0), line.quantity - Fraction(free))
    exact = billable * Fraction(for_each) / per
    smallest_units = round(exact * 10**sheet.minor_digits)  # of a Fraction: half to even
    amount = _EXACT.scaleb(Decimal(smallest_units), -sheet.minor_digits)
    return Line(line.item, line.quantity, line.details, Charged(free, for_each, per, amount))


def gb_days(byte_seconds: int | Decimal) -> Decimal:
    """For people to read: rounded to a millionth of a GB-day.

    >>> str(gb_days(10**9 * 3600))
    '0.041667'
    """
    millionths = round(Fraction(byte_seconds) * 10**6 / GB_DAY)
    return _EXACT.scaleb(Decimal(millionths), -6)


def _check_begun(month: Month, now: int) -> None:
    if month > Month.at(now):
        raise Invalid(f"{month} has not begun: there is nothing to pay yet", field="month")


def _is_complete(tx: Transaction, month: Month, now: int) -> bool:
    settled = now // MICROSECONDS >= month.ends + SETTLE_SECONDS
    return settled and rows.marks(tx).sampled_until >= month.ends


def _check_kept(tx: Transaction, month: Month) -> None:
    if month.starts < rows.marks(tx).swept_before:
        raise NotFound(
            f"the usage of {month}, or some of it, is no longer kept: use the export that was made"
            " then, and raise LEASEHOLD_USAGE_DAYS_DAYS to keep more",
            field="month",
        )
