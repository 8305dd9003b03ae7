"""Folding: entries of the ledger become counts by minute, hour and day. Each call does a little."""

from collections import Counter

from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows, count_rows
from leasehold.usage.count_rows import CountRow, EntryRow
from leasehold.usage.periods import PERIODS, SECONDS, Period, start_of

# When a period starts, the project, and all dimensions.
_Key = tuple[int, str, str, str, str, str, str, str]

MAX_ROWS = 200  # in one transaction: a few milliseconds, for which callers may have to wait


def fold_entries(tx: Transaction, now: int) -> int:  # noqa: ARG001  # every operation is given the time
    """Adds the oldest entries to the counts; how many entries were folded.

    Whoever deletes an entry adds it up in the same transaction, so that any number of servers may
    do this at a time and each call is counted once.
    """
    entries = count_rows.take_entries(tx, MAX_ROWS)
    count_rows.add_counts(tx, _added_up(entries))
    return len(entries)


def _added_up(entries: list[EntryRow]) -> list[CountRow]:
    calls: Counter[_Key] = Counter()
    cost: Counter[_Key] = Counter()
    for entry in entries:
        minute = entry[:8]
        calls[minute] += entry.calls
        cost[minute] += entry.cost
    totals: dict[tuple[Period, _Key], list[int]] = {}
    for minute in calls:
        for period in PERIODS:
            key = (start_of(period, minute[0]), *minute[1:])
            total = totals.setdefault((period, key), [0, 0])
            total[0] += calls[minute]
            total[1] += cost[minute]
    return [CountRow(period, *key, *total) for (period, key), total in totals.items()]


def sweep_counts(
    tx: Transaction,
    now: int,
    *,
    limit: int,
    keep_minutes_days: int,
    keep_hours_days: int,
    keep_days_days: int,
) -> int:
    """Forgets counts and latencies of periods that began too long ago; how many rows went.

    At most `limit` rows of each period and kind in one call. From then on there is no bill for a
    month of which a day may be missing.
    """
    days: dict[Period, int] = {
        "minute": keep_minutes_days,
        "hour": keep_hours_days,
        "day": keep_days_days,
    }
    today = start_of("day", now // MICROSECONDS)
    billing_rows.move_swept_before(tx, today - keep_days_days * SECONDS["day"])
    swept = 0
    for period, kept in days.items():
        before = today - kept * SECONDS["day"]
        swept += count_rows.sweep_counts(tx, period, before=before, max_rows=limit)
        swept += count_rows.sweep_latencies(tx, period, before=before, max_rows=limit)
    return swept
