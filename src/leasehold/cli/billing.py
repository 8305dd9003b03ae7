"""`leasehold billing`: what things cost, what a project has to pay, and both as files."""

import json
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import click

from leasehold.administration import billing
from leasehold.cli import output
from leasehold.cli.arguments import PROJECT_ID, project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.errors import Invalid
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_export, price_sheet
from leasehold.usage.billing import Bill, Charged, Line, gb_days
from leasehold.usage.billing_export import plain
from leasehold.usage.month import Month
from leasehold.usage.price_sheet import KeptSheet, PriceSheet


class _Month(click.ParamType[Month]):
    name = "month"

    def convert(
        self, value: str | Month, param: click.Parameter | None, ctx: click.Context | None
    ) -> Month:
        """The month that is meant."""
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(value)
        except Invalid as refusal:
            self.fail(f"{value!r}: {refusal.message}", param, ctx)


_MONTH = _Month()

_Row = dict[str, str]


@click.group("billing", cls=Group)
def command() -> None:
    """Say what things cost; show and export bills."""


@click.group("price-sheet", cls=Group)
def price_sheets() -> None:
    """Say what operations and storage cost from a month on."""


@price_sheets.command()
@existing
@output.json_option
def template(engine: Engine) -> None:
    r"""Print a price sheet to begin with: the newest one, or an example.

    \b
    Example:
      leasehold billing price-sheet template > prices.toml
    """
    kept = _sheets(engine)
    sheet = kept[0].sheet if kept else price_sheet.EXAMPLE
    output.done(price_sheet.to_value(sheet), price_sheet.to_toml(sheet).rstrip("\n"))


@price_sheets.command("set")
@click.argument("file", metavar="FILE")
@click.option(
    "--from",
    "from_month",
    required=True,
    type=_MONTH,
    metavar="MONTH",
    help="The first month with these prices, as in 2026-12; it must not have begun.",
)
@existing
@output.json_option
def set_(engine: Engine, file: str, from_month: Month) -> None:
    r"""Set the prices from a month on. FILE is a price sheet in TOML; - is standard input.

    Until that month begins they may be set anew; then they stay as they are. Only the first price
    sheet of all may begin with the month that runs.

    \b
    Example:
      leasehold billing price-sheet set prices.toml --from 2026-12
    """
    sheet = price_sheet.parse(_file(file))
    transact(
        engine,
        partial(billing.set_price_sheet, actor=operator(), from_month=from_month, sheet=sheet),
    )
    value = {"from": str(from_month), **price_sheet.to_value(sheet)}
    output.done(value, f"These prices hold from {from_month} on.", *_prices(sheet))


def _file(file: str) -> bytes:
    most = price_sheet.MAX_FILE_BYTES + 1
    if file == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from error


@price_sheets.command()
@existing
@output.json_option
def show(engine: Engine) -> None:
    r"""Show all price sheets, the newest first.

    \b
    Example:
      leasehold billing price-sheet show
    """
    output.listing(
        [_sheet_value(kept) for kept in _sheets(engine)],
        {
            "from": "From",
            "currency": "Currency",
            "operations_price": "10,000 operations",
            "free_operations": "Free a month",
            "storage_price": "GB-day",
            "free_gb_days": "Free a month",
            "set_by": "Set by",
            "set_at": "Set",
        },
        nothing="There is no price sheet: leasehold billing price-sheet template shows one.",
    )


def _sheets(engine: Engine) -> list[KeptSheet]:
    return read(engine, partial(billing.list_price_sheets, actor=operator()))


def _sheet_value(kept: KeptSheet) -> output.Value:
    return {
        "from": str(kept.from_month),
        **price_sheet.to_value(kept.sheet),
        "set_by": kept.set_by,
        "set_at": output.instant(kept.set_at),
    }


def _prices(sheet: PriceSheet) -> tuple[str, str]:
    operations, storage = plain(sheet.operations_price), plain(sheet.storage_price)
    free_operations, free_gb_days = f"{sheet.free_operations:,f}", f"{sheet.free_gb_days:,f}"
    return (
        f"10,000 operations: {sheet.currency} {operations}; free each month: {free_operations}.",
        f"A GB stored for a day: {sheet.currency} {storage}; free each month: {free_gb_days}.",
    )


