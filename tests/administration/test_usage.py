"""Who may see a project's usage; looking at it leaves nothing in the audit log."""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest

from leasehold.administration import usage
from leasehold.administration.actor import Actor
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.storage.statements import parse
from leasehold.usage import fold, ledger
from leasehold.usage.charge import Charge
from leasehold.usage.latency import Latencies
from leasehold.usage.ledger import Refusal
from leasehold.usage.reports import (
    MAX_NAMED,
    MAX_READ,
    Part,
    Ranked,
    Report,
    Split,
    StoredLine,
    StoredReport,
)
from tests.administration.office import ALLOWED, NOW, Office, assert_refused_like_absent, opened
from tests.usage.stored import Stored, store

SQL = parse("""
-- name: take_long
-- rows: starts bigint, n bigint
insert into usage_latencies (period, starts, project_id, api, method, credential, api_key, email,
                             outcome, step, calls)
select 'hour', starts, 'shop', '', '', '', '', '', '', n, 1
  from {rows}
""")

CALL = Charge("shop", "taskqueue", "taskqueue.tasks.lease", "worker", "", "w@example.com", 1)
HOUR = 3_600 * MICROSECONDS


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as made:
        ledger.record(made.tx, NOW, [(CALL, None)])
        yield made


def report(office: Office, actor: Actor, project_id: str = "shop", period: str = "day") -> Report:
    return usage.report(
        office.tx, NOW, actor, project_id=project_id, since=NOW - HOUR, until=NOW + 1, period=period
    )


def stored(office: Office, actor: Actor, project_id: str = "shop") -> StoredReport:
    return usage.stored(
        office.tx, NOW, actor, project_id=project_id, since=NOW - HOUR, until=NOW + 1, period="day"
    )


def split(office: Office, actor: Actor, project_id: str = "shop", **asked: object) -> Split:
    times = {"since": NOW - HOUR, "until": NOW + 1, "period": "hour"}
    return usage.split(office.tx, NOW, actor, project_id=project_id, **times | asked)  # type: ignore[arg-type]  # a test's own words


def largest(office: Office, actor: Actor, project_id: str = "shop") -> tuple[StoredLine, ...]:
    return usage.largest(
        office.tx, NOW, actor, project_id=project_id, since=NOW - HOUR, until=NOW, period="hour"
    )


def call(
    office: Office, *, times: int = 1, refused: str = "", at: int = NOW, **changed: str
) -> None:
    outcome = Refusal(refused) if refused else None
    charge = msgspec.structs.replace(CALL, **changed)
    ledger.record(office.tx, at, [(charge, outcome)] * times)


@pytest.mark.parametrize("actor", ALLOWED, ids=lambda actor: actor.name)
def test_members_and_operators_see_a_projects_calls(office: Office, actor: Actor) -> None:
    assert [1] == [line.calls for line in report(office, actor).lines]
    assert [] == office.audit()


@pytest.mark.parametrize("actor", ALLOWED, ids=lambda actor: actor.name)
def test_members_and_operators_see_what_was_stored(office: Office, actor: Actor) -> None:
    assert () == stored(office, actor).lines
    assert [] == office.audit()


@pytest.mark.parametrize("read", [report, stored, split, largest])
def test_to_all_others_there_is_no_such_project(
    office: Office, read: Callable[[Office, Actor, str], object]
) -> None:
    assert_refused_like_absent(office, partial(read, office))


def test_whether_a_question_can_be_answered_is_told_to_members_only(office: Office) -> None:
    with pytest.raises(Invalid):
        report(office, ALLOWED[0], period="week")

    assert_refused_like_absent(office, partial(report, office, period="week"))


def test_calls_are_split_by_outcome_and_by_the_values_that_have_most(office: Office) -> None:
    call(office, times=2, refused="notFound")
    call(office, times=5, method="taskqueue.tasks.insert")
    fold.fold_entries(office.tx, NOW)
    call(office, times=4, at=NOW - HOUR)  # not folded: it counts all the same
    now, before = (at // HOUR * 3_600 for at in (NOW, NOW - HOUR))

    found = split(office, ALLOWED[0], by="method")

    insert, lease = "taskqueue.tasks.insert", "taskqueue.tasks.lease"
    assert (Ranked(lease, 7, 2, 5), Ranked(insert, 5, 0, 5)) == found.ranked
    assert {
        Part(before, "done", lease, 4, 4),
        Part(now, "done", lease, 1, 1),
        Part(now, "notFound", lease, 2, 0),
        Part(now, "done", insert, 5, 5),
    } == set(found.parts)


def test_what_has_few_calls_is_together_in_a_split(office: Office) -> None:
    for number in range(MAX_NAMED + 2):
        call(office, times=30 - number, email=f"{number}@example.com")

    found = split(office, ALLOWED[0], by="email")

    assert MAX_NAMED + 3 == len(found.ranked)
    rest = [part.calls for part in found.parts if part.value is None]
    assert [(30 - MAX_NAMED) + (30 - MAX_NAMED - 1) + 1] == rest


def test_a_split_takes_filters_and_may_be_by_nothing_or_by_outcome(office: Office) -> None:
    call(office, times=3, refused="notFound", api_key="", email="")

    by_nothing = split(office, ALLOWED[0], filters={"email": ""})
    by_outcome = split(office, ALLOWED[0], by="outcome")

    assert ((), [("notFound", None, 3)]) == (
        by_nothing.ranked,
        [(part.outcome, part.value, part.calls) for part in by_nothing.parts],
    )
    assert [("notFound", 3, 3), ("done", 1, 0)] == [
        (rank.value, rank.calls, rank.errors) for rank in by_outcome.ranked
    ]
    with pytest.raises(Invalid):
        split(office, ALLOWED[0], by="colour")


def test_a_split_tells_how_long_calls_took(office: Office) -> None:
    latencies = Latencies()
    for milliseconds in (1, 1, 1, 100):
        latencies.add(CALL, "", milliseconds / 1000)
    latencies.flush(office.tx, NOW)

    ((starts, found),) = split(office, ALLOWED[0]).latencies or ()

    assert starts == NOW // HOUR * 3_600
    assert found.p50 == pytest.approx(0.001, rel=0.1)
    assert found.p99 == pytest.approx(0.1, rel=0.1)


def test_a_split_leaves_latencies_out_when_there_are_too_many(office: Office) -> None:
    starts = NOW // HOUR * 3_600
    office.tx.many(SQL.take_long, [(starts, number) for number in range(MAX_READ + 1)])

    assert split(office, ALLOWED[0]).latencies is None


def test_the_largest_queues_come_first(office: Office) -> None:
    now, before = (at // HOUR * 3_600 for at in (NOW, NOW - HOUR))
    rows = [(now, "small", 10, 9), (now, "large", 1_000, 2), (before, "small", 20, 9)]
    store(
        office.tx,
        [Stored("hour", at, "shop", queue, b * 3600, t * 3600, b, t) for at, queue, b, t in rows],
    )

    found = largest(office, ALLOWED[0])

    assert [("large", 2, 1_000), ("small", 9, 20)] == [
        (line.queue, line.most_tasks, line.most_bytes) for line in found
    ]
