"""The second factor: an authenticator app's secret, confirmed by a first code."""

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from leasehold.accounts import users
from leasehold.clock import MICROSECONDS
from leasehold.errors import Conflict
from leasehold.sign_in import recovery_codes, rows, totp_code
from leasehold.sign_in.browser_sessions import require_recent
from leasehold.sign_in.errors import WrongCode
from leasehold.sign_in.model import BrowserSession
from leasehold.sign_in.server import SignInServer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """What a person gives to their authenticator app: typed, or as a QR code of the URI."""

    secret: str = field(repr=False)  # base32
    uri: str = field(repr=False)


async def begin(server: SignInServer, session: BrowserSession) -> TotpSetup:
    """A new secret, of no effect until `confirm`; it takes the place of an unconfirmed one.

    Raises AuthenticationTooOld, and Conflict when the second factor is on already.
    """
    require_recent(server, session)
    secret = server.entropy.bytes(totp_code.SECRET_BYTES)
    about = _about(session.user_id)
    sealed = server.secret_box.seal(secret, about=about, entropy=server.entropy)

    def run(tx: Transaction, now: int) -> None:
        if not rows.begin_totp(tx, now, session.user_id, sealed=sealed):
            raise Conflict("Your second factor is on already: switch it off first.")

    await server.committer.write(run)
    return _setup(server.issuer, session.email, secret)


async def pending(server: SignInServer, session: BrowserSession) -> TotpSetup | None:
    """What `begin` returned, to be shown again after a wrong code; None when nothing waits."""
    found = await server.committer.read(lambda tx, _: rows.unconfirmed_totp(tx, session.user_id))
    if found is None or not session.is_recent(server.clock.now()):
        return None
    secret = server.secret_box.open(found[0], about=_about(session.user_id))
    return _setup(server.issuer, session.email, secret)


async def confirm(server: SignInServer, session: BrowserSession, code: str) -> list[str]:
    """Switches the second factor on; the recovery codes, which are shown this once.

    Raises WrongCode, AuthenticationTooOld, and Conflict when nothing waits to be confirmed.
    """
    require_recent(server, session)

    def run(tx: Transaction, now: int) -> list[str]:
        found = rows.unconfirmed_totp(tx, session.user_id)
        if users.hold(tx, session.user_id) is None or found is None:
            raise Conflict("There is nothing to confirm: begin again.")
        sealed, created_at = found
        step = _matching_step(server.secret_box, now, session.user_id, sealed, code)
        if step is None or not rows.confirm_totp(
            tx, now, session.user_id, step=step, created_at=created_at
        ):
            raise WrongCode
        return recovery_codes.replace(tx, now, server.secret_box, server.entropy, session.user_id)

    return await server.committer.write(run)


async def switch_off(server: SignInServer, session: BrowserSession) -> None:
    """Ends the second factor and its recovery codes. Raises AuthenticationTooOld."""
    require_recent(server, session)
    await server.committer.write(lambda tx, _: remove(tx, session.user_id))


def remove(tx: Transaction, user_id: int) -> bool:
    """Ends a person's second factor, as its operator may too; whether there was one."""
    was_there = rows.delete_totp(tx, user_id)
    rows.delete_recovery_codes(tx, user_id)
    return was_there


def is_on(tx: Transaction, user_id: int) -> bool:
    """Whether signing in with a password takes a code as well."""
    return rows.totp_secret(tx, user_id) is not None


def use_code(tx: Transaction, now: int, box: SecretBox, user_id: int, code: str) -> bool:
    """Whether the code is right; from then on it and every earlier one are wrong."""
    sealed = rows.totp_secret(tx, user_id)
    if sealed is None:
        return False
    step = _matching_step(box, now, user_id, sealed, code)
    return step is not None and rows.use_totp_step(tx, user_id, step)


def _matching_step(box: SecretBox, now: int, user_id: int, sealed: bytes, code: str) -> int | None:
    secret = box.open(sealed, about=_about(user_id))
    return totp_code.matching_step(secret, now // MICROSECONDS, code)


def _about(user_id: int) -> str:
    return f"second factor of user {user_id}"


def _setup(issuer: str, email: str, secret: bytes) -> TotpSetup:
    text = totp_code.base32(secret)
    host = (urlsplit(issuer).hostname or "").replace(":", ".")  # a colon ends the issuer's part
    label = f"{quote(f'Leasehold {host}')}:{quote(email)}"
    more = f"secret={text}&issuer={quote(f'Leasehold {host}')}&algorithm=SHA1&digits=6&period=30"
    return TotpSetup(text, f"otpauth://totp/{label}?{more}")
