"""Key files: a new key pair, and the JSON from which Google's client libraries read it."""

from dataclasses import dataclass, field
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from leasehold.accounts.model import ServiceAccount, ServiceAccountKey

KEY_BITS = 2048  # what Google issues, and every client can sign with


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves of a new key; the private one is for the key file only."""

    private_pem: str = field(repr=False)  # PKCS #8
    public_pem: str


def generate_key_pair() -> KeyPair:
    """A new RSA key. Takes a tenth of a second or more: not inside a transaction."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private_pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(private_pem.decode(), public_pem.decode())


def key_file(
    account: ServiceAccount, key: ServiceAccountKey, private_pem: str, issuer: str
) -> dict[str, str]:
    """What to write, as JSON, into the file that the account's program is given.

    The member names and their order are those of Google's own files. `universe_domain` stays
    Google's: with another one the libraries sign tokens themselves and skip `token_uri`.
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
        "universe_domain": "googleapis.com",
    }
