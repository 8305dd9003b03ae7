"""Charts: what the macro `chart` shows as a table, and console.js draws from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leasehold.usage.periods import TimeRange

REST = "All others"  # the name of a last series that takes in what has none of its own


@dataclass(frozen=True, slots=True)
class Bar:
    """A place on the chart: an instant, or something with a name."""

    values: tuple[float, ...]  # of the chart's series, in its order
    starts: int | None = None  # microseconds; None: it has a label
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars that stand on each other, or lines."""

    title: str
    of: str  # what a bar is: Hour
    series: tuple[str, ...]  # their names: Done, Refused; six at most can be told apart, and REST
    bars: Sequence[Bar]
    kind: Literal["bar", "line"] = "bar"
    is_by_day: bool = False  # its instants are days in UTC, and shown without an hour
    is_bytes: bool = False  # its values are bytes, and shown in the unit that fits
    is_milliseconds: bool = False  # likewise
    is_of_refusals: bool = False  # none of its series is in the colour of what was done
    times: TimeRange | None = None  # whose every period has a place; None: there is none but `bars`
    has_gaps: bool = False  # a period of `times` without a bar has no value; else it is 0
