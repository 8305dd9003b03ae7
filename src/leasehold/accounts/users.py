"""Users: the people who own projects and sign in."""

from leasehold.accounts import configuration, rows
from leasehold.accounts.emails import normalize_email
from leasehold.accounts.model import User
from leasehold.errors import Conflict, NotFound
from leasehold.storage.transaction import Transaction


def create(tx: Transaction, now: int, *, email: str, password_hash: str) -> User:
    """Adds a user. Raises Invalid for what is no e-mail address, Conflict when it is taken."""
    email = normalize_email(email)
    user_id = rows.insert_user(tx, now, email=email, password_hash=password_hash)
    if user_id is None:
        raise Conflict(f"there is already a user {email}", field="email")
    configuration.touch(tx)
    return User(user_id, email, password_hash, created_at=now)


def find(tx: Transaction, email: str) -> User | None:
    """The user, disabled or not; None when there is none. Raises Invalid as `create` does."""
    return rows.user_by_email(tx, normalize_email(email))


def require(tx: Transaction, email: str) -> User:
    """The user that the caller named. Raises NotFound when there is none."""
    user = find(tx, email)
    if user is None:
        raise _unknown(email)
    return user


def list_users(tx: Transaction) -> list[User]:
    """Every user, disabled ones too, by e-mail address."""
    return rows.all_users(tx)


def disable(tx: Transaction, now: int, email: str) -> None:
    """Takes the right to sign in away; again is no error. Raises NotFound."""
    if not rows.disable_user(tx, now, normalize_email(email)):
        raise _unknown(email)
    configuration.touch(tx)


def enable(tx: Transaction, email: str) -> None:
    """Gives the right to sign in back; again is no error. Raises NotFound."""
    if not rows.enable_user(tx, normalize_email(email)):
        raise _unknown(email)
    configuration.touch(tx)


def set_password_hash(tx: Transaction, email: str, password_hash: str) -> None:
    """Puts a new hash in place of the old one. Raises NotFound."""
    if not rows.set_password_hash(tx, normalize_email(email), password_hash):
        raise _unknown(email)
    configuration.touch(tx)


def _unknown(email: str) -> NotFound:
    return NotFound(f"there is no user {normalize_email(email)}: add the user first", field="email")
