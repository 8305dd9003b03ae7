"""Whatever a stranger sends to a page or an OAuth endpoint is answered in words, and soon.

Every route, with every method and with what has broken other servers: on both engines, for they
differ in what text they take. Nothing may be answered with 5xx, and nothing may leave a traceback.
"""

import base64
import json
import logging
import time
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.authorize import MAX_CHARACTERS
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.sign_in.server import open_sign_in_server
from leasehold.storage.committer import Committer
from leasehold.web import pages as plain_pages
from leasehold.web.account import routes as account_routes
from leasehold.web.account.page import Pages
from leasehold.web.oauth import routes as oauth_routes
from leasehold.web.oauth.form import MAX_FIELDS
from leasehold.web.oauth.services import Services
from tests.api.raw_http import RawReply, exchange
from tests.running_server import SECRET_BOX, run_server
from tests.web.consenting import PATH, Asking, in_production, make_client

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
FORM = "Content-Type: application/x-www-form-urlencoded"
OWN = "Sec-Fetch-Site: same-origin"
LEGACY = ("query_tokens", "code_without_pkce", "plain_pkce", "implicit_grant", "out_of_band")

# Every field and parameter that a page or an endpoint reads.
FIELDS = sorted(
    {
        *MAX_CHARACTERS,
        *("email", "password", "new_password", "end_access", "name", "continue", "to", "reason"),
        *("done", "token", "code", "recovery_code", "id", "consent", "answer", "signin_since"),
        *("account_chosen", "grant_type", "refresh_token", "access_token", "id_token", "assertion"),
        *("client_secret", "client_assertion", "code_verifier", "oauth_token"),
    }
)
ODD = [
    "",
    "a%00b",
    "%ff%fe",
    "%ED%A0%80",  # a lone surrogate, as UTF-8 would have it
    "%0d%0aX-Planted:%201",
    "%E2%80%AE%F0%9F%98%80",  # to be written from the right, and a smile
    "%D9%A1%C2%B2",  # digits of other alphabets
    "9" * 400,
    "http://%5B",
    "%22%27%3E%3Cb%3E%7B%7B7*7%7D%7D",
]
HOSTS = ["", "[", "[::1", "[::1]:99999", "a/b?c#d", "a b", "a@b", "\xff\xfe", "evil.example"]
TARGETS = [
    *("*", "/.", "//evil.example/signin/", "http://evil.example/signin/", "/signin;x=1", "/%00"),
    *("/signin%00", "/logos/%00", "/logos/%ff", "/logos/%0d%0aX-Planted:%201", "/static/%00/%00"),
    *("/static/a/b%0d%0aX-Planted:%201/", "/robot/v1/metadata/x509/%ED%A0%80%00", "/..;/signin"),
    *("/signin/", "/signin?" + "&" * 200, "/signin?" + "a=1&" * 60, f"{PATH}?" + "%" * 500),
]
HEADERS = [
    *("User-Agent: \xff\xfe\x80", "User-Agent: " + "a" * 5000, "Accept: \xff", "Accept: */*"),
    *("X-Forwarded-For: [", "X-Forwarded-For: " + "1," * 9000, "Origin: null", "Expect: nothing"),
    *("Content-Type: \xff", "Content-Type: text/html", "Authorization: Basic \xff\xfe"),
    *("Authorization: Bearer \xff", "Authorization: " + "a" * 9000, "Sec-Fetch-Site: \xff"),
    *("Authorization: Basic " + base64.b64encode(b"a:\0\xff").decode(), "Range: bytes=0-1"),
    *("Cookie: " + ";" * 9000, "Cookie: " + "=" * 9000, "Cookie: leasehold-session=\xff"),
    *(f"Cookie: leasehold-session={'a' * 43}", f"Cookie: leasehold-second-step={'a' * 43}"),
    f"Cookie: leasehold-known-browser=1.{'a' * 22}.{'b' * 43}",
]


