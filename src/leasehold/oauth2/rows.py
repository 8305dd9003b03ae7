"""The rows of tokens and signing keys: the only file that runs the statements of rows.sql."""

from leasehold.oauth2 import scopes
from leasehold.oauth2.model import AccessToken, StoredSigningKey
from leasehold.storage import statements
from leasehold.storage.transaction import Transaction

SQL = statements.load(__package__, "rows.sql")


def store_token(tx: Transaction, token: AccessToken) -> bool:
    """Whether its account and key are good; if not, nothing is stored."""
    row = tx.one(
        SQL.store_token,
        digest=token.digest,
        service_account_id=token.service_account_id,
        key_id=token.key_id,
        client_id=token.client_id,
        scopes=scopes.text(token.scopes),
        issued_at=token.issued_at,
        expires_at=token.expires_at,
    )
    return row is not None


def token_by_digest(tx: Transaction, digest: bytes) -> AccessToken | None:
    row = tx.one(SQL.token_by_digest, digest=digest)
    if row is None:
        return None
    kept, account_id, key_id, project_id, email, client_id, granted, issued, expires, revoked = row
    return AccessToken(
        digest=bytes(kept),
        service_account_id=account_id,
        key_id=key_id,
        project_id=project_id,
        email=email,
        client_id=client_id,
        scopes=scopes.mask(granted),
        issued_at=issued,
        expires_at=expires,
        revoked_at=revoked,
    )


def revoke_token(tx: Transaction, now: int, digest: bytes) -> bool:
    return tx.run(SQL.revoke_token, digest=digest, now=now) > 0


def tokens_revoked_since(tx: Transaction, instant: int) -> list[bytes]:
    return [bytes(row[0]) for row in tx.all(SQL.tokens_revoked_since, instant=instant)]


def sweep_tokens(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_tokens, before=before, limit=limit)


def signing_keys(tx: Transaction) -> list[StoredSigningKey]:
    """Oldest first."""
    return [
        StoredSigningKey(kid, bytes(sealed), certificate, signs_from)
        for kid, sealed, certificate, signs_from in tx.all(SQL.signing_keys)
    ]


def add_signing_key(
    tx: Transaction, *, kid: str, sealed: bytes, certificate: str, now: int, later: int, due: int
) -> bool:
    """Signs from `now` on when it is the first, else from `later`, if none signs since `due`."""
    row = tx.one(
        SQL.add_signing_key,
        kid=kid,
        private_key=sealed,
        certificate=certificate,
        now=now,
        later=later,
        due=due,
    )
    return row is not None


def sweep_signing_keys(tx: Transaction, *, before: int) -> int:
    return tx.run(SQL.sweep_signing_keys, before=before)
