"""Browser sessions: begun by a proof of who it is, seen, listed and ended."""

import re
from dataclasses import replace

from leasehold.accounts.model import User
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.sign_in import known_browsers, rows
from leasehold.sign_in.errors import AuthenticationTooOld
from leasehold.sign_in.model import BrowserSession, From, SessionLimits, SignedIn
from leasehold.sign_in.server import SignInServer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

MAX_USER_AGENT_CHARACTERS = 300
SEEN_EVERY_SECONDS = 60
MAX_SESSIONS = 100  # of one person, with those that have ended

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


async def current(server: SignInServer, cookie: str | None) -> BrowserSession | None:
    """The session of a browser that sends this cookie; None when it is signed out.

    Notes that it was seen, at most once a minute.
    """
    if not _COOKIE.fullmatch(cookie or ""):
        return None
    text = cookie or ""
    session = await server.committer.read(
        lambda tx, _: find(tx, server.clock.now(), server.secret_box, text, limits=server.limits)
    )
    if session is None:
        return None
    now, seen = server.clock.now(), session
    if now - session.seen_at >= SEEN_EVERY_SECONDS * MICROSECONDS:
        await server.committer.write(lambda tx, _: see(tx, now, seen))
    return session


def find(
    tx: Transaction, now: int, box: SecretBox, cookie: str, *, limits: SessionLimits
) -> BrowserSession | None:
    """The live session of this cookie; None also when its person was disabled."""
    if not _COOKIE.fullmatch(cookie):
        return None
    return rows.session_by_digest(
        tx,
        _digest(box, cookie),
        seen_after=now - limits.idle_seconds * MICROSECONDS,
        authenticated_after=now - limits.cap_seconds * MICROSECONDS,
    )


def of_user(
    tx: Transaction, now: int, user_id: int, *, limits: SessionLimits
) -> list[BrowserSession]:
    """The person's live sessions, last seen first."""
    return rows.sessions_of_user(
        tx,
        user_id,
        seen_after=now - limits.idle_seconds * MICROSECONDS,
        authenticated_after=now - limits.cap_seconds * MICROSECONDS,
    )


def see(tx: Transaction, now: int, session: BrowserSession) -> bool:
    """Notes that the session was seen; False when that was done less than a minute ago."""
    due = now - SEEN_EVERY_SECONDS * MICROSECONDS
    return rows.see_session(tx, now, session.id, due=due)


def end(tx: Transaction, now: int, user_id: int, session_id: str) -> bool:
    """Signs one browser of the person out; False when there is no such live session of theirs."""
    return bool(_ID.fullmatch(session_id)) and rows.end_session(
        tx, now, session_id, user_id=user_id
    )


def end_all(tx: Transaction, now: int, user_id: int, *, kept: str | None = None) -> int:
    """Signs the person out everywhere but in the session `kept`; how many ended.

    Second steps under way end too.
    """
    rows.forget_second_steps(tx, user_id)
    return rows.end_other_sessions(tx, now, user_id, kept=kept or "")


def begin(
    tx: Transaction,
    now: int,
    box: SecretBox,
    entropy: Entropy,
    user: User,
    *,
    method: str,
    caller: From,
) -> SignedIn:
    """Signs the person in. The caller holds the user (`users.hold`) and has seen every proof.

    The cookie is always new, so none that was planted or overheard is worth anything. A session
    that this browser has is renewed when it is the same person's, and ended when it is another's.
    Beyond MAX_SESSIONS the oldest are forgotten: a success costs no try, so there could be any
    number.
    """
    cookie = entropy.url_safe(32)
    digest = _digest(box, cookie)
    session = _session(now, entropy, user, method=method, caller=caller)
    before = caller.session
    renewed = _renewed(tx, session, before, digest) if before else None
    if renewed is None:
        rows.insert_session(tx, session, digest)
        rows.forget_oldest_sessions(tx, user.id, besides=session.id, others=MAX_SESSIONS - 1)
    if before and before.user_id != user.id:
        rows.end_session(tx, now, before.id, user_id=before.user_id)
    known = known_browsers.issue(box, entropy, now, user.id)
    return SignedIn(renewed or session, cookie, known)


def require_recent(server: SignInServer, session: BrowserSession) -> None:
    """Raises AuthenticationTooOld unless the person proved who they are a moment ago."""
    if not session.is_recent(server.clock.now()):
        raise AuthenticationTooOld


def _session(
    now: int, entropy: Entropy, user: User, *, method: str, caller: From
) -> BrowserSession:
    return BrowserSession(
        id=entropy.url_safe(16),
        user_id=user.id,
        email=user.email,
        name=user.name,
        subject=user.subject,
        method=method,
        user_agent=_shown(caller.user_agent),
        address=_shown(caller.address),
        created_at=now,
        authenticated_at=now,
        seen_at=now,
    )


def _renewed(
    tx: Transaction, session: BrowserSession, before: BrowserSession, digest: bytes
) -> BrowserSession | None:
    if before.user_id != session.user_id:
        return None
    same = replace(session, id=before.id)
    created_at = rows.renew_session(tx, same, digest)
    return replace(same, created_at=created_at) if created_at is not None else None


def _digest(box: SecretBox, cookie: str) -> bytes:
    return box.keyed_digest("browser session", cookie)


def _shown(text: str) -> str:
    # Strangers send it, people read it, and PostgreSQL takes no NUL.
    kept = text[:MAX_USER_AGENT_CHARACTERS]
    return "".join(character if character.isprintable() else " " for character in kept)
