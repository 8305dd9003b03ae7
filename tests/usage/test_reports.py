"""Reports: exact to the newest call, folded or not; bounded; safe to open in a spreadsheet."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from leasehold.errors import Invalid
from leasehold.storage.statements import parse
from leasehold.usage import fold, ledger, reports
from leasehold.usage.charge import Charge
from leasehold.usage.latency import Latencies
from leasehold.usage.ledger import Refusal
from leasehold.usage.periods import parse_instant
from leasehold.usage.report_forms import csv_form, json_form
from leasehold.usage.reports import MAX_LINES, MAX_READ, StoredReport
from tests.usage.accounting import LEASE, Accounting, accounting, instant
from tests.usage.stored import Stored, store

SQL = parse("""
-- name: count_much
-- rows: starts bigint, method text
insert into usage_counts (period, starts, project_id, api, method, credential, api_key, email,
                          outcome, calls, cost)
select 'minute', starts, 'shop', '', method, '', '', '', '', 1, 1
  from {rows}
""")

DAY = 1_793_664_000  # 2026-11-03 00:00
HOUR = 3_600


@pytest.fixture
def accounts(database_url: str) -> Iterator[Accounting]:
    with accounting(database_url) as made:
        yield made


def test_calls_errors_and_cost_are_told_by_period(accounts: Accounting) -> None:
    accounts.at("2026-11-03 12:10").call(times=3, cost=2)
    accounts.at("2026-11-03 12:50").call(times=2, refused="notFound")
    accounts.at("2026-11-03 13:00").call()

    assert [("03 00:00", 6, 2, 7)] == accounts.lines(period="day")
    assert [("03 12:00", 5, 2, 6), ("03 13:00", 1, 0, 1)] == accounts.lines(period="hour")


def test_outcomes_tell_why_calls_were_refused(accounts: Accounting) -> None:
    accounts.call(times=3)
    accounts.call(times=2, refused="notFound")
    accounts.call(refused="dailyLimitExceeded")

    assert [
        ("03 00:00", "dailyLimitExceeded", 1, 1, 0),
        ("03 00:00", "done", 3, 0, 3),
        ("03 00:00", "notFound", 2, 2, 0),
    ] == accounts.lines(by=["outcome"])


def test_dimensions_are_shown_in_the_order_that_was_asked_for(accounts: Accounting) -> None:
    accounts.call(email="a@example.com", method="lease")
    accounts.call(email="b@example.com", method="insert")

    assert [("insert", "b@example.com"), ("lease", "a@example.com")] == [
        line.values for line in accounts.report(by=["method", "email"]).lines
    ]
    assert [("a@example.com", "lease"), ("b@example.com", "insert")] == [
        line.values for line in accounts.report(by=["email", "method"]).lines
    ]


@pytest.mark.parametrize(
    ("filters", "calls"),
    [
        ({"method": "lease"}, 3),
        ({"method": "lease", "email": "a@example.com"}, 1),
        ({"method": "leas"}, 0),
        ({"method": "LEASE"}, 0),
        ({"method": "%"}, 0),
        ({"api_key": ""}, 4),
        ({"outcome": "done"}, 4),
        ({"outcome": "notFound"}, 1),
        ({"email": "' or 1=1 --"}, 0),
    ],
)
def test_filters_keep_what_is_exactly_that(
    accounts: Accounting, filters: dict[str, str], calls: int
) -> None:
    accounts.call(method="lease", email="a@example.com")
    accounts.call(method="lease", email="b@example.com", times=2)
    accounts.call(method="insert", email="b@example.com")
    accounts.call(method="insert", api_key="k1", refused="notFound")

    assert calls == sum(line.calls for line in accounts.report(filters=filters).lines)


def test_another_projects_calls_are_not_told(accounts: Accounting) -> None:
    accounts.call(project_id="mill")

    assert () == accounts.report().lines


def test_a_report_has_whole_periods_and_the_end_is_left_out(accounts: Accounting) -> None:
    for time in ("11:59:59", "12:00", "12:59:59", "13:00"):
        accounts.at(f"2026-11-03 {time}").call()

    whole = accounts.report(since="2026-11-03 12:20", until="2026-11-03 12:21", period="hour")
    until_noon = accounts.report(since="2026-11-03 11:30", until="2026-11-03 12:00", period="hour")

    assert [(DAY + 12 * HOUR, 2)] == [(line.starts, line.calls) for line in whole.lines]
    assert (DAY + 12 * HOUR, DAY + 13 * HOUR) == (whole.times.since, whole.times.until)
    assert [(DAY + 11 * HOUR, 1)] == [(line.starts, line.calls) for line in until_noon.lines]


@pytest.mark.parametrize("seed", range(5))
def test_reports_equal_the_callers_own_counts_while_calls_are_folded(
    accounts: Accounting, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  # which calls are made is no secret
    own: Counter[tuple[int, str, str]] = Counter()

    for _ in range(60):
        accounts.now = instant("2026-11-03") + rng.randrange(86_400_000_000)
        method, reason = rng.choice("ab"), rng.choice(["", "", "notFound", "invalid"])
        times = rng.randrange(1, 5)
        accounts.call(method=method, refused=reason, times=times)
        own[accounts.now // 3_600_000_000 * 3_600, method, reason or "done"] += times
        if rng.random() < 0.3:
            accounts.do(fold.fold_entries)

        told = accounts.report(period="hour", by=["method", "outcome"]).lines
        assert own == {(line.starts, *line.values): line.calls for line in told}
        assert own.total() == sum(line.calls for line in accounts.report().lines)


def test_latencies_are_told_where_they_are_asked_for(accounts: Accounting) -> None:
    latencies = Latencies()
    for n in range(100):
        latencies.add(LEASE, "", 0.010 if n < 95 else 1.0)
    accounts.call(times=100)
    accounts.call(refused="notFound")
    accounts.do(latencies.flush)

    done, refused = accounts.report(by=["outcome"], latency=True).lines
    without = accounts.report(by=["outcome"]).lines[0]

    assert done.latency is not None
    assert done.latency.p50 == done.latency.p90 == pytest.approx(0.010, rel=0.1)
    assert done.latency.p99 == pytest.approx(1.0, rel=0.1)
    assert refused.latency is None
    assert without.latency is None


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"period": "week"}, "minute, hour or day", "period"),
    ({"by": ["queue"]}, "'queue' is not a dimension", "by"),
    ({"by": ["method", "method"]}, "named twice", "by"),
    ({"filters": {"project_id": "mill"}}, "'project_id' is not a dimension", "filters"),
    ({"filters": {"email": "a\0b"}}, "NUL", "filters"),
    ({"since": "2026-12-01"}, "until is not after since", "until"),
    ({"period": "minute"}, "43,200 minutes.*at most 2,400: choose a longer period", "period"),
    ({"since": "1970-01-01"}, "20,788 days.*choose a shorter time", "period"),
]


@pytest.mark.parametrize(("asked", "why", "field"), WRONG)
def test_what_cannot_be_answered_is_refused_with_what_to_do(
    accounts: Accounting, asked: dict[str, Any], why: str, field: str
) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        accounts.report(**asked)

    assert field == refused.value.field


@pytest.mark.parametrize("instants", [(-1, 1), (0, 10**18), (-(2**70), 2**70)])
def test_instants_that_no_calendar_has_are_refused(
    accounts: Accounting, instants: tuple[int, int]
) -> None:
    since, until = instants
    ask = partial(reports.report, project_id="shop", since=since, until=until, period="day")

    with pytest.raises(Invalid, match="1970 to 9999"):
        accounts.do(ask)


def test_a_report_with_too_many_lines_is_refused_and_a_shorter_one_is_not(
    accounts: Accounting,
) -> None:
    charges = [Charge("shop", "", "", "", "", f"{n}@example.com", 1) for n in range(MAX_LINES + 1)]
    entries = [(charge, None) for charge in charges]
    accounts.do(lambda tx, now: ledger.record(tx, now, entries))

    with pytest.raises(Invalid, match="5,000 lines: choose a longer period"):
        accounts.report(by=["email"])

    assert [("03 00:00", MAX_LINES + 1, 0, MAX_LINES + 1)] == accounts.lines()


def test_a_report_that_would_read_too_much_is_refused(accounts: Accounting) -> None:
    rows = [(DAY + n % 1_000 * 60, f"m{n}") for n in range(MAX_READ + 1)]
    accounts.do(lambda tx, _: tx.many(SQL.count_much, rows))
    day = {"since": "2026-11-03", "period": "minute"}

    with pytest.raises(Invalid, match="50,000 counts lie in that time: choose a longer period"):
        accounts.report(**day, until="2026-11-04")

    assert 60 == len(accounts.report(**day, until="2026-11-03 01:00").lines)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-11-03", DAY * 10**6),
        ("20261103", DAY * 10**6),
        ("2026-11-03T01:00", (DAY + HOUR) * 10**6),
        ("2026-11-03T01:00Z", (DAY + HOUR) * 10**6),
        ("2026-11-03T01:00:00+01:00", DAY * 10**6),
        (str(DAY * 10**6), DAY * 10**6),
    ],
)
def test_times_are_days_instants_or_microseconds(text: str, microseconds: int) -> None:
    assert microseconds == parse_instant(text, field="since")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "-5", "0", "٢٠٢٦", "1e9"])
def test_a_time_that_cannot_be_read_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Invalid, match="since takes a day such as 2026-11-01"):
        parse_instant(text, field="since")


def test_csv_has_a_line_of_headings_and_ends_lines_as_rfc_4180_says(accounts: Accounting) -> None:
    accounts.call(times=2)

    text = csv_form(accounts.report(by=["method"]))

    assert (
        "day,method,calls,errors,cost\r\n2026-11-03T00:00:00Z,taskqueue.tasks.lease,2,0,2\r\n"
    ) == text
    assert "day,calls,errors,cost\r\n" == csv_form(accounts.report(project_id="mill"))


@pytest.mark.parametrize("begin", list("=+-@\t\r"))
def test_no_cell_of_csv_is_a_formula(accounts: Accounting, begin: str) -> None:
    accounts.call(email=f'{begin}cmd|"/c calc",!A1')

    rows = list(csv.reader(io.StringIO(csv_form(accounts.report(by=["email"])), newline="")))

    assert f'\'{begin}cmd|"/c calc",!A1' == rows[1][1]


def test_json_has_names_for_everything(accounts: Accounting) -> None:
    accounts.call(times=2)

    assert {
        "project": "shop",
        "period": "day",
        "since": "2026-11-01T00:00:00Z",
        "until": "2026-12-01T00:00:00Z",
        "lines": [
            {
                "day": "2026-11-03T00:00:00Z",
                "outcome": "done",
                "calls": 2,
                "errors": 0,
                "cost": 2,
                "p50_ms": None,
                "p90_ms": None,
                "p99_ms": None,
            }
        ],
    } == json_form(accounts.report(by=["outcome"], latency=True))


def stored(accounts: Accounting, **asked: Any) -> StoredReport:  # noqa: ANN401  # switches and texts
    ask = partial(
        reports.stored,
        project_id="shop",
        since=instant("2026-11-01"),
        until=instant("2026-12-01"),
        period=asked.pop("period", "day"),
    )
    return accounts.do(partial(ask, **asked))


@pytest.fixture
def stocked(accounts: Accounting) -> Accounting:
    """Two queues: on the second a whole day, on the third until noon, which is now."""
    rows = [
        Stored("day", DAY - 86_400, "shop", "a", 86_400 * 100, 86_400 * 2, 150, 3),
        Stored("day", DAY, "shop", "a", 43_200 * 50, 43_200, 50, 1),
        Stored("day", DAY, "shop", "b", 43_200 * 10, 21_600, 30, 2),
        Stored("hour", DAY, "shop", "b", 3_600 * 10, 3_600, 30, 2),
        Stored("day", DAY, "mill", "a", 1, 1, 1, 1),
    ]
    accounts.do(lambda tx, _: store(tx, rows))
    return accounts


def test_what_was_stored_is_told_on_average_and_at_most(stocked: Accounting) -> None:
    second, third = stored(stocked).lines

    assert (2.0, 100.0, 3, 150) == (
        *(second.average_tasks, second.average_bytes),
        *(second.most_tasks, second.most_bytes),
    )
    assert (1.5, 60.0, 3, 80) == (
        *(third.average_tasks, third.average_bytes),
        *(third.most_tasks, third.most_bytes),
    )


def largest(accounts: Accounting) -> list[str]:
    since, until = instant("2026-11-01"), instant("2026-12-01")
    ask = partial(reports.largest, project_id="shop", since=since, until=until, period="day")
    return [line.queue for line in accounts.do(ask)]


def test_queues_are_not_compared_where_there_is_too_much_to_read(
    stocked: Accounting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_STORED_READ", 3)
    assert ["a", "b"] == largest(stocked)
    monkeypatch.setattr(reports, "MAX_STORED_READ", 2)

    with pytest.raises(Invalid, match="2 counts lie in that time: choose"):
        largest(stocked)


def test_what_was_stored_is_told_by_queue_and_of_one(stocked: Accounting) -> None:
    by_queue = stored(stocked, by_queue=True).lines
    one = stored(stocked, queue="b", period="hour").lines

    assert ["a", "a", "b"] == [line.queue for line in by_queue]
    assert [(0.5, 10.0)] == [
        (line.average_tasks, line.average_bytes) for line in by_queue if line.queue == "b"
    ]
    assert [10.0] == [line.average_bytes for line in one]


def test_minutes_of_storage_are_refused(stocked: Accounting) -> None:
    with pytest.raises(Invalid, match="by hour and by day"):
        stored(stocked, period="minute")


def test_what_was_stored_has_its_csv(stocked: Accounting) -> None:
    assert [
        "day,queue,average_tasks,most_tasks,average_bytes,most_bytes",
        "2026-11-02T00:00:00Z,a,2.0,3,100.0,150",
        "2026-11-03T00:00:00Z,a,1.0,1,50.0,50",
        "2026-11-03T00:00:00Z,b,0.5,2,10.0,30",
    ] == csv_form(stored(stocked, by_queue=True)).splitlines()


def test_a_refusal_is_an_error_whatever_it_costs(accounts: Accounting) -> None:
    accounts.do(lambda tx, now: ledger.record(tx, now, [(LEASE, Refusal("x"))]))

    assert [("03 00:00", 1, 1, 0)] == accounts.lines()
