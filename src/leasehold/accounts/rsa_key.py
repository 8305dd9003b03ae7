"""RSA keys and their certificates, which say nothing but whose signature a key verifies."""

import datetime as dt
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

KEY_BITS = 2048  # what Google issues, and every client can sign with

# A key is good as long as we publish it, so its certificate has no end of its own:
# RFC 5280 §4.1.2.5 has the last second of 9999 for that.
_NOT_BEFORE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_NOT_AFTER = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def generate() -> rsa.RSAPrivateKey:
    """A new key. Takes a tenth of a second or more: not on the event loop, nor in a transaction."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def self_signed_certificate(private: rsa.RSAPrivateKey, common_name: str) -> str:
    """The certificate (PEM) of the key's public half: what oauth2client reads keys from."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signs_only(), critical=True)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@functools.lru_cache(maxsize=1024)
def public_pem(certificate: str) -> str:
    """The public key (PEM) of a certificate (PEM)."""
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
