"""Authority: members may administer, owners more, operators all; nobody else learns anything."""

from collections.abc import Iterator

import pytest

from leasehold.administration import authority
from leasehold.administration.actor import Actor
from leasehold.errors import Forbidden, NotFound
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    NEIGHBOUR,
    OPERATOR,
    OWNER,
    REFUSED,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

ODD_IDS = ["", "nope", "Shop", "s~shop", "shop\0", "\ud800", "shop/../mill", "x" * 10_000]


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


@pytest.mark.parametrize("actor", ALLOWED, ids=str)
def test_members_and_operators_may_administer(office: Office, actor: Actor) -> None:
    assert SHOP == authority.require(office.tx, actor, SHOP).id


def test_an_owner_may_do_what_an_admin_may_not(office: Office) -> None:
    assert SHOP == authority.require(office.tx, OWNER, SHOP, "owner").id
    assert SHOP == authority.require(office.tx, OPERATOR, SHOP, "owner").id

    with pytest.raises(Forbidden, match="only an owner of shop"):
        authority.require(office.tx, ADMIN, SHOP, "owner")


def test_to_everybody_else_the_project_is_not_there(office: Office) -> None:
    assert_refused_like_absent(
        office, lambda actor, project: authority.require(office.tx, actor, project)
    )
    assert_refused_like_absent(
        office, lambda actor, project: authority.require(office.tx, actor, project, "owner")
    )


@pytest.mark.parametrize("project_id", ODD_IDS, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("actor", [OWNER, OPERATOR], ids=str)
def test_what_names_no_project_is_not_there(office: Office, actor: Actor, project_id: str) -> None:
    with pytest.raises(NotFound):
        authority.require(office.tx, actor, project_id)


def test_only_an_operator_is_one(office: Office) -> None:
    authority.require_operator(OPERATOR)

    for actor in (OWNER, NEIGHBOUR, *REFUSED):
        with pytest.raises(Forbidden, match="operator"):
            authority.require_operator(actor)
    assert [] == office.audit()
