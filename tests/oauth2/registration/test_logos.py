"""Logos: pictures that are what they say, and small."""

import pytest

from leasehold.errors import Invalid
from leasehold.oauth2.logos import MAX_BYTES, checked_logo
from tests.oauth2.registration.pictures import jpeg, png, webp

GOOD = {
    "png": ("image/png", png()),
    "png with text": ("image/png", png(extra=b"Comment\0hello")),
    "jpeg": ("image/jpeg", jpeg()),
    "webp, extended": ("image/webp", webp(b"VP8X")),
    "webp, lossless": ("image/webp", webp(b"VP8L")),
    "webp, lossy": ("image/webp", webp(b"VP8 ")),
}

BAD = {
    "nothing": b"",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "gif": b"GIF89a" + bytes(20),
    "pdf": b"%PDF-1.7",
    "text before it": b"\n" + png(),
    "page after a png": png(after=b"<script>alert(1)</script>"),
    "page after a jpeg": jpeg() + b"<script>",
    "page after a webp": webp() + b"<script>",
    "only the first bytes of a png": b"\x89PNG\r\n\x1a\n",
    "png without its end": png()[:-12],
    "png whose first chunk is another": png().replace(b"IHDR", b"XHDR"),
    "png with a length that is not there": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + bytes(20),
    "only the first bytes of a jpeg": b"\xff\xd8\xff",
    "jpeg without a size": b"\xff\xd8\xff\xe0\0\x04ab\xff\xd9",
    "jpeg that never goes on": b"\xff\xd8\xff\xe0\0\0\xff\xd9",
    "jpeg of fill bytes": b"\xff\xd8" + b"\xff" * 1000 + b"\xd9",
    "only the first bytes of a webp": b"RIFF\4\0\0\0WEBP",
    "webp of another kind": webp(b"ICCP"),
    "wave": webp().replace(b"WEBP", b"WAVE"),
}

SIZES = [(0, 64), (15, 64), (64, 15), (1025, 64), (64, 1025), (2**31 - 1, 2**31 - 1)]


@pytest.mark.parametrize(("media_type", "content"), GOOD.values(), ids=GOOD)
def test_a_picture_is_known_by_its_bytes(media_type: str, content: bytes) -> None:
    logo = checked_logo(content)

    assert (media_type, content) == (logo.type, logo.content)


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        checked_logo(content)

    assert "logo" == refused.value.field


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_picture_is_neither_too_small_nor_too_large_to_show(width: int, height: int) -> None:
    with pytest.raises(Invalid, match="16 to 1024 pixels"):
        checked_logo(png(width, height))


@pytest.mark.parametrize("make", [png, jpeg, lambda w, h: webp(b"VP8X", w, h)])
def test_the_size_is_read_from_every_kind(make: "object") -> None:
    assert callable(make)
    with pytest.raises(Invalid, match="not 1025 by 1026"):
        checked_logo(make(1025, 1026))


def test_a_picture_has_64_kib_at_most() -> None:
    with pytest.raises(Invalid, match="64 KiB"):
        checked_logo(png(extra=b"x" * MAX_BYTES))


@pytest.mark.parametrize("content", [png(), jpeg(), webp(b"VP8X"), webp(b"VP8L"), webp(b"VP8 ")])
def test_no_prefix_of_a_picture_passes_or_fails_in_another_way(content: bytes) -> None:
    for length in range(len(content)):
        with pytest.raises(Invalid):
            checked_logo(content[:length])
