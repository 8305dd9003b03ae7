"""Users: the people who own projects and sign in."""

import re
from dataclasses import replace

from leasehold.accounts import configuration, rows
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import User
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.transaction import Transaction

MAX_NAME_CHARACTERS = 100

_SUBJECT = re.compile(r"2[0-9]{20}")


def create(
    tx: Transaction,
    now: int,
    entropy: Entropy,
    *,
    email: str,
    password_hash: str | None,
    name: str = "",
    email_verified: bool = False,
) -> User:
    """Adds a user. Raises Invalid for what is no e-mail address or name, Conflict when it is taken.

    Without a password hash they sign in with a passkey, or set a password through a link by mail.
    """
    user = User(
        id=0,
        subject=_new_subject(entropy),
        email=normalize_email(email),
        name=normalize_name(name),
        password_hash=password_hash,
        email_verified_at=now if email_verified else None,
        created_at=now,
    )
    user_id = rows.insert_user(tx, user)
    if user_id is None:
        raise Conflict(f"there is already a user {user.email}", field="email")
    configuration.touch(tx)
    return replace(user, id=user_id)


def find(tx: Transaction, email: str) -> User | None:
    """The user, disabled or not; None when there is none. Raises Invalid as `create` does."""
    return rows.user_by_email(tx, normalize_email(email))


def find_by_id(tx: Transaction, user_id: int) -> User | None:
    """The user, disabled or not; None when there is none."""
    return rows.user_by_id(tx, user_id)


def find_by_subject(tx: Transaction, subject: str) -> User | None:
    """The user that clients know by these digits, disabled or not; None when there is none."""
    return rows.user_by_subject(tx, subject) if _SUBJECT.fullmatch(subject) else None


def hold(tx: Transaction, user_id: int) -> User | None:
    """The user, unless disabled; until the commit nobody disables them or changes the password.

    Whoever lets a person sign in does this first, and looks at everything else after it.
    """
    return rows.hold_user(tx, user_id)


def require(tx: Transaction, email: str) -> User:
    """The user that the caller named. Raises NotFound when there is none."""
    user = find(tx, email)
    if user is None:
        raise _unknown(email)
    return user


def list_users(tx: Transaction) -> list[User]:
    """Every user, disabled ones too, by e-mail address."""
    return rows.all_users(tx)


def is_anybody_there(tx: Transaction) -> bool:
    """Whether there is a user at all, disabled ones too."""
    return rows.any_user(tx)


def disable(tx: Transaction, now: int, email: str) -> None:
    """Takes the right to sign in away and ends the user's browser sessions; again is no error.

    Raises NotFound.
    """
    user_id = rows.disable_user(tx, now, normalize_email(email))
    if user_id is None:
        raise _unknown(email)
    rows.end_browser_sessions(tx, now, user_id)
    rows.forget_second_steps(tx, user_id)
    configuration.touch(tx)


def enable(tx: Transaction, email: str) -> None:
    """Gives the right to sign in back; again is no error. Raises NotFound."""
    if not rows.enable_user(tx, normalize_email(email)):
        raise _unknown(email)
    configuration.touch(tx)


def set_password_hash(tx: Transaction, email: str, password_hash: str) -> None:
    """Puts a new hash in place of the old one. Raises NotFound.

    Browser sessions stay: a change of the password is `sign_in.password_change`, which ends them.
    """
    if not rows.set_password_hash(tx, normalize_email(email), password_hash):
        raise _unknown(email)
    configuration.touch(tx)


def replace_password_hash(tx: Transaction, user_id: int, *, old: str, new: str) -> bool:
    """Puts another hash of the same password in place; False when it was changed meanwhile."""
    return rows.replace_password_hash(tx, user_id, old=old, new=new)


def mark_email_verified(tx: Transaction, now: int, user_id: int) -> None:
    """Notes that mail reaches the user there; the first time counts."""
    if rows.mark_email_verified(tx, now, user_id):
        configuration.touch(tx)


def set_name(tx: Transaction, user_id: int, name: str) -> None:
    """Gives the user another name, "" for none. Raises Invalid for what cannot be shown."""
    if rows.set_name(tx, user_id, normalize_name(name)):
        configuration.touch(tx)


def normalize_name(text: str) -> str:
    """The name with single spaces. Raises Invalid when it is too long, or cannot be shown.

    >>> normalize_name("  Ada   Lovelace ")
    'Ada Lovelace'
    """
    name = " ".join(text.split())
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(
            f"a name has at most {MAX_NAME_CHARACTERS} characters, all of which can be shown",
            field="name",
        )
    return name


def _new_subject(entropy: Entropy) -> str:
    """21 digits, the first of them 2: a service account's id begins with 1."""
    return f"2{int.from_bytes(entropy.bytes(16)) % 10**20:020d}"


def _unknown(email: str) -> NotFound:
    return NotFound(f"there is no user {normalize_email(email)}: add the user first", field="email")
