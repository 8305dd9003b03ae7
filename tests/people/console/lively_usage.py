"""A year of calls and of what was stored, with a daily rhythm, as a busy project has them."""

from collections.abc import Iterator
from math import pi, sin
from typing import NamedTuple

from leasehold.clock import MICROSECONDS
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows, count_rows, quota_rows
from leasehold.usage.count_rows import CountRow, LatencyRow
from leasehold.usage.latency import step_of
from leasehold.usage.periods import Period
from leasehold.usage.quota_rows import DrawRow

MINUTE, HOUR, DAY = 60, 3_600, 86_400
BY_MINUTE = 2 * HOUR  # for so long before now calls are known by minute
BY_HOUR = 8 * DAY
STORED_BY_HOUR = 8 * DAY

SQL = parse("""
-- name: lease
-- rows: queue_id bigint, second bigint, leased bigint
insert into queue_leases (queue_id, second, leased)
select queue_id, second, leased
  from {rows}
""")


class Caller(NamedTuple):
    """Who calls what, how often on a usual day, and how quickly that is answered."""

    method: str
    credential: str
    email: str
    a_day: int
    milliseconds: float
    outcome: str = ""
    api_key: str = ""


def call(tx: Transaction, now: int, project_id: str, callers: list[Caller], *, since: int) -> None:
    """Writes their calls down from `since` (seconds) to `now` (microseconds)."""
    second = now // MICROSECONDS
    found = [
        (caller, period, starts, calls)
        for place, caller in enumerate(callers)
        for period, starts, calls in _counts(caller.a_day, place, since, second)
        if calls
    ]
    count_rows.add_counts(tx, [_row(project_id, *each) for each in found])
    count_rows.add_latencies(tx, [row for each in found for row in _steps(project_id, *each)])


def _counts(a_day: int, place: int, since: int, now: int) -> Iterator[tuple[Period, int, int]]:
    """Of one caller: when each period starts, and how many calls it has; they add up."""
    minutes_from = (now - BY_MINUTE) // HOUR * HOUR
    minutes = {at: _calls(a_day, at, MINUTE, place) for at in range(minutes_from, now, MINUTE)}
    hours: dict[int, int] = {}
    for at in range(since, minutes_from, HOUR):
        hours[at] = _calls(a_day, at, HOUR, place)
    for at, calls in minutes.items():
        hours[at // HOUR * HOUR] = hours.get(at // HOUR * HOUR, 0) + calls
    days: dict[int, int] = {}
    for at, calls in hours.items():
        days[at // DAY * DAY] = days.get(at // DAY * DAY, 0) + calls
    yield from (("minute", at, calls) for at, calls in minutes.items())
    yield from (("hour", at, calls) for at, calls in hours.items() if at >= now - BY_HOUR)
    yield from (("day", at, calls) for at, calls in days.items())


def _calls(a_day: int, at: int, seconds: int, place: int) -> int:
    """Most at two in the afternoon, least at two in the night, half as many at weekends."""
    by_hour = 1 + 0.75 * sin(2 * pi * ((at % DAY) / DAY - 8 / 24))
    by_day = 0.45 if (at // DAY + 3) % 7 >= 5 else 1.0  # the first of January 1970 was a Thursday
    growth = 0.4 + 0.6 * (at % (10 * 365 * DAY)) / (10 * 365 * DAY)
    by_chance = 1 + 0.22 * sin(at / 7_001 + 3 * place) * sin(at / 977 + place)
    return round(a_day * seconds / DAY * by_hour * by_day * growth * by_chance)


def _row(project_id: str, caller: Caller, period: Period, starts: int, calls: int) -> CountRow:
    return CountRow(
        period,
        starts,
        project_id,
        caller.method.partition(".")[0],
        caller.method,
        caller.credential,
        caller.api_key,
        caller.email,
        caller.outcome,
        calls,
        calls,
    )


def _steps(
    project_id: str, caller: Caller, period: Period, starts: int, calls: int
) -> Iterator[LatencyRow]:
    """Most calls take as long as usual, some twice and a few six times as long."""
    row = _row(project_id, caller, period, starts, calls)
    usual = caller.milliseconds / 1_000 * (1 + 0.25 * sin(starts / 20_011))
    slow, slowest = calls // 8, calls // 70
    for times, count in ((1.0, calls - slow - slowest), (2.0, slow), (6.0, slowest)):
        if count:
            yield LatencyRow(*row[:9], step_of(usual * times), count)


def store(
    tx: Transaction, now: int, project_id: str, queues: dict[str, tuple[int, int]], *, since: int
) -> None:
    """So many tasks and bytes lay in the queues, by and large, from `since` (seconds) to `now`."""
    today = now // MICROSECONDS // DAY * DAY
    minute = now // MICROSECONDS // MINUTE * MINUTE
    for day in range(since // DAY * DAY, today + DAY, DAY):
        _hold(tx, project_id, queues, day)
        billing_rows.add_stored(tx, "day", day, seconds=min(DAY, minute - day))
        if day < today:
            billing_rows.add_day_to_month(tx, day)
    for hour in range(minute // HOUR * HOUR - STORED_BY_HOUR, minute, HOUR):
        _hold(tx, project_id, queues, hour)
        billing_rows.add_stored(tx, "hour", hour, seconds=min(HOUR, minute - hour))
    billing_rows.replace_held(tx, [(project_id, name, *held) for name, held in queues.items()])
    billing_rows.move_sampled_until(tx, since=billing_rows.marks(tx).sampled_until, until=minute)


def _hold(tx: Transaction, project_id: str, queues: dict[str, tuple[int, int]], at: int) -> None:
    held = []
    for place, (name, (tasks, size)) in enumerate(queues.items()):
        share = 0.7 + 0.3 * sin(at / (HOUR * 5) + place) + 0.2 * sin(at / (DAY * 9) + 2 * place)
        held.append((project_id, name, round(tasks * share), round(size * share)))
    billing_rows.replace_held(tx, held)


def draw(tx: Transaction, now: int, project_id: str, *, a_day: int, a_minute: int) -> None:
    """So much of the running windows of the project's quotas is used."""
    second = now // MICROSECONDS
    quota_rows.draw(
        tx,
        [
            DrawRow(
                f"{name}/{project_id}",
                second // length * length,
                second // length * length + length,
                drawn,
                10 * drawn,
            )
            for name, length, drawn in (("day", DAY, a_day), ("minute", MINUTE, a_minute))
        ],
    )


def lease(tx: Transaction, now: int, queue_id: int, *, an_hour: int) -> None:
    """So many tasks of a queue were leased in the last hour."""
    second = now // MICROSECONDS
    rows = [(queue_id, second - HOUR + 10 * n, round(an_hour / 359)) for n in range(1, 360)]
    tx.many(SQL.lease, [row for row in rows if row[2]])
