"""Referrer patterns: from which pages an API key may be used.

A referrer is taken apart as a URL first, and then its parts are compared: what stands in a query,
in a path or before an @ is never taken for a host.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from leasehold.errors import Invalid

MAX_LENGTH = 512  # characters of a pattern
MAX_REFERRER_LENGTH = 8192  # characters; browsers send the origin alone instead of more than 4096

_MAX_HOST = 253  # characters of a domain name, RFC 1035 §2.3.4 less its outer dots
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}

# Letters are spelled out: with re.IGNORECASE [a-z] takes the Kelvin sign for a k.
_HOST = r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])"
_PORT = r"(?::([1-9][0-9]{0,4}))?"
# In a path; WHATWG's URL standard reads a backslash as a slash, except after the question mark.
_NEVER = r"?#\\\0- \x7f-\U0010ffff"
_PATTERN = re.compile(rf"(?:([Hh][Tt][Tt][Pp][Ss]?)://)?(\*\.)?{_HOST}{_PORT}(/[^*{_NEVER}]*)(\*?)")
_REFERRER = re.compile(
    rf"([Hh][Tt][Tt][Pp][Ss]?)://{_HOST}{_PORT}(/[^{_NEVER}]*)?(?:\?[^#\0- \x7f-\U0010ffff]*)?"
)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2[Ee]){1,2}(?:[/;]|\Z)")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # browsers take a name that ends so for IPv4


@dataclass(frozen=True, slots=True)
class _Pages:
    """Some pages of a host."""

    scheme: str  # "": either
    port: int | None  # None: the scheme's own
    path: str
    is_prefix: bool


def canonical(text: str) -> str:
    """The one spelling of a pattern; Invalid says what is wrong with another.

    Scheme (either, when it is left out), host (`*.` stands for any subdomain, but not for the
    domain itself), port (the scheme's own, when it is left out) and path, at whose end a `*`
    stands for anything.

    >>> [canonical(text) for text in ("HTTPS://Example.com:443/*", "*.example.com/app/*")]
    ['https://example.com/*', '*.example.com/app/*']
    """
    scheme, below, host, port, path, star = _parts(text)
    number = f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else ""
    start = f"{scheme}://" if scheme else ""
    return f"{start}{below}{host}{number}{path}{star}"


class ReferrerPatterns:
    """Patterns in their canonical spelling, ready to be asked."""

    __slots__ = ("_at", "_below")

    def __init__(self, patterns: Iterable[str]) -> None:
        self._at: dict[str, tuple[_Pages, ...]] = {}
        self._below: dict[str, tuple[_Pages, ...]] = {}  # by what comes after "*."
        for text in patterns:
            scheme, below, host, port, path, star = _parts(text)
            pages = _Pages(scheme, port, path, is_prefix=bool(star))
            hosts = self._below if below else self._at
            hosts[host] = (*hosts.get(host, ()), pages)

    def match(self, referrer: str | None) -> bool:
        """Whether the page, or the origin, is one of theirs; None, "null" and the like are not.

        >>> patterns = ReferrerPatterns(["*.example.com/*"])
        >>> patterns.match("https://www.example.com/page?x=1")
        True
        >>> patterns.match("https://evil.com/?https://www.example.com/")
        False
        """
        referrer = referrer or ""
        parts = _REFERRER.fullmatch(referrer) if len(referrer) <= MAX_REFERRER_LENGTH else None
        if parts is None:
            return False
        scheme, host, port, path = parts.groups()
        scheme, host, path = scheme.lower(), host.lower(), path or "/"
        if host[0] == "." or ".." in host:
            return False
        # No browser sends a dot segment: it would have gone to another page.
        if ("/." in path or "/%2" in path) and _DOT_SEGMENT.search(path):
            return False
        number = int(port) if port else _DEFAULT_PORTS[scheme]
        if _include(self._at.get(host, ()), scheme, number, path):
            return True
        while self._below and (host := host.partition(".")[2]):
            if _include(self._below.get(host, ()), scheme, number, path):
                return True
        return False


def _include(some: Iterable[_Pages], scheme: str, port: int, path: str) -> bool:
    """Whether the page is one of theirs; its host is theirs already."""
    for pages in some:
        if pages.scheme and pages.scheme != scheme:
            continue
        if port != (pages.port or _DEFAULT_PORTS[scheme]):
            continue
        if path == pages.path or (pages.is_prefix and path.startswith(pages.path)):
            return True
    return False


def _parts(text: str) -> tuple[str, str, str, int | None, str, str]:
    """Scheme or "", "*." or "", host, port, path without its star, and "*" or ""."""
    parts = _PATTERN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if parts is None:
        _refuse(text, _why_it_is_none(text))
    scheme, below, host, port, path, star = parts.groups()
    host = host.lower()
    if port and int(port) > 65_535:
        _refuse(text, "a port is at most 65535")
    if not _is_host(host):
        _refuse(text, "that is no host's name")
    if below and (host.startswith("[") or _ends_in_a_number(host) or "." not in host):
        _refuse(text, "after *. comes a domain of two parts or more, like example.com")
    if _DOT_SEGMENT.search(path):
        _refuse(text, "its path must not hold the segments . and ..")
    return (scheme or "").lower(), below or "", host, int(port) if port else None, path, star


def _why_it_is_none(text: str) -> str:  # noqa: PLR0911  # one row for each mistake
    if len(text) > MAX_LENGTH:
        return f"it has more than {MAX_LENGTH} characters"
    if not text.isascii():
        return "write names in other scripts as browsers send them (xn--…), and paths with %XX"
    if "@" in text.rpartition("://")[2].partition("/")[0] or "\\" in text:
        return "it holds no user name and no backslash"
    if "?" in text or "#" in text:
        return "leave out what comes after the path: ? and # are not compared"
    start = text.removesuffix("*").replace("://*.", "://", 1).removeprefix("*.")
    if "*" in start or not start:
        return "a * stands only at the end, and as *. before a domain"
    if text and "/" not in text.rpartition("://")[2]:
        return f"say which pages: {text}/* is all of that host"
    return "it must be like https://example.com/* or *.example.com/app/*"


def _is_host(host: str) -> bool:
    """Whether it is a domain name, or an address in its one spelling."""
    try:
        if host.startswith("["):
            return str(ipaddress.IPv6Address(host[1:-1])) == host[1:-1]
        if _ends_in_a_number(host):
            return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False
    return len(host) <= _MAX_HOST and _DOMAIN.fullmatch(host) is not None


def _ends_in_a_number(host: str) -> bool:
    return _A_NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def _refuse(text: str, why: str) -> NoReturn:
    raise Invalid(f"{text[:MAX_LENGTH]!r} is no referrer pattern: {why}", field="referrers")
