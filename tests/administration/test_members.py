"""Administration of members: owners say who else; an owner always stays."""

import json
from collections.abc import Iterator

import pytest

from leasehold.accounts.model import Member
from leasehold.administration import members
from leasehold.errors import Conflict, Forbidden, Invalid, NotFound
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

SAM = "sam@example.com"


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def put(office: Office, email: str, role: str) -> Member:
    return members.put(office.tx, NOW, OWNER, project_id=SHOP, email=email, role=role)


def remove(office: Office, email: str) -> None:
    members.remove(office.tx, NOW, OWNER, project_id=SHOP, email=email)


def test_every_member_sees_all_members(office: Office) -> None:
    for actor in ALLOWED:
        found = members.list_members(office.tx, actor, project_id=SHOP)

        assert [
            ("ada@example.com", "owner"),
            ("dora@example.com", "owner"),
            ("eve@example.com", "admin"),
        ] == [(member.email, member.role) for member in found]


def test_a_role_is_given_changed_and_taken_and_the_log_has_all_three(office: Office) -> None:
    member = put(office, "Sam@Example.com", "admin")
    put(office, SAM, "owner")
    remove(office, SAM)

    assert (SAM, "admin") == (member.email, member.role)
    entries = [(e.action, e.target, e.before, e.after) for e in office.audit()]
    admin, owner = '{"role":"admin"}', '{"role":"owner"}'
    assert [
        ("members.put", f"members/{SAM}", None, admin),
        ("members.put", f"members/{SAM}", admin, owner),
        ("members.remove", f"members/{SAM}", owner, None),
    ] == entries


def test_the_same_role_again_is_not_written_down(office: Office) -> None:
    put(office, ADMIN.name, "admin")

    assert [] == office.audit()


def test_the_last_owner_stays(office: Office) -> None:
    remove(office, "dora@example.com")

    with pytest.raises(Conflict, match="needs an owner"):
        remove(office, OWNER.name)


def test_the_last_owner_stays_an_owner(office: Office) -> None:
    remove(office, "dora@example.com")

    with pytest.raises(Conflict, match="needs an owner"):
        put(office, OWNER.name, "admin")
    assert 1 == len(office.audit())


def test_an_owner_who_goes_has_no_say_any_more(office: Office) -> None:
    remove(office, OWNER.name)

    with pytest.raises(NotFound):
        put(office, SAM, "owner")


def test_an_admin_changes_no_members(office: Office) -> None:
    with pytest.raises(Forbidden, match="only an owner"):
        members.put(office.tx, NOW, ADMIN, project_id=SHOP, email=ADMIN.name, role="owner")
    with pytest.raises(Forbidden, match="only an owner"):
        members.remove(office.tx, NOW, ADMIN, project_id=SHOP, email=OWNER.name)
    assert [] == office.audit()


def test_an_operator_changes_them(office: Office) -> None:
    members.put(office.tx, NOW, OPERATOR, project_id=SHOP, email=SAM, role="owner")

    assert {"role": "owner"} == json.loads(office.last().after or "")


def test_a_project_has_so_many_members(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 3)
    put(office, ADMIN.name, "owner")

    with pytest.raises(Conflict, match="has 3 members"):
        put(office, SAM, "admin")


def test_who_has_no_account_or_no_role_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match="no user"):
        put(office, "ghost@example.com", "admin")
    with pytest.raises(NotFound, match="no user"):
        remove(office, "ghost@example.com")
    with pytest.raises(NotFound, match="not a member"):
        remove(office, SAM)
    assert [] == office.audit()


@pytest.mark.parametrize("email", ["", "x", "a\0b@example.com", "\ud800@example.com"], ids=ascii)
def test_what_is_no_address_is_refused(office: Office, email: str) -> None:
    with pytest.raises(Invalid):
        put(office, email, "admin")
    with pytest.raises(Invalid):
        remove(office, email)


@pytest.mark.parametrize("role", ["", "Owner", "consumer", "\0"], ids=ascii)
def test_an_unknown_role_is_refused(office: Office, role: str) -> None:
    with pytest.raises(Invalid, match="a role is one of owner, admin"):
        put(office, SAM, role)


def test_to_strangers_the_project_is_not_there(office: Office) -> None:
    assert_refused_like_absent(
        office,
        lambda actor, project: members.list_members(office.tx, actor, project_id=project),
    )
    assert_refused_like_absent(
        office,
        lambda actor, project: members.put(
            office.tx, NOW, actor, project_id=project, email=SAM, role="owner"
        ),
    )
    assert_refused_like_absent(
        office,
        lambda actor, project: members.remove(
            office.tx, NOW, actor, project_id=project, email=OWNER.name
        ),
    )
