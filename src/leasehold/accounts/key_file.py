"""Key files: a new key pair, and the JSON from which Google's client libraries read it."""

from dataclasses import dataclass, field
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization

from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.accounts.rsa_key import generate, self_signed_certificate

GOOGLE_UNIVERSE = "googleapis.com"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves of a new key; the private one is for the key file only."""

    private_pem: str = field(repr=False)  # PKCS #8
    public_pem: str
    certificate_pem: str  # of the public key, signed by the private one


def generate_key_pair() -> KeyPair:
    """A new RSA key. Takes a tenth of a second or more: not inside a transaction."""
    private = generate()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    certificate = self_signed_certificate(private, "Leasehold service account key")
    return KeyPair(private_pem.decode(), public_pem.decode(), certificate)


def key_file(
    account: ServiceAccount,
    key: ServiceAccountKey,
    private_pem: str,
    issuer: str,
    *,
    universe_domain: str = GOOGLE_UNIVERSE,
) -> dict[str, str]:
    """What to write, as JSON, into the file that the account's program is given.

    The member names and their order are those of Google's own files. With a `universe_domain`
    other than Google's the libraries sign their tokens themselves, and skip `token_uri`.
    """
    issuer = issuer.rstrip("/")
    return {
        "type": "service_account",
        "project_id": account.project_id,
        "private_key_id": key.id,
        "private_key": private_pem,
        "client_email": account.email,
        "client_id": account.id,
        "auth_uri": f"{issuer}/o/oauth2/auth",
        "token_uri": f"{issuer}/token",
        "auth_provider_x509_cert_url": f"{issuer}/oauth2/v1/certs",
        "client_x509_cert_url": f"{issuer}/robot/v1/metadata/x509/{quote(account.email, safe='')}",
        "universe_domain": universe_domain,
    }