def _all_paths() -> list[str]:
    """Every route's path, its parameters filled in; from the same functions as the server's."""
    committer, clock, entropy, settings = Committer(), Clock(), Entropy(), Settings()
    sign_in = open_sign_in_server(
        committer=committer,
        clock=clock,
        entropy=entropy,
        settings=settings,
        secret_box=SECRET_BOX,
        issuer="http://localhost",
        end_access=lambda _tx, _now, _user: lambda: None,
    )
    services = Services(
        committer=committer,
        clock=clock,
        entropy=entropy,
        settings=settings,
        issuer="http://localhost",
        signing_keys=SigningKeys(committer, SECRET_BOX, entropy, days=30),
        secret_box=SECRET_BOX,
        forget_tokens=lambda _digests: None,
    )
    pages = Pages(sign_in)
    routes = [
        *plain_pages.routes(pages),
        *account_routes.routes(pages),
        *oauth_routes.routes(services),
        *oauth_routes.page_routes(services, pages),
    ]
    filled = {"{hash}": "0", "{name}": "leasehold.css", "{project}": "demo", "{email}": "a@b.c"}
    paths = {route.path for route in routes}
    for name, value in filled.items():
        paths = {path.replace(name, value) for path in paths}
    return sorted(paths)


PATHS = _all_paths()
SCRIPTS = [path for path in PATHS if "/passkey" in path and path.endswith(("/begin", "/finish"))]


