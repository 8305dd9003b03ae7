"""The rows of pending authorization requests: the only file that runs authorize_rows.sql."""

import msgspec

from leasehold.oauth2.authorize_model import PendingConsent
from leasehold.storage import statements
from leasehold.storage.transaction import Transaction

SQL = statements.load(__package__, "authorize_rows.sql")


def insert_request(
    tx: Transaction,
    now: int,
    *,
    digest: bytes,
    session_id: str,
    user_id: int,
    pending: PendingConsent,
    expires_at: int,
) -> None:
    tx.run(
        SQL.insert_request,
        digest=digest,
        session_id=session_id,
        user_id=user_id,
        client_id=pending.request.client_id,
        parameters=msgspec.json.encode(pending).decode(),
        now=now,
        expires_at=expires_at,
    )


def forget_oldest_requests(
    tx: Transaction, session_id: str, *, besides: bytes, others: int
) -> None:
    """Leaves `besides`, and as many others of the browser session, the newest."""
    tx.run(SQL.forget_oldest_requests, session_id=session_id, besides=besides, others=others)


def answer_request(
    tx: Transaction, now: int, *, digest: bytes, session_id: str, user_id: int
) -> PendingConsent | None:
    """None when there is none that waits, or it is another session's."""
    row = tx.one(SQL.answer_request, digest=digest, session_id=session_id, user_id=user_id, now=now)
    return msgspec.json.decode(row[0], type=PendingConsent) if row else None


def sweep_requests(tx: Transaction, *, before: int, limit: int) -> int:
    return tx.run(SQL.sweep_requests, before=before, limit=limit)