command.add_command(price_sheets)


@command.command("show")
@project_option
@click.option(
    "--month",
    type=_MONTH,
    metavar="MONTH",
    help="As in 2026-11. Default: the month that runs.",
)
@existing
@output.json_option
def show_bill(engine: Engine, project_id: str, month: Month | None) -> None:
    r"""Show a project's bill, and what each method and queue has to do with it.

    \b
    Example:
      leasehold billing show --project shop --month 2026-11
    """
    bill = _bill(engine, project_id, month)
    if output.is_json_wanted():
        output.done(billing_export.to_value(bill))
        return
    click.echo(f"{project_id}, {bill.month} in UTC: {_state(bill)}.\n")
    output.listing(
        _aligned([row for line in bill.lines for row in _rows(line, bill.currency)]),
        {"item": "Item", "quantity": "Quantity", "free": "Free", "price": "Price", "pay": "Amount"},
        nothing="",
    )
    if bill.total is None:
        click.echo("\nNo price sheet is in force: see leasehold billing price-sheet --help.")
    else:
        click.echo(f"\nTotal: {bill.currency} {plain(bill.total)}")


def _bill(engine: Engine, project_id: str, month: Month | None) -> Bill:
    return read(
        engine,
        partial(billing.get_bill, actor=operator(), project_id=project_id, month=month),
    )


def _state(bill: Bill) -> str:
    if bill.preliminary_at is None:
        return "final"
    return f"preliminary, as of {billing_export.instant(bill.preliminary_at)}"


def _rows(line: Line, currency: str) -> list[_Row]:
    parts = [
        _row(f"  {part.name}", _quantity(line, part.quantity), None, "") for part in line.details
    ]
    name = "Operations" if line.item == "operations" else "GB-days stored"
    return [_row(name, _quantity(line, line.quantity), line, currency), *parts]


def _row(item: str, quantity: str, line: Line | None, currency: str) -> _Row:
    charged = line.charged if line else None
    if line is None or charged is None:
        return {"item": item, "quantity": quantity, "free": "", "price": " ", "pay": ""}
    return {
        "item": item,
        "quantity": quantity,
        "free": _quantity(line, charged.free),
        "price": _price(line, charged, currency),
        "pay": f"{currency} {plain(charged.amount)}",
    }


def _aligned(rows: list[_Row]) -> list[_Row]:
    """The same with numbers below each other."""
    widths = {key: max(len(row[key]) for row in rows) for key in ("quantity", "free", "pay")}
    return [row | {key: row[key].rjust(width) for key, width in widths.items()} for row in rows]


def _quantity(line: Line, quantity: int | Decimal) -> str:
    return f"{quantity:,}" if line.item == "operations" else f"{gb_days(quantity):,f}"


def _price(line: Line, charged: Charged, currency: str) -> str:
    each = f"{charged.per:,} operations" if line.item == "operations" else "GB-day"
    return f"{currency} {plain(charged.price)} per {each}"


@command.command()
@click.option("--month", required=True, type=_MONTH, metavar="MONTH", help="As in 2026-11, in UTC.")
@click.option(
    "--project",
    "project_id",
    metavar="PROJECT",
    type=PROJECT_ID,
    help="The project's id. Default: all that used anything, deleted ones too.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, as without this option.")
@existing
@output.json_option
def export(engine: Engine, month: Month, project_id: str | None, *, as_csv: bool) -> None:
    r"""Print bills with all that they are computed from, as CSV or JSON.

    The same month gives the same bytes again, once its bills are final.

    \b
    Examples:
      leasehold billing export --month 2026-11 > 2026-11.csv
      leasehold billing export --month 2026-11 --project shop --json
    """
    if as_csv and output.is_json_wanted():
        raise click.UsageError("--csv and --json exclude each other")

    def run(tx: Transaction, now: int) -> list[Bill]:
        return list(billing.export_bills(tx, now, operator(), month=month))

    bills = [_bill(engine, project_id, month)] if project_id else read(engine, run)
    if output.is_json_wanted():
        click.echo(json.dumps([billing_export.to_value(bill) for bill in bills], indent=2))
    else:
        click.echo(billing_export.to_csv(bills), nl=False)
