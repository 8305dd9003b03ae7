"""Latencies: counted in steps, within ten per cent, written down a little at a time."""

import threading
from collections import Counter
from collections.abc import Iterator
from math import ceil

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.storage.statements import parse
from leasehold.usage import latency
from leasehold.usage.latency import ENDS, MAX_FLUSHED, MAX_HELD, Latencies, percentiles, step_of
from tests.usage.accounting import LEASE, Accounting, accounting

SQL = parse("""
-- name: counted
select period, outcome, cast(sum(calls) as bigint)
  from usage_latencies
 group by period, outcome
 order by period, outcome
""")


def fail(done: int) -> None:
    """Undoes what was done in its transaction."""
    raise KeyError(done)


@pytest.fixture
def accounts(database_url: str) -> Iterator[Accounting]:
    with accounting(database_url) as made:
        yield made


def counted(accounts: Accounting) -> dict[tuple[str, str], int]:
    """Calls by period and outcome."""
    return {row[:2]: row[2] for row in accounts.do(lambda tx, _: tx.all(SQL.counted))}


def flush(accounts: Accounting, latencies: Latencies) -> list[int]:
    """What each flush said, until nothing was left."""
    left = [accounts.do(latencies.flush)]
    while left[-1]:
        left.append(accounts.do(latencies.flush))
    return left


@given(st.lists(st.floats(min_value=ENDS[0], max_value=60), min_size=1, max_size=300))
def test_percentiles_are_within_ten_per_cent_of_the_exact_ones(seconds: list[float]) -> None:
    found = percentiles(Counter(map(step_of, seconds)))

    assert found is not None
    ranked = sorted(seconds)
    for percent, told in ((50, found.p50), (90, found.p90), (99, found.p99)):
        exact = ranked[ceil(len(ranked) * percent / 100) - 1]
        assert 1 / 1.1 <= told / exact <= 1.1


def test_what_is_shorter_or_longer_than_the_steps_is_told_as_their_ends() -> None:
    shortest = percentiles({step_of(0.0): 1})
    longest = percentiles({step_of(3_600.0): 1})

    assert shortest is not None
    assert longest is not None
    assert (50e-6, ENDS[-1]) == (shortest.p50, longest.p50)
    assert 60 < ENDS[-1] < 75


def test_of_no_calls_there_are_no_percentiles() -> None:
    assert percentiles({}) is None


def test_a_flush_writes_minutes_hours_and_days_and_starts_anew(accounts: Accounting) -> None:
    latencies = Latencies()
    for seconds in (0.001, 0.001, 0.5):
        latencies.add(LEASE, "", seconds)
    latencies.add(LEASE, "notFound", 0.001)

    flush(accounts, latencies)
    again = flush(accounts, latencies)

    expected = {
        (period, outcome): calls
        for period in ("minute", "hour", "day")
        for outcome, calls in (("", 3), ("notFound", 1))
    }
    assert [0] == again
    assert expected == counted(accounts)


def test_charges_that_differ_only_in_cost_are_counted_together(accounts: Accounting) -> None:
    latencies = Latencies()
    latencies.add(LEASE, "", 0.001)
    latencies.add(msgspec.structs.replace(LEASE, cost=2), "", 0.001)

    flush(accounts, latencies)

    assert 2 == counted(accounts)["day", ""]


def test_a_flush_that_is_undone_loses_nothing(accounts: Accounting) -> None:
    latencies = Latencies()
    for step in range(60):
        for email in range(20):
            charge = msgspec.structs.replace(LEASE, email=f"{email}@example.com")
            latencies.add(charge, "", ENDS[step])

    with pytest.raises(KeyError):
        accounts.do(lambda tx, now: fail(latencies.flush(tx, now)))
    left = flush(accounts, latencies)

    assert list(range(1200 - MAX_FLUSHED, -1, -MAX_FLUSHED)) == left
    assert 1200 == counted(accounts)["day", ""]


def test_memory_is_bounded_and_what_is_known_already_goes_on_being_counted(
    accounts: Accounting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "MAX_HELD", 2)
    latencies = Latencies()

    for outcome in ("", "a", "b", "c", "", "a"):
        latencies.add(LEASE, outcome, 0.001)
    flush(accounts, latencies)

    assert {("day", ""): 2, ("day", "a"): 2} == {
        key: calls for key, calls in counted(accounts).items() if key[0] == "day"
    }
    assert MAX_HELD > 1_000


def test_nothing_is_lost_between_the_thread_that_adds_and_the_one_that_flushes(
    accounts: Accounting,
) -> None:
    latencies = Latencies()

    def add() -> None:
        for n in range(20_000):
            latencies.add(LEASE, "", n * 1e-6)

    adding = threading.Thread(target=add)
    adding.start()
    while adding.is_alive():
        accounts.do(latencies.flush)
    flush(accounts, latencies)

    flush(accounts, latencies)
    assert 20_000 == counted(accounts)["day", ""]
