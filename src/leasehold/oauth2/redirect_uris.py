"""Redirect URIs: what a client may register, and whether a request names one of them.

Codes and tokens are sent there, so what is registered has one spelling, and a request is compared
with it character by character (RFC 9700 §2.1). Only the port of a loopback address may vary, and
only for installed clients (RFC 8252 §7.3).
"""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Literal, NoReturn

from leasehold.errors import Invalid
from leasehold.oauth2.client_model import Client, ClientType

MAX_URIS = 50  # of one client; and as many origins
MAX_LENGTH = 1024  # characters

LOOPBACK: Final = ("http://localhost", "http://127.0.0.1")  # as in Google's installed clients

OUT_OF_BAND: Final = (
    "urn:ietf:wg:oauth:2.0:oob"  # the page shows the code, and the person copies it
)
OUT_OF_BAND_TITLE: Final = "urn:ietf:wg:oauth:2.0:oob:auto"  # the page's title holds it too
POSTMESSAGE: Final = "postmessage"  # a script in the client's page was handed the code

LegacySwitch = Literal["out_of_band", "postmessage"]

_LEGACY: Final[dict[str, tuple[LegacySwitch, ClientType]]] = {
    OUT_OF_BAND: ("out_of_band", "installed"),
    OUT_OF_BAND_TITLE: ("out_of_band", "installed"),
    POSTMESSAGE: ("postmessage", "web"),
}

_LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
_MAX_HOST = 253  # characters of a domain name, RFC 1035 §2.3.4 less its outer dots
_DEFAULT_PORTS = {"https": "443", "http": "80"}

