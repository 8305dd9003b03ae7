"""Administration of people: for operators only, and without a secret in the log."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts.model import User
from leasehold.administration import users
from leasehold.administration.actor import Actor
from leasehold.errors import Conflict, Forbidden, NotFound
from leasehold.sign_in.model import SessionLimits
from tests.administration.office import ADMIN, BOX, NOW, OPERATOR, OWNER, REFUSED, Office, opened

SAM = "sam@example.com"
HASH = "$argon2id$secret"
LIMITS = SessionLimits(idle_seconds=60, cap_seconds=60)

Act = Callable[[Office, Actor, str], object]

ACTS: dict[str, Act] = {
    "create": lambda office, actor, email: users.create(
        office.tx, NOW, actor, entropy=office.entropy, email=f"new-{email}", password_hash=HASH
    ),
    "invite": lambda office, actor, email: users.invite(
        office.tx,
        NOW,
        actor,
        entropy=office.entropy,
        box=BOX,
        email=f"new-{email}",
        issuer="https://tasks.example.com",
    ),
    "list_users": lambda office, actor, _: users.list_users(office.tx, actor),
    "get": lambda office, actor, email: users.get(office.tx, actor, email=email),
    "disable": lambda office, actor, email: users.disable(office.tx, NOW, actor, email=email),
    "enable": lambda office, actor, email: users.enable(office.tx, NOW, actor, email=email),
    "set_password": lambda office, actor, email: users.set_password(
        office.tx, NOW, actor, email=email, password_hash=HASH, keep_access=False
    ),
    "reset_second_factor": lambda office, actor, email: users.reset_second_factor(
        office.tx, NOW, actor, email=email
    ),
    "sessions": lambda office, actor, email: users.sessions(
        office.tx, NOW, actor, email=email, limits=LIMITS
    ),
    "sign_out": lambda office, actor, email: users.sign_out(office.tx, NOW, actor, email=email),
}
OF_SOMEBODY = [name for name in ACTS if name not in ("create", "invite", "list_users")]


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


@pytest.mark.parametrize("name", ACTS)
def test_only_an_operator_may(office: Office, name: str) -> None:
    for actor in (OWNER, ADMIN, *REFUSED):
        with pytest.raises(Forbidden, match="operator"):
            ACTS[name](office, actor, SAM)
    assert [] == office.audit()


@pytest.mark.parametrize("name", OF_SOMEBODY)
def test_who_is_not_there_is_not_found(office: Office, name: str) -> None:
    with pytest.raises(NotFound, match=r"no user ghost@example\.com"):
        ACTS[name](office, OPERATOR, "ghost@example.com")
    assert [] == office.audit()


@pytest.mark.parametrize(
    ("name", "action", "target"),
    [
        ("create", "users.create", f"users/new-{SAM}"),
        ("invite", "users.invite", f"users/new-{SAM}"),
        ("disable", "users.disable", f"users/{SAM}"),
        ("set_password", "users.setPassword", f"users/{SAM}"),
    ],
)
def test_an_act_is_written_down_without_its_secret(
    office: Office, name: str, action: str, target: str
) -> None:
    made = ACTS[name](office, OPERATOR, SAM)

    entry = office.last()
    assert (action, "", target, "operator", "root", "host") == entry[:6]
    assert "secret" not in str(entry)
    assert "argon2" not in str(entry)
    if isinstance(made, str):  # a link: its end opens an account
        assert made.rpartition("=")[2] not in str(entry)
        assert made.rpartition("/")[2] not in str(entry)


def test_who_is_added_has_a_verified_address(office: Office) -> None:
    user = users.create(
        office.tx,
        NOW,
        OPERATOR,
        entropy=office.entropy,
        email="New@example.com",
        password_hash=None,
        name="New",
    )

    assert ("new@example.com", NOW) == (user.email, user.email_verified_at)
    assert {"name": "New", "active": True} == json.loads(office.last().after or "")
    with pytest.raises(Conflict):
        users.create(
            office.tx,
            NOW,
            OPERATOR,
            entropy=office.entropy,
            email="new@example.com",
            password_hash=None,
        )


def test_a_person_goes_off_and_on_and_the_log_has_each_once(office: Office) -> None:
    states = [
        ACTS[name](office, OPERATOR, SAM) for name in ("disable", "disable", "enable", "enable")
    ]

    assert [False, False, True, True] == [
        state.is_active for state in states if isinstance(state, User)
    ]
    assert ["users.disable", "users.enable"] == [entry.action for entry in office.audit()]


def test_a_second_factor_or_a_session_that_was_not_there_is_not_written_down(
    office: Office,
) -> None:
    assert not ACTS["reset_second_factor"](office, OPERATOR, SAM)
    assert 0 == ACTS["sign_out"](office, OPERATOR, SAM)
    assert [] == ACTS["sessions"](office, OPERATOR, SAM)
    assert [] == office.audit()


def test_an_operator_sees_everybody(office: Office) -> None:
    found = users.list_users(office.tx, OPERATOR)

    assert ["ada", "dora", "eve", "otto", "sam"] == [user.email.split("@")[0] for user in found]
    assert SAM == users.get(office.tx, OPERATOR, email=" Sam@Example.com ").email
