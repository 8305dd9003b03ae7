"""What the pages of usage show of a report: numbers, lists and charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leasehold.clock import MICROSECONDS
from leasehold.usage.latency import Percentiles
from leasehold.usage.periods import Period, TimeRange
from leasehold.usage.reports import (
    MAX_NAMED,
    SHOWN_DONE,
    Part,
    Ranked,
    Split,
    StoredLine,
    StoredReport,
)
from leasehold.web.console.charts import REST, Bar, Chart

TITLES = {
    "api": "API",
    "method": "Method",
    "credential": "Credential",
    "api_key": "API key",
    "email": "User",
    "outcome": "Outcome",
}
PERIOD_TITLES: dict[Period, str] = {"minute": "Minute", "hour": "Hour", "day": "Day"}
MOST_LISTED = 50  # values in the list below the chart; the downloads have all


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list below the chart."""

    words: str
    value: str
    calls: int
    errors: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The calls as the page shows them."""

    times: TimeRange
    calls: int
    errors: int
    cost: int
    dimension: str  # that of the list
    listed: Sequence[Listed]  # most calls first
    others: int  # values that the list leaves out
    over_time: Chart
    reasons: Chart
    latency: Chart | None  # None: there is too much to add up

    @property
    def refused_share(self) -> float:
        """In percent."""
        return 100 * self.errors / self.calls if self.calls else 0.0


def shown_calls(split: Split, group: str, names: Mapping[str, str]) -> Shown:
    """What `split` tells, split by `group` ("": done and refused); `names` as for `words`."""
    done = [part for part in split.parts if part.outcome == SHOWN_DONE]
    refused = [part for part in split.parts if part.outcome != SHOWN_DONE]
    dimension = group or "outcome"
    listed = _listed(split, dimension, names)
    return Shown(
        times=split.times,
        calls=sum(part.calls for part in split.parts),
        errors=sum(part.calls for part in refused),
        cost=sum(part.cost for part in done),
        dimension=dimension,
        listed=listed[:MOST_LISTED],
        others=len(listed[MOST_LISTED:]),
        over_time=_over_time(split, group, names),
        reasons=_chart(
            split.times,
            "Refused calls by reason",
            refused,
            lambda part: part.outcome,
            is_of_refusals=True,
        ),
        latency=None if split.latencies is None else _latency(split.times, split.latencies),
    )


def _listed(split: Split, dimension: str, names: Mapping[str, str]) -> list[Listed]:
    if split.ranked:
        return [
            Listed(words(dimension, rank.value, names), *_numbers(rank)) for rank in split.ranked
        ]
    totals: dict[str, list[int]] = {}
    for part in split.parts:
        total = totals.setdefault(part.outcome, [0, 0])
        total[0] += part.calls
        total[1] += part.cost
    return [
        Listed(outcome, outcome, calls, 0 if outcome == SHOWN_DONE else calls, cost)
        for outcome, (calls, cost) in sorted(totals.items(), key=lambda each: -each[1][0])
    ]


def _numbers(rank: Ranked) -> tuple[str, int, int, int]:
    return rank.value, rank.calls, rank.errors, rank.cost


def words(dimension: str, value: str, names: Mapping[str, str]) -> str:
    """A value as people read it.

    >>> words("api_key", "", {}), words("credential", "7", {"7": "worker"})
    ('No API key', 'worker')
    """
    if not value:
        return "No API key" if dimension == "api_key" else "None: an API key alone"
    return names.get(value, value)


def _over_time(split: Split, group: str, names: Mapping[str, str]) -> Chart:
    if not group:
        series = {SHOWN_DONE: "Done", "": "Refused"}
        return _chart(
            split.times,
            "Calls",
            split.parts,
            lambda part: part.outcome if part.outcome == SHOWN_DONE else "",
            series=series,
        )
    leading = {rank.value: words(group, rank.value, names) for rank in split.ranked[:MAX_NAMED]}
    title = TITLES[group]
    title = f"Calls by {title if title.startswith('API') else title.lower()}"
    return _chart(split.times, title, split.parts, lambda part: part.value, series=leading)


def _chart(
    times: TimeRange,
    title: str,
    parts: Sequence[Part],
    kind_of: Callable[[Part], str | None],
    *,
    series: Mapping[str, str] | None = None,
    is_of_refusals: bool = False,
) -> Chart:
    """Calls on each other. `series`: by what `kind_of` says, its words; None: what is most."""
    if series is None:
        series = {kind: kind for kind in _most(parts, kind_of)}
    places: dict[str | None, int] = {kind: place for place, kind in enumerate(series)}
    has_rest = any(kind_of(part) not in places for part in parts)
    rows: dict[int, list[int]] = {}
    for part in parts:
        row = rows.setdefault(part.starts, [0] * (len(places) + has_rest))
        row[places.get(kind_of(part), -1)] += part.calls
    return Chart(
        title=title,
        of=PERIOD_TITLES[times.period],
        series=(*series.values(), *[REST] * has_rest),
        bars=[Bar(tuple(row), starts=at * MICROSECONDS) for at, row in sorted(rows.items())],
        is_by_day=times.period == "day",
        is_of_refusals=is_of_refusals,
        times=times,
    )


def _most(parts: Sequence[Part], kind_of: Callable[[Part], str | None]) -> list[str]:
    totals: dict[str, int] = {}
    for part in parts:
        kind = kind_of(part) or ""
        totals[kind] = totals.get(kind, 0) + part.calls
    return sorted(totals, key=lambda kind: (-totals[kind], kind))[:MAX_NAMED]


def _latency(times: TimeRange, latencies: Sequence[tuple[int, Percentiles]]) -> Chart:
    return Chart(
        title="How long calls took",
        of=PERIOD_TITLES[times.period],
        series=("p50", "p90", "p99"),
        bars=[
            Bar((each.p50 * 1000, each.p90 * 1000, each.p99 * 1000), starts=at * MICROSECONDS)
            for at, each in latencies
        ],
        kind="line",
        is_by_day=times.period == "day",
        is_milliseconds=True,
        times=times,
        has_gaps=True,
    )


def stored_chart(
    report: StoredReport,
    title: str,
    values: Callable[[StoredLine], tuple[float, ...]],
    *,
    is_bytes: bool = False,
) -> Chart:
    """Two values of each period: the average, and the most."""
    return Chart(
        title=title,
        of=PERIOD_TITLES[report.times.period],
        series=("On average", "At most"),
        bars=[Bar(values(line), starts=line.starts * MICROSECONDS) for line in report.lines],
        kind="line",
        is_by_day=report.times.period == "day",
        is_bytes=is_bytes,
        times=report.times,
    )
