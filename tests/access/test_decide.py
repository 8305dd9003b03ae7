"""The whole table of the decision: every scope, role, right and place, beside a plain reading."""

from itertools import product

import pytest

from leasehold.access.decide import Need, Reason, decide
from leasehold.access.directory import Place, Project
from leasehold.access.principal import Principal
from leasehold.oauth2 import scopes
from leasehold.queues.model import ROLES, Acl, Queue, Role

API = "taskqueue"
ME = "me@example.com"
OTHER = "other@example.com"

# What the caller is: in the project, and on the queue.
RIGHTS = ("stranger", "service account", "owner", "consumer", "producer", "queue admin")
PLACES = ("no project", "no queue", "api off", "api off, no queue", "here", "legacy")

_SCOPES_OF: dict[Role, int] = {
    "consumer": scopes.READ_WRITE | scopes.CONSUME,
    "producer": scopes.READ_WRITE,
    "admin": scopes.READ_WRITE,
}
_ROLES_OF: dict[str, set[Role]] = {
    "stranger": set(),
    "service account": set(),
    "owner": set(ROLES),
    "consumer": {"consumer"},
    "producer": {"producer"},
    "queue admin": set(ROLES),
}


def ask(scope: int, role: Role, right: str, place: str, *, is_full: bool = False) -> Reason | None:
    """Why the caller is refused; None when it is allowed."""
    home = "p" if right == "service account" else "elsewhere"
    refused = decide(
        Principal(ME, home, client_id="", scopes=scope, expires_at=0),
        _place(place, right),
        Need(API, _SCOPES_OF[role], role),
        full_projects=frozenset(["p"] if is_full else []),
    )
    return None if refused is None else refused.reason


def _place(place: str, right: str) -> Place:
    if place == "no project":
        return Place(None, None)
    project = Project(
        "p",
        apis=frozenset([] if "api off" in place else [API]),
        admins=frozenset([ME if right == "owner" else OTHER]),
        legacy_scopes=place == "legacy",
    )
    return Place(project, None if "no queue" in place else _queue(right))


def _queue(right: str) -> Queue:
    acl = Acl(
        consumers=frozenset([ME if right == "consumer" else OTHER]),
        producers=frozenset([ME if right == "producer" else OTHER]),
        admins=frozenset([ME if right == "queue admin" else OTHER]),
    )
    return Queue(id=1, project_id="p", name="q", mode="pull", created_at=0, acl=acl)


def expected(scope: int, role: Role, right: str, place: str) -> Reason | None:
    """The same, read off the rules one by one."""
    is_consumers_scope_enough = role == "consumer" or (role == "producer" and place == "legacy")
    if not scope & (scopes.READ_WRITE | (scopes.CONSUME if is_consumers_scope_enough else 0)):
        return "insufficientPermissions"
    is_on_the_queue = right in ("consumer", "producer", "queue admin") and "no queue" not in place
    may = right == "owner" or (is_on_the_queue and role in _ROLES_OF[right])
    is_known_to_the_project = may or right == "service account"
    if place == "no project" or not is_known_to_the_project:
        return "forbidden"
    if "api off" in place:
        return "accessNotConfigured"
    if "no queue" in place:
        return "notFound"
    return None if may else "forbidden"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("role", ROLES)
def test_scope_and_role_must_both_allow(role: Role, right: str, place: str) -> None:
    every_scope = range(scopes.CLOUD_CONSUMER * 2)  # 0 to all four bits

    answers = [ask(scope, role, right, place) for scope in every_scope]

    assert [expected(scope, role, right, place) for scope in every_scope] == answers


@pytest.mark.parametrize("scope", [scope.bit for scope in scopes.SCOPES])
@pytest.mark.parametrize("role", ROLES)
def test_a_stranger_cannot_tell_what_is_there_from_what_it_may_not_touch(
    role: Role, scope: int
) -> None:
    hiding = [place for place in PLACES if place != "legacy"]

    answers = {ask(scope, role, "stranger", place) for place in hiding}

    assert 1 == len(answers)
    assert None not in answers


@pytest.mark.parametrize("right", ["consumer", "producer", "queue admin"])
def test_whoever_has_a_role_on_one_queue_is_a_stranger_at_the_others(right: str) -> None:
    elsewhere = {
        ask(scopes.TASKQUEUE, role, right, place)
        for role in ROLES
        for place in ("no project", "no queue", "api off, no queue")
    }

    assert {"forbidden"} == elsewhere


@pytest.mark.parametrize("right", RIGHTS)
def test_a_full_project_takes_no_tasks_and_gives_them(right: str) -> None:
    for role, place in product(ROLES, PLACES):
        usual = ask(scopes.TASKQUEUE, role, right, place)
        full = ask(scopes.TASKQUEUE, role, right, place, is_full=True)

        is_insert = role == "producer" and usual is None
        assert full == ("quotaExceeded" if is_insert else usual)
