"""Clients at the token endpoint over HTTP: answers, refusals, and what is never looked at."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from leasehold import token_text
from leasehold.entropy import Entropy
from leasehold.oauth2 import refresh_tokens
from leasehold.oauth2.access_tokens import digest
from tests.oauth2.granting import IDENTITY, Granting, a_client, basic
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SCOPE


@dataclass(frozen=True, slots=True)
class Server:
    client: TestClient
    granting: Granting
    ended: list[bytes]

    def post(
        self,
        form: dict[str, list[str]],
        *,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Response:
        return self.client.post("/token", data=form, headers=headers, params=params)


@pytest.fixture
def server(small_granting: Granting) -> Iterator[Server]:
    ended: list[bytes] = []
    world = small_granting.world
    app = application(world.engine, world.hands.clock, issuer=ISSUER, forget_tokens=ended.extend)
    with TestClient(app) as client:
        yield Server(client, small_granting, ended)


def test_a_code_is_answered_with_all_its_tokens_and_nobody_stores_them(server: Server) -> None:
    code = server.granting.code(scope=f"{SCOPE} {IDENTITY}")

    response = server.post(server.granting.code_form(code))

    assert 200 == response.status_code
    assert {
        "access_token",
        "expires_in",
        "token_type",
        "scope",
        "refresh_token",
        "id_token",
    } == response.json().keys()
    assert ("no-store", "no-cache") == (
        response.headers["cache-control"],
        response.headers["pragma"],
    )


def test_what_was_not_asked_for_is_left_out(server: Server) -> None:
    response = server.post(server.granting.code_form(server.granting.code(offline=False)))

    assert {"access_token", "expires_in", "token_type", "scope"} == response.json().keys()


def test_wrong_credentials_in_the_header_are_401_with_the_scheme(server: Server) -> None:
    form = server.granting.refresh_form("x", client_id=None, client_secret=None)
    headers = {"authorization": basic(server.granting.client.id, "wrong")}

    response = server.post(form, headers=headers)

    assert (401, "invalid_client") == (response.status_code, response.json()["error"])
    assert 'Basic realm="leasehold"' == response.headers["www-authenticate"]
    assert "no-store" == response.headers["cache-control"]


def test_wrong_credentials_in_the_form_are_401_without_a_scheme(server: Server) -> None:
    response = server.post(server.granting.refresh_form("x", client_secret="wrong"))

    assert (401, "invalid_client") == (response.status_code, response.json()["error"])
    assert "www-authenticate" not in response.headers


def test_credentials_in_the_url_are_not_looked_at(server: Server) -> None:
    code = server.granting.code()
    form = server.granting.code_form(code, client_id=None, client_secret=None)
    in_url = {"client_id": server.granting.client.id, "client_secret": server.granting.secret}

    response = server.post(form, params=in_url)

    assert (401, "invalid_client") == (response.status_code, response.json()["error"])
    assert 200 == server.post(server.granting.code_form(code)).status_code


def test_two_different_credentials_are_refused(server: Server) -> None:
    headers = {"authorization": basic(server.granting.client.id, "another")}

    response = server.post(server.granting.refresh_form("x"), headers=headers)

    assert (400, "invalid_request") == (response.status_code, response.json()["error"])


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_two_authorization_headers_are_refused_whatever_they_say(server: Server, path: str) -> None:
    right = basic(server.granting.client.id, server.granting.secret)
    headers = [("Authorization", right), ("Authorization", "Bearer x")]
    form = {"grant_type": "client_credentials", "token": token_text.mint("lha_", Entropy())}

    response = server.client.post(path, data=form, headers=headers)

    assert (400, "invalid_request") == (response.status_code, response.json()["error"])


@pytest.mark.parametrize("name", ["code", "client_secret", "redirect_uri", "anything"])
def test_a_parameter_that_was_given_twice_is_refused(server: Server, name: str) -> None:
    form = server.granting.code_form(server.granting.code())

    response = server.post(form | {name: form.get(name, ["x"]) * 2})

    assert (400, "invalid_request") == (response.status_code, response.json()["error"])


def test_a_second_use_of_a_code_ends_the_tokens_on_the_next_request(server: Server) -> None:
    form = server.granting.code_form(server.granting.code())
    first = server.post(form).json()

    second = server.post(form)

    assert (400, "invalid_grant") == (second.status_code, second.json()["error"])
    assert [digest(first["access_token"])] == server.ended


@pytest.mark.parametrize("path", ["/token", "/revoke", "/tokeninfo", "/v1/userinfo"])
def test_scripts_of_any_page_may_ask_without_the_browsers_credentials(
    server: Server, path: str
) -> None:
    origin = {"origin": "https://spa.example.com"}
    asked = origin | {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }

    preflight = server.client.options(path, headers=asked)
    answer = server.client.post(path, headers=origin)

    assert (200, "*") == (
        preflight.status_code,
        preflight.headers["access-control-allow-origin"],
    )
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "*" == answer.headers["access-control-allow-origin"]
    for reply in (preflight, answer):
        assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://spa.example.com", 200), ("https://evil.example.com", 400), ("null", 400), ("", 200)],
)
def test_a_browser_clients_code_is_taken_from_its_own_pages_only(
    server: Server, origin: str, status: int
) -> None:
    page = server.granting.of(
        a_client(type="browser", javascript_origins=("https://spa.example.com",))
    )
    form = page.code_form(page.code(), client_secret=None)

    response = server.post(form, headers={"origin": origin} if origin else {})

    assert status == response.status_code
    assert status == 200 or response.json()["error"] == "unauthorized_client"


def test_introspection_is_not_for_pages(server: Server) -> None:
    response = server.client.post("/introspect", headers={"origin": "https://spa.example.com"})

    assert "access-control-allow-origin" not in response.headers


def test_no_secret_is_in_an_error_or_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code, token = server.granting.code(), server.granting.refresh_token()
    secrets = [server.granting.secret, code, token, "v" * 43, "wrong-secret"]

    replies = [
        server.post(server.granting.code_form(code, client_secret="wrong-secret")),
        server.post(server.granting.code_form(code, code_verifier="w" * 42)),
        server.post(server.granting.code_form(code[:-1])),
        server.post(server.granting.refresh_form(token, client_secret="wrong-secret")),
        server.post(server.granting.refresh_form(token, scope="openid")),
        server.post({"grant_type": [server.granting.secret]}),
    ]

    said = [reply.text for reply in replies]
    said += [record.getMessage() for record in caplog.records if record.name[:9] == "leasehold"]
    assert {400, 401} == {reply.status_code for reply in replies}
    assert not any(secret in text for secret in secrets for text in said)


def test_a_persons_token_says_in_tokeninfo_what_its_scopes_allow(server: Server) -> None:
    user, client = server.granting.user, server.granting.client
    bare = server.granting.tokens().access_token
    full = server.granting.tokens(scope=f"{SCOPE} openid email").access_token
    online = server.granting.tokens(scope="openid", offline=False).access_token

    of_bare, of_full, of_online = (
        server.client.get("/tokeninfo", params={"access_token": text}).json()
        for text in (bare, full, online)
    )

    assert {"azp", "aud", "scope", "exp", "expires_in", "access_type"} == of_bare.keys()
    assert (user.subject, user.email, "false") == (
        of_full["sub"],
        of_full["email"],
        of_full["email_verified"],
    )
    assert (client.id, "offline") == (of_full["aud"], of_full["access_type"])
    assert (user.subject, "online") == (of_online["sub"], of_online["access_type"])
    assert "email" not in of_online


def test_a_persons_id_token_is_known_to_tokeninfo(server: Server) -> None:
    text = server.granting.tokens(scope="openid").id_token or ""

    replies = [
        server.client.get(path, params={"id_token": text})
        for path in ("/tokeninfo", "/oauth2/v1/tokeninfo")
    ]

    assert [200, 200] == [reply.status_code for reply in replies]
    assert server.granting.user.subject == replies[0].json()["sub"]
    assert "email" not in replies[1].json()


def test_no_other_token_opens_what_an_access_token_opens(server: Server) -> None:
    opened = server.granting.tokens(scope=f"{SCOPE} {IDENTITY}")
    others = [
        opened.refresh_token or "",
        opened.id_token or "",
        server.granting.code(),
        server.granting.secret,
        token_text.mint(refresh_tokens.PREFIX, Entropy()),
    ]

    for text in others:
        userinfo = server.client.get("/v1/userinfo", headers={"authorization": f"Bearer {text}"})
        tokeninfo = server.client.get("/tokeninfo", params={"access_token": text})
        assert (401, 400) == (userinfo.status_code, tokeninfo.status_code)
