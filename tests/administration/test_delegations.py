"""Administration of delegation: only the operator gives and takes it, and members see it."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts import service_accounts
from leasehold.administration import delegations
from leasehold.administration.actor import Actor
from leasehold.errors import Conflict, Forbidden, Invalid, NotFound
from leasehold.oauth2 import delegations as registry
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Delegation
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    MILL,
    NEIGHBOUR,
    NOW,
    OPERATOR,
    OWNER,
    REFUSED,
    ROBOT,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

DOMAIN = "example.com"
CONSUME = scopes.text(scopes.CONSUMER)
UNKNOWN = "robo@shop.iam.leasehold.internal"
DESCRIPTION = {"domain": DOMAIN, "service_account": ROBOT, "scopes": [CONSUME]}


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def add(
    office: Office, actor: Actor = OPERATOR, email: str = ROBOT, domain: str = DOMAIN
) -> Delegation:
    return delegations.add(office.tx, NOW, actor, account_email=email, domain=domain, scope=CONSUME)


def remove(office: Office, actor: Actor = OPERATOR, email: str = ROBOT) -> Delegation:
    return delegations.remove(office.tx, NOW, actor, account_email=email, domain=DOMAIN)


ACTS: dict[str, Callable[[Office, Actor, str], object]] = {
    "add": add,
    "remove": remove,
    "list": lambda office, actor, _: delegations.list_delegations(office.tx, actor),
}


def test_the_operator_gives_and_takes_it_and_both_are_recorded(office: Office) -> None:
    made = add(office, domain="Example.COM")
    removed = remove(office, email=ROBOT.upper())

    given, taken = office.audit()
    assert made == removed
    assert ("delegations.create", SHOP, f"delegations/{DOMAIN}/{ROBOT}") == given[:3]
    assert ("delegations.delete", SHOP, f"delegations/{DOMAIN}/{ROBOT}") == taken[:3]
    assert {("operator", "root", "host")} == {given[3:6], taken[3:6]}
    assert (None, DESCRIPTION) == (given.before, json.loads(given.after or ""))
    assert (DESCRIPTION, None) == (json.loads(taken.before or ""), taken.after)


@pytest.mark.parametrize("name", ACTS)
def test_nobody_else_may_and_nobody_learns_which_accounts_there_are(
    office: Office, name: str
) -> None:
    made = add(office)
    recorded = office.audit()

    for actor in (OWNER, ADMIN, *REFUSED):
        for email in (ROBOT, UNKNOWN):
            with pytest.raises(Forbidden, match="only the operator of this server"):
                ACTS[name](office, actor, email)
    assert [made] == delegations.list_delegations(office.tx, OPERATOR)
    assert recorded == office.audit()


def test_members_see_what_the_accounts_of_their_project_may(office: Office) -> None:
    service_accounts.create(office.tx, NOW, office.entropy, project_id=MILL, name="robot")
    foreign = add(office, email="robot@mill.iam.leasehold.internal")
    later, earlier = add(office, domain="b.example"), add(office, domain="a.example")

    for actor in ALLOWED:
        assert [earlier, later] == delegations.list_delegations_of(
            office.tx, actor, project_id=SHOP
        )
    assert [foreign] == delegations.list_delegations_of(office.tx, NEIGHBOUR, project_id=MILL)
    assert [earlier, later, foreign] == delegations.list_delegations(office.tx, OPERATOR)


def test_to_everybody_else_the_project_is_not_there(office: Office) -> None:
    add(office)

    assert_refused_like_absent(
        office,
        lambda actor, project_id: delegations.list_delegations_of(
            office.tx, actor, project_id=project_id
        ),
    )


def test_what_was_removed_and_what_deleted_accounts_had_is_not_listed(office: Office) -> None:
    add(office, domain="a.example")
    add(office)
    remove(office)
    (left,) = delegations.list_delegations_of(office.tx, OWNER, project_id=SHOP)
    service_accounts.delete(office.tx, NOW, ROBOT)

    assert "a.example" == left.domain
    assert [] == delegations.list_delegations_of(office.tx, OWNER, project_id=SHOP)


def test_what_is_refused_is_not_recorded(office: Office) -> None:
    add(office)
    recorded = office.audit()

    with pytest.raises(Conflict, match="remove that first"):
        add(office)
    with pytest.raises(Invalid, match="not a domain"):
        add(office, domain="*\0")
    with pytest.raises(Invalid, match="scope"):
        delegations.add(
            office.tx, NOW, OPERATOR, account_email=ROBOT, domain="a.example", scope="everything"
        )
    for email in (UNKNOWN, "\0", "x" * 100_000):
        with pytest.raises(NotFound, match="no service account"):
            add(office, email=email)
        with pytest.raises(NotFound, match="no service account"):
            remove(office, email=email)
    assert recorded == office.audit()


def test_the_accounts_of_a_project_have_so_many_and_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_DELEGATIONS", 2)
    add(office)
    add(office, domain="a.example")

    with pytest.raises(Conflict, match="have 2 delegations: remove one first"):
        add(office, domain="b.example")
