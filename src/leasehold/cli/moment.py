"""Times as they are typed: a day, an instant, or how long from now or ago."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import click

from leasehold.clock import MICROSECONDS

Moment = Callable[[int], int]  # from now to the moment, both in microseconds

_SPAN = re.compile(r"([0-9]{1,6})([mhd])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


class _Moment(click.ParamType[Moment]):
    name = "moment"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Moment:
        """What gives the moment when it is told the time; without an offset it is UTC."""
        after = span(value)
        if after is not None:
            return lambda now: now + after
        try:
            at = datetime.fromisoformat(value)
            seconds = round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r}: write a day (2027-01-31), an instant (2027-01-31T12:00Z), or how long"
                " from now (90m, 12h, 30d)",
                param,
                ctx,
            )
        return lambda _: seconds * MICROSECONDS


def span(text: str) -> int | None:
    """How long 90m, 12h or 30d is, in microseconds; None for what is written another way."""
    match = _SPAN.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] * MICROSECONDS if match else None


MOMENT = _Moment()
METAVAR = "WHEN"
