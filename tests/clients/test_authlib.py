"""Authlib's client, unmodified: code flow, PKCE, rotation, revocation and OpenID Connect."""

import asyncio
from pathlib import Path

import pytest
import requests
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # has no types
from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]  # has no types
    AsyncOAuth2Client,
)
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # has no types
    OAuth2Session,
    OAuthError,
)
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # has no types
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.clients.signed_in import (
    CALLBACK,
    TASKQUEUE,
    Registered,
    Visitor,
    query_of,
    register,
    status_of_lease,
)
from tests.running_server import RunningServer

SCOPE = f"openid email {TASKQUEUE}"


@pytest.fixture
def engine_name() -> str:
    """A library does not see on which engine it works; where two requests race, both are tested."""
    return "sqlite"


@pytest.fixture
def rotating(server: RunningServer, tmp_path: Path) -> Registered:
    return register(server, tmp_path, rotates=True)


def metadata(server: RunningServer) -> dict[str, str]:
    url = f"{server.url}/.well-known/openid-configuration"
    found: dict[str, str] = requests.get(url, timeout=30).json()
    return found


def options(server: RunningServer, client: Registered, **more: object) -> dict[str, object]:
    """What Authlib's classes are made with."""
    return {
        "client_id": client.id,
        "client_secret": client.secret,
        "scope": SCOPE,
        "redirect_uri": CALLBACK,
        "code_challenge_method": "S256",
        "token_endpoint": metadata(server)["token_endpoint"],
        **more,
    }


def session(server: RunningServer, client: Registered, **more: object) -> OAuth2Session:
    return OAuth2Session(**options(server, client, **more))


def authorize(session: OAuth2Session, visitor: Visitor, **more: str) -> dict[str, str]:
    """The whole flow; what the token endpoint gives in the end."""
    verifier = generate_token(64)
    endpoint = metadata(visitor.server)["authorization_endpoint"]
    url, state = session.create_authorization_url(
        endpoint, code_verifier=verifier, access_type="offline", **more
    )
    back = visitor.is_sent_to(url)
    token: dict[str, str] = session.fetch_token(
        authorization_response=back, state=state, code_verifier=verifier
    )
    return token


def lease(session: OAuth2Session, server: RunningServer) -> int:
    path = "/taskqueue/v1beta2/projects/demo/taskqueues/jobs/tasks/lease?numTasks=1&leaseSecs=60"
    response: requests.Response = session.post(server.url + path)
    return response.status_code


