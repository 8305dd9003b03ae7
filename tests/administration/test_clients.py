"""Administration of clients: who may, what is written down, and what never is."""

import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.administration import clients
from leasehold.administration.actor import Actor
from leasehold.administration.clients import ClientChanges, MadeClient
from leasehold.errors import Conflict, Forbidden, Invalid, NotFound
from leasehold.oauth2 import clients as registry
from leasehold.oauth2.client_model import ClientType, NewClient, NewSecret
from tests.administration.office import (
    ALLOWED,
    BOX,
    MILL,
    NEIGHBOUR,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
    said,
)

CALLBACK = "https://printer.example.com/callback"
UNKNOWN = "a" * 32 + ".apps.leasehold.internal"
RENAMED = ClientChanges(name="Plotter")


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def create(
    office: Office,
    actor: Actor = OWNER,
    project_id: str = SHOP,
    *,
    client_type: ClientType = "web",
    redirect_uri: str = CALLBACK,
) -> MadeClient:
    new = NewClient(
        project_id=project_id, type=client_type, name="Printer", redirect_uris=(redirect_uri,)
    )
    return clients.create(office.tx, NOW, actor, entropy=office.entropy, box=BOX, new=new)


def add_secret(office: Office, actor: Actor, project_id: str, client_id: str) -> NewSecret:
    return clients.add_secret(
        office.tx,
        NOW,
        actor,
        entropy=office.entropy,
        box=BOX,
        project_id=project_id,
        client_id=client_id,
    )


def secret_ids(office: Office, client_id: str) -> list[int]:
    return [secret.id for secret in registry.secrets_of(office.tx, client_id)]


def delete_secret(office: Office, actor: Actor, project_id: str, client_id: str) -> object:
    return clients.delete_secret(
        office.tx,
        NOW,
        actor,
        project_id=project_id,
        client_id=client_id,
        secret_id=(secret_ids(office, client_id) or [1])[0],
    )


Act = Callable[[Office, Actor, str, str], object]

READS: dict[str, Act] = {
    "get": lambda o, actor, project, client: clients.get(
        o.tx, actor, project_id=project, client_id=client
    ),
    "count_consents": lambda o, actor, project, client: clients.count_consents(
        o.tx, actor, project_id=project, client_id=client
    ),
}
CHANGES: dict[str, Act] = {
    "update": lambda o, actor, project, client: clients.update(
        o.tx, NOW, actor, project_id=project, client_id=client, changes=RENAMED
    ),
    "add_secret": add_secret,
    "delete_secret": delete_secret,
    "delete": lambda o, actor, project, client: clients.delete(
        o.tx, NOW, actor, project_id=project, client_id=client
    ),
}
ACTIONS = {
    "update": "clients.update",
    "add_secret": "clients.secrets.create",
    "delete_secret": "clients.secrets.delete",
    "delete": "clients.delete",
}


@pytest.mark.parametrize("name", CHANGES)
def test_owners_admins_and_the_operator_change_clients_and_each_act_is_recorded(
    office: Office, name: str
) -> None:
    for actor in ALLOWED:
        client = create(office).client

        CHANGES[name](office, actor, SHOP, client.id)

        entry = office.last()
        assert (ACTIONS[name], SHOP, f"clients/{client.id}") == entry[:3]
        assert (actor.kind, actor.name, actor.address) == entry[3:6]


def test_owners_admins_and_the_operator_create_clients(office: Office) -> None:
    for actor in ALLOWED:
        made = create(office, actor)

        entry = office.last()
        assert ("clients.create", SHOP, f"clients/{made.client.id}") == entry[:3]
        assert (actor.kind, actor.name, None) == (entry.actor_kind, entry.actor, entry.before)


def test_reading_is_for_the_same_people_and_is_not_recorded(office: Office) -> None:
    made = create(office)
    recorded = office.audit()

    for actor in ALLOWED:
        (listed,) = clients.list_clients(office.tx, actor, project_id=SHOP)
        found = [read(office, actor, SHOP, made.client.id) for read in READS.values()]

        assert [listed, 0] == found
        assert made.secret is not None
        assert (made.client, (made.secret.secret,)) == (listed.client, listed.secrets)
    assert recorded == office.audit()


@pytest.mark.parametrize("name", [*READS, *CHANGES])
def test_to_everybody_else_the_project_is_not_there(office: Office, name: str) -> None:
    client_id = create(office).client.id
    act = (READS | CHANGES)[name]

    assert_refused_like_absent(
        office, lambda actor, project_id: act(office, actor, project_id, client_id)
    )


def test_to_everybody_else_its_list_is_not_there_and_they_add_nothing(office: Office) -> None:
    assert_refused_like_absent(
        office, lambda actor, project: clients.list_clients(office.tx, actor, project_id=project)
    )
    assert_refused_like_absent(office, lambda actor, project: create(office, actor, project))
    assert [] == clients.list_clients(office.tx, OWNER, project_id=SHOP)


