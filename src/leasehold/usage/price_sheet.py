"""Price sheets: what operations and storage cost from a month on, and what is free.

The operator writes one as a TOML file. Prices are decimal numbers and stay exact: 0.05 is five
hundredths, never the binary number next to it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from leasehold.errors import Conflict, Invalid
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows as rows
from leasehold.usage.month import Month

MAX_FILE_BYTES = 65_536
PRICED_OPERATIONS = 10_000  # what a price of operations is for
GB_DAY = 10**9 * 86_400  # what a price of storage is for, in bytes times seconds; a GB is decimal
DECIMAL_PLACES = 12  # that a number of a sheet may have
LARGEST = 10**12  # that it may be

# ISO 4217: the currencies whose smallest unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0
    ),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

# Each field of a sheet: its table and its name in the file.
_FIELDS = {
    "operations_price": ("operations", "price_per_10000"),
    "free_operations": ("operations", "free_per_month"),
    "storage_price": ("storage", "price_per_gb_day"),
    "free_gb_days": ("storage", "free_gb_days_per_month"),
}
_TABLES = {
    table: {name for other, name in _FIELDS.values() if other == table}
    for table, _ in _FIELDS.values()
}


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """Prices in one currency. Nothing is negative; 0 is free."""

    currency: str  # ISO 4217: three capital letters
    operations_price: Decimal  # for PRICED_OPERATIONS
    free_operations: Decimal  # of a project in a month; a whole number
    storage_price: Decimal  # for a GB stored for a day
    free_gb_days: Decimal  # of a project in a month

    @property
    def minor_digits(self) -> int:
        """Decimal places of an amount: 2 when the smallest unit is a cent."""
        return _MINOR_DIGITS.get(self.currency, 2)


@dataclass(frozen=True, slots=True)
class KeptSheet:
    """A price sheet, and who put it there."""

    from_month: Month
    sheet: PriceSheet
    set_by: str
    set_at: int  # microseconds since the Unix epoch


EXAMPLE = PriceSheet("EUR", Decimal("0.05"), Decimal(100_000), Decimal("0.004"), Decimal(30))


def parse(data: bytes) -> PriceSheet:
    """The sheet that a TOML file holds. Raises Invalid, naming the line or the field."""
    if len(data) > MAX_FILE_BYTES:
        raise Invalid(f"the price sheet is longer than {MAX_FILE_BYTES:,} bytes")
    found = _toml(data)
    _refuse_unknown(found, {"currency", *_TABLES}, "")
    for table, names in _TABLES.items():
        _refuse_unknown(_table(found, table), names, f"{table}.")
    numbers = {
        field: _number(_table(found, table), name, f"{table}.{name}")
        for field, (table, name) in _FIELDS.items()
    }
    if numbers["free_operations"] % 1:
        raise _wrong("operations.free_per_month", "is a whole number of operations")
    return PriceSheet(currency=_currency(found), **numbers)


def _toml(data: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(data.decode(), parse_float=Decimal)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Invalid(f"the price sheet is not UTF-8 text (at line {line})") from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"the price sheet is not TOML: {error}") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        # What tomllib does not wrap: numbers with thousands of digits, thousands of brackets.
        raise Invalid("the price sheet has a number or a nesting that is too large") from error


def _refuse_unknown(table: Mapping[str, object], known: set[str], prefix: str) -> None:
    for name in table.keys() - known:
        choices = ", ".join(sorted(known))
        raise _wrong(f"{prefix}{name}", f"is not known; here may stand: {choices}")


def _table(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = found.get(name)
    if not isinstance(table, dict):
        raise _wrong(name, f"is missing: a table [{name}], as the template has it")
    return table


def _number(table: Mapping[str, object], name: str, field: str) -> Decimal:
    value = table.get(name)
    if value is None:
        raise _wrong(field, "is missing; write 0 for nothing")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(field, "is a number, without quotation marks")
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= LARGEST:
        raise _wrong(field, f"is a number from 0 to {LARGEST:,}")
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMAL_PLACES:
        raise _wrong(field, f"has at most {DECIMAL_PLACES} decimal places")
    return _plain(number)


def _plain(number: Decimal) -> Decimal:
    """One spelling of each number: 0.050 is 0.05, 1E+2 is 100, and -0 is 0."""
    return Decimal(_text(abs(number)))


def _text(number: Decimal) -> str:
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _currency(found: Mapping[str, object]) -> str:
    value = found.get("currency")
    if not isinstance(value, str) or len(value) != 3 or not (value.isascii() and value.isalpha()):
        raise _wrong("currency", 'is the three letters of ISO 4217, as in currency = "EUR"')
    if not value.isupper():
        raise _wrong("currency", f'is written in capitals: currency = "{value.upper()}"')
    return value


def _wrong(field: str, what: str) -> Invalid:
    return Invalid(f"in the price sheet {_shown(field)} {what}", field=_shown(field))


def _shown(field: str) -> str:
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in field)
    return printable if len(printable) <= 80 else f"{printable[:79]}…"


def to_toml(sheet: PriceSheet) -> str:
    """The file that `parse` reads as this sheet, with a word on each line."""
    return f"""\
# What this server's projects pay from a month on. Months and days are in UTC.

currency = "{sheet.currency}"  # ISO 4217

[operations]
# An operation is a unit of quota: most calls are one. Refused calls cost nothing.
price_per_10000 = {_text(sheet.operations_price)}
free_per_month = {_text(sheet.free_operations)}  # of each project

[storage]
# A GB-day is 1,000,000,000 bytes of payload stored for 24 hours.
price_per_gb_day = {_text(sheet.storage_price)}
free_gb_days_per_month = {_text(sheet.free_gb_days)}  # of each project
"""


def to_value(sheet: PriceSheet) -> dict[str, str]:
    """As JSON holds it: every number is text, so that it stays exact."""
    return {"currency": sheet.currency, **{name: _text(getattr(sheet, name)) for name in _FIELDS}}


def put(
    tx: Transaction, now: int, *, from_month: Month, sheet: PriceSheet, set_by: str
) -> KeptSheet | None:
    """Keeps the sheet for usage from a month on; the one that it takes the place of, or None.

    Raises Conflict when that month has begun, unless nothing has had a price up to it: so no
    price changes after the fact.
    """
    running = Month.at(now)
    before = next((kept for kept in list_sheets(tx) if kept.from_month == from_month), None)
    is_first = from_month == running and in_force(tx, running) is None
    is_kept = (from_month > running or is_first) and rows.put_price_sheet(
        tx,
        now,
        from_month=str(from_month),
        sheet=msgspec.json.encode(to_value(sheet)).decode(),
        set_by=set_by,
        running_month=str(running),
    )
    if not is_kept:
        raise _begun(from_month, running)
    return before


def _begun(from_month: Month, running: Month) -> Conflict:
    return Conflict(
        f"{from_month} has begun, and its prices stay as they are: a new sheet may start with"
        f" {running.next}",
        field="from",
    )


def list_sheets(tx: Transaction) -> list[KeptSheet]:
    """All of them, the newest month first."""
    return [_kept(row) for row in rows.price_sheets(tx)]


def in_force(tx: Transaction, month: Month) -> KeptSheet | None:
    """The sheet by which a month is paid; None when nothing had a price yet."""
    return next((kept for kept in list_sheets(tx) if kept.from_month <= month), None)


def _kept(row: rows.SheetRow) -> KeptSheet:
    sheet = msgspec.json.decode(row.sheet, type=PriceSheet)
    return KeptSheet(Month.parse(row.from_month), sheet, row.set_by, row.set_at)
