"""TOTP (RFC 6238): the code that an authenticator app shows for half a minute."""

import base64
import hmac
import re

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20  # RFC 4226 §4: 160 bits are recommended

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


def code(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of a time step, which is the Unix time divided by 30 (RFC 4226 §5.3).

    >>> code(b"12345678901234567890", 59 // 30, digits=8)
    '94287082'
    """
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def matching_step(secret: bytes, seconds: int, text: str) -> int | None:
    """The time step whose code the text is: the present one or a neighbour; None if it is neither.

    RFC 6238 §5.2 allows for a step of delay; the one ahead is for clocks that go wrong.
    """
    given = "".join(text.split())
    if not _CODE.fullmatch(given):
        return None
    now = seconds // STEP_SECONDS
    steps = [step for step in (now - 1, now, now + 1) if step >= 0]
    matching = [step for step in steps if hmac.compare_digest(code(secret, step), given)]
    return max(matching, default=None)


def base32(secret: bytes) -> str:
    """The secret as apps take it when it is typed.

    >>> base32(b"12345678901234567890")
    'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    """
    return base64.b32encode(secret).decode().rstrip("=")