@pytest.mark.parametrize("name", [*READS, *CHANGES])
def test_another_projects_client_is_as_absent_as_an_unknown_one(office: Office, name: str) -> None:
    foreign = create(office, NEIGHBOUR, MILL).client
    recorded = office.audit()
    act = (READS | CHANGES)[name]

    for actor in ALLOWED:
        with pytest.raises(NotFound) as of_foreign:
            act(office, actor, SHOP, foreign.id)
        with pytest.raises(NotFound) as of_unknown:
            act(office, actor, SHOP, UNKNOWN)

        assert said(of_unknown.value) == said(of_foreign.value).replace(foreign.id, UNKNOWN)
    assert recorded == office.audit()
    assert foreign == registry.find(office.tx, foreign.id)


@pytest.mark.parametrize("client_id", ["", "\0", "\ud800", "x" * 100_000, "../mill"])
def test_what_is_no_client_id_is_an_unknown_client(office: Office, client_id: str) -> None:
    for act in (READS | CHANGES).values():
        with pytest.raises(NotFound, match="there is no client") as refusal:
            act(office, OWNER, SHOP, client_id)

        assert len(refusal.value.message) < 200


def test_only_the_operator_names_a_client_without_its_project(office: Office) -> None:
    client_id = create(office).client.id

    assert clients.project_of(office.tx, OPERATOR, client_id) == SHOP
    with pytest.raises(NotFound):
        clients.project_of(office.tx, OPERATOR, UNKNOWN)
    for id_ in (client_id, UNKNOWN):
        with pytest.raises(Forbidden):
            clients.project_of(office.tx, OWNER, id_)


def test_a_change_is_recorded_by_what_differs(office: Office) -> None:
    client_id = create(office).client.id
    changes = ClientChanges(
        name="Plotter",
        redirect_uris=(f"{CALLBACK}2",),
        javascript_origins=("https://a.example",),
        rotates=True,
        client_credentials=True,
    )

    changed = clients.update(
        office.tx, NOW, OWNER, project_id=SHOP, client_id=client_id, changes=changes
    )

    assert ("Plotter", (f"{CALLBACK}2",)) == (changed.client.name, changed.client.redirect_uris)
    assert {
        "name": "Printer",
        "redirect_uris": [CALLBACK],
        "javascript_origins": [],
        "rotates": False,
        "client_credentials": False,
    } == json.loads(office.last().before or "")
    assert {
        "name": "Plotter",
        "redirect_uris": [f"{CALLBACK}2"],
        "javascript_origins": ["https://a.example"],
        "rotates": True,
        "client_credentials": True,
    } == json.loads(office.last().after or "")


def test_an_empty_list_removes_and_none_leaves(office: Office) -> None:
    client_id = create(office).client.id
    given, taken = (
        clients.update(
            office.tx,
            NOW,
            OWNER,
            project_id=SHOP,
            client_id=client_id,
            changes=ClientChanges(javascript_origins=origins),
        )
        for origins in (("https://a.example",), ())
    )

    assert (("https://a.example",), ()) == (
        given.client.javascript_origins,
        taken.client.javascript_origins,
    )
    assert ("Printer", (CALLBACK,)) == (taken.client.name, taken.client.redirect_uris)


def test_a_change_that_changes_nothing_is_not_recorded(office: Office) -> None:
    client_id = create(office).client.id
    recorded = office.audit()

    for changes in (ClientChanges(), ClientChanges(name=" Printer ", redirect_uris=(CALLBACK,))):
        clients.update(office.tx, NOW, OWNER, project_id=SHOP, client_id=client_id, changes=changes)

    assert recorded == office.audit()


def test_what_is_refused_is_not_recorded(office: Office) -> None:
    browser = create(office, client_type="browser").client.id
    recorded = office.audit()

    with pytest.raises(Invalid, match="cannot be a redirect URI"):
        create(office, redirect_uri="javascript:alert(1)")
    with pytest.raises(Invalid, match="has no secret"):
        add_secret(office, OWNER, SHOP, browser)
    with pytest.raises(Invalid, match="the name of a client"):
        clients.update(
            office.tx,
            NOW,
            OWNER,
            project_id=SHOP,
            client_id=browser,
            changes=ClientChanges(name="\0"),
        )
    assert recorded == office.audit()


def test_a_third_secret_is_refused(office: Office) -> None:
    client_id = create(office).client.id
    add_secret(office, OWNER, SHOP, client_id)
    recorded = office.audit()

    with pytest.raises(Conflict, match="has 2 secrets"):
        add_secret(office, OWNER, SHOP, client_id)
    assert recorded == office.audit()


