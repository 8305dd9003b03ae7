"""Administration of service accounts and their keys: who may, and what is written down."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.accounts import service_accounts as registry
from leasehold.accounts.key_file import KeyPair
from leasehold.accounts.model import ServiceAccount
from leasehold.administration import service_accounts
from leasehold.administration.actor import Actor
from leasehold.administration.service_accounts import AccountWithKeys, MadeKey
from leasehold.errors import Conflict, Forbidden, Invalid, NotFound
from tests.administration.office import (
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
    said,
)

FOREIGN = "robot@mill.iam.leasehold.internal"
UNKNOWN = "robo@shop.iam.leasehold.internal"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nTm9ib2R5IG1heSBzZWUgdGhpcw\n-----END PRIVATE KEY-----\n"
PAIR = KeyPair(PRIVATE, "the public key", "the certificate")
ISSUER = "https://tasks.example.com"

Act = Callable[[Office, Actor, str, str], object]


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def create(
    office: Office, actor: Actor = OWNER, project_id: str = SHOP, *, name: str = "worker"
) -> ServiceAccount:
    return service_accounts.create(
        office.tx, NOW, actor, entropy=office.entropy, project_id=project_id, name=name
    )


def find_or_create(
    office: Office, actor: Actor = OWNER, project_id: str = SHOP, *, name: str = "worker"
) -> ServiceAccount:
    return service_accounts.find_or_create(
        office.tx, NOW, actor, entropy=office.entropy, project_id=project_id, name=name
    )


def create_key(
    office: Office, actor: Actor = OWNER, project_id: str = SHOP, email: str = ROBOT
) -> MadeKey:
    return service_accounts.create_key(
        office.tx,
        NOW,
        actor,
        entropy=office.entropy,
        pair=PAIR,
        project_id=project_id,
        email=email,
    )


def delete_key(
    office: Office, actor: Actor, project_id: str, email: str, key_id: str = ""
) -> object:
    key_id = key_id or (key_ids(office, email) or ["0" * 40])[0]
    return service_accounts.delete_key(
        office.tx, NOW, actor, project_id=project_id, email=email, key_id=key_id
    )


def delete_other_keys(office: Office, actor: Actor, project_id: str, email: str) -> int:
    kept = (key_ids(office, email) or ["0" * 40])[-1]
    return service_accounts.delete_other_keys(
        office.tx, NOW, actor, project_id=project_id, email=email, kept=kept
    )


def key_ids(office: Office, email: str = ROBOT) -> list[str]:
    return [key.id for key in registry.keys_of(office.tx, email)]


READS: dict[str, Act] = {
    "get": lambda o, actor, project, email: service_accounts.get(
        o.tx, actor, project_id=project, email=email
    ),
    "list_keys": lambda o, actor, project, email: service_accounts.list_keys(
        o.tx, actor, project_id=project, email=email
    ),
}
# In this order each of them changes something.
CHANGES: dict[str, Act] = {
    "disable": lambda o, actor, project, email: service_accounts.disable(
        o.tx, NOW, actor, project_id=project, email=email
    ),
    "enable": lambda o, actor, project, email: service_accounts.enable(
        o.tx, NOW, actor, project_id=project, email=email
    ),
    "keys.create": create_key,
    "keys.delete": delete_key,
    "delete": lambda o, actor, project, email: service_accounts.delete(
        o.tx, NOW, actor, project_id=project, email=email
    ),
}
ACTS = READS | CHANGES | {"delete_other_keys": delete_other_keys}
ON_PROJECTS: dict[str, Callable[[Office, Actor, str], object]] = {
    "list_accounts": lambda o, actor, project: service_accounts.list_accounts(
        o.tx, actor, project_id=project
    ),
    "create": create,
    "find_or_create": find_or_create,
}


def test_owners_admins_and_the_operator_change_accounts_and_each_act_is_recorded(
    office: Office,
) -> None:
    for actor in ALLOWED:
        email = create(office, actor).email
        created = office.last()
        for name, act in CHANGES.items():
            act(office, actor, SHOP, email)

            entry = office.last()
            assert (f"serviceAccounts.{name}", SHOP, f"serviceAccounts/{email}") == entry[:3]
            assert (actor.kind, actor.name, actor.address) == entry[3:6]
        assert ("serviceAccounts.create", actor.name) == (created.action, created.actor)
    assert len(ALLOWED) * (len(CHANGES) + 1) == len(office.audit())


def test_reading_is_for_the_same_people_and_is_not_recorded(office: Office) -> None:
    create(office)
    key = create_key(office).key
    recorded = office.audit()

    for actor in ALLOWED:
        robot, worker = service_accounts.list_accounts(office.tx, actor, project_id=SHOP)
        found = service_accounts.get(office.tx, actor, project_id=SHOP, email=ROBOT.upper())
        keys = service_accounts.list_keys(office.tx, actor, project_id=SHOP, email=ROBOT)

        assert found == robot == AccountWithKeys(registry.require(office.tx, ROBOT), keys=1)
        assert ("worker", 0) == (worker.account.name, worker.keys)
        assert [key] == keys
    assert recorded == office.audit()


@pytest.mark.parametrize("name", ACTS)
def test_to_everybody_else_the_project_is_not_there(office: Office, name: str) -> None:
    create_key(office)
    act = ACTS[name]

    assert_refused_like_absent(
        office, lambda actor, project_id: act(office, actor, project_id, ROBOT)
    )


@pytest.mark.parametrize("name", ON_PROJECTS)
def test_to_everybody_else_its_list_is_not_there_and_they_add_nothing(
    office: Office, name: str
) -> None:
    act = ON_PROJECTS[name]

    assert_refused_like_absent(office, lambda actor, project_id: act(office, actor, project_id))
    assert [ROBOT] == [account.email for account in registry.list_accounts(office.tx, SHOP)]


@pytest.mark.parametrize("name", ACTS)
def test_another_projects_account_is_as_absent_as_an_unknown_one(office: Office, name: str) -> None:
    foreign = create(office, NEIGHBOUR, MILL, name="robot")
    create_key(office, NEIGHBOUR, MILL, FOREIGN)
    recorded = office.audit()

    for actor in ALLOWED:
        with pytest.raises(NotFound) as of_foreign:
            ACTS[name](office, actor, SHOP, FOREIGN)
        with pytest.raises(NotFound) as of_unknown:
            ACTS[name](office, actor, SHOP, UNKNOWN)

        assert said(of_unknown.value) == said(of_foreign.value).replace(FOREIGN, UNKNOWN)
    assert recorded == office.audit()
    assert foreign == registry.find(office.tx, FOREIGN)
    assert 1 == len(key_ids(office, FOREIGN))


@pytest.mark.parametrize("email", ["", "\0", "\ud800", "x" * 100_000, "ada@example.com"])
def test_what_is_no_accounts_address_is_an_unknown_account(office: Office, email: str) -> None:
    for act in ACTS.values():
        with pytest.raises(NotFound, match="there is no service account") as refusal:
            act(office, OWNER, SHOP, email)

        assert len(refusal.value.message) < 500


def test_another_accounts_key_is_as_absent_as_an_unknown_one(office: Office) -> None:
    create(office, NEIGHBOUR, MILL, name="robot")
    foreign = create_key(office, NEIGHBOUR, MILL, FOREIGN).key.id
    own = create_key(office).key.id
    recorded = office.audit()

    with pytest.raises(NotFound) as of_foreign:
        delete_key(office, OWNER, SHOP, ROBOT, foreign)
    with pytest.raises(NotFound) as of_unknown:
        delete_key(office, OWNER, SHOP, ROBOT, "0" * 40)
    with pytest.raises(NotFound) as of_kept:
        service_accounts.delete_other_keys(
            office.tx, NOW, OWNER, project_id=SHOP, email=ROBOT, kept=foreign
        )

    assert said(of_unknown.value) == said(of_foreign.value).replace(foreign, "0" * 40)
    assert said(of_kept.value) == said(of_foreign.value)
    assert ([own], [foreign]) == (key_ids(office), key_ids(office, FOREIGN))
    assert recorded == office.audit()


def test_only_the_operator_names_an_account_without_its_project(office: Office) -> None:
    assert service_accounts.project_of(office.tx, OPERATOR, ROBOT) == SHOP
    with pytest.raises(NotFound):
        service_accounts.project_of(office.tx, OPERATOR, UNKNOWN)
    for email in (ROBOT, UNKNOWN):
        with pytest.raises(Forbidden):
            service_accounts.project_of(office.tx, OWNER, email)


def test_an_entry_says_what_was_there_and_what_is(office: Office) -> None:
    worker = create(office)
    for name in ("disable", "enable"):
        CHANGES[name](office, OWNER, SHOP, worker.email)
    key_id = create_key(office, email=worker.email).key.id
    CHANGES["delete"](office, OWNER, SHOP, worker.email)

    description = {"name": "worker", "client_id": worker.id, "state": "active"}
    assert [
        (None, description | {"keys": []}),
        ({"state": "active"}, {"state": "disabled"}),
        ({"state": "disabled"}, {"state": "active"}),
        (None, {"key": key_id}),
        (description | {"keys": [key_id]}, None),
    ] == [
        (json.loads(entry.before or "null"), json.loads(entry.after or "null"))
        for entry in office.audit()
    ]


def test_what_changes_nothing_is_not_recorded(office: Office) -> None:
    CHANGES["enable"](office, OWNER, SHOP, ROBOT)
    found = find_or_create(office, name="robot")
    CHANGES["disable"](office, OWNER, SHOP, ROBOT)
    once = office.audit()
    CHANGES["disable"](office, OWNER, SHOP, ROBOT)

    assert ROBOT == found.email
    assert ["serviceAccounts.disable"] == [entry.action for entry in once]
    assert once == office.audit()


def test_an_account_that_is_made_on_the_way_is_recorded(office: Office) -> None:
    made = find_or_create(office)

    assert made == find_or_create(office)
    assert [("serviceAccounts.create", SHOP, f"serviceAccounts/{made.email}")] == [
        entry[:3] for entry in office.audit()
    ]


def test_replacing_a_key_records_each_that_was_deleted(office: Office) -> None:
    older = [create_key(office).key.id for _ in range(3)]
    kept = create_key(office).key.id

    count = service_accounts.delete_other_keys(
        office.tx, NOW, OWNER, project_id=SHOP, email=ROBOT, kept=kept
    )

    deleted = office.audit()[-3:]
    assert (3, [kept]) == (count, key_ids(office))
    assert {"serviceAccounts.keys.delete"} == {entry.action for entry in deleted}
    assert set(older) == {json.loads(entry.before or "")["key"] for entry in deleted}


def test_what_is_refused_is_not_recorded(office: Office) -> None:
    for _ in range(registry.MAX_KEYS):
        create_key(office)
    recorded = office.audit()

    with pytest.raises(Conflict, match="has 10 keys"):
        create_key(office)
    with pytest.raises(Conflict, match="already a service account"):
        create(office, name="robot")
    with pytest.raises(Invalid, match="begins with a letter"):
        create(office, name="1\0")
    with pytest.raises(Invalid, match="begins with a letter"):
        find_or_create(office, name="Robot@shop")
    assert recorded == office.audit()


def test_a_project_has_so_many_accounts_and_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_ACCOUNTS", 2)
    create(office)
    recorded = office.audit()

    for make in (create, find_or_create):
        with pytest.raises(Conflict, match="shop has 2 service accounts: delete one first"):
            make(office, name="third")
    with pytest.raises(Conflict, match="already a service account"):
        create(office)
    assert "worker" == find_or_create(office).name
    assert recorded == office.audit()
    assert "third" == create(office, NEIGHBOUR, MILL, name="third").name


def test_the_key_file_is_given_once_and_no_private_key_is_kept(office: Office) -> None:
    made = create_key(office)
    content = made.file(ISSUER)
    other = made.file(ISSUER, universe_domain="tasks.example.com")
    delete_key(office, OWNER, SHOP, ROBOT)

    keys = (PRIVATE, made.key.id, ROBOT)
    assert keys == (content["private_key"], content["private_key_id"], content["client_email"])
    assert f"{ISSUER}/token" == content["token_uri"]
    assert "tasks.example.com" == other["universe_domain"]
    log = repr(office.audit())
    for text in ("PRIVATE", "Tm9ib2R5", PAIR.public_pem, PAIR.certificate_pem):
        assert text not in log
    assert "Tm9ib2R5" not in repr(made)


@pytest.mark.parametrize("domain", ["", "tasks", "a..b", "a.b/c", "A.b", "a.b\n", "x." * 200])
def test_a_universe_is_a_domain(office: Office, domain: str) -> None:
    made = create_key(office)

    with pytest.raises(Invalid, match="labels with dots between"):
        made.file(ISSUER, universe_domain=domain)
