"""Public keys as others read them: a map of certificates, or a JWK set (RFC 7517)."""

from collections.abc import Mapping

from joserfc.jwk import RSAKey

from leasehold.accounts import service_accounts
from leasehold.accounts.rsa_key import public_pem
from leasehold.storage.transaction import Transaction


def jwk_set(certificates: Mapping[str, str]) -> dict[str, object]:
    """The keys of the certificates (PEM, by kid), in their order."""
    return {"keys": [_jwk(kid, certificate) for kid, certificate in certificates.items()]}


def of_service_account(tx: Transaction, email: str) -> dict[str, str] | None:
    """The certificates of the account's keys by kid, oldest first; None for no active account."""
    account = service_accounts.find(tx, email)
    if account is None or not account.is_active:
        return None
    return {key.id: key.certificate for key in service_accounts.keys_of(tx, account.email)}


def _jwk(kid: str, certificate: str) -> dict[str, object]:
    public = RSAKey.import_key(public_pem(certificate)).as_dict(private=False)
    return {"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": public["n"], "e": "AQAB"}
