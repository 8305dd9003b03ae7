"""Tokeninfo: what a token says about itself, and that bad ones all look alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from leasehold.accounts import service_accounts
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens
from leasehold.web.oauth.routes import OLD_TOKENINFO_PATHS, TOKENINFO_PATHS
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE, World, base64url

AUDIENCE = "https://images.example.com/"
PATHS = (*TOKENINFO_PATHS, *OLD_TOKENINFO_PATHS)
INVALID = (400, {"error": "invalid_token", "error_description": "Invalid Value"})


@dataclass(frozen=True, slots=True)
class Server:
    client: TestClient
    world: World

    def token(self) -> str:
        return self.world.exchange(self.world.assertion()).access_token

    def ask(self, path: str = "/tokeninfo", **token: str) -> tuple[int, dict[str, object]]:
        response = self.client.get(path, params=token)
        return response.status_code, response.json()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    with TestClient(application(world.engine, world.hands.clock, issuer=ISSUER)) as client:
        yield Server(client, world)


@pytest.fixture
def small_server(small_world: World) -> Iterator[Server]:
    app = application(small_world.engine, small_world.hands.clock, issuer=ISSUER)
    with TestClient(app) as client:
        yield Server(client, small_world)


@pytest.mark.parametrize("path", TOKENINFO_PATHS)
def test_an_access_token_is_described_in_texts(server: Server, path: str) -> None:
    token = server.token()
    server.world.hands.seconds += 600
    account = server.world.account

    assert (
        200,
        {
            "azp": account.id,
            "aud": account.id,
            "sub": account.id,
            "scope": SCOPE,
            "exp": str(server.world.now + 3000),
            "expires_in": "3000",
            "email": account.email,
            "email_verified": "true",
            "access_type": "online",
        },
    ) == server.ask(path, access_token=token)


@pytest.mark.parametrize("path", OLD_TOKENINFO_PATHS)
def test_old_clients_get_the_old_names_and_a_number(server: Server, path: str) -> None:
    account = server.world.account

    assert (
        200,
        {
            "issued_to": account.id,
            "audience": account.id,
            "user_id": account.id,
            "scope": SCOPE,
            "expires_in": 3600,
            "email": account.email,
            "verified_email": True,
            "access_type": "online",
        },
    ) == server.ask(path, access_token=server.token())


@pytest.mark.parametrize("path", PATHS)
def test_the_token_comes_in_the_query_the_body_or_a_header(small_server: Server, path: str) -> None:
    token, client = small_server.token(), small_server.client

    replies = [
        client.get(path, params={"access_token": token, "fields": "scope"}),
        client.post(path, params={"access_token": token}),
        client.post(path, data={"access_token": token}),
        client.get(path, headers={"authorization": f"Bearer {token}"}),
        client.post(path, headers={"authorization": f"bearer {token}"}),  # Google's Node library
    ]

    assert [200] * 5 == [reply.status_code for reply in replies]
    assert 1 == len({reply.text for reply in replies})
    assert {"no-store"} == {reply.headers["cache-control"] for reply in replies}


def test_an_id_token_is_described_by_its_claims(server: Server) -> None:
    text = server.world.id_token(AUDIENCE)
    account = server.world.account

    status, claims = server.ask(id_token=text)
    old_status, old = server.ask("/oauth2/v1/tokeninfo", id_token=text)

    assert (200, 200) == (status, old_status)
    assert (ISSUER, AUDIENCE, account.id) == (claims["iss"], claims["aud"], claims["sub"])
    assert ("true", str(server.world.now + 3600)) == (claims["email_verified"], claims["exp"])
    assert (AUDIENCE, account.id, 3600) == (old["audience"], old["user_id"], old["expires_in"])


def test_bad_access_tokens_all_look_alike(server: Server) -> None:
    expired, revoked = server.token(), server.token()
    server.world.do(lambda tx, now: access_tokens.revoke(tx, now, access_tokens.digest(revoked)))
    answers = [server.ask(access_token=revoked)]
    server.world.hands.seconds += 3600
    of_disabled = server.token()
    server.world.do(lambda tx, now: service_accounts.disable(tx, now, server.world.account.email))

    unknown = access_tokens.mint(Entropy())
    bad = [expired, of_disabled, unknown, unknown[:-1], "x", "\0", "ключ", "a" * 9_000, "a.b.c"]
    answers += [server.ask(path, access_token=token) for token in bad for path in PATHS]

    assert all(answer == INVALID for answer in answers)


def test_bad_id_tokens_all_look_alike(server: Server) -> None:
    text = server.world.id_token(AUDIENCE)
    header, claims, signature = text.split(".")
    none = base64url('{"alg": "none"}')
    bad = [
        f"{header}.{claims}.{signature[:-4]}",
        f"{header}.{base64url('{}')}.{signature}",
        f"{none}.{claims}.",
        server.world.assertion(scope=None, target_audience=AUDIENCE),
        server.token(),
        *("x", "a.b.c", "\0", "é.é.é"),
    ]

    answers = [server.ask(id_token=one) for one in bad]
    server.world.hands.seconds += 3600
    answers.append(server.ask(id_token=text))

    assert all(answer == INVALID for answer in answers)


def test_each_kind_of_token_has_its_own_name(small_server: Server) -> None:
    access_token, id_token = small_server.token(), small_server.world.id_token(AUDIENCE)

    assert INVALID == small_server.ask(access_token=id_token)
    assert INVALID == small_server.ask(id_token=access_token)


def test_there_is_exactly_one_token(small_server: Server) -> None:
    token, client = small_server.token(), small_server.client
    bearer = {"authorization": f"Bearer {token}"}

    replies = [
        client.get("/tokeninfo"),
        client.post("/tokeninfo"),
        client.get("/tokeninfo?access_token="),
        client.get("/tokeninfo", headers={"authorization": "Basic YTpi"}),
        client.get(f"/tokeninfo?access_token={token}&access_token={token}"),
        client.get(f"/tokeninfo?access_token={token}&id_token=x"),
        client.get(f"/tokeninfo?access_token={token}", headers=bearer),
    ]

    assert [(400, "invalid_request")] * 7 == [
        (reply.status_code, reply.json()["error"]) for reply in replies
    ]


def test_other_methods_are_refused(small_server: Server) -> None:
    response = small_server.client.delete("/tokeninfo")

    assert (405, "GET, POST") == (response.status_code, response.headers["allow"])
