"""Registered clients: what they are, what they may have, and how they end."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from leasehold.accounts import projects
from leasehold.errors import Conflict, Error, Invalid, NotFound
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import ClientType
from leasehold.oauth2.redirect_uris import LOOPBACK
from leasehold.storage.transaction import Transaction
from tests.oauth2.registration.registry import BOX, CALLBACK, NOW, Registry

UNKNOWN = "a" * 32 + ".apps.leasehold.internal"
NO_IDS = ["", UNKNOWN, UNKNOWN.upper(), UNKNOWN + "\n", "\0", "a:b", "' or 1=1 --", "é" * 32]


def test_a_web_client_has_an_id_an_address_and_a_secret_that_is_only_recognised(
    registry: Registry, tx: Transaction
) -> None:
    client, secret = registry.web()

    assert re.fullmatch(r"[a-z0-9]{32}\.apps\.leasehold\.internal", client.id)
    assert f"{client.id[:12]}@shop.clients.leasehold.internal" == client.email
    assert re.fullmatch(r"lhs_[A-Za-z0-9_-]{43}", secret)
    assert client == clients.require(tx, client.id)
    assert [secret[-4:]] == [kept.ending for kept in clients.secrets_of(tx, client.id)]
    assert secret not in repr(registry.add_secret(client))


def test_an_installed_client_has_a_secret_too_and_comes_back_to_loopback(
    registry: Registry,
) -> None:
    client, secret = registry.create("installed")

    assert LOOPBACK == client.redirect_uris
    assert secret.startswith("lhs_")
    assert not client.is_confidential


def test_a_browser_client_has_no_secret_and_gets_none(registry: Registry, tx: Transaction) -> None:
    client, secret = registry.create("browser", CALLBACK)

    assert "" == secret
    assert [] == clients.secrets_of(tx, client.id)
    with pytest.raises(Invalid, match="no secret"):
        registry.add_secret(client)


@pytest.mark.parametrize(
    ("client_type", "rotates"), [("web", False), ("installed", False), ("browser", True)]
)
def test_refresh_tokens_last_as_googles_do_but_in_browsers(
    registry: Registry, client_type: ClientType, *, rotates: bool
) -> None:
    usual, _ = registry.create(client_type, CALLBACK)
    other, _ = registry.create(client_type, CALLBACK, rotates=not rotates)

    assert (rotates, not rotates) == (usual.rotates, other.rotates)


@pytest.mark.parametrize("client_type", ["installed", "browser"])
def test_only_who_can_keep_a_secret_gets_tokens_for_itself(
    registry: Registry, client_type: ClientType
) -> None:
    with pytest.raises(Invalid, match="cannot get tokens for itself"):
        registry.create(client_type, CALLBACK, client_credentials=True)

    client, _ = registry.create("web", client_credentials=True)
    assert client.client_credentials


def test_the_implicit_grant_is_off_and_for_browsers_only(registry: Registry) -> None:
    assert not registry.create("browser", CALLBACK)[0].implicit
    assert registry.create("browser", CALLBACK, implicit=True)[0].implicit
    with pytest.raises(Invalid, match="implicit"):
        registry.create("installed", implicit=True)


@pytest.mark.parametrize("client_type", ["web", "browser"])
def test_who_asks_people_needs_a_redirect_uri(registry: Registry, client_type: ClientType) -> None:
    with pytest.raises(Invalid, match="needs a redirect URI"):
        registry.create(client_type)


def test_origins_are_for_scripts(registry: Registry) -> None:
    origins = ("https://app.example.com",)

    client, _ = registry.create("browser", CALLBACK, javascript_origins=origins)

    assert origins == client.javascript_origins
    with pytest.raises(Invalid, match="JavaScript origins"):
        registry.create("installed", javascript_origins=origins)


@pytest.mark.parametrize("name", ["", " ", "a\0", "a\nb", "\u202eelgoog", "a" * 81, "\u3164"])
def test_a_name_can_be_read(registry: Registry, name: str) -> None:
    with pytest.raises(Invalid, match="the name of a client has 1 to 80"):
        registry.create("web", CALLBACK, name=name)


def test_a_project_has_a_hundred_clients_and_exists(registry: Registry, tx: Transaction) -> None:
    made = [registry.web()[0] for _ in range(clients.MAX_CLIENTS)]

    with pytest.raises(Conflict, match="has 100 clients"):
        registry.web()
    clients.delete(tx, NOW, made[0].id)
    registry.web()
    with pytest.raises(NotFound, match="other"):
        registry.create("web", CALLBACK, project_id="other")


def test_clients_are_listed_by_name_within_their_project(
    registry: Registry, tx: Transaction
) -> None:
    projects.create(tx, NOW, project_id="example.com:lab", owner_email="ada@example.com")
    made = [registry.create("web", CALLBACK, name=name)[0] for name in ("gone", "b", "a")]
    clients.delete(tx, NOW, made[0].id)
    other, _ = registry.create("web", CALLBACK, project_id="example.com:lab")

    assert ["a", "b"] == [client.name for client in clients.clients_of(tx, "shop")]
    assert [other] == clients.clients_of(tx, "example.com:lab")
    assert other.email.endswith("@lab.example.com.clients.leasehold.internal")
    with pytest.raises(NotFound):
        clients.clients_of(tx, "nowhere")


def test_a_client_is_renamed_and_gets_other_uris(registry: Registry, tx: Transaction) -> None:
    client, _ = registry.web()

    clients.rename(tx, client.id, " Photo  printer ")
    clients.set_redirect_uris(tx, client.id, (f"{CALLBACK}2", f"{CALLBACK}2", CALLBACK))

    expected = replace(client, name="Photo printer", redirect_uris=(f"{CALLBACK}2", CALLBACK))
    assert expected == clients.require(tx, client.id)


def test_a_change_is_checked_like_a_new_client(registry: Registry, tx: Transaction) -> None:
    client, _ = registry.web()
    wrong: list[dict[str, object]] = [
        {"name": "\0"},
        {"redirect_uris": ("javascript:alert(1)",)},
        {"redirect_uris": ()},
        {"javascript_origins": ("*",)},
    ]

    for changes in wrong:
        with pytest.raises(Invalid):
            clients.change(tx, replace(client, **changes))  # type: ignore[arg-type]  # that is the point

    assert client == clients.require(tx, client.id)


def test_policy_is_changed(registry: Registry, tx: Transaction) -> None:
    client, _ = registry.web()

    changed = replace(client, rotates=True, client_credentials=True, implicit=True)
    clients.change(tx, changed)

    assert changed == clients.require(tx, client.id)


def test_a_client_has_two_secrets_at_once_and_no_third(registry: Registry, tx: Transaction) -> None:
    client, first = registry.web()
    second = registry.add_secret(client)

    with pytest.raises(Conflict, match=f"ending in {re.escape(first[-4:])}"):
        registry.add_secret(client)

    both = [first[-4:], second.secret.ending]
    assert both == [kept.ending for kept in clients.secrets_of(tx, client.id)]


def test_a_secret_is_deleted_once_and_only_the_clients_own(
    registry: Registry, tx: Transaction
) -> None:
    (client, _), (other, _) = registry.web(), registry.web()
    (own,), (foreign,) = clients.secrets_of(tx, client.id), clients.secrets_of(tx, other.id)

    with pytest.raises(NotFound, match=f"no secret {foreign.id}"):
        clients.delete_secret(tx, NOW, client.id, foreign.id)
    clients.delete_secret(tx, NOW, client.id, own.id)

    assert [] == clients.secrets_of(tx, client.id)
    assert [foreign] == clients.secrets_of(tx, other.id)
    with pytest.raises(NotFound):
        clients.delete_secret(tx, NOW, client.id, own.id)


def test_a_deleted_client_is_not_there_any_more(registry: Registry, tx: Transaction) -> None:
    client, _ = registry.web()

    clients.delete(tx, NOW, client.id)

    assert clients.find(tx, client.id) is None
    assert [] == clients.secrets_of(tx, client.id)
    for change in (
        lambda: clients.delete(tx, NOW, client.id),
        lambda: clients.rename(tx, client.id, "x"),
        lambda: clients.change(tx, client),
        lambda: registry.add_secret(client),
        lambda: clients.delete_secret(tx, NOW, client.id, 1),
    ):
        with pytest.raises(NotFound, match="there is no client"):
            change()


@pytest.mark.parametrize("client_id", NO_IDS)
def test_what_is_no_id_names_no_client(registry: Registry, client_id: str) -> None:
    tx = registry.tx

    assert clients.find(tx, client_id) is None
    assert (0, []) == (clients.count_consents(tx, client_id), clients.secrets_of(tx, client_id))
    for name in (
        lambda: clients.require(tx, client_id),
        lambda: clients.delete(tx, NOW, client_id),
        lambda: clients.find_to_change(tx, client_id),
    ):
        with pytest.raises(NotFound):
            name()


def test_ids_and_secrets_are_never_the_same(registry: Registry) -> None:
    made = [registry.create("installed") for _ in range(20)]

    assert 20 == len({client.id for client, _ in made}) == len({secret for _, secret in made})


def test_every_change_is_counted_for_the_servers(
    registry: Registry, tx: Transaction, changes: Callable[[], int]
) -> None:
    client, _ = registry.web()
    counted = [changes()]

    for change in (
        lambda: clients.rename(tx, client.id, "x"),
        lambda: registry.add_secret(client),
        lambda: clients.delete_secret(tx, NOW, client.id, clients.secrets_of(tx, client.id)[0].id),
        lambda: clients.delete(tx, NOW, client.id),
    ):
        change()
        counted.append(changes())

    assert [1] * 5 == counted


def test_a_digest_depends_on_the_secret_and_on_the_secret_key_file() -> None:
    other = type(BOX)(b"o" * 32)

    digests = {
        clients.secret_digest(box, text) for box in (BOX, other) for text in ("lhs_a", "lhs_b")
    }

    assert 4 == len(digests)


def test_a_refusal_names_the_field(registry: Registry) -> None:
    with pytest.raises(Error) as refused:
        registry.create("web", "ftp://x")

    assert "redirect_uris" == refused.value.field
