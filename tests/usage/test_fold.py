"""Folding: each call is counted once in its minute, its hour and its day, whoever folds."""

import random
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Row
from leasehold.usage import billing_rows, fold, ledger
from leasehold.usage.latency import Latencies
from tests.postgres import PostgresServer
from tests.usage.accounting import LEASE, Accounting, accounting

SQL = parse("""
-- name: counts
select period, starts, method, outcome, calls, cost
  from usage_counts
 order by period, starts, method, outcome

-- name: periods
select distinct period from usage_counts
 union all
select distinct period from usage_latencies
""")

DAY = 1_793_664_000  # 2026-11-03 00:00
HOUR = 3_600


def fail(done: int) -> None:
    """Undoes what was done in its transaction."""
    raise KeyError(done)


@pytest.fixture
def accounts(database_url: str) -> Iterator[Accounting]:
    with accounting(database_url) as made:
        yield made


def counts(accounts: Accounting, period: str) -> list[Row]:
    found = accounts.do(lambda tx, _: tx.all(SQL.counts))
    return [row[1:] for row in found if row[0] == period]


def test_calls_are_added_up_by_minute_hour_and_day(accounts: Accounting) -> None:
    for time in ("12:00:10", "12:00:50", "12:59:59", "13:00:00"):
        accounts.at(f"2026-11-03 {time}").call(method="lease", cost=2)

    folded = accounts.fold()

    noon = DAY + 12 * HOUR
    assert 4 == folded
    assert [(DAY, "lease", "", 4, 8)] == counts(accounts, "day")
    assert [(noon, "lease", "", 3, 6), (noon + HOUR, "lease", "", 1, 2)] == counts(accounts, "hour")
    assert [
        (noon, "lease", "", 2, 4),
        (noon + 59 * 60, "lease", "", 1, 2),
        (noon + HOUR, "lease", "", 1, 2),
    ] == counts(accounts, "minute")


def test_what_is_folded_later_is_added_to_what_is_there(accounts: Accounting) -> None:
    accounts.call(method="lease", times=3)
    accounts.fold()
    accounts.call(method="lease", times=4)
    accounts.call(method="lease", refused="notFound")
    accounts.fold()

    assert [(DAY, "lease", "", 7, 7), (DAY, "lease", "notFound", 1, 1)] == counts(accounts, "day")


def test_a_transaction_folds_a_little_and_says_how_much(accounts: Accounting) -> None:
    entries = [(LEASE, ledger.Refusal(f"reason{n}")) for n in range(fold.MAX_ROWS + 1)]
    accounts.do(lambda tx, now: ledger.record(tx, now, entries))

    folded = [accounts.do(fold.fold_entries) for _ in range(3)]

    assert [fold.MAX_ROWS, 1, 0] == folded


def test_a_fold_that_is_undone_leaves_the_calls_to_the_next(accounts: Accounting) -> None:
    accounts.call(times=5)

    with pytest.raises(KeyError):
        accounts.do(lambda tx, now: fail(fold.fold_entries(tx, now)))

    assert 1 == accounts.fold()
    assert 5 == counts(accounts, "day")[0][3]


def test_servers_that_fold_at_once_count_each_call_once(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    migrate(open_engine(url))
    rng = random.Random(4)  # noqa: S311  # which calls are made is no secret
    groups = [rng.randrange(1, 9) for _ in range(300)]

    def call_and_fold(share: list[int]) -> None:
        with accounting(url) as mine:
            for times in share:
                mine.call(times=times)
                mine.do(fold.fold_entries)

    servers = [threading.Thread(target=call_and_fold, args=(groups[n::3],)) for n in range(3)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()

    with accounting(url) as accounts:
        accounts.fold()
        assert [sum(groups)] == [row[3] for row in counts(accounts, "day")]
    postgres_server.drop_database(url)


def test_no_server_waits_for_what_another_one_folds(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    impatient = f"{url}?options=-clock_timeout%3D1000"  # milliseconds

    with accounting(url) as mine, accounting(impatient) as theirs:
        mine.call()
        folded = mine.do(lambda tx, now: [fold.fold_entries(tx, now), theirs.do(fold.fold_entries)])

    assert [1, 0] == folded
    postgres_server.drop_database(url)


@pytest.mark.parametrize(
    ("time", "kept"),
    [
        ("2026-11-10 23:59:59", {"minute", "hour", "day"}),
        ("2026-11-11", {"hour", "day"}),
        ("2027-02-03 23:59:59", {"hour", "day"}),
        ("2027-02-04", {"day"}),
        ("2031-11-07 23:59:59", {"day"}),
        ("2031-11-08", set()),
    ],
)
def test_counts_and_latencies_are_kept_as_long_as_settings_say(
    accounts: Accounting, time: str, kept: set[str]
) -> None:
    latencies = Latencies()
    latencies.add(LEASE, "", 0.001)
    accounts.call()
    accounts.fold()
    accounts.do(latencies.flush)

    swept = sweep(accounts.at(time))

    assert 6 - 2 * len(kept) == swept
    assert 0 == sweep(accounts)
    periods = [row[0] for row in accounts.do(lambda tx, _: tx.all(SQL.periods))]
    assert sorted([*kept, *kept]) == sorted(periods)


def sweep(accounts: Accounting, *, limit: int = 100) -> int:
    return accounts.do(
        partial(
            fold.sweep_counts,
            limit=limit,
            keep_minutes_days=7,
            keep_hours_days=92,
            keep_days_days=1830,
        )
    )


def test_a_sweep_takes_so_many_rows_of_each_kind_and_no_more(accounts: Accounting) -> None:
    for n in range(5):
        accounts.call(method=f"m{n}")
    accounts.fold()

    swept = [sweep(accounts.at("2026-12-31"), limit=2) for _ in range(4)]

    assert [2, 2, 1, 0] == swept


def test_a_sweep_says_of_which_days_the_counts_may_be_gone(accounts: Accounting) -> None:
    sweep(accounts.at("2031-11-08 05:00"))

    marks = accounts.do(lambda tx, _: billing_rows.marks(tx))

    assert DAY + 86_400 == marks.swept_before
