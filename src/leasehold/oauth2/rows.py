"""The rows of tokens and signing keys: the only file that runs the statements of rows.sql."""

from collections.abc import Sequence

from leasehold.oauth2 import scopes
from leasehold.oauth2.model import AccessToken, StoredSigningKey
from leasehold.storage import statements
from leasehold.storage.transaction import Transaction

SQL = statements.load(__package__, "rows.sql")


def store_token(tx: Transaction, token: AccessToken) -> bool:
    """Whether all that it came of is good; if not, nothing is stored."""
    statement, names = _STORE[_kind(token)]
    row = tx.one(
        statement,
        digest=token.digest,
        scopes=scopes.text(token.scopes),
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        **{name: getattr(token, name) for name in names},
    )
    return row is not None


_STORE = {
    "family": (SQL.store_token_of_family, ("family_id",)),
    "delegation": (
        SQL.store_token_of_delegation,
        ("service_account_id", "key_id", "delegation_id", "user_id"),
    ),
    "key": (SQL.store_token_of_key, ("service_account_id", "key_id")),
}


def _kind(token: AccessToken) -> str:
    if token.family_id is not None:
        return "family"
    return "key" if token.delegation_id is None else "delegation"


def store_tokens_of_secrets(tx: Transaction, tokens: Sequence[AccessToken]) -> None:
    """Of clients that got them for themselves."""
    tx.many(
        SQL.store_tokens_of_secrets,
        [
            (
                token.digest,
                token.client_id,
                token.project_id,
                token.email,
                scopes.text(token.scopes),
                token.issued_at,
                token.expires_at,
                token.secret_id,
            )
            for token in tokens
        ],
    )


def token_by_digest(tx: Transaction, digest: bytes) -> AccessToken | None:
    row = tx.one(SQL.token_by_digest, digest=digest)
    if row is None:
        return None
    kept, client_id, project_id, subject, email, granted, issued, expires, revoked, *origin = row
    account_id, key_id, delegation_id, user_id, family_id, secret_id, offline = origin
    return AccessToken(
        digest=bytes(kept),
        client_id=client_id,
        project_id=project_id,
        subject=subject,
        email=email,
        scopes=scopes.mask(granted),
        issued_at=issued,
        expires_at=expires,
        revoked_at=revoked,
        service_account_id=account_id,
        key_id=key_id,
        delegation_id=delegation_id,
        user_id=user_id,
        family_id=family_id,
        secret_id=secret_id,
        offline=bool(offline),
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


def forget_keyed(tx: Transaction, now: int) -> tuple[int, int]:
    """How many client secrets and how many token families ended."""
    tx.run(SQL.forget_signing_keys)
    tx.run(SQL.forget_codes)
    tx.run(SQL.forget_requests)
    return tx.run(SQL.forget_client_secrets, now=now), tx.run(SQL.forget_offline_families, now=now)
