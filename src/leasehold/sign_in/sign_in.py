"""Signing in with a password, and with the second factor where there is one."""

from collections.abc import Callable
from dataclasses import dataclass

from leasehold.accounts import passwords, users
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import User
from leasehold.errors import Error, Invalid
from leasehold.sign_in import (
    browser_sessions,
    known_browsers,
    recovery_codes,
    second_steps,
    totp,
    tries,
)
from leasehold.sign_in.errors import Refused, StepExpired, Throttled, WrongCode
from leasehold.sign_in.model import From, SecondFactorNeeded, SecondStep, SignedIn
from leasehold.sign_in.server import SignInServer
from leasehold.sign_in.tries import Bucket
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

__all__ = [
    "From",
    "Refused",
    "SecondFactorNeeded",
    "SecondStep",
    "SignedIn",
    "StepExpired",
    "Throttled",
    "WrongCode",
    "second_step",
    "with_password",
    "with_recovery_code",
    "with_totp",
]

# Whether a second factor is right, in a transaction; it is then used up.
_Factor = Callable[[Transaction, int, int], bool]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A try that was taken from its buckets, and whose password it is to be, if anybody's."""

    user: User | None
    is_known: bool  # the browser, to be this person's
    buckets: list[Bucket]


async def with_password(
    server: SignInServer, *, email: str, password: str, caller: From
) -> SignedIn | SecondFactorNeeded:
    """Lets the person in, or on to the second step.

    Raises Refused, in one text and after the same work, for a wrong password as for an account
    that is unknown, disabled or has no password. Raises Throttled before any password is looked
    at, and Unavailable when too many are being looked at.
    """
    attempt = await server.committer.write(
        lambda tx, now: _take_try(tx, now, server.secret_box, email, caller)
    )
    kept = attempt.user.password_hash if attempt.user and attempt.user.is_active else None
    is_right = await server.passwords.check(kept, password, is_known=attempt.is_known)
    if not is_right or attempt.user is None or kept is None:
        raise _refused()
    user = attempt.user
    newer = await _rehashed(server, kept, password)
    return await server.committer.write(
        lambda tx, now: _admit(tx, now, server, user, attempt.buckets, newer, caller)
    )


async def second_step(server: SignInServer, cookie: str | None) -> SecondStep | None:
    """The step that the cookie admits to, for the page that asks for the code; None: it is over."""
    text = cookie or ""
    return await server.committer.read(
        lambda tx, _: second_steps.find(tx, server.clock.now(), server.secret_box, text)
    )


async def with_totp(server: SignInServer, *, step_cookie: str, code: str, caller: From) -> SignedIn:
    """Lets a person in whose authenticator app shows this code; no code is good twice.

    Raises WrongCode, Throttled, and StepExpired when signing in has to begin again.
    """
    box = server.secret_box
    return await _with_factor(
        server,
        step_cookie,
        caller,
        method="password+totp",
        factor=lambda tx, now, user_id: totp.use_code(tx, now, box, user_id, code),
    )


async def with_recovery_code(
    server: SignInServer, *, step_cookie: str, code: str, caller: From
) -> SignedIn:
    """Lets a person in who gives one of their recovery codes, which is used up.

    Raises as `with_totp` does.
    """
    box = server.secret_box
    return await _with_factor(
        server,
        step_cookie,
        caller,
        method="password+recovery",
        factor=lambda tx, now, user_id: recovery_codes.use(tx, now, box, user_id, code),
    )


def _take_try(tx: Transaction, now: int, box: SecretBox, email: str, caller: From) -> _Attempt:
    address = _normal(email)
    user = users.find(tx, address) if address else None
    browser = known_browsers.recognise(box, now, user.id, caller.known_browser) if user else None
    if user and browser:
        buckets = [
            tries.bucket(box, tries.PASSWORD_OF_BROWSER, f"{user.id} {browser}"),
            tries.bucket(box, tries.PASSWORD_OF_BROWSERS, str(user.id)),
        ]
    else:
        block = tries.address_block(caller.address)
        buckets = [
            tries.bucket(box, tries.PASSWORD_OF_ACCOUNT, address or ""),
            tries.bucket(box, tries.PASSWORD_OF_ADDRESS, block),
        ]
    tries.take(tx, now, buckets)
    return _Attempt(user, browser is not None, buckets)


