"""The rows of signing in: the only file that runs the statements of rows.sql."""

from collections.abc import Iterable

from leasehold.sign_in.model import BrowserSession, Passkey
from leasehold.storage import statements
from leasehold.storage.transaction import Transaction

SQL = statements.load(__package__, "rows.sql")


def insert_session(tx: Transaction, session: BrowserSession, digest: bytes) -> None:
    tx.run(
        SQL.insert_session,
        id=session.id,
        digest=digest,
        user_id=session.user_id,
        method=session.method,
        user_agent=session.user_agent,
        address=session.address,
        now=session.created_at,
    )


def renew_session(tx: Transaction, session: BrowserSession, digest: bytes) -> int | None:
    """When the session began; None when it has ended."""
    row = tx.one(
        SQL.renew_session,
        id=session.id,
        digest=digest,
        user_id=session.user_id,
        method=session.method,
        user_agent=session.user_agent,
        address=session.address,
        now=session.authenticated_at,
    )
    return row[0] if row else None


def session_by_digest(
    tx: Transaction, digest: bytes, *, seen_after: int, authenticated_after: int
) -> BrowserSession | None:
    row = tx.one(
        SQL.session_by_digest,
        digest=digest,
        seen_after=seen_after,
        authenticated_after=authenticated_after,
    )
    return BrowserSession(*row) if row else None


def sessions_of_user(
    tx: Transaction, user_id: int, *, seen_after: int, authenticated_after: int
) -> list[BrowserSession]:
    """Last seen first."""
    rows = tx.all(
        SQL.sessions_of_user,
        user_id=user_id,
        seen_after=seen_after,
        authenticated_after=authenticated_after,
    )
    return [BrowserSession(*row) for row in rows]


def see_session(tx: Transaction, now: int, session_id: str, *, due: int) -> bool:
    return tx.run(SQL.see_session, id=session_id, now=now, due=due) > 0


def end_session(tx: Transaction, now: int, session_id: str, *, user_id: int) -> bool:
    return tx.run(SQL.end_session, id=session_id, user_id=user_id, now=now) > 0


def end_other_sessions(tx: Transaction, now: int, user_id: int, *, kept: str) -> int:
    return tx.run(SQL.end_other_sessions, user_id=user_id, kept=kept, now=now)


def forget_oldest_sessions(tx: Transaction, user_id: int, *, besides: str, others: int) -> None:
    """Leaves `besides` and as many others, of which the live ones and the last seen come first."""
    tx.run(SQL.forget_oldest_sessions, user_id=user_id, besides=besides, others=others)


def insert_second_step(
    tx: Transaction, now: int, digest: bytes, *, user_id: int, expires_at: int
) -> None:
    tx.run(SQL.insert_second_step, digest=digest, user_id=user_id, now=now, expires_at=expires_at)


def second_step(
    tx: Transaction, now: int, digest: bytes, *, max_tries: int
) -> tuple[int, str, int] | None:
    """Whose it is, their e-mail address, and when it ends."""
    row = tx.one(SQL.second_step, digest=digest, now=now, max_tries=max_tries)
    return (row[0], row[1], row[2]) if row else None


def count_second_step_try(
    tx: Transaction, now: int, digest: bytes, *, max_tries: int
) -> int | None:
    """Whose step it is; None when it is over."""
    row = tx.one(SQL.count_second_step_try, digest=digest, now=now, max_tries=max_tries)
    return row[0] if row else None


def use_second_step(tx: Transaction, now: int, digest: bytes) -> bool:
    return tx.one(SQL.use_second_step, digest=digest, now=now) is not None


def forget_second_steps(tx: Transaction, user_id: int) -> None:
    tx.run(SQL.forget_second_steps, user_id=user_id)


def begin_totp(tx: Transaction, now: int, user_id: int, *, sealed: bytes) -> bool:
    """False when a secret was confirmed already."""
    return tx.one(SQL.begin_totp, user_id=user_id, sealed=sealed, now=now) is not None


def totp_secret(tx: Transaction, user_id: int) -> bytes | None:
    """The sealed secret of a confirmed second factor."""
    row = tx.one(SQL.totp_secret, user_id=user_id)
    return bytes(row[0]) if row and row[1] is not None else None


def unconfirmed_totp(tx: Transaction, user_id: int) -> tuple[bytes, int] | None:
    """The sealed secret, and when it was made."""
    row = tx.one(SQL.unconfirmed_totp, user_id=user_id)
    return (bytes(row[0]), row[1]) if row else None


def confirm_totp(tx: Transaction, now: int, user_id: int, *, step: int, created_at: int) -> bool:
    row = tx.one(SQL.confirm_totp, user_id=user_id, step=step, created_at=created_at, now=now)
    return row is not None


def use_totp_step(tx: Transaction, user_id: int, step: int) -> bool:
    return tx.one(SQL.use_totp_step, user_id=user_id, step=step) is not None


def delete_totp(tx: Transaction, user_id: int) -> bool:
    return tx.run(SQL.delete_totp, user_id=user_id) > 0


def insert_recovery_codes(
    tx: Transaction, now: int, user_id: int, digests: Iterable[bytes]
) -> None:
    tx.many(SQL.insert_recovery_codes, [(user_id, digest, now) for digest in digests])


