"""Storage over time: how many tasks and bytes each queue held, and for how many seconds.

Once a minute one of the servers looks at what all queues hold, and adds to each queue's hour and
day, and to its project's, what it held *until then*, times the seconds; when a day is over it is
added to its month, for the bill. So a change counts from the next look on, and
while no server runs each queue goes on holding what it held last, as in truth it does.
"""

from collections.abc import Callable, Sequence

from leasehold.clock import MICROSECONDS
from leasehold.storage.transaction import Transaction
from leasehold.usage import billing_rows as rows
from leasehold.usage.billing_rows import QueueTotal
from leasehold.usage.periods import SECONDS, start_of

EVERY_SECONDS = 15  # how often each server should offer to take the minute's sample

Totals = Callable[[Transaction], Sequence[QueueTotal]]


def sample(tx: Transaction, now: int, *, totals: Totals) -> int:
    """Adds what was stored since the last sample; every server may do so, each second counts once.

    Returns how many seconds were added; 0 when it is not time yet, and for the first sample. After
    a pause call it until then: each call adds no more than the rest of one hour. When a clock was
    set back, nothing is added until it has caught up.
    """
    since = rows.marks(tx).sampled_until
    # Samples lie on whole minutes, so that one ends every hour and every day.
    minute = start_of("minute", now // MICROSECONDS)
    until = min(minute, start_of("hour", since) + SECONDS["hour"]) if since else minute
    if until <= since or not rows.move_sampled_until(tx, since=since, until=until):
        return 0
    if since:
        rows.add_stored(tx, "hour", start_of("hour", since), seconds=until - since)
        rows.add_stored(tx, "day", start_of("day", since), seconds=until - since)
        if until == start_of("day", until):
            rows.add_day_to_month(tx, start_of("day", since))
    if until == minute:
        rows.replace_held(tx, [total for total in totals(tx) if _holds_tasks(total)])
    return until - since if since else 0


def _holds_tasks(total: QueueTotal) -> bool:
    _, _, tasks, _ = total
    return tasks > 0


def sweep_storage(
    tx: Transaction, now: int, *, limit: int, keep_hours_days: int, keep_days_days: int
) -> int:
    """Forgets up to `limit` hours, days and months that began too long ago; how many rows went.

    From then on there is no bill for a month of which a day may be missing.
    """
    today = start_of("day", now // MICROSECONDS)
    hours_before = today - keep_hours_days * SECONDS["day"]
    days_before = today - keep_days_days * SECONDS["day"]
    mark_swept(tx, before=days_before)
    hours = rows.sweep_storage(tx, "hour", before=hours_before, max_rows=limit)
    days = rows.sweep_storage(tx, "day", before=days_before, max_rows=limit)
    return hours + days + rows.sweep_months(tx, before=days_before, max_rows=limit)


def mark_swept(tx: Transaction, *, before: int) -> None:
    """Writes down that usage of days before this (in seconds) may be gone; it only moves on.

    Whatever forgets days of usage says so here, in the same transaction.
    """
    rows.move_swept_before(tx, before)
