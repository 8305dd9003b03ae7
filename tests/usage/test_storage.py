"""Storage over time: each second counts once, in its own hour and day, whoever looks."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leasehold.queues import configure, stats
from leasehold.storage.statements import Statement, parse
from leasehold.storage.transaction import Transaction
from leasehold.usage import storage
from tests.queues.queue_under_test import make_queue
from tests.usage.meter import Meter, metering, read_together
from tests.usage.stored import store

DAY = 86_400
MICROSECONDS = 1_000_000

RESET = parse("""
-- name: storage
delete from usage_storage
-- name: projects
delete from usage_storage_by_project
-- name: months
delete from usage_storage_by_month
-- name: marks
update usage_marks set sampled_until = 0, months_since = 0
""")


@pytest.fixture
def meter(database_url: str) -> Iterator[Meter]:
    with metering(database_url) as made:
        yield made


def test_what_a_queue_holds_is_multiplied_by_the_seconds(meter: Meter) -> None:
    meter.holds("resize", tasks=3, size=500)
    meter.sample()

    meter.at("2026-11-03 12:10").sample()

    assert meter.stored("hour") == [("03 12:00", "resize", 300_000, 1_800, 500, 3)]
    assert meter.stored("day") == [("03 00:00", "resize", 300_000, 1_800, 500, 3)]


def test_the_first_sample_adds_nothing_for_nobody_knows_what_was_before(meter: Meter) -> None:
    meter.holds(size=500)

    assert meter.sample() == 0
    assert meter.stored("hour") == []


def test_a_change_counts_from_the_sample_that_saw_it(meter: Meter) -> None:
    meter.holds(size=100)
    meter.sample()
    meter.holds(size=900, tasks=2)
    meter.at("2026-11-03 12:01").sample()
    meter.holds(size=0, tasks=0)
    meter.at("2026-11-03 12:02").sample()

    meter.at("2026-11-03 12:30").sample()

    assert meter.stored("hour") == [("03 12:00", "resize", 60_000, 180, 900, 2)]


def test_time_is_split_exactly_where_hours_and_days_end(meter: Meter) -> None:
    meter.at("2026-11-03 22:50")
    meter.holds(size=1)
    meter.sample()

    added = meter.at("2026-11-04 01:10").sample()

    assert added == 140 * 60
    assert [(when, seconds) for when, _, seconds, *_ in meter.stored("hour")] == [
        ("03 22:00", 600),
        ("03 23:00", 3_600),
        ("04 00:00", 3_600),
        ("04 01:00", 600),
    ]
    assert [(when, seconds) for when, _, seconds, *_ in meter.stored("day")] == [
        ("03 00:00", 4_200),
        ("04 00:00", 4_200),
    ]


def test_while_no_server_runs_queues_hold_what_they_held_last(meter: Meter) -> None:
    meter.holds(size=7)
    meter.sample()

    meter.holds(size=1_000_000)  # seen only by the server that is started days later
    meter.at("2026-11-06 12:00").sample()

    assert sum(row[2] for row in meter.stored("day")) == 7 * 3 * DAY
    assert max(row[4] for row in meter.stored("day")) == 7


def test_nothing_is_added_within_a_minute_nor_when_the_clock_goes_back(meter: Meter) -> None:
    meter.holds(size=5)
    meter.sample()
    meter.at("2026-11-03 12:05").sample()

    assert meter.at("2026-11-03 12:05:59").sample() == 0
    assert meter.at("2026-11-03 11:00").sample() == 0
    assert meter.at("2026-11-03 12:06").sample() == 60
    assert meter.stored("day") == [("03 00:00", "resize", 5 * 360, 360, 5, 1)]


def test_a_deleted_queue_stops_and_its_successor_goes_on_in_the_same_row(meter: Meter) -> None:
    meter.holds(size=10)
    meter.sample()
    meter.totals = []
    meter.at("2026-11-03 12:01").sample()
    meter.holds(size=20)
    meter.at("2026-11-03 12:02").sample()

    meter.at("2026-11-03 12:03").sample()

    assert meter.stored("day") == [("03 00:00", "resize", 60 * 30, 120, 20, 1)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(1, 20_000), min_size=1, max_size=12))
def test_however_often_samples_are_taken_the_seconds_add_up(
    meter: Meter, pauses: list[int]
) -> None:
    meter.at("2026-11-03 12:00")
    meter.do(lambda tx, _: tx.run(RESET.storage))
    meter.do(lambda tx, _: tx.run(RESET.marks))
    meter.holds(size=3)
    meter.sample()

    for pause in pauses:
        meter.now += pause * MICROSECONDS
        meter.sample()

    whole_minutes = sum(pauses) // 60 * 60
    for period in ("hour", "day"):
        assert sum(row[2] for row in meter.stored(period)) == 3 * whole_minutes


def run(tx: Transaction, now: int, *, statement: Statement) -> int:  # noqa: ARG001  # every operation is given the time
    return tx.run(statement)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(1, 100_000), min_size=1, max_size=8), kept=st.integers(0, 8))
def test_a_month_and_a_project_are_the_sum_of_their_days(
    meter: Meter, pauses: list[int], kept: int
) -> None:
    meter.at("2026-11-29 12:00")
    for statement in (RESET.storage, RESET.projects, RESET.months, RESET.marks):
        meter.do(partial(run, statement=statement))

    for number, pause in enumerate(pauses):
        meter.totals = [("shop", "a", 1, 10 + number), ("shop", f"q{number % 2}", 2, 300)]
        meter.sample()
        if number == kept:  # a database from before there were months
            meter.do(lambda tx, _: store(tx, []))
        meter.now += pause * MICROSECONDS
    meter.sample()

    for month in ("2026-11", "2026-12"):
        assert meter.billed(month) == meter.billed_by_days(month)
    for period in ("hour", "day"):
        together: dict[str, list[int]] = {}
        for starts, _, *held in meter.stored(period):
            total = together.setdefault(starts, [0, 0])
            together[starts] = [total[0] + held[0], total[1] + held[1]]
        assert meter.stored_together(period) == together


def test_a_month_may_hold_more_than_any_number_of_the_database(meter: Meter) -> None:
    meter.at("2026-11-01")
    meter.holds(size=10**13)
    meter.sample()

    meter.at("2026-12-03").sample()

    assert meter.billed("2026-11") == {"resize": 30 * DAY * 10**13}
    assert meter.billed("2026-12") == {"resize": 2 * DAY * 10**13}


def test_the_most_of_all_queues_is_what_they_held_at_one_time(meter: Meter) -> None:
    meter.totals = [("shop", "a", 1, 100), ("shop", "b", 1, 1)]
    meter.sample()
    meter.at("2026-11-03 12:01").sample()
    meter.totals = [("shop", "a", 1, 1), ("shop", "b", 1, 100)]
    meter.sample()
    meter.at("2026-11-03 12:02").sample()
    meter.at("2026-11-03 12:03").sample()

    assert [101] == [most for *_, most, _ in meter.do(partial(read_together, period="hour"))]


def test_of_servers_that_sample_at_once_one_does_and_a_failed_one_leaves_it_to_others(
    meter: Meter,
) -> None:
    meter.holds(size=5)
    meter.sample()
    meter.at("2026-11-03 12:01")
    added: list[int] = []

    def serve() -> None:
        connection = meter.engine.connect()
        for now in range(meter.now, meter.now + 60 * 60 * MICROSECONDS, 30 * MICROSECONDS):
            tx = connection.begin()
            seconds = storage.sample(tx, now, totals=lambda _: meter.totals)
            if now // MICROSECONDS % 7 == 0:  # its machine fails before the commit
                connection.rollback()
            else:
                connection.commit()
                added.append(seconds)
        connection.close()

    servers = [threading.Thread(target=serve) for _ in range(3)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    meter.at("2026-11-03 13:01").sample()

    assert sum(added) > 0
    assert sum(row[2] for row in meter.stored("day")) == 5 * 61 * 60


def test_old_months_are_swept_with_their_days(meter: Meter) -> None:
    meter.holds(size=1)
    meter.sample()
    meter.at("2027-01-02").sample()
    sweep = partial(storage.sweep_storage, limit=10_000, keep_hours_days=1, keep_days_days=32)

    meter.do(sweep)

    assert {} == meter.billed("2026-11")
    assert {"resize": 31 * DAY} == meter.billed("2026-12")


def test_old_hours_and_days_are_swept_a_few_at_a_time(meter: Meter) -> None:
    meter.holds(size=1)
    meter.sample()
    meter.at("2026-11-05 12:00").sample()
    sweep = partial(storage.sweep_storage, limit=10, keep_hours_days=1, keep_days_days=2)

    swept = [meter.do(sweep) for _ in range(3)]
    meter.at("2026-11-06 00:00")
    swept_later = [meter.do(sweep) for _ in range(4)]

    assert swept == [2 * 10 + 1, 2 * 2, 0]
    assert swept_later == [2 * (10 + 1), 2 * 10, 2 * 4, 0]
    assert [row[0] for row in meter.stored("day")] == ["04 00:00", "05 00:00"]


def test_the_queues_tell_what_each_of_them_holds(meter: Meter) -> None:
    queue = make_queue(meter.engine, "resize")
    queue.insert(payload=b"12345")
    queue.fold()
    queue.insert(payload=b"67")
    others = [replace(queue.queue, name=name) for name in ("empty", "gone")]
    _, gone = queue.do(lambda tx, _: [configure.create(tx, other) for other in others])
    queue.do(lambda tx, now: configure.delete(tx, now, gone))

    totals = queue.do(lambda tx, _: stats.totals(tx))

    assert sorted(totals) == [("p", "empty", 0, 0), ("p", "resize", 2, 7)]
    queue.connection.close()
