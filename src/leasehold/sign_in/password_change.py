"""A new password by somebody who is signed in; all their other browsers are signed out."""

from collections.abc import Callable

from leasehold.accounts import passwords, users
from leasehold.accounts.model import User
from leasehold.sign_in import browser_sessions, links, rows, tries
from leasehold.sign_in.errors import AuthenticationTooOld, Refused
from leasehold.sign_in.model import BrowserSession
from leasehold.sign_in.server import SignInServer
from leasehold.storage.transaction import Transaction


async def change(
    server: SignInServer,
    session: BrowserSession,
    *,
    old: str | None,
    new: str,
    ends_access: bool,
) -> int:
    """Sets the new password; how many other browsers were signed out.

    `ends_access`: clients to which the person has given access lose it too. `old` is None for who
    has none yet, and then has to have signed in a moment ago. Raises Refused when it is not the
    present one, Throttled, Invalid for the new one's length, and AuthenticationTooOld.
    """
    passwords.require_acceptable(new)
    buckets = [tries.bucket(server.secret_box, tries.OLD_PASSWORD, str(session.user_id))]

    def take(tx: Transaction, now: int) -> User | None:
        tries.take(tx, now, buckets)
        return users.find_by_id(tx, session.user_id)

    user = await server.committer.write(take)
    await _check_old(server, session, user, old)
    password_hash = await server.passwords.hash(new)

    def run(tx: Transaction, now: int) -> tuple[int, Callable[[], None]]:
        held = users.hold(tx, session.user_id)
        if held is None or user is None or held.password_hash != user.password_hash:
            raise _refused()
        tries.give_back(tx, buckets)
        count = replace(tx, now, held, password_hash, kept=session.id)
        return count, end_access_if(server, tx, now, held, wanted=ends_access)

    count, afterwards = await server.committer.write(run)
    afterwards()
    return count


def end_access_if(
    server: SignInServer, tx: Transaction, now: int, user: User, *, wanted: bool
) -> Callable[[], None]:
    """Ends what the user gave to clients, if wanted; call the result once that is committed."""
    return server.end_access(tx, now, user.id) if wanted else _nothing


def replace(
    tx: Transaction, now: int, user: User, password_hash: str, *, kept: str | None = None
) -> int:
    """Sets a password, as its operator may too; how many browsers other than `kept` are out.

    Links to set a password that are under way are good no longer.
    """
    users.set_password_hash(tx, user.email, password_hash)
    rows.use_links_of(tx, now, user.email, purpose=links.RESET)
    return browser_sessions.end_all(tx, now, user.id, kept=kept)


async def _check_old(
    server: SignInServer, session: BrowserSession, user: User | None, old: str | None
) -> None:
    kept = user.password_hash if user else None
    if kept is None and old is None:
        if not session.is_recent(server.clock.now()):
            raise AuthenticationTooOld
    elif not await server.passwords.check(kept, old or "", is_known=True):
        raise _refused()


def _nothing() -> None:
    """Nobody has lost anything."""


def _refused() -> Refused:
    return Refused("That is not your present password.", field="old_password")
