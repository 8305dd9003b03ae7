"""How secrets look that are handed to clients: a prefix, 256 random bits, and a checksum.

By the prefix scanners know one that has leaked; by the checksum a cut one is seen at once.
"""

import functools
import re
import zlib

from leasehold.entropy import Entropy

RANDOM_BYTES = 32

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6  # 62**6 is more than 2**32


def mint(prefix: str, entropy: Entropy) -> str:
    """A new one."""
    text = prefix + entropy.url_safe(RANDOM_BYTES)
    return text + _checksum(text)


def is_well_formed(prefix: str, text: str) -> bool:
    """Whether it could be one: nothing else is worth a look into the database."""
    if not _pattern(prefix).fullmatch(text):
        return False
    return _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


@functools.cache
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(prefix)}[A-Za-z0-9_-]{{43}}[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}}")


def _checksum(text: str) -> str:
    """CRC-32 as six digits of base 62, most significant first."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
