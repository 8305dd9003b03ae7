"""What anybody may read: our public keys, those of service accounts, and our metadata."""

from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from leasehold.accounts import service_accounts
from leasehold.accounts.key_file import KeyPair
from leasehold.entropy import Entropy
from leasehold.oauth2.scopes import SCOPES
from leasehold.oauth2.token import GRANTS
from leasehold.settings import Settings
from leasehold.web.oauth import authorize
from leasehold.web.oauth.routes import JWK_SET_PATHS, METADATA_PATHS
from tests.oauth2.serving import application
from tests.oauth2.world import ISSUER, SIGNING_KEY, World

ROBOT = "robot@app.iam.leasehold.internal"
NOBODY = [
    *("nobody@app.iam.leasehold.internal", "ada@example.com", "x", "%00", "%FF", "' or 1=1 --"),
    *("ROBOT@app.iam.leasehold.internal", "a" * 3000, "%ED%A0%80"),
]


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(application(world.engine, world.hands.clock, issuer=ISSUER)) as client:
        yield client


@pytest.fixture
def small_client(small_world: World) -> Iterator[TestClient]:
    app = application(small_world.engine, small_world.hands.clock, issuer=ISSUER)
    with TestClient(app) as client:
        yield client


def test_our_keys_are_certificates_by_key_id(client: TestClient) -> None:
    response = client.get("/oauth2/v1/certs")

    assert {SIGNING_KEY.kid: SIGNING_KEY.certificate} == response.json()
    assert "application/json" == response.headers["content-type"]
    assert "public, max-age=3600" == response.headers["cache-control"]


@pytest.mark.parametrize("path", JWK_SET_PATHS)
def test_our_keys_are_a_jwk_set(client: TestClient, path: str) -> None:
    response = client.get(path)

    (key,) = response.json()["keys"]
    certificate = x509.load_pem_x509_certificate(SIGNING_KEY.certificate.encode())
    assert {"kid", "kty", "alg", "use", "n", "e"} == key.keys()
    assert (SIGNING_KEY.kid, "RS256", "sig") == (key["kid"], key["alg"], key["use"])
    assert pem(certificate) == RSAKey.import_key(key).as_pem(private=False).decode()
    assert "public, max-age=3600" == response.headers["cache-control"]


def test_an_accounts_keys_are_certificates_that_they_signed_themselves(
    client: TestClient, world: World, other_pair: KeyPair
) -> None:
    second = add_key(world, other_pair)

    response = client.get("/robot/v1/metadata/x509/robot%40app.iam.leasehold.internal")

    assert [world.key.id, second] == list(response.json())
    assert "public, max-age=300" == response.headers["cache-control"]
    for text, pair in zip(response.json().values(), (world.pair, other_pair), strict=True):
        certificate = x509.load_pem_x509_certificate(text.encode())
        certificate.verify_directly_issued_by(certificate)
        assert pair.public_pem == pem(certificate)


def test_an_accounts_keys_are_a_jwk_set(client: TestClient, world: World) -> None:
    response = client.get(f"/service_accounts/v1/jwk/{ROBOT}")

    (key,) = response.json()["keys"]
    assert world.key.id == key["kid"]
    assert world.pair.public_pem == RSAKey.import_key(key).as_pem(private=False).decode()


def test_a_deleted_key_is_published_no_longer(
    client: TestClient, world: World, other_pair: KeyPair
) -> None:
    second = add_key(world, other_pair)
    world.do(lambda tx, now: service_accounts.delete_key(tx, now, world.key.id))

    assert [second] == list(client.get(f"/robot/v1/metadata/x509/{ROBOT}").json())


@pytest.mark.parametrize("path", ["/robot/v1/metadata/x509/", "/service_accounts/v1/jwk/"])
def test_disabled_deleted_and_unknown_accounts_are_the_same_404(
    client: TestClient, world: World, path: str
) -> None:
    unknown = [client.get(path + email) for email in NOBODY]
    world.do(lambda tx, now: service_accounts.disable(tx, now, ROBOT))
    disabled = client.get(path + ROBOT)
    world.do(lambda tx, now: service_accounts.delete(tx, now, ROBOT))
    deleted = client.get(path + ROBOT)

    replies = {(reply.status_code, reply.text) for reply in (*unknown, disabled, deleted)}
    assert {(404, deleted.text)} == replies
    assert "no-store" == deleted.headers["cache-control"]


@pytest.mark.parametrize("path", METADATA_PATHS)
def test_the_metadata_says_what_there_is(small_client: TestClient, path: str) -> None:
    metadata = small_client.get(path).json()

    assert ISSUER == metadata["issuer"]
    assert f"{ISSUER}/token" == metadata["token_endpoint"]
    assert f"{ISSUER}/revoke" == metadata["revocation_endpoint"]
    assert f"{ISSUER}/oauth2/v3/certs" == metadata["jwks_uri"]
    assert {*GRANTS} <= {*metadata["grant_types_supported"]}
    assert f"{ISSUER}/introspect" == metadata["introspection_endpoint"]
    assert f"{ISSUER}/v1/userinfo" == metadata["userinfo_endpoint"]
    assert ["client_secret_basic", "client_secret_post", "none"] == (
        metadata["token_endpoint_auth_methods_supported"]
    )
    assert [scope.url for scope in SCOPES] == metadata["scopes_supported"]
    assert ["RS256"] == metadata["id_token_signing_alg_values_supported"]
    assert ["accept_google_audience"] == metadata["leasehold_legacy_switches"]


def test_every_address_of_the_metadata_answers(small_client: TestClient) -> None:
    metadata = small_client.get(METADATA_PATHS[0]).json()
    paths = [str(metadata[name]).removeprefix(ISSUER) for name in metadata if "endpoint" in name]
    paths = [path for path in [*paths, "/oauth2/v3/certs"] if path.startswith("/")]

    assert 6 == len(paths)
    paths = [path for path in paths if path not in authorize.PATHS]  # that one is a page's
    assert 404 not in {small_client.get(path).status_code for path in paths}


def test_the_metadata_names_the_legacy_switches_that_are_on(small_world: World) -> None:
    settings = Settings(query_tokens=True, accept_google_audience=False)
    app = application(small_world.engine, small_world.hands.clock, issuer=ISSUER, settings=settings)

    with TestClient(app) as client:
        metadata = client.get(METADATA_PATHS[0]).json()

    assert ["query_tokens"] == metadata["leasehold_legacy_switches"]


@pytest.mark.parametrize("path", ["/oauth2/v1/certs", METADATA_PATHS[0]])
def test_documents_are_read_only_and_for_every_page(small_client: TestClient, path: str) -> None:
    assert (405, "GET, HEAD") == (
        small_client.post(path).status_code,
        small_client.post(path).headers["allow"],
    )
    assert "*" == small_client.get(path).headers["access-control-allow-origin"]


def test_a_database_that_cannot_answer_now_is_503(small_world: World) -> None:
    app = application(small_world.engine, small_world.hands.clock, issuer=ISSUER, is_shut_down=True)

    with TestClient(app) as client:
        response = client.get("/oauth2/v1/certs")

    assert (503, "1") == (response.status_code, response.headers["retry-after"])


def add_key(world: World, pair: KeyPair) -> str:
    key = world.do(
        lambda tx, now: service_accounts.add_key(
            tx,
            now + 1,
            Entropy(),
            email=ROBOT,
            public_key=pair.public_pem,
            certificate=pair.certificate_pem,
        )
    )
    return key.id


def pem(certificate: x509.Certificate) -> str:
    public = certificate.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
