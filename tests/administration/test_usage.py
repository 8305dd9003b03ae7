"""Who may see a project's usage; looking at it leaves nothing in the audit log."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from leasehold.administration import usage
from leasehold.administration.actor import Actor
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from leasehold.usage.reports import Report, StoredReport
from tests.administration.office import ALLOWED, NOW, Office, assert_refused_like_absent, opened

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


@pytest.mark.parametrize("actor", ALLOWED, ids=lambda actor: actor.name)
def test_members_and_operators_see_a_projects_calls(office: Office, actor: Actor) -> None:
    assert [1] == [line.calls for line in report(office, actor).lines]
    assert [] == office.audit()


@pytest.mark.parametrize("actor", ALLOWED, ids=lambda actor: actor.name)
def test_members_and_operators_see_what_was_stored(office: Office, actor: Actor) -> None:
    assert () == stored(office, actor).lines
    assert [] == office.audit()


@pytest.mark.parametrize("read", [report, stored])
def test_to_all_others_there_is_no_such_project(
    office: Office, read: Callable[[Office, Actor, str], object]
) -> None:
    assert_refused_like_absent(office, partial(read, office))


def test_whether_a_question_can_be_answered_is_told_to_members_only(office: Office) -> None:
    with pytest.raises(Invalid):
        report(office, ALLOWED[0], period="week")

    assert_refused_like_absent(office, partial(report, office, period="week"))
