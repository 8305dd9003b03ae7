"""What is in a task, for a person to read: JSON, text, or bytes; cut where it is huge."""

import base64
import re
from dataclasses import dataclass
from typing import Literal

import msgspec

Kind = Literal["empty", "json", "text", "bytes"]

SHOWN_CHARACTERS = 2**16
DUMPED_BYTES = 512
ENCODED_BYTES = 3_072  # 4,096 characters

_BYTES_PER_LINE = 16
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
# Of the control characters text has these alone: tabs and ends of lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A payload as a page shows it."""

    kind: Kind
    size: int  # bytes
    shown: str  # JSON on lines of its own, text as it is, or bytes in hexadecimal
    is_cut: bool  # whether that is the beginning alone
    raw: str = ""  # JSON as it came, where it differs; cut likewise
    base64: str = ""  # of the first bytes, unless it is text

    @property
    def suffix(self) -> str:
        """With which its file's name ends."""
        return {"json": "json", "text": "txt"}.get(self.kind, "bin")


def decoded(payload: bytes) -> Decoded:
    """The payload for a page; never more than a page can hold, whatever is in it.

    >>> print(decoded(b'{"photo":1e2,"tags":[]}').shown)
    {
      "photo": 1e2,
      "tags": []
    }
    """
    text = _text(payload)
    if text is None:
        return _dump(payload)
    if not text:
        return Decoded("empty", 0, "", is_cut=False)
    cut = text[:SHOWN_CHARACTERS]
    if not _is_json(payload):
        return Decoded("text", len(payload), cut, is_cut=cut != text)
    lines, is_whole = _indented(text)
    raw = "" if is_whole and lines == text else cut
    return Decoded("json", len(payload), lines, is_cut=not is_whole, raw=raw)


def _text(payload: bytes) -> str | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _is_json(payload: bytes) -> bool:
    """Whether it is an object or an array; a number or a word alone reads best as it is."""
    if payload.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)  # checks it, and builds nothing
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _indented(text: str) -> tuple[str, bool]:
    """JSON on lines of its own, with its own spelling of numbers; and whether that is all of it.

    It stops where enough is there: a megabyte of deep lists would become a gigabyte of blanks.
    """
    pieces: list[str] = []
    length = depth = 0
    before = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        depth -= token in _CLOSING
        piece = _space(before, token, depth) + token
        depth += token in _OPENING
        pieces.append(piece)
        length += len(piece)
        if length > SHOWN_CHARACTERS:
            return "".join(pieces)[:SHOWN_CHARACTERS], False
        before = token
    return "".join(pieces), True


def _space(before: str, token: str, depth: int) -> str:
    """What stands between two tokens."""
    is_empty = before in _OPENING and token in _CLOSING
    if not is_empty and (before == "," or before in _OPENING or token in _CLOSING):
        return "\n" + "  " * depth
    return " " if before == ":" else ""


def _dump(payload: bytes) -> Decoded:
    head = payload[:DUMPED_BYTES]
    lines = [_dumped(start, head) for start in range(0, len(head), _BYTES_PER_LINE)]
    return Decoded(
        "bytes",
        len(payload),
        "\n".join(lines),
        is_cut=len(head) < len(payload),
        base64=base64.encodebytes(payload[:ENCODED_BYTES]).decode().rstrip("\n"),
    )


def _dumped(start: int, head: bytes) -> str:
    """A line as hexdump has it: where, which bytes, and those of them that are letters."""
    line = head[start : start + _BYTES_PER_LINE]
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
    return f"{start:08x}  {line.hex(' '):<47}  {letters}"
