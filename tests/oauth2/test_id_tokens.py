"""ID tokens: what a service account gets for an audience, and who can verify it."""

from collections.abc import Iterator

import pytest
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2 import id_token, service_account
from jwt.exceptions import InvalidAudienceError
from starlette.testclient import TestClient

from leasehold.accounts.key_file import key_file
from leasehold.clock import Clock
from leasehold.oauth2 import jwt
from leasehold.oauth2.grants.jwt_bearer import GRANT
from tests.oauth2.serving import application, serving
from tests.oauth2.world import ISSUER, SIGNING_KEY, World

AUDIENCE = "https://images.example.com/"
CERTS = ["/oauth2/v1/certs", "/oauth2/v2/certs", "/oauth2/v3/certs"]


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """A server on which time is what it is, for Google's library takes it from the machine."""
    with serving(lambda url: application(world.engine, Clock(), issuer=url)) as url:
        yield url


@pytest.fixture
def credentials(world: World, url: str) -> service_account.IDTokenCredentials:
    """What Google's library makes of the account's key file."""
    key = key_file(world.account, world.key, world.pair.private_pem, url)
    return service_account.IDTokenCredentials.from_service_account_info(  # type: ignore[no-untyped-call, no-any-return]  # google-auth has no types there
        key, target_audience=AUDIENCE
    )


def test_it_says_who_the_account_is_to_one_audience_for_an_hour(world: World) -> None:
    header, claims = jwt.parts(world.id_token(AUDIENCE))

    assert {"alg": "RS256", "kid": SIGNING_KEY.kid, "typ": "JWT"} == header
    assert {
        "iss": ISSUER,
        "azp": world.account.id,
        "aud": AUDIENCE,
        "sub": world.account.id,
        "email": world.account.email,
        "email_verified": True,
        "iat": world.now,
        "exp": world.now + 3600,
    } == claims


def test_the_answer_holds_nothing_else(small_world: World) -> None:
    assertion = small_world.assertion(scope=None, target_audience=AUDIENCE)
    form = {"grant_type": GRANT.grant_type, "assertion": assertion}

    with TestClient(
        application(small_world.engine, small_world.hands.clock, issuer=ISSUER)
    ) as client:
        response = client.post("/token", data=form)

    assert 200 == response.status_code
    assert {"id_token"} == response.json().keys()
    assert "no-store" == response.headers["cache-control"]


@pytest.mark.parametrize("path", CERTS)
def test_googles_library_gets_one_and_verifies_it_with_our_keys(
    world: World, url: str, credentials: service_account.IDTokenCredentials, path: str
) -> None:
    request = Request()
    credentials.refresh(request)

    claims = id_token.verify_token(str(credentials.token), request, AUDIENCE, certs_url=url + path)

    assert (url, world.account.email) == (claims["iss"], claims["email"])
    assert (world.account.id, AUDIENCE) == (claims["sub"], claims["aud"])


@pytest.mark.parametrize("path", CERTS)
def test_it_is_good_for_its_audience_only(
    url: str, credentials: service_account.IDTokenCredentials, path: str
) -> None:
    request = Request()
    credentials.refresh(request)

    with pytest.raises((GoogleAuthError, InvalidAudienceError, ValueError), match=r"(?i)audience"):
        id_token.verify_token(
            str(credentials.token), request, "https://evil.example.com", certs_url=url + path
        )
