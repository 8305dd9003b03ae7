"""Logos: a picture that a stranger gave, shown on our own pages, is checked before it is kept.

PNG, JPEG or WebP by their bytes, whatever the file is called; whole, and small. Never SVG, which is
a document with scripts.
"""

import re
import struct
from collections.abc import Callable
from typing import Final

from leasehold.errors import Invalid
from leasehold.oauth2.client_model import Logo

MAX_BYTES = 64 * 1024
MIN_PIXELS, MAX_PIXELS = 16, 1024  # of each side

Size = tuple[int, int]  # width and height, in pixels

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_END = b"\xff\xd9"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers that tell a JPEG's size
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


def checked_logo(content: bytes) -> Logo:
    """The picture with its media type. Raises Invalid, saying what may be given."""
    if len(content) > MAX_BYTES:
        raise Invalid(f"a logo has at most {MAX_BYTES // 1024} KiB", field="logo")
    for media_type, first_bytes, size_of in _FORMATS:
        if first_bytes.match(content):
            _check_size(_size(size_of, content))
            return Logo(media_type, content)
    raise Invalid("a logo is a PNG, JPEG or WebP picture", field="logo")


def _size(size_of: Callable[[bytes], Size | None], content: bytes) -> Size:
    try:
        size = size_of(content)
    except (IndexError, struct.error):
        size = None
    if size is None:
        raise Invalid("the logo's file is damaged, or not all of it is a picture", field="logo")
    return size


def _check_size(size: Size) -> None:
    if not all(MIN_PIXELS <= side <= MAX_PIXELS for side in size):
        raise Invalid(
            f"a logo is {MIN_PIXELS} to {MAX_PIXELS} pixels wide and high, not"
            f" {size[0]} by {size[1]}",
            field="logo",
        )


def _png_size(content: bytes) -> Size | None:
    # PNG (W3C) §5.3: length, type, data, CRC; the first chunk is IHDR, the last IEND.
    if content[12:16] != b"IHDR":
        return None
    at, kind = len(_PNG), b""
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        at += 12 + length
        if kind == b"IEND":
            break
    is_whole = kind == b"IEND" and at == len(content)
    return struct.unpack_from(">II", content, 16) if is_whole else None


def _jpeg_size(content: bytes) -> Size | None:
    # ITU-T T.81 §B.2: markers, most of them with a length that counts itself.
    if not content.endswith(_JPEG_END):
        return None
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        else:
            at += 2 + max(2, struct.unpack_from(">H", content, at + 2)[0])
    return None


def _webp_size(content: bytes) -> Size | None:
    # RFC 9649 §2.4-2.7: the length of all that follows it, then one of three kinds of chunk.
    if struct.unpack_from("<I", content, 4)[0] + 8 != len(content):
        return None
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + _three_bytes(content, 24), 1 + _three_bytes(content, 27)
    if kind == b"VP8L" and content[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", content, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _three_bytes(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 3], "little")


_FORMATS: Final[tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], Size | None]], ...]] = (
    ("image/png", re.compile(re.escape(_PNG)), _png_size),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff"), _jpeg_size),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL), _webp_size),
)
