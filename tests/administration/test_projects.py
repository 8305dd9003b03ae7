"""Administration of projects: made by people and operators, ended by owners, and written down."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts import projects as registry
from leasehold.accounts import users
from leasehold.accounts.model import Project
from leasehold.administration import members, paging, projects
from leasehold.administration.actor import Actor
from leasehold.administration.projects import ProjectChanges
from leasehold.errors import Conflict, Forbidden, Invalid, Missing, NotFound
from leasehold.storage.transaction import Transaction
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    MILL,
    NEIGHBOUR,
    NOW,
    OPERATOR,
    OWNER,
    ROBOT,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
    person,
)

SAM = person("sam@example.com")
DAY = 86_400_000_000  # microseconds

Act = Callable[[Transaction, Actor, str], object]

OF_OWNERS: dict[str, Act] = {
    "disable": lambda tx, actor, project: projects.disable(tx, NOW, actor, project_id=project),
    "enable": lambda tx, actor, project: projects.enable(tx, NOW, actor, project_id=project),
    "delete": lambda tx, actor, project: projects.delete(tx, NOW, actor, project_id=project),
    "undelete": lambda tx, actor, project: projects.undelete(tx, NOW, actor, project_id=project),
}
OF_MEMBERS: dict[str, Act] = {
    "get": lambda tx, actor, project: projects.get(tx, actor, project_id=project),
    "change": lambda tx, actor, project: projects.change(
        tx, NOW, actor, project_id=project, changes=ProjectChanges(legacy_scopes=True)
    ),
}


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def make(office: Office, actor: Actor, project_id: str, owner: str | None = None) -> Project:
    return projects.create(office.tx, NOW, actor, project_id=project_id, owner=owner)


def ids(office: Office, actor: Actor) -> list[str]:
    return [project.id for project in projects.list_projects(office.tx, actor).items]


def test_a_person_makes_a_project_and_owns_it(office: Office) -> None:
    project = make(office, SAM, "bakery")

    found = members.list_members(office.tx, SAM, project_id="bakery")
    assert ("bakery", NOW) == (project.id, project.created_at)
    assert [("sam@example.com", "owner")] == [(member.email, member.role) for member in found]
    entry = office.last()
    assert ("projects.create", "bakery", "projects/bakery", None) == (*entry[:3], entry.before)
    assert ["sam@example.com"] == json.loads(entry.after or "")["owners"]


def test_an_operator_says_whose_project_it_is(office: Office) -> None:
    make(office, OPERATOR, "bakery", "Sam@example.com")

    assert ["bakery"] == ids(office, SAM)
    with pytest.raises(Missing):
        make(office, OPERATOR, "bakery2")


def test_a_person_makes_no_project_for_somebody_else(office: Office) -> None:
    make(office, SAM, "bakery", SAM.name)

    with pytest.raises(Forbidden, match="owns it"):
        make(office, SAM, "bakery2", OWNER.name)


@pytest.mark.parametrize(
    "actor", [Actor("service_account", ROBOT, "h"), person("dora@example.com")], ids=str
)
def test_programs_and_disabled_people_make_none(office: Office, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        make(office, actor, "bakery")
    assert [] == office.audit()


def test_somebody_without_an_account_makes_none(office: Office) -> None:
    with pytest.raises(NotFound):
        make(office, person("ghost@example.com"), "bakery")


@pytest.mark.parametrize("project_id", [SHOP, MILL])
def test_an_id_is_taken_whosever_project_it_is(office: Office, project_id: str) -> None:
    with pytest.raises(Conflict, match="already a project"):
        make(office, SAM, project_id)
    assert [] == office.audit()


@pytest.mark.parametrize("project_id", ["", "Shop", "a\0", "\ud800", "a" * 64, "s~shop"], ids=ascii)
def test_what_is_no_id_is_refused(office: Office, project_id: str) -> None:
    with pytest.raises(Invalid):
        make(office, SAM, project_id)


def test_a_person_owns_so_many_projects_and_deleting_makes_no_room(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "MAX_OWNED", 2)
    make(office, SAM, "one")
    make(office, SAM, "two")
    projects.delete(office.tx, NOW, SAM, project_id="two")

    with pytest.raises(Conflict, match="you own 2 projects"):
        make(office, SAM, "three")
    assert "three" == make(office, OPERATOR, "three", SAM.name).id


def test_everybody_sees_their_projects_and_an_operator_all(office: Office) -> None:
    assert [SHOP] == ids(office, OWNER)
    assert [SHOP] == ids(office, ADMIN)
    assert [MILL] == ids(office, NEIGHBOUR)
    assert [MILL, SHOP] == ids(office, OPERATOR)
    for nobody in (SAM, person("dora@example.com"), Actor("service_account", OWNER.name, "h")):
        assert [] == ids(office, nobody)


def test_a_list_has_pages(office: Office) -> None:
    for name in ("c", "a", "b"):
        make(office, SAM, name)

    for actor, expected in ((SAM, ["a", "b", "c"]), (OPERATOR, ["a", "b", "c", MILL, SHOP])):
        found: list[str] = []
        page = projects.list_projects(office.tx, actor, page_size=2)
        found += [project.id for project in page.items]
        while page.next_page_token:
            token = page.next_page_token
            page = projects.list_projects(office.tx, actor, page_size=2, page_token=token)
            found += [project.id for project in page.items]
        assert expected == found
    with pytest.raises(Invalid):
        projects.list_projects(office.tx, SAM, page_token="\0")
    with pytest.raises(Invalid):
        projects.list_projects(office.tx, SAM, page_size=paging.MAX_SIZE + 1)


def test_a_list_is_searched_for_a_part_of_an_id(office: Office) -> None:
    for name in ("shop-1", "workshop", "example.com:app"):
        make(office, SAM, name)

    for actor, search, expected in (
        (SAM, "shop", ["shop-1", "workshop"]),
        (SAM, "com:", ["example.com:app"]),
        (SAM, "%", []),
        (OPERATOR, "shop", [SHOP, "shop-1", "workshop"]),
    ):
        page = projects.list_projects(office.tx, actor, search=search)

        assert expected == [project.id for project in page.items]


@pytest.mark.parametrize("actor", ALLOWED, ids=str)
def test_members_change_settings_and_the_log_has_them_before_and_after(
    office: Office, actor: Actor
) -> None:
    changes = ProjectChanges(legacy_scopes=True, total_storage_limit=1_000)

    project = projects.change(office.tx, NOW, actor, project_id=SHOP, changes=changes)

    assert (True, 1_000) == (project.legacy_scopes, project.total_storage_limit)
    entry = office.last()
    assert ("projects.change", actor.name) == (entry.action, entry.actor)
    assert not json.loads(entry.before or "")["legacy_scopes"]
    assert 1_000 == json.loads(entry.after or "")["total_storage_limit"]


def test_a_storage_limit_of_0_is_none(office: Office) -> None:
    limits = [
        projects.change(
            office.tx,
            NOW,
            OWNER,
            project_id=SHOP,
            changes=ProjectChanges(total_storage_limit=limit),
        ).total_storage_limit
        for limit in (1_000, 0)
    ]

    assert [1_000, None] == limits


@pytest.mark.parametrize("limit", [-1, 2**70])
def test_a_storage_limit_that_cannot_be_is_refused(office: Office, limit: int) -> None:
    changes = ProjectChanges(total_storage_limit=limit)

    with pytest.raises(Invalid, match="storage limit"):
        projects.change(office.tx, NOW, OWNER, project_id=SHOP, changes=changes)
    assert [] == office.audit()


def test_a_project_goes_off_and_on_and_away_and_back(office: Office) -> None:
    states = []
    for name in ("disable", "delete", "undelete", "enable"):
        OF_OWNERS[name](office.tx, OWNER, SHOP)
        project = projects.get(office.tx, OWNER, project_id=SHOP)
        states.append((project.disabled_at is not None, project.deleted_at is not None))

    assert [(True, False), (True, True), (True, False), (False, False)] == states
    assert [
        "projects.disable",
        "projects.delete",
        "projects.undelete",
        "projects.enable",
    ] == [entry.action for entry in office.audit()]


def test_an_act_that_changes_nothing_is_not_written_down(office: Office) -> None:
    OF_OWNERS["enable"](office.tx, OWNER, SHOP)
    OF_OWNERS["disable"](office.tx, OWNER, SHOP)
    OF_OWNERS["disable"](office.tx, OWNER, SHOP)
    projects.change(office.tx, NOW, OWNER, project_id=SHOP, changes=ProjectChanges())

    assert ["projects.disable"] == [entry.action for entry in office.audit()]


def test_a_project_is_deleted_once_and_had_back_within_30_days(office: Office) -> None:
    with pytest.raises(Conflict):
        OF_OWNERS["undelete"](office.tx, OWNER, SHOP)
    OF_OWNERS["delete"](office.tx, OWNER, SHOP)

    with pytest.raises(Conflict):
        OF_OWNERS["delete"](office.tx, OWNER, SHOP)
    with pytest.raises(Conflict, match="30 days"):
        projects.undelete(office.tx, NOW + 31 * DAY, OWNER, project_id=SHOP)
    with pytest.raises(Conflict):
        make(office, SAM, SHOP)
    assert projects.undelete(office.tx, NOW + 29 * DAY, OWNER, project_id=SHOP).is_on


@pytest.mark.parametrize("name", OF_OWNERS)
def test_an_admin_does_not_switch_a_project_off_or_end_it(office: Office, name: str) -> None:
    with pytest.raises(Forbidden, match="only an owner"):
        OF_OWNERS[name](office.tx, ADMIN, SHOP)
    assert [] == office.audit()


@pytest.mark.parametrize("name", [*OF_OWNERS, *OF_MEMBERS])
def test_to_strangers_the_project_is_not_there(office: Office, name: str) -> None:
    act = {**OF_OWNERS, **OF_MEMBERS}[name]

    assert_refused_like_absent(office, lambda actor, project: act(office.tx, actor, project))


def test_whoever_is_disabled_administers_no_more(office: Office) -> None:
    users.disable(office.tx, NOW, ADMIN.name)

    with pytest.raises(NotFound):
        OF_MEMBERS["change"](office.tx, ADMIN, SHOP)
    assert not registry.require(office.tx, SHOP).legacy_scopes


def test_what_the_operator_switched_off_its_owner_cannot_switch_on(office: Office) -> None:
    projects.disable(office.tx, NOW, OWNER, project_id=SHOP)
    projects.disable(office.tx, NOW, OPERATOR, project_id=SHOP)

    with pytest.raises(Forbidden, match="ask them"):
        projects.enable(office.tx, NOW, OWNER, project_id=SHOP)
    projects.disable(office.tx, NOW, OWNER, project_id=SHOP)
    with pytest.raises(Forbidden):
        projects.enable(office.tx, NOW, OWNER, project_id=SHOP)

    assert projects.enable(office.tx, NOW, OPERATOR, project_id=SHOP).is_on
    assert not projects.get(office.tx, OWNER, project_id=SHOP).disabled_by_operator
