"""Introspection: a project's own servers learn what a token is worth, and nobody else does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from leasehold import token_text
from leasehold.accounts import projects
from leasehold.entropy import Entropy
from leasehold.oauth2 import access_tokens, delegations, refresh_tokens
from leasehold.oauth2.model import TokenResponse
from leasehold.storage.transaction import Transaction
from leasehold.web.oauth.routes import INTROSPECT_PATHS
from tests.oauth2.granting import ADA, DAY, Granting, a_client, basic
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE, World

NOT_ACTIVE = (200, {"active": False})


@dataclass(frozen=True, slots=True)
class Server:
    client: TestClient
    granting: Granting

    def ask(
        self, token: str, *, caller: Granting | None = None, path: str = "/introspect"
    ) -> tuple[int, dict[str, object]]:
        by = caller or self.granting
        form = {"token": token, "client_id": by.client.id, "client_secret": by.secret}
        response = self.client.post(path, data=form)
        return response.status_code, response.json()


@pytest.fixture
def server(granting: Granting) -> Iterator[Server]:
    with TestClient(serving(granting.world)) as client:
        yield Server(client, granting)


@pytest.fixture
def small_server(small_granting: Granting) -> Iterator[Server]:
    with TestClient(serving(small_granting.world)) as client:
        yield Server(client, small_granting)


def serving(world: World) -> Starlette:
    return application(world.engine, world.hands.clock, issuer=ISSUER)


@pytest.mark.parametrize("path", INTROSPECT_PATHS)
def test_an_access_token_of_a_person_is_described(server: Server, path: str) -> None:
    people = server.granting
    opened = people.tokens(scope=f"{SCOPE} openid email")

    assert (
        200,
        {
            "active": True,
            "scope": f"{SCOPE} openid email",
            "client_id": people.client.id,
            "username": ADA,
            "token_type": "Bearer",
            "exp": people.world.now + 3600,
            "iat": people.world.now,
            "sub": people.user.subject,
            "iss": ISSUER,
        },
    ) == server.ask(opened.access_token, path=path)


def test_a_refresh_token_is_described_and_ends_when_it_is_not_used(server: Server) -> None:
    people = server.granting
    people.go_to_production()
    token = people.refresh_token(scope="openid")

    status, described = server.ask(token)

    assert (200, True) == (status, described["active"])
    assert (people.client.id, people.user.subject) == (described["client_id"], described["sub"])
    assert people.world.now + 180 * DAY == described["exp"]
    assert "token_type" not in described


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (SCOPE, set()),
        ("openid", {"sub"}),
        ("profile", {"sub"}),
        ("email", {"sub", "username"}),
        (f"{SCOPE[:-9]}userinfo.email", {"sub", "username"}),
    ],
)
def test_who_a_person_is_is_told_only_as_they_agreed(
    small_server: Server, scope: str, told: set[str]
) -> None:
    opened = small_server.granting.tokens(scope=scope)

    for text in (opened.access_token, opened.refresh_token or ""):
        assert told == small_server.ask(text)[1].keys() & {"sub", "username"}


def test_tokens_of_service_accounts_and_of_clients_are_described(server: Server) -> None:
    world = server.granting.world
    shop = server.granting.of(a_client(client_credentials=True))
    form = shop.form(grant_type="client_credentials", scope=SCOPE)
    tokens = [world.exchange(world.assertion()), world.post(**form)]

    described = [server.ask(token.access_token)[1] for token in tokens]

    assert [world.account.email, shop.client.email] == [one["username"] for one in described]
    assert [world.account.id, shop.client.id] == [one["sub"] for one in described]


def test_another_client_of_the_project_may_ask(server: Server) -> None:
    token = server.granting.tokens().access_token

    assert server.ask(token, caller=server.granting.of(a_client()))[1]["active"]


def test_the_caller_may_say_who_it_is_in_the_header(small_server: Server) -> None:
    people = small_server.granting
    header = {"authorization": basic(people.client.id, people.secret)}

    response = small_server.client.post(
        "/introspect", data={"token": people.tokens().access_token}, headers=header
    )

    assert response.json()["active"]


def test_a_service_account_asks_with_a_token_of_its_own(small_server: Server) -> None:
    people = small_server.granting
    own = people.world.exchange(people.world.assertion()).access_token
    form = {"token": people.refresh_token()}

    response = small_server.client.post(
        "/introspect", data=form, headers={"authorization": f"Bearer {own}"}
    )

    assert response.json()["active"]


def test_to_another_project_no_token_is_active(server: Server) -> None:
    people = server.granting
    people.world.do(lambda tx, now: projects.create(tx, now, project_id="other", owner_email=ADA))
    stranger = people.of(a_client(project_id="other"))
    opened = people.tokens()

    answers = [
        server.ask(text, caller=stranger)
        for text in (opened.access_token, opened.refresh_token or "")
    ]

    assert [NOT_ACTIVE] * 2 == answers


def test_whatever_is_not_good_is_not_active_and_no_more_is_said(server: Server) -> None:
    people, shop = server.granting, server.granting.rotating()
    revoked, expired = people.tokens(), people.tokens()
    id_token = people.tokens(scope="openid").id_token or ""
    replaced = shop.refresh_token()
    shop.refresh(replaced)
    unknown = [
        access_tokens.mint(Entropy()),
        token_text.mint(refresh_tokens.PREFIX, Entropy()),
        *("x", "\0", "ключ", "a" * 9_000, people.code(), id_token),
    ]
    prefixes = [expired.access_token[:-1], (expired.refresh_token or "")[:-1]]
    people.revoke_consent()
    people.world.hands.seconds += 3600
    of_revoked = [revoked.access_token, revoked.refresh_token or "", expired.access_token]

    answers = [
        server.ask(text, caller=shop) for text in [*unknown, *prefixes, *of_revoked, replaced]
    ]

    assert all(answer == NOT_ACTIVE for answer in answers)


def test_only_who_keeps_a_secret_may_ask(small_server: Server) -> None:
    people = small_server.granting
    token = people.tokens().access_token
    installed = people.of(a_client(type="installed", redirect_uris=("http://127.0.0.1/",)))
    page = people.of(a_client(type="browser"))

    answers = [
        small_server.ask(token, caller=caller)
        for caller in (installed, page, replace(people, secret="wrong"), replace(people, secret=""))
    ]

    assert [401] * 4 == [status for status, _ in answers]
    assert {"invalid_client"} == {body["error"] for _, body in answers}


@pytest.mark.parametrize(
    ("authorization", "error", "challenge"),
    [
        (None, "invalid_client", None),
        ("Basic Og==", "invalid_client", 'Basic realm="leasehold"'),
        ("Basic x", "invalid_client", 'Basic realm="leasehold"'),
        ("Bearer x", "invalid_token", 'Bearer realm="leasehold", error="invalid_token", '),
        ("Bearer", "invalid_token", 'Bearer realm="leasehold", error="invalid_token", '),
        ("Digest x", "invalid_client", 'Basic realm="leasehold"'),
    ],
)
def test_a_caller_that_does_not_prove_who_it_is_learns_how(
    small_server: Server, authorization: str | None, error: str, challenge: str | None
) -> None:
    token = small_server.granting.tokens().access_token
    headers = {"authorization": authorization} if authorization else {}

    response = small_server.client.post("/introspect", data={"token": token}, headers=headers)

    assert (401, error) == (response.status_code, response.json()["error"])
    sent = response.headers.get("www-authenticate")
    assert (sent or "").startswith(challenge or "")
    assert (challenge is None) == (sent is None)


@pytest.mark.parametrize("whose", ["person", "client", "user by a delegation"])
def test_only_a_service_accounts_own_token_lets_it_ask(server: Server, whose: str) -> None:
    people = server.granting
    shop = people.of(a_client(client_credentials=True))

    def delegate(tx: Transaction, now: int) -> None:
        delegations.add(
            tx,
            now,
            account_email=people.world.account.email,
            domain="example.com",
            scope=SCOPE,
        )

    people.world.do(delegate)
    ways: dict[str, Callable[[], TokenResponse]] = {
        "person": people.tokens,
        "client": lambda: people.world.post(
            **shop.form(grant_type="client_credentials", scope=SCOPE)
        ),
        "user by a delegation": lambda: people.world.exchange(people.world.assertion(sub=ADA)),
    }
    token = ways[whose]().access_token

    response = server.client.post(
        "/introspect", data={"token": token}, headers={"authorization": f"Bearer {token}"}
    )

    assert (401, "invalid_token") == (response.status_code, response.json()["error"])


def test_the_url_is_not_looked_at(small_server: Server) -> None:
    people = small_server.granting
    query = {"client_id": people.client.id, "client_secret": people.secret}
    token = people.tokens().access_token

    in_url = small_server.client.post("/introspect", params=query, data={"token": token})
    without = small_server.client.post("/introspect", params={"token": token}, data=query)
    by_get = small_server.client.get("/introspect", params={**query, "token": token})

    assert [401, 400, 405] == [reply.status_code for reply in (in_url, without, by_get)]
    assert {"no-store"} == {reply.headers["cache-control"] for reply in (in_url, without)}
