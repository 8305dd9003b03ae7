"""What a single value of a queue file may be: names, rates, ages, sizes, counts, addresses.

Each reader takes the text as it stands in the file, and raises Wrong with the words that follow
"is not".
"""

import re
from decimal import Decimal

from leasehold.accounts.emails import normalize_email
from leasehold.errors import Invalid
from leasehold.queues.limits import check_queue_name
from leasehold.queues.model import Mode

MAX_BUCKET_SIZE = 500  # Cloud Tasks max_burst_size; App Engine's own documents said 100
MAX_CONCURRENT_REQUESTS = 5_000  # Cloud Tasks max_concurrent_dispatches


class Wrong(Exception):
    """The text is no such value; the words say what would be one."""


_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{0,15})?"
_APPLICATION = re.compile(r"(?:[a-z0-9-]{1,100}~)?(?:[a-z0-9.-]{1,100}:)?[a-z0-9-]{1,100}")
_TARGET = re.compile(r"(?:(?!-)[a-z0-9-]{1,100}\.)?(?!-)[a-z0-9-]{1,63}")
_RATE = re.compile(rf"({_NUMBER})/([smhd])")
_AGE = re.compile(rf"({_NUMBER})([smhd])")
_STORAGE = re.compile(rf"({_NUMBER})([BKMGT]?)")
_SECONDS = re.compile(rf"{_NUMBER}(?:[eE][-+]?[0-9]{{1,2}})?|\.[0-9]{{1,15}}")
_COUNT = re.compile(r"[0-9]{1,10}")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MAX_COUNT = 2**31 - 1  # the wire has these as int32
_MAX_BYTES = 2**63 - 1


def queue_name(text: str) -> str:
    try:
        check_queue_name(text)
    except Invalid:
        raise Wrong("a queue name: use 1 to 100 letters, digits and hyphens") from None
    return text


def queue_mode(text: str) -> Mode:
    if text == "pull":
        return "pull"
    if text == "push":
        return "push"
    raise Wrong("a mode: write pull or push")


def application(text: str) -> str:
    if not _APPLICATION.fullmatch(text):
        raise Wrong("an application id: use lower case letters, digits and hyphens")
    return text


def target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise Wrong("a target: write service or version.service, in lower case")
    return text


def boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "yes", "on"):
        return True
    if word in ("false", "no", "off"):
        return False
    raise Wrong("a yes or no: write true or false")


def rate(text: str) -> float:
    """Tasks per second."""
    if text == "0":
        return 0.0
    match = _RATE.fullmatch(text)
    if not match:
        raise Wrong("a rate: write a number, a slash and s, m, h or d, such as 5/s, or 0 to pause")
    return float(match[1]) / _UNIT_SECONDS[match[2]]


def age_seconds(text: str) -> int:
    """Whole seconds, 1 or more."""
    match = _AGE.fullmatch(text)
    seconds = int(Decimal(match[1]) * _UNIT_SECONDS[match[2]]) if match else 0
    if not 0 < seconds <= _MAX_COUNT:
        raise Wrong("an age: write a number above 0 and s, m, h or d, such as 2d")
    return seconds


def storage_bytes(text: str) -> int:
    match = _STORAGE.fullmatch(text)
    power = "BKMGT".index(match[2]) if match else 0
    size = int(Decimal(match[1]) * 1024**power) if match else _MAX_BYTES + 1
    if size > _MAX_BYTES:
        raise Wrong("a size: write a number and B, K, M, G or T, such as 120M")
    return size


def seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        raise Wrong("a number of seconds: write 0 or more, such as 0.5")
    return float(text)


def count(text: str) -> int:
    if not _COUNT.fullmatch(text) or int(text) > _MAX_COUNT:
        raise Wrong(f"a count: write a whole number from 0 to {_MAX_COUNT}")
    return int(text)


def bucket_size(text: str) -> int:
    # A bucket of 0 would hold every task back for ever; rate 0 is the way to pause.
    return _count_within(text, MAX_BUCKET_SIZE)


def concurrent_requests(text: str) -> int:
    return _count_within(text, MAX_CONCURRENT_REQUESTS)


def _count_within(text: str, most: int) -> int:
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= most:
        raise Wrong(f"in the range: write a whole number from 1 to {most}")
    return int(text)


def email(text: str) -> str:
    """In lower case, as whoever has the address is known here."""
    try:
        return normalize_email(text)
    except Invalid:
        raise Wrong(
            "an e-mail address: write one address in ASCII, such as worker@example.com"
        ) from None
