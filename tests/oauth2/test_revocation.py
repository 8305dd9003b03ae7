"""Revocation: who may end what, and that nothing else ends."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from starlette.testclient import TestClient

from leasehold import token_text
from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.errors import Unavailable
from leasehold.oauth2 import access_tokens, consents, refresh_tokens, revoke
from leasehold.oauth2.access_tokens import digest
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from tests.oauth2.granting import ADA, DAY, Granting, a_client, basic
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE, refusal


@dataclass(frozen=True, slots=True)
class Server:
    """The endpoints, and what they said about ended tokens."""

    client: TestClient
    granting: Granting
    ended: list[bytes]


@pytest.fixture
def server(granting: Granting) -> Iterator[Server]:
    ended: list[bytes] = []
    app = application(
        granting.world.engine,
        granting.world.hands.clock,
        issuer=ISSUER,
        forget_tokens=ended.extend,
    )
    with TestClient(app) as client:
        yield Server(client, granting, ended)


def end(granting: Granting, text: str, **form: str) -> None:
    """Revokes the token, as whoever has it may."""
    fields: dict[str, Sequence[str]] = {name: [value] for name, value in form.items()}
    granting.world.serve(lambda server: revoke.revoke({"token": [text], **fields}, server))


def as_client(granting: Granting) -> dict[str, str]:
    return {"client_id": granting.client.id, "client_secret": granting.secret}


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_a_token_of_a_person_ends_all_that_they_gave_to_the_client(
    granting: Granting, which: str
) -> None:
    first, second = granting.tokens(), granting.tokens()
    other_client = granting.of(a_client()).tokens()
    other_person = granting.by("grace@example.com").tokens()

    end(granting, first.access_token if which == "access" else first.refresh_token or "")

    of_client = [first.access_token, second.access_token]
    assert not any(granting.world.is_good(text) for text in of_client)
    assert {digest(text) for text in of_client} == set(granting.world.forgotten)
    for response in (first, second):
        assert "invalid_grant" == granting.refusal_of_refresh(response.refresh_token)
    for response in (other_client, other_person):
        assert granting.world.is_good(response.access_token)
        assert granting.is_live(response.refresh_token or "")
    kept = granting.world.do(lambda tx, _now: consents.of_user(tx, granting.user.id))
    assert granting.client.id not in {consent.client_id for consent in kept}


def test_a_replaced_refresh_token_ends_it_too(granting: Granting) -> None:
    shop = granting.rotating()
    first = shop.refresh_token()
    second = shop.refresh(first)

    end(shop, first)

    assert not shop.is_live(second.refresh_token or "")
    assert not shop.world.is_good(second.access_token)


def test_an_access_token_that_has_expired_ends_nothing(granting: Granting) -> None:
    opened = granting.tokens()
    granting.world.hands.seconds += 3600

    end(granting, opened.access_token)

    assert granting.is_live(opened.refresh_token or "")
    assert [] == granting.world.forgotten


def test_a_refresh_token_that_has_expired_or_ended_does_not_end_what_was_given_after_it(
    granting: Granting,
) -> None:
    few = replace(granting.world, settings=Settings(refresh_tokens_per_client=1))
    shop = replace(granting, world=few)
    ended, expired = shop.refresh_token(), shop.refresh_token()
    granting.world.hands.seconds += 7 * DAY  # of a project in testing
    newest = granting.tokens()

    for text in (ended, expired):
        end(granting, text)

    assert granting.world.is_good(newest.access_token)
    assert granting.is_live(newest.refresh_token or "")


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_what_was_revoked_while_its_user_was_disabled_stays_so_when_they_are_enabled(
    granting: Granting, which: str
) -> None:
    opened = granting.tokens()
    granting.disable_user()

    end(granting, opened.access_token if which == "access" else opened.refresh_token or "")
    granting.world.do(lambda tx, _now: users.enable(tx, ADA))

    assert not granting.world.is_good(opened.access_token)
    assert "invalid_grant" == granting.refusal_of_refresh(opened.refresh_token)


@pytest.mark.parametrize("who", ["service account", "client"])
def test_any_other_token_ends_alone(granting: Granting, who: str) -> None:
    shop = granting.of(a_client(client_credentials=True))
    form = shop.form(grant_type="client_credentials", scope=SCOPE)

    def a_token() -> str:
        if who == "client":
            return shop.world.post(**form).access_token
        return shop.world.exchange(shop.world.assertion()).access_token

    ended, kept = a_token(), a_token()

    end(granting, ended)

    assert [False, True] == [granting.world.is_good(text) for text in (ended, kept)]
    assert [digest(ended)] == granting.world.forgotten


def test_the_type_hint_changes_nothing(granting: Granting) -> None:
    for hint in ("access_token", "refresh_token", "x"):
        opened = granting.tokens()

        end(granting, opened.refresh_token or "", token_type_hint=hint)

        assert not granting.world.is_good(opened.access_token)


def test_a_revoked_token_stays_revoked_with_the_clock_set_back(granting: Granting) -> None:
    opened = granting.tokens()
    end(granting, opened.refresh_token or "")

    granting.world.hands.set_back(86_400)

    assert not granting.world.is_good(opened.access_token)
    assert "invalid_grant" == granting.refusal_of_refresh(opened.refresh_token)


# -- clients that say who they are


def test_a_client_may_end_its_own_tokens(granting: Granting) -> None:
    opened = granting.tokens()

    end(granting, opened.access_token, **as_client(granting))

    assert not granting.world.is_good(opened.access_token)


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_another_clients_token_is_untouched(granting: Granting, which: str) -> None:
    opened, other = granting.tokens(), granting.of(a_client())

    text = opened.access_token if which == "access" else opened.refresh_token or ""
    end(granting, text, **as_client(other))

    assert granting.world.is_good(opened.access_token)
    assert granting.is_live(opened.refresh_token or "")
    assert [] == granting.world.forgotten


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_id": "x"},
        {"client_id": ""},
        {"client_assertion": "x"},
    ],
)
def test_wrong_credentials_end_nothing(granting: Granting, wrong: dict[str, str]) -> None:
    opened = granting.tokens()
    sent = as_client(granting) | wrong

    code, _ = refusal(lambda: end(granting, opened.access_token, **sent))

    assert "invalid_client" == code
    assert granting.world.is_good(opened.access_token)


# -- over HTTP


def test_credentials_in_the_header_must_be_right_too(server: Server) -> None:
    opened, client = server.granting.tokens(), server.granting.client
    wrong = {"authorization": basic(client.id, "wrong")}
    right = {"authorization": basic(client.id, server.granting.secret)}
    form = {"token": opened.access_token}

    refused = server.client.post("/revoke", data=form, headers=wrong)
    untouched = server.granting.world.is_good(opened.access_token)
    done = server.client.post("/revoke", data=form, headers=right)

    assert (401, 'Basic realm="leasehold"') == (
        refused.status_code,
        refused.headers["www-authenticate"],
    )
    assert (200, True) == (done.status_code, untouched)
    assert [digest(opened.access_token)] == server.ended


def test_credentials_in_the_url_are_not_looked_at(server: Server) -> None:
    opened = server.granting.tokens()
    query = {"token": opened.access_token, "client_id": "x", "client_secret": "wrong"}

    response = server.client.get("/revoke", params=query)

    assert 200 == response.status_code
    assert not server.granting.world.is_good(opened.access_token)


def test_nobody_learns_whether_a_refresh_token_was_known(server: Server) -> None:
    known = server.granting.refresh_token()
    unknown = token_text.mint(refresh_tokens.PREFIX, Entropy())
    sent = [known, known, unknown, known[:-1], "lhr_", "\0"]

    responses = [server.client.post("/revoke", data={"token": token}) for token in sent]

    assert {(200, "{}")} == {(response.status_code, response.text) for response in responses}
    assert 1 == len({str(response.headers) for response in responses})


def test_what_could_not_be_stored_is_no_success(granting: Granting) -> None:
    opened = granting.tokens()

    async def visit() -> None:
        closed = Committer()
        closed.start({})
        await closed.close()
        await revoke.revoke({"token": [opened.access_token]}, granting.world.server(closed))

    with pytest.raises(Unavailable):
        asyncio.run(visit())

    assert granting.world.is_good(opened.access_token)
    assert [] == granting.world.forgotten


def test_every_process_hears_of_it(granting: Granting) -> None:
    opened = granting.tokens()
    since = granting.world.now * 1_000_000

    end(granting, opened.refresh_token or "")

    heard = granting.world.do(lambda tx, _now: access_tokens.revoked_since(tx, since))
    assert [digest(opened.access_token)] == heard
