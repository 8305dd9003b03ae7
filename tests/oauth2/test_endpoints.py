"""The OAuth endpoints over HTTP: forms in, JSON out, and every bound on what strangers send."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from leasehold.entropy import Entropy
from leasehold.oauth2.access_tokens import digest, mint
from leasehold.oauth2.grants.jwt_bearer import GRANT, TOKEN_PATHS
from leasehold.settings import Settings
from leasehold.web.oauth.routes import REVOKE_PATHS
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE, World

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Server:
    """The endpoints, their world, and what they said about revoked tokens."""

    client: TestClient
    world: World
    revoked: list[bytes] = field(default_factory=list)

    def form(self, **changes: object) -> dict[str, object]:
        return {
            "grant_type": GRANT.grant_type,
            "assertion": self.world.assertion(),
        } | changes

    def token(self) -> str:
        return str(self.client.post("/token", data=self.form()).json()["access_token"])


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    revoked: list[bytes] = []
    app = application(
        world.engine, world.hands.clock, issuer=f"{ISSUER}/", forget_tokens=revoked.extend
    )
    with TestClient(app) as client:
        yield Server(client, world, revoked)


@pytest.fixture
def small_server(small_world: World) -> Iterator[Server]:
    with TestClient(
        application(small_world.engine, small_world.hands.clock, issuer=ISSUER)
    ) as client:
        yield Server(client, small_world)


# -- the token endpoint


def test_a_token_is_answered_as_json_that_nobody_stores(server: Server) -> None:
    response = server.client.post("/token", data=server.form())

    body = response.json()
    assert 200 == response.status_code
    assert "application/json" == response.headers["content-type"]
    assert ("no-store", "no-cache") == (
        response.headers["cache-control"],
        response.headers["pragma"],
    )
    assert {"access_token", "expires_in", "token_type", "scope"} == body.keys()
    assert (3600, "Bearer", SCOPE) == (body["expires_in"], body["token_type"], body["scope"])
    assert server.world.is_good(body["access_token"])


@pytest.mark.parametrize("path", TOKEN_PATHS)
def test_every_address_that_clients_know_answers(small_server: Server, path: str) -> None:
    assertion = small_server.world.assertion(aud=ISSUER + path)

    response = small_server.client.post(path, data=small_server.form(assertion=assertion))

    assert 200 == response.status_code


@pytest.mark.parametrize(
    "content_type",
    ["", FORM, f"{FORM}; charset=UTF-8", f"{FORM.upper()};charset=iso-8859-1", f" {FORM} ;x"],
)
def test_a_forms_content_type_may_be_missing_or_have_parameters(
    small_server: Server, content_type: str
) -> None:
    body = f"grant_type={GRANT.grant_type}&assertion={small_server.world.assertion()}"
    headers = {"content-type": content_type} if content_type else {}

    response = small_server.client.post("/token", content=body.encode(), headers=headers)

    assert 200 == response.status_code


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain"])
def test_another_content_type_is_refused_with_the_right_one(
    small_server: Server, content_type: str
) -> None:
    response = small_server.client.post(
        "/token", content=b"{}", headers={"content-type": content_type}
    )

    assert_refused(response.status_code, response.json(), 400, "invalid_request", FORM)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"assertion": ""}, "invalid_request"),
        ({"assertion": "x"}, "invalid_grant"),
        ({"grant_type": [GRANT.grant_type, GRANT.grant_type]}, "invalid_request"),
    ],
)
def test_refusals_are_400_with_a_code_and_nothing_is_stored(
    small_server: Server, changes: dict[str, object], code: str
) -> None:
    response = small_server.client.post("/token", data=small_server.form(**changes))

    assert_refused(response.status_code, response.json(), 400, code, "")
    assert "no-store" == response.headers["cache-control"]


def test_what_gives_a_token_is_not_taken_from_the_url(small_server: Server) -> None:
    response = small_server.client.post(f"/token?{urlencode(small_server.form())}")

    assert_refused(response.status_code, response.json(), 400, "invalid_request", "grant_type")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_with_the_allowed_ones(small_server: Server, method: str) -> None:
    response = small_server.client.request(method, "/token")

    assert (405, "POST") == (response.status_code, response.headers["allow"])


@pytest.mark.parametrize(
    "body",
    [
        b"x" * (64 * 1024 + 1),
        b"assertion=" + b"a" * 1_000_000,
    ],
)
def test_a_body_of_more_than_64_kib_is_refused(small_server: Server, body: bytes) -> None:
    response = small_server.client.post("/token", content=body, headers={"content-type": FORM})

    assert_refused(response.status_code, response.json(), 413, "invalid_request", "65536 bytes")


@pytest.mark.parametrize(
    "body",
    [
        b"&".join(b"a%d=1" % n for n in range(51)),
        b"a=1;" * 10 + b"&" * 60,
        b"a=%ff%fe",
        b"a=\xff",
    ],
)
def test_too_many_fields_and_what_is_not_utf_8_are_refused(
    small_server: Server, body: bytes
) -> None:
    response = small_server.client.post("/token", content=body, headers={"content-type": FORM})

    assert_refused(response.status_code, response.json(), 400, "invalid_request", "50 at most")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"=", b"&&&", b"%00=%00", b"grant_type=%00", b"grant_type", b"%", b"{}", b"\0" * 9),
        b"grant_type=" + GRANT.grant_type.encode() + b"&assertion=%00.%00.%00",
        b"grant_type=" + GRANT.grant_type.encode() + b"&assertion=" + b"a" * 60_000,
    ],
)
def test_strange_bodies_are_refused_in_words(small_server: Server, body: bytes) -> None:
    response = small_server.client.post("/token", content=body, headers={"content-type": FORM})

    assert 400 == response.status_code
    assert {"error", "error_description"} == response.json().keys()


def test_a_body_that_does_not_arrive_is_refused_after_a_while(small_world: World) -> None:
    app = application(
        small_world.engine,
        small_world.hands.clock,
        issuer=ISSUER,
        settings=Settings(header_seconds=0.05),
    )
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing is ever sent")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/token",
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(app(scope, receive, send))

    assert 408 == sent[0]["status"]
    assert "in time" in json.loads(sent[1]["body"])["error_description"]


def test_a_client_that_leaves_in_the_middle_gets_no_answer(small_world: World) -> None:
    app = application(small_world.engine, small_world.hands.clock, issuer=ISSUER)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/token", "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send))

    assert [] == sent


def test_a_database_that_cannot_answer_now_is_503_and_worth_another_try(
    small_world: World,
) -> None:
    revoked: list[bytes] = []
    app = application(
        small_world.engine,
        small_world.hands.clock,
        issuer=ISSUER,
        forget_tokens=revoked.extend,
        is_shut_down=True,
    )

    with TestClient(app) as client:
        responses = [
            client.post("/token", data=Server(client, small_world).form()),
            client.post("/revoke", data={"token": mint(Entropy())}),
        ]

    for response in responses:
        assert_refused(response.status_code, response.json(), 503, "temporarily_unavailable", "")
        assert "1" == response.headers["retry-after"]
    assert [] == revoked


# -- revocation


@pytest.mark.parametrize("path", REVOKE_PATHS)
@pytest.mark.parametrize("way", ["GET", "POST with a query", "POST with a body"])
def test_a_token_is_revoked_by_whoever_has_it(server: Server, path: str, way: str) -> None:
    token, other = server.token(), server.token()

    response = {
        "GET": lambda: server.client.get(path, params={"token": token}),
        "POST with a query": lambda: server.client.post(path, params={"token": token}),
        "POST with a body": lambda: server.client.post(
            path, data={"token": token, "token_type_hint": "access_token"}
        ),
    }[way]()

    assert (200, {}) == (response.status_code, response.json())
    assert [False, True] == [server.world.is_good(token), server.world.is_good(other)]
    assert [digest(token)] == server.revoked


def test_nobody_learns_whether_a_token_was_known(server: Server) -> None:
    known = server.token()
    sent = [known, known, mint(Entropy()), known[:-1], "x", "\0", "ключ", "a" * 10_000]

    responses = [server.client.post("/revoke", data={"token": token}) for token in sent]

    assert {(200, "{}")} == {(response.status_code, response.text) for response in responses}
    assert 1 == len({str(response.headers) for response in responses})


@pytest.mark.parametrize("query", ["", "token=", "token", "TOKEN=x", "token=a&token=a"])
def test_a_revocation_names_one_token(small_server: Server, query: str) -> None:
    for response in (
        small_server.client.get(f"/revoke?{query}"),
        small_server.client.post(f"/revoke?{query}"),
        small_server.client.post("/revoke", content=query, headers={"content-type": FORM}),
    ):
        assert_refused(response.status_code, response.json(), 400, "invalid_request", "token=")


def test_one_token_in_the_query_and_another_in_the_body_are_refused(server: Server) -> None:
    first, second = server.token(), server.token()

    response = server.client.post("/revoke", params={"token": first}, data={"token": second})

    assert_refused(response.status_code, response.json(), 400, "invalid_request", "once")
    assert server.world.is_good(first)
    assert server.world.is_good(second)


def test_revocation_takes_get_and_post(small_server: Server) -> None:
    response = small_server.client.delete("/revoke")

    assert (405, "GET, POST") == (response.status_code, response.headers["allow"])


def test_a_key_holder_without_rights_is_told_the_code(small_server: Server) -> None:
    assertion = small_server.world.assertion(sub="eve@example.com")

    response = small_server.client.post("/token", data=small_server.form(assertion=assertion))

    assert_refused(response.status_code, response.json(), 400, "unauthorized_client", "sub")


def assert_refused(status: int, body: dict[str, str], wanted: int, code: str, words: str) -> None:
    assert (wanted, code) == (status, body["error"])
    assert words in body["error_description"]
    assert {"error", "error_description"} == body.keys()
