"""Key files: what is in them, and that Google's library reads them."""

import pytest
from cryptography import x509
from google.oauth2 import service_account

from leasehold.accounts import rsa_key
from leasehold.accounts.key_file import KeyPair, generate_key_pair, key_file
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey

EMAIL = "robot@app.iam.leasehold.internal"
ACCOUNT = ServiceAccount("1" * 21, "app", EMAIL, "robot", created_at=0)


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return generate_key_pair()


def test_a_key_file_has_the_members_of_googles(pair: KeyPair) -> None:
    key = ServiceAccountKey(
        "0" * 40, ACCOUNT.id, pair.public_pem, pair.certificate_pem, created_at=0
    )

    written = key_file(ACCOUNT, key, pair.private_pem, "https://queue.example.com/")

    assert {
        "type": "service_account",
        "project_id": "app",
        "private_key_id": "0" * 40,
        "private_key": pair.private_pem,
        "client_email": EMAIL,
        "client_id": "1" * 21,
        "auth_uri": "https://queue.example.com/o/oauth2/auth",
        "token_uri": "https://queue.example.com/token",
        "auth_provider_x509_cert_url": "https://queue.example.com/oauth2/v1/certs",
        "client_x509_cert_url": (
            "https://queue.example.com/robot/v1/metadata/x509/robot%40app.iam.leasehold.internal"
        ),
        "universe_domain": "googleapis.com",
    } == written


def test_googles_library_reads_it_and_goes_to_our_token_url(pair: KeyPair) -> None:
    key = ServiceAccountKey(
        "0" * 40, ACCOUNT.id, pair.public_pem, pair.certificate_pem, created_at=0
    )
    written = key_file(ACCOUNT, key, pair.private_pem, "https://queue.example.com")

    read = service_account.Credentials.from_service_account_info(written)  # type: ignore[no-untyped-call]  # google-auth has no types there

    assert (EMAIL, "app") == (read.service_account_email, read.project_id)
    assert "https://queue.example.com/token" == read._token_uri  # noqa: SLF001  # it has no public name
    assert "0" * 40 == read.signer.key_id


def test_the_private_half_is_not_shown(pair: KeyPair) -> None:
    assert "PRIVATE" in pair.private_pem
    assert "PRIVATE" not in repr(pair)


def test_a_key_has_a_certificate_that_it_signed_itself(pair: KeyPair) -> None:
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem.encode())

    certificate.verify_directly_issued_by(certificate)
    assert pair.public_pem == rsa_key.public_pem(pair.certificate_pem)
    assert 9999 == certificate.not_valid_after_utc.year


def test_the_universe_may_be_another_one(pair: KeyPair) -> None:
    key = ServiceAccountKey(
        "0" * 40, ACCOUNT.id, pair.public_pem, pair.certificate_pem, created_at=0
    )

    written = key_file(
        ACCOUNT, key, pair.private_pem, "https://q.example.com", universe_domain="q.example.com"
    )

    assert "q.example.com" == written["universe_domain"]
