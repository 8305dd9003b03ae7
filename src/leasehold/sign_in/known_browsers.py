"""Known browsers: where a person signed in before, a cookie gives the browser its own tries.

The idea is OWASP's device cookie. It lets nobody in: it only keeps strangers from using up the
tries of the browsers that an account's owner has.
"""

import base64
import hmac
import re

from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.storage.secret_box import SecretBox

LIFE_SECONDS = 180 * 86_400

_COOKIE = re.compile(r"([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})", re.ASCII)


def issue(box: SecretBox, entropy: Entropy, now: int, user_id: int) -> str:
    """A cookie for a browser in which the person has just signed in."""
    expires_at = now // MICROSECONDS + LIFE_SECONDS
    nonce = entropy.url_safe(16)
    return f"{expires_at}.{nonce}.{_mac(box, user_id, expires_at, nonce)}"


def recognise(box: SecretBox, now: int, user_id: int, cookie: str | None) -> str | None:
    """What tells this browser from the person's others; None unless it is a known one of theirs."""
    match = _COOKIE.fullmatch(cookie or "")
    if match is None:
        return None
    expires_at, nonce, mac = int(match[1]), match[2], match[3]
    is_ours = hmac.compare_digest(mac, _mac(box, user_id, expires_at, nonce))
    return nonce if is_ours and now < expires_at * MICROSECONDS else None


def _mac(box: SecretBox, user_id: int, expires_at: int, nonce: str) -> str:
    digest = box.keyed_digest("known browser", f"{user_id}.{expires_at}.{nonce}")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
