"""The rows of consents, codes, families and refresh tokens, as grant_rows.sql has them.

The only file that runs its statements.
"""

from leasehold.oauth2 import scopes
from leasehold.oauth2.model import (
    AuthorizationCode,
    Consent,
    Family,
    GivenConsent,
    Person,
    RefreshToken,
)
from leasehold.storage import statements
from leasehold.storage.transaction import Row, Transaction

SQL = statements.load(__package__, "grant_rows.sql")


def hold_person(tx: Transaction, user_id: int, client_id: str) -> Person | None:
    """None when the user is disabled or the client deleted; else both stay so until the commit."""
    row = tx.one(SQL.hold_person, user_id=user_id, client_id=client_id)
    return _person(row) if row else None


def person_by_id(tx: Transaction, user_id: int) -> Person | None:
    """Disabled or not."""
    row = tx.one(SQL.person_by_id, user_id=user_id)
    return _person(row) if row else None


def find_consent(tx: Transaction, user_id: int, client_id: str) -> Consent | None:
    row = tx.one(SQL.find_consent, user_id=user_id, client_id=client_id)
    return _consent(row) if row else None


def hold_consent(
    tx: Transaction, now: int, *, user_id: int, client_id: str, granted: int
) -> Consent:
    """The live one as it is, or a new one; nobody else changes it until the commit."""
    row = tx.one(
        SQL.hold_consent,
        user_id=user_id,
        client_id=client_id,
        scopes=scopes.text(granted),
        now=now,
    )
    assert row is not None  # it is inserted or updated
    return _consent(row)


def widen_consent(tx: Transaction, consent_id: int, granted: int) -> None:
    tx.run(SQL.widen_consent, id=consent_id, scopes=scopes.text(granted))


def use_consent(tx: Transaction, now: int, consent_id: int) -> None:
    """Nobody else changes it until the commit."""
    tx.run(SQL.use_consent, id=consent_id, now=now)


def consents_of_user(tx: Transaction, user_id: int) -> list[GivenConsent]:
    """Oldest first."""
    return [
        GivenConsent(id_, client_id, name, project_id, scopes.mask(granted), created, used)
        for id_, client_id, name, project_id, granted, created, used in tx.all(
            SQL.consents_of_user, user_id=user_id
        )
    ]


def revoke_consent(tx: Transaction, now: int, *, consent_id: int, user_id: int) -> bool:
    return tx.one(SQL.revoke_consent, id=consent_id, user_id=user_id, now=now) is not None


def revoke_consents_of_user(tx: Transaction, now: int, user_id: int) -> None:
    tx.run(SQL.revoke_consents_of_user, user_id=user_id, now=now)


def sweep_consents(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_consents, before=before, limit=limit)


def insert_code(
    tx: Transaction, now: int, *, digest: bytes, code: AuthorizationCode, expires_at: int
) -> None:
    tx.run(
        SQL.insert_code,
        digest=digest,
        consent_id=code.consent_id,
        client_id=code.client_id,
        redirect_uri=code.redirect_uri,
        scopes=scopes.text(code.scopes),
        code_challenge=code.code_challenge,
        challenge_method=code.challenge_method,
        nonce=code.nonce,
        authenticated_at=code.authenticated_at,
        offline=int(code.offline),
        now=now,
        expires_at=expires_at,
    )


def code_by_digest(tx: Transaction, digest: bytes) -> AuthorizationCode | None:
    """Used or expired ones too."""
    row = tx.one(SQL.code_by_digest, digest=digest)
    if row is None:
        return None
    consent_id, client_id, user_id, redirect_uri, granted, challenge, method, *rest = row
    nonce, authenticated_at, offline = rest
    return AuthorizationCode(
        consent_id,
        client_id,
        user_id,
        redirect_uri,
        scopes.mask(granted),
        challenge,
        method,
        nonce,
        authenticated_at,
        offline=bool(offline),
    )


def use_code(tx: Transaction, now: int, digest: bytes) -> bool:
    """Whether this is its first use, in time."""
    return tx.one(SQL.use_code, digest=digest, now=now) is not None


def set_family_of_code(tx: Transaction, digest: bytes, family_id: int) -> None:
    tx.run(SQL.set_family_of_code, digest=digest, family_id=family_id)


def family_of_used_code(tx: Transaction, digest: bytes) -> int | None:
    row = tx.one(SQL.family_of_used_code, digest=digest)
    return row[0] if row else None


def sweep_codes(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_codes, before=before, limit=limit)


