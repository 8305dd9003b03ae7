"""Administration of people, by operators: who there is, who may sign in, and with what."""

from collections.abc import Mapping

from leasehold.accounts import users
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import User
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.oauth2 import consents
from leasehold.sign_in import browser_sessions, password_change, registration, totp
from leasehold.sign_in.model import BrowserSession, SessionLimits
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction


def create(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    entropy: Entropy,
    email: str,
    password_hash: str | None,
    name: str = "",
) -> User:
    """Adds somebody; the operator vouches for the address.

    Raises Forbidden for who is no operator, as all of these, and Invalid and Conflict as
    `accounts.users.create`.
    """
    authority.require_operator(actor)
    user = users.create(
        tx,
        now,
        entropy,
        email=email,
        password_hash=password_hash,
        name=name,
        email_verified=True,
    )
    _record(tx, now, actor, "users.create", user.email, after=_value(user))
    return user


def invite(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    entropy: Entropy,
    box: SecretBox,
    email: str,
    issuer: str,
) -> str:
    """A link with which somebody adds their own account: a secret, good once within a week.

    Raises Invalid for what is no address, Conflict when there is such a user.
    """
    authority.require_operator(actor)
    link = registration.invite(tx, now, entropy, box, email=email, issuer=issuer)
    _record(tx, now, actor, "users.invite", normalize_email(email))
    return link


def list_users(tx: Transaction, actor: Actor) -> list[User]:
    """Everybody, disabled people too, by e-mail address."""
    authority.require_operator(actor)
    return users.list_users(tx)


def get(tx: Transaction, actor: Actor, *, email: str) -> User:
    """One person. Raises NotFound."""
    authority.require_operator(actor)
    return users.require(tx, email)


def disable(tx: Transaction, now: int, actor: Actor, *, email: str) -> User:
    """Takes the right to sign in away, and signs them out. Raises NotFound."""
    before = get(tx, actor, email=email)
    users.disable(tx, now, email)
    return _changed(tx, now, actor, "users.disable", before)


def enable(tx: Transaction, now: int, actor: Actor, *, email: str) -> User:
    """Gives the right to sign in back. Raises NotFound."""
    before = get(tx, actor, email=email)
    users.enable(tx, email)
    return _changed(tx, now, actor, "users.enable", before)


def set_password(
    tx: Transaction, now: int, actor: Actor, *, email: str, password_hash: str, keep_access: bool
) -> User:
    """Puts another password in place, and signs them out of every browser. Raises NotFound.

    The clients that they gave access lose it, unless it is to be kept.
    """
    user = get(tx, actor, email=email)
    password_change.replace(tx, now, user, password_hash)
    if not keep_access:
        consents.revoke_all_of_user(tx, now, user.id, "password")
    after = {"clients_keep_access": keep_access}
    _record(tx, now, actor, "users.setPassword", user.email, after=after)
    return user


def reset_second_factor(tx: Transaction, now: int, actor: Actor, *, email: str) -> bool:
    """Ends the second factor and signs them out; whether there was one. Raises NotFound."""
    user = get(tx, actor, email=email)
    was_on = totp.remove(tx, user.id)
    ended = browser_sessions.end_all(tx, now, user.id)
    if was_on or ended:
        before, after = {"second_factor": was_on}, {"second_factor": False}
        _record(tx, now, actor, "users.resetSecondFactor", user.email, before=before, after=after)
    return was_on


def sessions(
    tx: Transaction, now: int, actor: Actor, *, email: str, limits: SessionLimits
) -> list[BrowserSession]:
    """The browsers in which they are signed in. Raises NotFound."""
    return browser_sessions.of_user(tx, now, get(tx, actor, email=email).id, limits=limits)


def sign_out(tx: Transaction, now: int, actor: Actor, *, email: str) -> int:
    """Signs them out of every browser; of how many. Raises NotFound."""
    user = get(tx, actor, email=email)
    ended = browser_sessions.end_all(tx, now, user.id)
    if ended:
        _record(tx, now, actor, "users.signOut", user.email, before={"browsers": ended})
    return ended


def _changed(tx: Transaction, now: int, actor: Actor, action: str, before: User) -> User:
    after = users.require(tx, before.email)
    if before != after:
        values = {"before": _value(before), "after": _value(after)}
        _record(tx, now, actor, action, after.email, **values)
    return after


def _value(user: User) -> dict[str, object]:
    return {"name": user.name, "active": user.is_active}


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    action: str,
    email: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        now,
        actor,
        action=action,
        project_id="",
        target=f"users/{email}",
        before=before,
        after=after,
    )
