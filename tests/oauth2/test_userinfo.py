"""Userinfo: who a token stands for, as its scopes allow, in the standard's form and Google's."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from leasehold.accounts import users
from leasehold.oauth2 import delegations
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.web.oauth.routes import OLD_USERINFO_PATHS, USERINFO_PATHS
from tests.oauth2.granting import ADA, IDENTITY, Granting
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE

PATHS = (*USERINFO_PATHS, *OLD_USERINFO_PATHS)
GOOGLES = "https://www.googleapis.com/auth/userinfo"


@dataclass(frozen=True, slots=True)
class Server:
    client: TestClient
    granting: Granting  # by Grace, who has a name

    def ask(self, token: str, path: str = "/v1/userinfo") -> tuple[int, dict[str, object]]:
        response = self.client.get(path, headers={"authorization": f"Bearer {token}"})
        return response.status_code, response.json()

    def token(self, scope: str) -> str:
        return self.granting.tokens(scope=scope).access_token


@pytest.fixture
def server(granting: Granting) -> Iterator[Server]:
    grace = granting.by("grace@example.com", name="Grace Hopper")
    app = application(granting.world.engine, granting.world.hands.clock, issuer=ISSUER)
    with TestClient(app) as client:
        yield Server(client, grace)


@pytest.fixture
def small_server(small_granting: Granting) -> Iterator[Server]:
    grace = small_granting.by("grace@example.com", name="Grace Hopper")
    app = application(small_granting.world.engine, small_granting.world.hands.clock, issuer=ISSUER)
    with TestClient(app) as client:
        yield Server(client, grace)


@pytest.mark.parametrize("path", USERINFO_PATHS)
def test_the_standards_form(server: Server, path: str) -> None:
    assert (
        200,
        {
            "sub": server.granting.user.subject,
            "email": "grace@example.com",
            "email_verified": True,
            "name": "Grace Hopper",
        },
    ) == server.ask(server.token(IDENTITY), path)


@pytest.mark.parametrize("path", OLD_USERINFO_PATHS)
def test_googles_older_form(server: Server, path: str) -> None:
    assert (
        200,
        {
            "id": server.granting.user.subject,
            "email": "grace@example.com",
            "verified_email": True,
            "name": "Grace Hopper",
        },
    ) == server.ask(server.token(IDENTITY), path)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", {"sub"}),
        ("email", {"sub", "email", "email_verified"}),
        ("profile", {"sub", "name"}),
        (f"{GOOGLES}.email {SCOPE}", {"sub", "email", "email_verified"}),
        (f"{GOOGLES}.profile", {"sub", "name"}),
    ],
)
def test_it_tells_no_more_than_the_scopes_allow(
    small_server: Server, scope: str, told: set[str]
) -> None:
    assert told == small_server.ask(small_server.token(scope))[1].keys()


def test_it_tells_what_is_known_now(server: Server) -> None:
    token = server.token("profile")

    def rename(tx: Transaction, _now: int) -> None:
        users.set_name(tx, server.granting.user.id, "Admiral Hopper")

    server.granting.world.do(rename)

    assert "Admiral Hopper" == server.ask(token)[1]["name"]


def test_a_service_account_is_told_who_it_is(server: Server) -> None:
    world = server.granting.world
    token = world.exchange(world.assertion(scope="openid email profile")).access_token

    assert (
        200,
        {"sub": world.account.id, "email": world.account.email, "email_verified": True},
    ) == server.ask(token)


def test_by_a_delegation_it_is_the_user(server: Server) -> None:
    world = server.granting.world
    world.do(
        lambda tx, now: delegations.add(
            tx, now, account_email=world.account.email, domain="example.com", scope="email"
        )
    )
    token = world.exchange(world.assertion(sub=ADA, scope="email")).access_token

    assert ADA == server.ask(token)[1]["email"]


@pytest.mark.parametrize("path", PATHS)
def test_the_token_comes_in_the_header_or_in_the_form(small_server: Server, path: str) -> None:
    token, client = small_server.token("email"), small_server.client

    replies = [
        client.get(path, headers={"authorization": f"bearer {token}"}),
        client.post(path, headers={"authorization": f"BEARER  {token} "}),
        client.post(path, data={"access_token": token}),
    ]

    assert [200] * 3 == [reply.status_code for reply in replies]
    assert {"no-store"} == {reply.headers["cache-control"] for reply in replies}


def test_the_url_is_not_looked_at_unless_the_operator_says_so(small_server: Server) -> None:
    world, token = small_server.granting.world, small_server.token("email")
    lax = application(
        world.engine, world.hands.clock, issuer=ISSUER, settings=Settings(query_tokens=True)
    )

    strict = small_server.client.get("/v1/userinfo", params={"access_token": token})
    with TestClient(lax) as client:
        allowed = client.get("/v1/userinfo", params={"access_token": token})

    assert (401, 200) == (strict.status_code, allowed.status_code)


def test_two_tokens_are_refused(small_server: Server) -> None:
    token = small_server.token("email")
    bearer = {"authorization": f"Bearer {token}"}

    response = small_server.client.post(
        "/v1/userinfo", data={"access_token": token}, headers=bearer
    )

    assert (400, "invalid_request") == (response.status_code, response.json()["error"])


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", "BearerX", "Bearer"])
def test_without_a_token_the_answer_says_only_how(
    small_server: Server, authorization: str | None
) -> None:
    headers = {"authorization": authorization} if authorization else {}

    response = small_server.client.get("/v1/userinfo", headers=headers)

    assert 401 == response.status_code
    assert response.headers["www-authenticate"].startswith('Bearer realm="leasehold"')


def test_a_token_without_an_identity_scope_is_403(small_server: Server) -> None:
    token = small_server.token(SCOPE)

    response = small_server.client.get("/v1/userinfo", headers={"authorization": f"Bearer {token}"})

    assert (403, "insufficient_scope") == (response.status_code, response.json()["error"])
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_tokens_that_are_not_good_all_look_alike(server: Server) -> None:
    opened = server.granting.tokens(scope=IDENTITY)
    expired = server.token(IDENTITY)
    good = opened.access_token
    bad = [
        opened.refresh_token or "",
        opened.id_token or "",
        *("x", good[:-1], good + "A", good.swapcase(), f"{good}\t{good}", "a" * 9_000),
    ]
    server.granting.revoke_consent()
    server.granting.world.hands.seconds += 3600

    answers = [server.ask(text) for text in [*bad, good, expired]]

    assert 1 == len({str(answer) for answer in answers})
    assert (401, "invalid_token") == (answers[0][0], answers[0][1]["error"])
    challenge = server.client.get("/v1/userinfo", headers={"authorization": "Bearer x"}).headers
    assert 'error="invalid_token"' in challenge["www-authenticate"]
