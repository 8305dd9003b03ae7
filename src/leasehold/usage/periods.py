"""Periods: minutes, hours and days in UTC, by which usage is added up, and ranges of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid

Period = Literal["minute", "hour", "day"]
PERIODS: tuple[Period, ...] = get_args(Period)
SECONDS: dict[Period, int] = {"minute": 60, "hour": 3_600, "day": 86_400}

MAX_PERIODS = 2_400  # in one report: 40 hours of minutes, 100 days of hours, six years of days

_END_OF_TIME = 253_402_300_800 * MICROSECONDS  # the year 10000, which no calendar here can show
_MICROSECONDS = re.compile(r"[0-9]{12,18}")  # with fewer digits it is a day: 20261101


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Whole periods one after the other; instants in seconds since the Unix epoch."""

    period: Period
    since: int
    until: int  # the first instant that is not in it any more

    @property
    def seconds(self) -> int:
        """The length of one period."""
        return SECONDS[self.period]


def start_of(period: Period, second: int) -> int:
    """When the period began in which that second lies."""
    return second - second % SECONDS[period]


def time_range(period: str, *, since: int, until: int) -> TimeRange:
    """All periods that have a part between two instants in microseconds.

    Raises Invalid for an unknown period, for instants that no calendar has, for an end that is not
    after the start, and for more than `MAX_PERIODS`.
    """
    known = _period(period)
    for instant, field in ((since, "since"), (until, "until")):
        if not 0 <= instant < _END_OF_TIME:
            raise Invalid(f"{field} lies outside of the years 1970 to 9999", field=field)
    if since >= until:
        raise Invalid("until is not after since: turn them round", field="until")
    first = start_of(known, since // MICROSECONDS)
    last = start_of(known, (until - 1) // MICROSECONDS)
    length = SECONDS[known]
    if (count := (last - first) // length + 1) > MAX_PERIODS:
        raise Invalid(
            f"that would be {count:,} {known}s, and a report has at most {MAX_PERIODS:,}: choose"
            f"{'' if known == 'day' else ' a longer period or'} a shorter time",
            field="period",
        )
    return TimeRange(known, first, last + length)


def _period(text: str) -> Period:
    for period in PERIODS:
        if text == period:
            return period
    raise Invalid(f"the period is {', '.join(PERIODS[:-1])} or {PERIODS[-1]}", field="period")


def parse_instant(text: str, *, field: str) -> int:
    """Microseconds since the Unix epoch, from just these or from an ISO day or time in UTC.

    Raises Invalid, naming `field`.

    >>> parse_instant("2026-11-01", field="since")
    1793491200000000
    >>> parse_instant("2026-11-01T01:30Z", field="since") - 1793491200000000
    5400000000
    """
    if _MICROSECONDS.fullmatch(text):
        return int(text)
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return round(found.timestamp()) * MICROSECONDS
    except (ValueError, OverflowError):
        raise Invalid(
            f"{field} takes a day such as 2026-11-01, a time such as 2026-11-01T12:30Z (both UTC),"
            " or microseconds since 1970",
            field=field,
        ) from None


def shown(second: int) -> str:
    """An instant as reports write it: 2026-11-01T12:30:00Z."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