async def _rehashed(server: SignInServer, kept: str, password: str) -> str | None:
    """The password's hash with today's parameters, where it was made with others."""
    if not passwords.needs_rehash(kept):
        return None
    try:
        return await server.passwords.hash(password)
    except Invalid:  # it would not do for a new password, but it is this person's
        return None


def _admit(  # one step of one flow, with what the steps before it found
    tx: Transaction,
    now: int,
    server: SignInServer,
    checked: User,
    buckets: list[Bucket],
    newer: str | None,
    caller: From,
) -> SignedIn | SecondFactorNeeded:
    user = users.hold(tx, checked.id)
    if user is None or user.password_hash != checked.password_hash:
        raise _refused()  # disabled, or given another password, while this one was looked at
    if newer and user.password_hash:
        users.replace_password_hash(tx, user.id, old=user.password_hash, new=newer)
    tries.give_back(tx, buckets)
    return pass_password(tx, now, server, user, caller)


def pass_password(
    tx: Transaction, now: int, server: SignInServer, user: User, caller: From
) -> SignedIn | SecondFactorNeeded:
    """What follows a right password, or a link by mail. The caller of this holds the user."""
    box, entropy = server.secret_box, server.entropy
    if totp.is_on(tx, user.id):
        return second_steps.begin(tx, now, box, entropy, user)
    return browser_sessions.begin(tx, now, box, entropy, user, method="password", caller=caller)


async def _with_factor(
    server: SignInServer, cookie: str, caller: From, *, method: str, factor: _Factor
) -> SignedIn:
    outcome = await server.committer.write(
        lambda tx, now: _second_factor(tx, now, server, cookie, caller, method, factor)
    )
    if isinstance(outcome, Error):
        raise outcome
    return outcome


def _second_factor(  # likewise
    tx: Transaction,
    now: int,
    server: SignInServer,
    cookie: str,
    caller: From,
    method: str,
    factor: _Factor,
) -> SignedIn | WrongCode:
    """A wrong code is returned, not raised: the try that it cost must be committed."""
    box = server.secret_box
    step = second_steps.find(tx, now, box, cookie)
    user = users.hold(tx, step.user_id) if step else None
    if user is None:
        raise StepExpired
    second_steps.count_try(tx, now, box, cookie)
    buckets = _code_buckets(now, box, user.id, caller)
    tries.take(tx, now, buckets)
    if not factor(tx, now, user.id):
        return WrongCode()
    second_steps.use(tx, now, box, cookie)
    tries.give_back(tx, buckets)
    return browser_sessions.begin(tx, now, box, server.entropy, user, method=method, caller=caller)


def _code_buckets(now: int, box: SecretBox, user_id: int, caller: From) -> list[Bucket]:
    browser = known_browsers.recognise(box, now, user_id, caller.known_browser)
    if browser is None:
        return [tries.bucket(box, tries.CODE_OF_ACCOUNT, str(user_id))]
    return [
        tries.bucket(box, tries.CODE_OF_BROWSER, f"{user_id} {browser}"),
        tries.bucket(box, tries.CODE_OF_BROWSERS, str(user_id)),
    ]


def _normal(email: str) -> str | None:
    """None for what is no address: it is as wrong as an unknown one, and costs the same."""
    try:
        return normalize_email(email)
    except Invalid:
        return None


def _refused() -> Refused:
    return Refused(
        "The e-mail address or the password is wrong. Try again, or ask for a link to set a new"
        " password."
    )