def test_a_person_lets_a_client_work_with_their_queues(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    with session(server, web) as client:
        authorize(client, visitor)

        assert 200 == lease(client, server)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_client_proves_who_it_is_in_either_way(
    server: RunningServer, visitor: Visitor, web: Registered, method: str
) -> None:
    with session(server, web, token_endpoint_auth_method=method) as client:
        token = authorize(client, visitor)

        assert set(SCOPE.split()) == set(token["scope"].split())


def test_a_public_client_needs_no_secret_but_its_verifier(
    server: RunningServer, visitor: Visitor, tmp_path: Path
) -> None:
    installed = register(server, tmp_path, "installed")
    to = {"redirect_uri": "http://127.0.0.1:53682/", "client_secret": None}
    with session(server, installed, **to) as client:
        authorize(client, visitor)

        assert 200 == lease(client, server)


def test_another_verifier_is_refused(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    endpoint = metadata(server)["authorization_endpoint"]
    with session(server, web) as client:
        url, _ = client.create_authorization_url(endpoint, code_verifier=generate_token(64))
        back = visitor.is_sent_to(url)

        with pytest.raises(OAuthError, match="invalid_grant"):
            client.fetch_token(authorization_response=back, code_verifier=generate_token(64))


def test_the_answer_names_the_server_that_gave_it(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    endpoint = metadata(server)["authorization_endpoint"]
    with session(server, web) as client:
        url, state = client.create_authorization_url(endpoint, code_verifier=generate_token(64))

        told = query_of(visitor.is_sent_to(url))

    assert (server.url, state) == (told["iss"], told["state"])


def test_an_expired_token_is_replaced_and_so_is_a_rotating_refresh_token(
    server: RunningServer, visitor: Visitor, rotating: Registered
) -> None:
    kept: list[dict[str, str]] = []

    def keep(token: dict[str, str], **_: str) -> None:
        kept.append(token)

    with session(server, rotating, update_token=keep) as client:
        first = authorize(client, visitor)
        server.clock.advance(3601)
        client.token = {**first, "expires_at": 1}

        assert 200 == lease(client, server)
        assert 200 == lease(client, server)

    (second,) = kept
    assert first["refresh_token"] != second["refresh_token"]
    assert first["access_token"] != second["access_token"]


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"])
def test_a_rotated_refresh_token_ends_everything_when_it_comes_back(
    server: RunningServer, visitor: Visitor, rotating: Registered
) -> None:
    with session(server, rotating) as client:
        first = authorize(client, visitor)
        second = client.refresh_token()

        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(refresh_token=first["refresh_token"])
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(refresh_token=second["refresh_token"])

    assert 401 == status_of_lease(server, second["access_token"])


def test_a_lasting_refresh_token_stays_in_place(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    with session(server, web) as client:
        first = authorize(client, visitor)

        for _ in range(2):
            assert first["refresh_token"] == client.refresh_token()["refresh_token"]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revocation_ends_access_and_refreshing(
    server: RunningServer, visitor: Visitor, web: Registered, kind: str
) -> None:
    with session(server, web) as client:
        token = authorize(client, visitor)

        response = client.revoke_token(
            metadata(server)["revocation_endpoint"], token=token[kind], token_type_hint=kind
        )

        assert 200 == response.status_code
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token()
    assert 401 == status_of_lease(server, token["access_token"])


def test_introspection_tells_a_client_what_its_token_is_worth(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    with session(server, web) as client:
        token = authorize(client, visitor)

        told = client.introspect_token(
            metadata(server)["introspection_endpoint"], token=token["access_token"]
        ).json()

    assert told["active"]
    assert (web.id, visitor.email) == (told["client_id"], told["username"])


def test_the_id_token_is_signed_with_a_published_key_and_says_who_signed_in(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    with session(server, web) as client:
        token = authorize(client, visitor, nonce="n-0S6_WzA2Mj")

    keys = KeySet.import_key_set(requests.get(metadata(server)["jwks_uri"], timeout=30).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {"iss": {"value": server.url}, "aud": {"value": web.id}},
        {"nonce": "n-0S6_WzA2Mj", "access_token": token["access_token"]},
    )
    claims.validate()
    assert (visitor.email, visitor.user().subject) == (claims["email"], claims["sub"])


def test_the_asynchronous_client_does_the_same(
    server: RunningServer, visitor: Visitor, rotating: Registered
) -> None:
    kept: list[dict[str, str]] = []

    async def keep(token: dict[str, str], **_: str) -> None:
        kept.append(token)

    async def run() -> tuple[dict[str, str], int, int]:
        verifier, found = generate_token(64), metadata(server)
        made = options(server, rotating, update_token=keep)
        async with AsyncOAuth2Client(**made) as client:
            url, _ = client.create_authorization_url(
                found["authorization_endpoint"], code_verifier=verifier, access_type="offline"
            )
            back = visitor.is_sent_to(url)
            first = await client.fetch_token(authorization_response=back, code_verifier=verifier)
            client.token = {**first, "expires_at": 1}
            shown = await client.get(found["userinfo_endpoint"])
            revoked = await client.revoke_token(
                found["revocation_endpoint"], token=client.token["refresh_token"]
            )
        return first, shown.status_code, revoked.status_code

    first, shown, revoked = asyncio.run(run())

    assert (200, 200) == (shown, revoked)
    assert first["refresh_token"] != kept[0]["refresh_token"]
    assert 401 == status_of_lease(server, kept[0]["access_token"])
