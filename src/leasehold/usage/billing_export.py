"""Bills as files: with every quantity, so that anybody can compute them anew.

The same usage and prices give the same bytes. Quantities and amounts are text in JSON: many
readers of JSON would round what is stored in a month.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

from leasehold.clock import MICROSECONDS
from leasehold.usage import periods
from leasehold.usage.billing import Bill, Line
from leasehold.usage.month import Month
from leasehold.usage.spreadsheet import as_text

COLUMNS = (
    "month",
    "project",
    "row",  # usage: a part of a line; line: what is paid; total: the sum of the lines
    "item",  # operations or storage; empty in a total
    "name",  # api/method, or the queue; only in rows of usage
    "quantity",
    "unit",  # operation or byte-second
    "free",  # how many of these cost nothing
    "price",
    "per",  # so many of these have that price
    "amount",  # (quantity - free) x price / per, rounded half to even; 0 if all is free
    "currency",
    "prices_from",  # the month from which the price sheet is
    "preliminary_at",  # instant up to which usage is in it; empty: the bill is final
)

UNITS = {"operations": "operation", "storage": "byte-second"}

Record = dict[str, str | int]


def to_csv(bills: Iterable[Bill]) -> str:
    """A heading, then for each bill its lines, the parts of each line first, and its total.

    The name of a queue that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for bill in bills:
        for record in _records(bill):
            cells = _common(bill) | record
            writer.writerow({column: as_text(cell) for column, cell in cells.items()})
    return text.getvalue()


def _common(bill: Bill) -> Record:
    return {
        "month": str(bill.month),
        "project": bill.project_id,
        "currency": bill.currency,
        "prices_from": _month(bill.prices_from),
        "preliminary_at": instant(bill.preliminary_at),
    }


def _records(bill: Bill) -> Iterator[Record]:
    for line in bill.lines:
        common: Record = {"item": line.item, "unit": UNITS[line.item]}
        for part in line.details:
            yield common | {"row": "usage", "name": part.name, "quantity": part.quantity}
        yield common | {"row": "line", "quantity": line.quantity} | _charged(line)
    if bill.total is not None:
        yield {"row": "total", "amount": plain(bill.total)}


def _charged(line: Line) -> Record:
    charged = line.charged
    if charged is None:
        return {}
    return {
        "free": plain(charged.free),
        "price": plain(charged.price),
        "per": charged.per,
        "amount": plain(charged.amount),
    }


def to_value(bill: Bill) -> dict[str, object]:
    """A bill as JSON holds it; what there is no price for is null."""
    return {
        "project": bill.project_id,
        "month": str(bill.month),
        "preliminary_at": instant(bill.preliminary_at) or None,
        "currency": bill.currency or None,
        "prices_from": _month(bill.prices_from) or None,
        "lines": [_line_value(line) for line in bill.lines],
        "total": None if bill.total is None else plain(bill.total),
    }


def _line_value(line: Line) -> dict[str, object]:
    charged = {name: str(value) for name, value in _charged(line).items()}
    return {
        "item": line.item,
        "unit": UNITS[line.item],
        "quantity": str(line.quantity),
        "usage": [{"name": part.name, "quantity": str(part.quantity)} for part in line.details],
        **{name: charged.get(name) for name in ("free", "price", "per", "amount")},
    }


def plain(number: Decimal) -> str:
    """Without an exponent."""
    return format(number, "f")


def instant(microseconds: int | None) -> str:
    """As RFC 3339 writes it, to the second; "" for None."""
    return "" if microseconds is None else periods.shown(microseconds // MICROSECONDS)


def _month(month: Month | None) -> str:
    return "" if month is None else str(month)
