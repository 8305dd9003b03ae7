"""Administration of quotas: operators give, projects lower, and both are recorded."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.administration import quotas
from leasehold.administration.actor import Actor
from leasehold.errors import Forbidden, Invalid, NotFound
from leasehold.settings import Settings
from leasehold.usage.quotas import Override, Source
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

SETTINGS = Settings(quota_calls_per_day=1_000)


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def set_limit(
    office: Office, actor: Actor, project_id: str = SHOP, *, most: int | None = 500
) -> Override:
    return quotas.set_limit(
        office.tx,
        NOW,
        actor,
        project_id=project_id,
        quota="calls_per_day",
        most=most,
        why="a trial",
        settings=SETTINGS,
    )


def remove(
    office: Office, actor: Actor, project_id: str = SHOP, *, source: Source | None = None
) -> None:
    quotas.remove(
        office.tx, NOW, actor, project_id=project_id, quota="calls_per_day", source=source
    )


def day_limit(office: Office, actor: Actor = OWNER, project_id: str = SHOP) -> int | None:
    listed = quotas.list_quotas(office.tx, NOW, actor, project_id=project_id, settings=SETTINGS)
    return listed[0].effective


ACTS: dict[str, Callable[[Office, Actor, str], object]] = {
    "set": set_limit,
    "remove": remove,
    "list": day_limit,
}


def test_the_operator_raises_a_limit_and_it_is_recorded(office: Office) -> None:
    set_limit(office, OPERATOR, most=5_000)
    set_limit(office, OPERATOR, most=None)

    entry = office.last()
    assert day_limit(office) is None
    assert ("quotas.set", SHOP, "quotas/calls_per_day", "operator", "root") == entry[:5]
    assert {"source": "operator", "limit": 5_000, "why": "a trial"} == json.loads(
        entry.before or ""
    )
    assert {"source": "operator", "limit": None, "why": "a trial"} == json.loads(entry.after or "")


@pytest.mark.parametrize("actor", [OWNER, ADMIN])
def test_the_projects_people_lower_their_limit_and_take_that_back(
    office: Office, actor: Actor
) -> None:
    override = set_limit(office, actor)
    lowered = day_limit(office)
    remove(office, actor)

    assert ("project", actor.name) == (override.source, override.set_by)
    assert (500, 1_000) == (lowered, day_limit(office))
    assert ("quotas.remove", None) == (office.last().action, office.last().after)


def test_they_cannot_give_themselves_more_and_that_is_not_recorded(office: Office) -> None:
    before = office.audit()

    with pytest.raises(Invalid, match="ask the operator"):
        set_limit(office, OWNER, most=1_001)
    with pytest.raises(Invalid, match="ask the operator"):
        set_limit(office, OWNER, most=None)

    assert before == office.audit()


def test_they_cannot_take_back_what_the_operator_set(office: Office) -> None:
    set_limit(office, OPERATOR)

    with pytest.raises(Forbidden, match="only the operator"):
        remove(office, OWNER, source="operator")
    with pytest.raises(NotFound, match="the project itself has set no calls_per_day"):
        remove(office, OWNER)

    assert 500 == day_limit(office)


def test_the_operator_may_take_back_what_the_project_set(office: Office) -> None:
    set_limit(office, OWNER)

    remove(office, OPERATOR, source="project")

    assert 1_000 == day_limit(office)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_project_is_not_there_for_those_without_a_part_in_it(
    office: Office, act: Callable[[Office, Actor, str], object]
) -> None:
    assert_refused_like_absent(office, lambda actor, project_id: act(office, actor, project_id))


def test_all_who_may_act_see_the_quotas(office: Office) -> None:
    assert {1_000} == {day_limit(office, actor) for actor in ALLOWED}