def use_recovery_code(tx: Transaction, now: int, user_id: int, digest: bytes) -> bool:
    return tx.one(SQL.use_recovery_code, user_id=user_id, digest=digest, now=now) is not None


def recovery_codes_left(tx: Transaction, user_id: int) -> int:
    row = tx.one(SQL.recovery_codes_left, user_id=user_id)
    return int(row[0]) if row else 0


def delete_recovery_codes(tx: Transaction, user_id: int) -> None:
    tx.run(SQL.delete_recovery_codes, user_id=user_id)


def insert_challenge(
    tx: Transaction,
    now: int,
    digest: bytes,
    *,
    purpose: str,
    user_id: int | None,
    state: str,
    expires_at: int,
) -> None:
    tx.run(
        SQL.insert_challenge,
        digest=digest,
        purpose=purpose,
        user_id=user_id,
        state=state,
        now=now,
        expires_at=expires_at,
    )


def take_challenge(tx: Transaction, digest: bytes, *, purpose: str, state: str) -> int | None:
    """When it ends, or ended; None when there is none, or it was taken before."""
    row = tx.one(SQL.take_challenge, digest=digest, purpose=purpose, state=state)
    return row[0] if row else None


def insert_passkey(tx: Transaction, passkey: Passkey) -> int | None:
    """Its number; None when the credential is known already."""
    row = tx.one(
        SQL.insert_passkey,
        user_id=passkey.user_id,
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        name=passkey.name,
        now=passkey.created_at,
    )
    return row[0] if row else None


def passkey_by_credential(tx: Transaction, credential_id: bytes) -> Passkey | None:
    row = tx.one(SQL.passkey_by_credential, credential_id=credential_id)
    return _passkey(*row) if row else None


def passkeys_of_user(tx: Transaction, user_id: int) -> list[Passkey]:
    """Oldest first."""
    return [_passkey(*row) for row in tx.all(SQL.passkeys_of_user, user_id=user_id)]


def use_passkey(tx: Transaction, now: int, passkey_id: int, *, sign_count: int) -> bool:
    """False when the count did not grow."""
    return tx.one(SQL.use_passkey, id=passkey_id, sign_count=sign_count, now=now) is not None


def rename_passkey(tx: Transaction, passkey_id: int, *, user_id: int, name: str) -> bool:
    return tx.run(SQL.rename_passkey, id=passkey_id, user_id=user_id, name=name) > 0


def delete_passkey(tx: Transaction, passkey_id: int, *, user_id: int) -> bool:
    return tx.run(SQL.delete_passkey, id=passkey_id, user_id=user_id) > 0


def insert_link(
    tx: Transaction, now: int, digest: bytes, *, purpose: str, email: str, expires_at: int
) -> None:
    tx.run(
        SQL.insert_link,
        digest=digest,
        purpose=purpose,
        email=email,
        now=now,
        expires_at=expires_at,
    )


def link(tx: Transaction, now: int, digest: bytes) -> tuple[str, str] | None:
    """Its purpose and its receiver, while it is good."""
    row = tx.one(SQL.link, digest=digest, now=now)
    return (row[0], row[1]) if row else None


def use_link(tx: Transaction, now: int, digest: bytes) -> tuple[str, str] | None:
    """Its purpose and its receiver, once."""
    row = tx.one(SQL.use_link, digest=digest, now=now)
    return (row[0], row[1]) if row else None


def use_links_of(tx: Transaction, now: int, email: str, *, purpose: str) -> None:
    tx.run(SQL.use_links_of, email=email, purpose=purpose, now=now)


def take_try(tx: Transaction, now: int, digest: bytes, *, pace: int, latest: int) -> bool:
    """False when the bucket is empty."""
    row = tx.one(SQL.take_try, digest=digest, now=now, pace=pace, latest=latest)
    return row is not None


def full_at(tx: Transaction, digest: bytes) -> int | None:
    row = tx.one(SQL.full_at, digest=digest)
    return row[0] if row else None


def give_try_back(tx: Transaction, digest: bytes, *, pace: int) -> None:
    tx.run(SQL.give_try_back, digest=digest, pace=pace)


def sweep_sessions(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_sessions, before=before, limit=limit)


def sweep_expired(tx: Transaction, *, before: int, limit: int) -> int:
    """Second steps, challenges, links and buckets; how many, at most `limit` of each."""
    sweeps = (SQL.sweep_second_steps, SQL.sweep_challenges, SQL.sweep_links, SQL.sweep_tries)
    return sum(tx.run(sweep, before=before, limit=limit) for sweep in sweeps)


def forget_keyed(tx: Transaction, now: int) -> tuple[int, int]:
    """How many browser sessions ended, and how many authenticator apps are switched off."""
    for statement in (
        SQL.forget_second_step_rows,
        SQL.forget_recovery_codes,
        SQL.forget_challenges,
        SQL.forget_links,
        SQL.forget_tries,
    ):
        tx.run(statement)
    return tx.run(SQL.forget_sessions, now=now), tx.run(SQL.forget_totp_secrets)


def _passkey(
    number: int,
    user_id: int,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    name: str,
    created_at: int,
    last_used_at: int | None,
) -> Passkey:
    return Passkey(
        id=number,
        user_id=user_id,
        credential_id=bytes(credential_id),
        public_key=bytes(public_key),
        sign_count=sign_count,
        name=name,
        created_at=created_at,
        last_used_at=last_used_at,
    )