def insert_family(
    tx: Transaction,
    now: int,
    *,
    consent_id: int,
    granted: int,
    authenticated_at: int,
    offline: bool,
) -> Family | None:
    """None when the consent was revoked; else it is not until the commit."""
    row = tx.one(
        SQL.insert_family,
        consent_id=consent_id,
        scopes=scopes.text(granted),
        authenticated_at=authenticated_at,
        offline=int(offline),
        now=now,
    )
    return Family(*row) if row else None


def use_family(tx: Transaction, now: int, family_id: int) -> None:
    tx.run(SQL.use_family, id=family_id, now=now)


def revoke_family(tx: Transaction, now: int, family_id: int, because: str) -> bool:
    return tx.one(SQL.revoke_family, id=family_id, now=now, because=because) is not None


def revoke_families_of_consent(tx: Transaction, now: int, consent_id: int, because: str) -> None:
    tx.run(SQL.revoke_families_of_consent, consent_id=consent_id, now=now, because=because)


def revoke_families_of_user(tx: Transaction, now: int, user_id: int, because: str) -> None:
    tx.run(SQL.revoke_families_of_user, user_id=user_id, now=now, because=because)


def revoke_oldest_families(
    tx: Transaction, now: int, family: Family, *, kept: int, limit: int
) -> list[int]:
    """The ids of those of the same user and client that were more than `kept`."""
    found = tx.all(
        SQL.revoke_oldest_families,
        user_id=family.user_id,
        client_id=family.client_id,
        kept=kept,
        limit=limit,
        now=now,
    )
    return [row[0] for row in found]


def revoke_tokens_of_family(tx: Transaction, now: int, family_id: int) -> list[bytes]:
    return _digests(tx.all(SQL.revoke_tokens_of_family, family_id=family_id, now=now))


def revoke_tokens_of_consent(tx: Transaction, now: int, consent_id: int) -> list[bytes]:
    return _digests(tx.all(SQL.revoke_tokens_of_consent, consent_id=consent_id, now=now))


def revoke_tokens_of_families_of_user(tx: Transaction, now: int, user_id: int) -> list[bytes]:
    return _digests(tx.all(SQL.revoke_tokens_of_families_of_user, user_id=user_id, now=now))


def consent_of_live_family(tx: Transaction, family_id: int) -> tuple[int, int] | None:
    """The ids of its consent and of the user who gave it; None when the family has ended."""
    row = tx.one(SQL.consent_of_live_family, family_id=family_id)
    return (row[0], row[1]) if row else None


def end_idle_families(tx: Transaction, now: int, *, before: int, limit: int) -> int:
    return tx.run(SQL.end_idle_families, before=before, limit=limit, now=now)


def sweep_ended_families(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_ended_families, before=before, limit=limit)


def sweep_online_families(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_online_families, before=before, limit=limit)


def insert_refresh_token(tx: Transaction, now: int, *, digest: bytes, family_id: int) -> None:
    tx.run(SQL.insert_refresh_token, digest=digest, family_id=family_id, now=now)


def refresh_token_by_digest(tx: Transaction, digest: bytes) -> RefreshToken | None:
    """Good or not."""
    row = tx.one(SQL.refresh_token_by_digest, digest=digest)
    if row is None:
        return None
    (
        family_id,
        consent_id,
        client_id,
        user_id,
        granted,
        authenticated,
        created,
        used,
        issued,
        replaced,
        ended,
        project_id,
        stage,
        subject,
        email,
    ) = row
    return RefreshToken(
        digest=digest,
        family_id=family_id,
        consent_id=consent_id,
        client_id=client_id,
        user_id=user_id,
        scopes=scopes.mask(granted),
        authenticated_at=authenticated,
        family_created_at=created,
        last_used_at=used,
        issued_at=issued,
        replaced_at=replaced,
        ended_at=ended,
        project_id=project_id,
        is_testing=stage == "testing",
        subject=subject,
        email=email,
    )


def replace_refresh_token(tx: Transaction, now: int, digest: bytes) -> bool:
    """Whether it is replaced for the first time."""
    return tx.one(SQL.replace_refresh_token, digest=digest, now=now) is not None


def sweep_replaced_refresh_tokens(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_replaced_refresh_tokens, before=before, limit=limit)


def sweep_ended_refresh_tokens(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_ended_refresh_tokens, before=before, limit=limit)


def _digests(found: list[Row]) -> list[bytes]:
    return [bytes(row[0]) for row in found]


def _person(row: Row) -> Person:
    user_id, subject, email, name, verified_at = row
    return Person(user_id, subject, email, name, email_verified=verified_at is not None)


def _consent(row: Row) -> Consent:
    consent_id, user_id, client_id, granted, created_at, last_used_at = row
    return Consent(consent_id, user_id, client_id, scopes.mask(granted), created_at, last_used_at)