@pytest.mark.parametrize("secret_id", [0, -1, 2**62, 2**63, 10**40])
def test_a_secret_that_the_client_has_not_is_not_there(office: Office, secret_id: int) -> None:
    client_id = create(office).client.id
    recorded = office.audit()

    with pytest.raises(NotFound, match="the client has no secret"):
        clients.delete_secret(
            office.tx, NOW, OWNER, project_id=SHOP, client_id=client_id, secret_id=secret_id
        )
    assert recorded == office.audit()


def test_another_clients_secret_is_not_there_and_stays(office: Office) -> None:
    client_id = create(office).client.id
    foreign = create(office, NEIGHBOUR, MILL)
    assert foreign.secret is not None

    with pytest.raises(NotFound, match="the client has no secret"):
        clients.delete_secret(
            office.tx,
            NOW,
            OWNER,
            project_id=SHOP,
            client_id=client_id,
            secret_id=foreign.secret.secret.id,
        )
    assert [foreign.secret.secret.id] == secret_ids(office, foreign.client.id)


def test_no_secret_is_in_the_log_or_in_what_is_printed_of_a_value(office: Office) -> None:
    made = create(office)
    assert made.secret is not None
    second = add_secret(office, OWNER, SHOP, made.client.id)
    clients.delete_secret(
        office.tx,
        NOW,
        OWNER,
        project_id=SHOP,
        client_id=made.client.id,
        secret_id=made.secret.secret.id,
    )
    clients.delete(office.tx, NOW, OWNER, project_id=SHOP, client_id=made.client.id)

    log = repr(office.audit())
    for text in (made.secret.text, second.text):
        digest = registry.secret_digest(BOX, text)
        assert text.startswith("lhs_")
        assert text not in f"{log}{made!r}{second!r}"
        assert text[4:] not in log
        assert digest.hex() not in log
        assert repr(digest)[2:-1] not in log


def test_the_log_tells_which_secrets_there_were(office: Office) -> None:
    made = create(office)
    second = add_secret(office, OWNER, SHOP, made.client.id)
    assert made.secret is not None
    first_id, second_id = made.secret.secret.id, second.secret.id
    delete_secret(office, OWNER, SHOP, made.client.id)
    clients.delete(office.tx, NOW, OWNER, project_id=SHOP, client_id=made.client.id)

    created, added, removed, deleted = office.audit()
    assert [first_id] == json.loads(created.after or "")["secrets"]
    assert (None, {"secret": second_id}) == (added.before, json.loads(added.after or ""))
    assert ({"secret": first_id}, None) == (json.loads(removed.before or ""), removed.after)
    assert [second_id] == json.loads(deleted.before or "")["secrets"]
    assert "Printer" == json.loads(deleted.before or "")["name"]
    assert deleted.after is None


def test_lists_give_each_client_its_own_secrets(office: Office) -> None:
    first, second = create(office), create(office)
    add_secret(office, OWNER, SHOP, second.client.id)
    create(office, client_type="browser")

    listed = clients.list_clients(office.tx, OWNER, project_id=SHOP)

    assert {
        registered.client.id: [secret.id for secret in registered.secrets] for registered in listed
    } == {registered.client.id: secret_ids(office, registered.client.id) for registered in listed}
    assert [0, 1, 2] == sorted(len(registered.secrets) for registered in listed)
    assert first.client in [registered.client for registered in listed]


def test_nobody_has_what_was_allowed_to_the_explorer_sent_elsewhere(office: Office) -> None:
    page = f"https://tasks.example.com{clients.explorer_path(SHOP)}"
    explorer = create(office, client_type="browser", redirect_uri=page).client
    elsewhere = ClientChanges(redirect_uris=(page, "https://evil.example/"))

    for changes in (
        elsewhere,
        RENAMED,
        ClientChanges(javascript_origins=("https://evil.example",)),
    ):
        with pytest.raises(Conflict, match="delete it, and it registers itself again"):
            clients.update(
                office.tx, NOW, OWNER, project_id=SHOP, client_id=explorer.id, changes=changes
            )

    clients.delete(office.tx, NOW, OWNER, project_id=SHOP, client_id=explorer.id)


def test_a_client_that_is_answered_elsewhere_too_is_not_the_explorer(office: Office) -> None:
    page = f"https://tasks.example.com{clients.explorer_path(SHOP)}"
    client = create(office, client_type="browser", redirect_uri=page).client
    assert clients.is_explorer(client)

    for changes in (
        ClientChanges(redirect_uris=(page, CALLBACK)),
        ClientChanges(redirect_uris=(f"https://tasks.example.com{clients.explorer_path(MILL)}",)),
        ClientChanges(javascript_origins=("https://app.example.com",)),
        ClientChanges(implicit=True),
    ):
        assert not clients.is_explorer(changes.made_to(client))
