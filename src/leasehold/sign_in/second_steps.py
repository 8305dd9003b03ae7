"""The second step: who gave the right password has ten minutes and five tries for the factor."""

import re

from leasehold.accounts.model import User
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.sign_in import rows
from leasehold.sign_in.errors import StepExpired
from leasehold.sign_in.model import SecondFactorNeeded, SecondStep
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

LIFE_SECONDS = 600
MAX_TRIES = 5

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


def begin(
    tx: Transaction, now: int, box: SecretBox, entropy: Entropy, user: User
) -> SecondFactorNeeded:
    """Admits the browser to the second step. The caller holds the user, and saw the password."""
    cookie = entropy.url_safe(32)
    expires_at = now + LIFE_SECONDS * MICROSECONDS
    rows.insert_second_step(tx, now, _digest(box, cookie), user_id=user.id, expires_at=expires_at)
    return SecondFactorNeeded(cookie)


def find(tx: Transaction, now: int, box: SecretBox, cookie: str) -> SecondStep | None:
    """The step that this cookie admits to; None when it is over."""
    if not _COOKIE.fullmatch(cookie):
        return None
    found = rows.second_step(tx, now, _digest(box, cookie), max_tries=MAX_TRIES)
    if found is None:
        return None
    user_id, email, expires_at = found
    return SecondStep(user_id, email, rows.recovery_codes_left(tx, user_id), expires_at)


def count_try(tx: Transaction, now: int, box: SecretBox, cookie: str) -> int:
    """Whose step it is, one try fewer. Raises StepExpired when none is left, or it is over."""
    user_id = None
    if _COOKIE.fullmatch(cookie):
        user_id = rows.count_second_step_try(tx, now, _digest(box, cookie), max_tries=MAX_TRIES)
    if user_id is None:
        raise StepExpired
    return user_id


def use(tx: Transaction, now: int, box: SecretBox, cookie: str) -> None:
    """Ends the step, once. Raises StepExpired when another request did, or a new password."""
    if not rows.use_second_step(tx, now, _digest(box, cookie)):
        raise StepExpired


def _digest(box: SecretBox, cookie: str) -> bytes:
    return box.keyed_digest("second step", cookie)