class Stranger:
    """Sends anything to a server; also with the cookie of somebody who is signed in."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self._url = asking.server.url
        cookies = asking.person.browser.cookies
        self._cookie = "Cookie: " + "; ".join(f"{each.name}={each.value}" for each in cookies)

    def send(
        self, verb: str, target: str, *headers: str, body: bytes = b"", host: str = "localhost"
    ) -> None:
        """One request, which must be answered, and not by a failure."""
        signed_in = [] if target.startswith("/signout") else [self._cookie]  # else it is over
        given = [] if any(header.startswith("Cookie:") for header in headers) else signed_in
        lines = [f"{verb} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"Content-Length: {len(body)}", *given, *headers, "", ""]
        reply = exchange(self._url, "\r\n".join(lines).encode("latin-1") + body)
        self._check(reply, f"{verb} {target[:200]} {headers} {body[:200]!r} {host!r}")

    def _check(self, reply: RawReply, what: str) -> None:
        assert reply.status < 500, what
        assert "x-planted" not in reply.headers, what
        assert "evil.example" not in reply.headers.get("location", ""), what
        assert b"Traceback" not in reply.body, what


@pytest.fixture
def stranger(database_url: str, caplog: pytest.LogCaptureFixture) -> Iterator[Stranger]:
    """With a server on which everything is allowed; afterwards it is as it was before."""
    everything = dict.fromkeys(LEGACY, True)
    with run_server(
        database_url, host_name="localhost", registration="open", **everything
    ) as server:
        in_production(server)
        asking = Asking(server, make_client(server))
        asking.sign_in()
        with caplog.at_level(logging.INFO):
            yield Stranger(asking)
        assert [] == [record.getMessage() for record in caplog.records if record.exc_info]
        assert 200 == asking.open("/account/access").status_code  # still signed in
        assert 200 == asking.screen().page.status_code


def test_every_route_is_known_here() -> None:
    assert {"/signin", "/account/passkeys/finish", "/o/oauth2/consent", "/token"} <= {*PATHS}
    assert len(SCRIPTS) == 4
    assert not [path for path in PATHS if "{" in path]


def test_every_route_takes_or_refuses_every_method(stranger: Stranger) -> None:
    for path in PATHS:
        for verb in METHODS:
            stranger.send(verb, path)
        stranger.send("POST", path, OWN)


def test_every_route_takes_or_refuses_odd_text_in_every_field(stranger: Stranger) -> None:
    assert len(FIELDS) <= MAX_FIELDS  # else all of them would be refused unread
    for odd in ODD:
        fields = "&".join(f"{name}={odd}" for name in FIELDS)
        for path in PATHS:
            stranger.send("GET", f"{path}?{fields}")
            stranger.send("POST", path, OWN, FORM, body=fields.encode())


def test_no_parameter_of_an_authorization_request_breaks_it(stranger: Stranger) -> None:
    for odd in ODD:
        for name in [*MAX_CHARACTERS, "signin_since", "account_chosen"]:
            good = stranger.asking.parameters(**{name: None})
            query = f"{urlencode(good, quote_via=quote)}&{name}={odd}"
            stranger.send("GET", f"{PATH}?{query}")
            stranger.send("POST", PATH, FORM, body=query.encode())
            stranger.send("GET", f"{PATH}?{query}&{name}=twice")


def test_no_host_and_no_target_breaks_a_page(stranger: Stranger) -> None:
    for host in HOSTS:
        for path in ["/signin", "/signin/", "/account/security", PATH, "/nowhere", "/token"]:
            stranger.send("GET", path, host=host)
            stranger.send("POST", path, host=host)
    for target in TARGETS:
        for verb in ["GET", "POST", "OPTIONS"]:
            stranger.send(verb, target, host="evil.example")


def test_no_header_breaks_a_page(stranger: Stranger) -> None:
    for header in HEADERS:
        for path in ["/", "/signin", "/signin/second-step", SCRIPTS[-1], PATH, "/token", "/revoke"]:
            stranger.send("GET", path, header)
            stranger.send("POST", path, header, OWN, body=b"a=b")


def test_a_cookie_full_of_backslashes_takes_no_time(stranger: Stranger) -> None:
    began = time.monotonic()

    stranger.send("GET", "/signin", 'Cookie: x="' + "\\\\" * 30_000 + '"')

    assert time.monotonic() - began < 10  # seconds; Python's own reading takes twice that


def test_no_answer_of_an_authenticator_breaks_a_call(stranger: Stranger) -> None:
    for body in [*_broken_json(), *map(_encoded, _credentials())]:
        for path in SCRIPTS:
            stranger.send("POST", path, OWN, "Content-Type: application/json", body=body)


def _broken_json() -> list[bytes]:
    return [
        *(b"", b"null", b"[]", b"1e999", b"\xff", b'"\\ud800"', b"[" * 60_000, b'{"a":' * 9_000),
        *(b'{"continue":1}', b'{"continue":"//evil.example"}', b'{"name":[]}', b'{"credential":1}'),
        *(b'{"name":"\\u0000","credential":{}}', b'{"name":"\\ud800","credential":{}}'),
        *(b'{"credential":{"id":1e999}}', b'{"credential":{"id":' + b"9" * 5_000 + b"}}"),
    ]


def _credentials() -> Iterator[dict[str, object]]:
    """Credentials as browsers send them, each with something in it that none would send."""
    good_client_data = b'{"type":"webauthn.get","challenge":"AA","origin":"http://localhost"}'
    client_data = [
        *(b"", b"{}", b"[]", b"\xff", b"[" * 20_000, good_client_data),
        b'{"type":null,"challenge":1,"origin":[]}',
        b'{"type":"webauthn.get","challenge":"\\ud800","origin":"x"}',
    ]
    flags = b"\0" * 32 + b"\xc5" + b"\0" * 20  # attested data and extensions follow
    authenticator_data = [
        *(b"", b"\0" * 37, flags, flags + b"\xff\xff", flags + b"\0\1A" + b"\xbf" * 99),
        *(b"\x81" * 30_000, flags + b"\0\1A\x9b" + b"\xff" * 8, flags + b"\0\1A\x5b" + b"\x7f" * 8),
    ]
    for number, data in enumerate(client_data):
        for told in authenticator_data:
            yield _credential(data, told, userHandle=[None, 5, "AA", "é"][number % 4])
    for name in ["id", "rawId", "type", "response", "clientExtensionResults"]:
        for odd in _ODD_JSON:
            yield _credential(good_client_data, flags) | {name: odd}


_ODD_JSON: list[object] = [None, 1, [], {}, "é", "\0", "==", "A" * 40_000]


def _credential(data: bytes, told: bytes, **more: object) -> dict[str, object]:
    response: dict[str, object] = {
        "clientDataJSON": _base64(data),
        "authenticatorData": _base64(told),
        "attestationObject": _base64(b"\xa3" + told),
        "signature": "AA",
    }
    return {
        "id": "AA",
        "rawId": "AA",
        "type": "public-key",
        "clientExtensionResults": {},
        "response": response | more,
    }


def _encoded(credential: dict[str, object]) -> bytes:
    return json.dumps({"name": "x", "continue": "/account", "credential": credential}).encode()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
