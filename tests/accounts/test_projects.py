"""Projects: ids, members, switched-on APIs and limits."""

from collections.abc import Callable

import pytest

from leasehold.accounts import configuration, projects, users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction


@pytest.fixture(autouse=True)
def people(tx: Transaction, now: int) -> None:
    for email in ("ada@example.com", "eve@example.com"):
        users.create(tx, now, Entropy(), email=email, password_hash="h")


@pytest.fixture
def app(tx: Transaction, now: int) -> str:
    return projects.create(tx, now, project_id="app", owner_email="ada@example.com").id


@pytest.mark.parametrize("project_id", ["a", "app", "a" * 63, "my-app-2", "example.com:app"])
def test_a_project_has_such_an_id(tx: Transaction, now: int, project_id: str) -> None:
    created = projects.create(tx, now, project_id=project_id, owner_email="Ada@example.com")

    assert created == projects.find(tx, project_id)


@pytest.mark.parametrize(
    "project_id",
    [
        *("", "App", "1app", "-app", "a" * 64, "s~app", "app ", "app\n", "äpp", "a.b", "a/b"),
        *("example:app", "example.com:", ":app", "example.com:1", "a.b:c:d", "a..b:c", "a\0"),
        ("a." * 130) + "com:app",
    ],
)
def test_other_ids_are_refused_and_never_looked_for(
    tx: Transaction, now: int, project_id: str
) -> None:
    with pytest.raises(Invalid, match="lower-case letters"):
        projects.create(tx, now, project_id=project_id, owner_email="ada@example.com")

    assert projects.find(tx, project_id) is None
    assert not projects.is_api_enabled(tx, project_id=project_id, api="taskqueue")


@pytest.mark.parametrize(
    ("text", "project_id"),
    [
        *(("s~app", "app"), ("e~app", "app"), ("b~app", "app"), ("p~app", "app")),
        *(("app", "app"), ("s~example.com:app", "example.com:app"), ("ss~app", "ss~app")),
        *(("s~s~app", "s~app"), ("~app", "~app"), ("s~", ""), ("", "")),
    ],
)
def test_a_partition_prefix_is_stripped_once(text: str, project_id: str) -> None:
    assert project_id == projects.canonical_project_id(text)


def test_an_id_is_used_once(tx: Transaction, now: int, app: str) -> None:
    with pytest.raises(Conflict, match="app"):
        projects.create(tx, now, project_id=app, owner_email="eve@example.com")

    assert [("ada@example.com", "owner")] == members(tx, app)


def test_a_project_needs_an_owner_who_is_there(tx: Transaction, now: int) -> None:
    with pytest.raises(NotFound, match=r"nobody@example\.com"):
        projects.create(tx, now, project_id="app", owner_email="nobody@example.com")

    assert [] == projects.list_projects(tx)


def test_a_member_has_one_role_at_a_time(tx: Transaction, app: str) -> None:
    projects.add_member(tx, project_id=app, email="eve@example.com", role="admin")
    projects.add_member(tx, project_id=app, email="eve@example.com", role="owner")

    assert [("ada@example.com", "owner"), ("eve@example.com", "owner")] == members(tx, app)


def test_a_removed_member_is_no_member(tx: Transaction, app: str) -> None:
    projects.add_member(tx, project_id=app, email="eve@example.com", role="owner")

    projects.remove_member(tx, project_id=app, email="ada@example.com")

    assert [("eve@example.com", "owner")] == members(tx, app)


def test_the_last_owner_can_neither_leave_nor_step_down(tx: Transaction, app: str) -> None:
    with pytest.raises(Conflict, match="owner"):
        projects.remove_member(tx, project_id=app, email="ada@example.com")
    with pytest.raises(Conflict, match="owner"):
        projects.add_member(tx, project_id=app, email="ada@example.com", role="admin")


def test_unknown_roles_projects_and_members_are_refused(tx: Transaction, app: str) -> None:
    with pytest.raises(Invalid, match="owner, admin"):
        projects.add_member(tx, project_id=app, email="eve@example.com", role="viewer")
    with pytest.raises(NotFound, match="other"):
        projects.add_member(tx, project_id="other", email="eve@example.com", role="admin")
    with pytest.raises(NotFound, match="not a member"):
        projects.remove_member(tx, project_id=app, email="eve@example.com")


def test_projects_are_listed_by_id_all_of_them_or_a_users(tx: Transaction, now: int) -> None:
    for project_id, owner in (("c", "ada"), ("a", "ada"), ("b", "eve")):
        projects.create(tx, now, project_id=project_id, owner_email=f"{owner}@example.com")

    assert ["a", "b", "c"] == [project.id for project in projects.list_projects(tx)]
    assert ["a", "c"] == [p.id for p in projects.list_projects_of(tx, "ada@example.com")]


def test_an_api_is_off_until_it_is_switched_on(tx: Transaction, now: int, app: str) -> None:
    states = [projects.is_api_enabled(tx, project_id=app, api="taskqueue")]
    for _twice in range(2):
        projects.enable_api(tx, now, project_id=app, api="taskqueue")
    states.append(projects.is_api_enabled(tx, project_id=app, api="taskqueue"))
    projects.disable_api(tx, project_id=app, api="taskqueue")
    states.append(projects.is_api_enabled(tx, project_id=app, api="taskqueue"))

    assert [False, True, False] == states


def test_an_unknown_api_is_refused_with_the_known_ones(tx: Transaction, now: int, app: str) -> None:
    with pytest.raises(Invalid, match="taskqueue"):
        projects.enable_api(tx, now, project_id=app, api="translate")
    with pytest.raises(NotFound, match="other"):
        projects.enable_api(tx, now, project_id="other", api="taskqueue")


def test_a_project_has_legacy_scopes_and_a_storage_limit_when_they_are_set(
    tx: Transaction, app: str
) -> None:
    projects.set_legacy_scopes(tx, project_id=app, allowed=True)
    projects.set_total_storage_limit(tx, project_id=app, limit=10**15)
    changed = projects.require(tx, app)
    projects.set_legacy_scopes(tx, project_id=app, allowed=False)
    projects.set_total_storage_limit(tx, project_id=app, limit=None)

    assert (True, 10**15) == (changed.legacy_scopes, changed.total_storage_limit)
    assert (False, None) == (
        projects.require(tx, app).legacy_scopes,
        projects.require(tx, app).total_storage_limit,
    )


@pytest.mark.parametrize("limit", [0, -1, 2**63])
def test_a_storage_limit_is_a_positive_number(tx: Transaction, app: str, limit: int) -> None:
    with pytest.raises(Invalid, match="positive"):
        projects.set_total_storage_limit(tx, project_id=app, limit=limit)


def test_every_change_is_counted_for_the_servers(tx: Transaction, now: int, app: str) -> None:
    versions = [configuration.version(tx)]
    changes: list[Callable[[], None]] = [
        lambda: projects.add_member(tx, project_id=app, email="eve@example.com", role="admin"),
        lambda: projects.remove_member(tx, project_id=app, email="eve@example.com"),
        lambda: projects.enable_api(tx, now, project_id=app, api="taskqueue"),
        lambda: projects.disable_api(tx, project_id=app, api="taskqueue"),
        lambda: projects.set_legacy_scopes(tx, project_id=app, allowed=True),
        lambda: projects.set_total_storage_limit(tx, project_id=app, limit=1),
    ]
    for change in changes:
        change()
        versions.append(configuration.version(tx))

    assert sorted(set(versions)) == versions


def members(tx: Transaction, project_id: str) -> list[tuple[str, str]]:
    return [(member.email, member.role) for member in projects.list_members(tx, project_id)]
