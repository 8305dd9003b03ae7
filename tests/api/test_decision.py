"""The decision itself: what holds for callers that no token can stand for yet."""

import pytest

from leasehold.access.decide import Need, Reason, Refused, decide
from leasehold.access.directory import Place, Project
from leasehold.access.principal import Principal
from leasehold.oauth2 import scopes
from leasehold.queues.model import Acl, Queue, Role

PROJECT = Project(
    "p", apis=frozenset(["taskqueue"]), admins=frozenset(["boss@x.org"]), legacy_scopes=False
)
OFF = Project("p", apis=frozenset(), admins=PROJECT.admins, legacy_scopes=False)
LEGACY = Project("p", PROJECT.apis, PROJECT.admins, legacy_scopes=True)
ACL = Acl(
    consumers=frozenset(["c@x.org"]),
    producers=frozenset(["p@x.org"]),
    admins=frozenset(["a@x.org"]),
)
QUEUE = Queue(id=1, project_id="p", name="q", mode="pull", created_at=0, acl=ACL)
HERE = Place(PROJECT, QUEUE)


def need(role: Role) -> Need:
    """As methods declare it: a consumer's scope does for consumers only."""
    mask = scopes.READ_WRITE | (scopes.CONSUME if role == "consumer" else 0)
    return Need("taskqueue", mask, role)


def reason(
    email: str,
    role: Role,
    *,
    place: Place = HERE,
    scope: int = scopes.TASKQUEUE,
    home: str = "elsewhere",
) -> Reason | None:
    """Why the caller is refused; None when it is allowed."""
    principal = Principal(email, home, client_id="", scopes=scope, expires_at=0)
    refused: Refused | None = decide(principal, place, need(role))
    return None if refused is None else refused.reason


@pytest.mark.parametrize(
    ("email", "allowed"),
    [
        ("boss@x.org", {"consumer", "producer", "admin"}),
        ("a@x.org", {"consumer", "producer", "admin"}),
        ("c@x.org", {"consumer"}),
        ("p@x.org", {"producer"}),
        ("stranger@x.org", set()),
    ],
)
def test_a_projects_admins_and_a_queues_admins_may_do_what_any_role_may(
    email: str, allowed: set[Role]
) -> None:
    roles: tuple[Role, ...] = ("consumer", "producer", "admin")

    assert allowed == {role for role in roles if reason(email, role) is None}


@pytest.mark.parametrize("email", ["boss@x.org", "a@x.org", "c@x.org"])
def test_no_role_makes_up_for_a_scope(email: str) -> None:
    assert "insufficientPermissions" == reason(email, "consumer", scope=0)
    assert "insufficientPermissions" == reason(email, "producer", scope=scopes.CONSUMER)


def test_legacy_scopes_widen_the_scope_and_not_the_role() -> None:
    place = Place(LEGACY, QUEUE)

    assert reason("p@x.org", "producer", scope=scopes.CONSUMER, place=place) is None
    assert "forbidden" == reason("c@x.org", "producer", scope=scopes.CONSUMER, place=place)
    assert "insufficientPermissions" == reason(
        "a@x.org", "admin", scope=scopes.CONSUMER, place=place
    )


def test_an_admin_is_told_that_a_queue_is_not_there_and_that_the_api_is_off() -> None:
    assert "notFound" == reason("boss@x.org", "consumer", place=Place(PROJECT, None))
    assert "accessNotConfigured" == reason("boss@x.org", "consumer", place=Place(OFF, QUEUE))
    assert "accessNotConfigured" == reason("boss@x.org", "consumer", place=Place(OFF, None))


def test_a_client_of_the_project_without_a_role_is_told_as_much() -> None:
    assert "notFound" == reason("x@x.org", "consumer", place=Place(PROJECT, None), home="p")
    assert "accessNotConfigured" == reason("x@x.org", "consumer", place=Place(OFF, QUEUE), home="p")
    assert "forbidden" == reason("x@x.org", "consumer", home="p")


@pytest.mark.parametrize(
    "place", [Place(None, None), Place(PROJECT, None), Place(PROJECT, QUEUE), Place(OFF, None)]
)
def test_a_stranger_is_only_told_that_it_may_not(place: Place) -> None:
    assert "forbidden" == reason("stranger@x.org", "consumer", place=place)


def test_whoever_consumes_is_no_producer_and_the_other_way_round() -> None:
    assert "forbidden" == reason("c@x.org", "producer")
    assert "forbidden" == reason("p@x.org", "consumer")
