"""Stamps: what the server lets a browser carry back to it unchanged, in a URL, for a short time."""

import hmac

from leasehold.clock import MICROSECONDS
from leasehold.storage.secret_box import SecretBox

LIFE_SECONDS = 900


def stamp(box: SecretBox, now: int, *, purpose: str, about: str) -> str:
    """An instant that nobody can change, good for this purpose and this text only."""
    return f"{now}.{_digest(box, now, purpose=purpose, about=about)}"


def stamped_at(box: SecretBox, now: int, text: str, *, purpose: str, about: str) -> int | None:
    """The instant; None for anything that is no such stamp, or is older than LIFE_SECONDS."""
    instant, _, given = text.partition(".")
    if not (instant.isascii() and instant.isdigit() and len(instant) < 20):
        return None
    then = int(instant)
    expected = _digest(box, then, purpose=purpose, about=about)
    is_genuine = hmac.compare_digest(given.encode(), expected.encode())
    is_recent = 0 <= now - then < LIFE_SECONDS * MICROSECONDS
    return then if is_genuine and is_recent else None


def _digest(box: SecretBox, instant: int, *, purpose: str, about: str) -> str:
    return box.keyed_digest(f"stamp {purpose}", f"{instant} {about}").hex()
