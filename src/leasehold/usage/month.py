"""A month, by which usage is paid: in UTC, as days and hours are."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
FIRST_YEAR = 1970  # instants count from it


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; months compare in the order of time."""

    year: int  # 1970 to 9998
    number: int  # 1 is January

    @classmethod
    def parse(cls, text: str) -> "Month":
        """The month that the text names. Raises Invalid.

        >>> Month.parse("2026-11")
        Month(year=2026, number=11)
        """
        found = _MONTH.fullmatch(text)
        if found is None or not FIRST_YEAR <= int(found[1]) < 9999:
            raise Invalid("a month is written like 2026-11, the year first", field="month")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def at(cls, now: int) -> "Month":
        """The month of an instant, which is in microseconds."""
        instant = datetime.fromtimestamp(now // MICROSECONDS, UTC)
        return cls(instant.year, instant.month)

    @property
    def starts(self) -> int:
        """Its first second, since the Unix epoch."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def ends(self) -> int:
        """The first second that is no longer in it."""
        return self.next.starts

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
