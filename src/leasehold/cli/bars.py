"""Bars of block characters beside a table's lines, for a terminal."""

import sys
from collections.abc import Sequence

WIDTH = 24  # characters of the longest bar

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"


def bars(sizes: Sequence[int]) -> list[str] | None:
    """A bar for each size; None when standard output is no terminal, or cannot show them."""
    if not sys.stdout.isatty() or not _is_shown(_FULL + _EIGHTHS):
        return None
    most = max(sizes, default=0) or 1
    return [bar(size, most) for size in sizes]


def bar(size: int, most: int) -> str:
    """`most` has the full width; every size above 0 is seen.

    >>> bar(5, 10), bar(1, 1_000_000), bar(0, 10)
    ('████████████', '▏', '')
    """
    eighths = max(round(size * WIDTH * 8 / most), 1 if size else 0)
    return (_FULL * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def _is_shown(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
