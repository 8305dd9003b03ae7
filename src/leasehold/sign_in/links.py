"""Links by mail: who has one has shown that mail reaches them. Each is good once.

One kind is not mailed and names nobody: that for the first account, which `leasehold serve` prints.
"""

import re

from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.sign_in import rows
from leasehold.sign_in.errors import LinkInvalid
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

FIRST = "first"  # for the address ""
INVITATION = "invitation"
REGISTRATION = "registration"
RESET = "reset"

REGISTER_PATH = "/register/complete"  # the pages that links lead to
RESET_PATH = "/password/reset/complete"

LIFE_SECONDS = {FIRST: 86_400, INVITATION: 7 * 86_400, REGISTRATION: 86_400, RESET: 3600}

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits


def issue(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, *, purpose: str, email: str
) -> str:
    """A new token for this address, which the link will hold."""
    token = entropy.url_safe(32)
    expires_at = now + LIFE_SECONDS[purpose] * MICROSECONDS
    rows.insert_link(
        tx, now, _digest(box, token), purpose=purpose, email=email, expires_at=expires_at
    )
    return token


def find(
    tx: Transaction, now: int, box: SecretBox, token: str, purposes: frozenset[str]
) -> str | None:
    """Whom a good link of these purposes is for; None else. Uses nothing up."""
    found = rows.link(tx, now, _digest(box, token)) if _TOKEN.fullmatch(token) else None
    return found[1] if found and found[0] in purposes else None


def use(tx: Transaction, now: int, box: SecretBox, token: str, purposes: frozenset[str]) -> str:
    """Whom the link is for; it and its like end with this. Raises LinkInvalid."""
    found = rows.use_link(tx, now, _digest(box, token)) if _TOKEN.fullmatch(token) else None
    if found is None or found[0] not in purposes:
        raise LinkInvalid
    purpose, email = found
    rows.use_links_of(tx, now, email, purpose=purpose)
    return email


def url(issuer: str, path: str, token: str) -> str:
    """Our own URL, from the issuer and nothing that a request said."""
    return f"{issuer.rstrip('/')}{path}?token={token}"


def _digest(box: SecretBox, token: str) -> bytes:
    return box.keyed_digest("link", token)