# RFC 3986's characters, but for "#" (a fragment) and "*" (somebody's idea of a wildcard).
_CHARACTERS = re.compile(r"[A-Za-z0-9._~!$&'()+,;=:@/?%\[\]-]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = r"(?::([1-9][0-9]{0,4}))?"
_URL = re.compile(
    rf"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\]){_PORT}((?:/[^?\[\]]*)?)((?:\?[^\[\]]*)?)"
)
_ORIGIN = re.compile(rf"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\]){_PORT}")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:(/(?!/)[^?\[\]]*)((?:\?[^\[\]]*)?)")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # browsers take a name that ends so for IPv4
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")
_ESCAPED_SYNTAX = re.compile(r"%(?:2[Ee]|2[Ff]|5[Cc]|25)")  # . / \ and % itself
_LOOPBACK_URL = re.compile(rf"http://(127\.0\.0\.1|\[::1\]|localhost){_PORT}((?:[/?].*)?)")


def matches(client: Client, given: str) -> bool:
    """Whether an authorization request may name this URI: exactly as the client registered it.

    A loopback URI of an installed client may have any port: it listens on whichever is free. The
    host stays the registered one, for `localhost` need not be 127.0.0.1. Registered without a
    path, as Google's installed clients have `http://localhost`, it matches with the path `/` too:
    google-auth-oauthlib sends `http://localhost:8080/`.

    Whether a legacy URI is honoured is another question: see `legacy_switch`.
    """
    if given in client.redirect_uris:
        return True
    if client.type != "installed":
        return False
    asked = _loopback(given)
    return asked is not None and any(
        asked in _on_any_port(registered) for registered in client.redirect_uris
    )


def legacy_switch(uri: str) -> LegacySwitch | None:
    """Which of the server's legacy switches must be on for the URI; None when none need be."""
    legacy = _LEGACY.get(uri)
    return legacy[0] if legacy else None


def checked_uris(client_type: ClientType, uris: Iterable[str]) -> tuple[str, ...]:
    """The URIs, each once, in their order.

    Raises Invalid for one that a client of this type may not register, or when there are too many.
    """
    kept = tuple(dict.fromkeys(uris))
    if len(kept) > MAX_URIS:
        raise Invalid(f"a client has at most {MAX_URIS} redirect URIs", field="redirect_uris")
    for uri in kept:
        _check_uri(client_type, uri)
    return kept


def checked_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """The origins from which a client's scripts may call, each once, in their order.

    They are as browsers send them in `Origin` (RFC 6454 §6.1). Raises Invalid.
    """
    kept = tuple(dict.fromkeys(origins))
    if len(kept) > MAX_URIS:
        raise Invalid(f"a client has at most {MAX_URIS} origins", field="javascript_origins")
    for origin in kept:
        _check_origin(origin)
    return kept


def _loopback(uri: str) -> tuple[str, str] | None:
    """The host of a loopback URI, and what comes after its port; None for any other URI."""
    parts = _LOOPBACK_URL.fullmatch(uri)
    if parts is None or not _is_port(parts[2]):
        return None
    return parts[1], parts[3]


def _on_any_port(registered: str) -> list[tuple[str, str]]:
    parts = _loopback(registered)
    if parts is None:
        return []
    host, rest = parts
    return [(host, rest)] if rest else [(host, ""), (host, "/")]


def _check_uri(client_type: ClientType, uri: str) -> None:
    if uri in _LEGACY:
        _check_legacy(client_type, uri)
        return
    if len(uri) > MAX_LENGTH:
        raise Invalid(f"a redirect URI has at most {MAX_LENGTH} characters", field="redirect_uris")
    if not _CHARACTERS.fullmatch(uri):
        _refuse(uri, "it must be ASCII without spaces, # (fragment), * (wildcard) or backslashes")
    scheme = _SCHEME.match(uri)
    if scheme is None:
        _refuse(uri, "it must be a whole URL, like https://app.example.com/callback")
    if scheme[1].lower() in _DEFAULT_PORTS:
        _check_url(uri)
    elif client_type == "installed":
        _check_private_use(uri)
    else:
        _refuse(uri, f"a {client_type} client's begin with https://")


def _check_legacy(client_type: ClientType, uri: str) -> None:
    _, wanted = _LEGACY[uri]
    if client_type != wanted:
        _refuse(uri, f"only a client of type {wanted} may have this one")


def _check_url(uri: str) -> None:
    parts = _URL.fullmatch(uri)
    if parts is None:
        _refuse(
            uri,
            "it must be like https://app.example.com/callback: scheme and host in lower case,"
            " no user name or password, a port only if it is a number",
        )
    scheme, host, port, path, query = parts.groups()
    problem = _problem_of_host(scheme, host, port) or _problem_of_path(path, query)
    if problem:
        _refuse(uri, problem)


def _check_private_use(uri: str) -> None:
    # RFC 8252 §7.1: a reversed domain name, and no authority, hence one slash. The dot also keeps
    # javascript:, data: and file: out.
    parts = _PRIVATE_USE.fullmatch(uri)
    if parts is None:
        _refuse(
            uri,
            "an app's own scheme is its reversed domain name in lower case, then one slash, like"
            " com.example.app:/callback; all others begin with http://127.0.0.1 or https://",
        )
    problem = _problem_of_path(parts[1], parts[2])
    if problem:
        _refuse(uri, problem)


def _check_origin(origin: str) -> None:
    parts = _ORIGIN.fullmatch(origin)
    problem = "it must be like https://app.example.com: in lower case, and without a path or slash"
    if parts is not None and len(origin) <= MAX_LENGTH:
        scheme, host, port = parts.groups()
        if port != _DEFAULT_PORTS[scheme]:
            found = _problem_of_host(scheme, host, port)
            if found is None:
                return
            problem = found
        else:
            problem = f"leave :{port} out, as browsers do"
    raise Invalid(
        f"{origin[:MAX_LENGTH]!r} cannot be a JavaScript origin: {problem}",
        field="javascript_origins",
    )


def _problem_of_host(scheme: str, host: str, port: str | None) -> str | None:
    if not _is_port(port):
        return "the port must be between 1 and 65535"
    if scheme == "http" and host not in _LOOPBACK_HOSTS:
        return f"http:// is only for {', '.join(_LOOPBACK_HOSTS)}: use https://"
    return None if _is_host(host) else "that is no host's name"


def _problem_of_path(path: str, query: str) -> str | None:
    if _BROKEN_ESCAPE.search(path + query):
        return "after % come two hexadecimal digits"
    if _ESCAPED_CONTROL.search(path + query):
        return "it must not hold control characters, not even as %00"
    # "..;x" is ".." to servers that know path parameters.
    segments = {segment.partition(";")[0] for segment in path.split("/")}
    if segments & {".", ".."} or _ESCAPED_SYNTAX.search(path):
        return "its path must not hold the segments . and .., nor . / \\ % in the form %2e"
    return None


def _is_port(port: str | None) -> bool:
    return port is None or int(port) <= 65_535


def _is_host(host: str) -> bool:
    """Whether it is a domain name, or an address in its one spelling."""
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1])) == host[1:-1]
        if _A_NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host)) == host
    except AddressValueError:
        return False
    return len(host) <= _MAX_HOST and _DOMAIN.fullmatch(host) is not None


def _refuse(uri: str, why: str) -> NoReturn:
    raise Invalid(f"{uri[:MAX_LENGTH]!r} cannot be a redirect URI: {why}", field="redirect_uris")
