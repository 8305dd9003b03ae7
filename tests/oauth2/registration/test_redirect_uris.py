"""Redirect URIs: which may be registered, and that only those are ever redirected to."""

import pytest

from leasehold.errors import Invalid
from leasehold.oauth2.client_model import Client, ClientType
from leasehold.oauth2.redirect_uris import (
    LOOPBACK,
    MAX_LENGTH,
    MAX_URIS,
    OUT_OF_BAND,
    OUT_OF_BAND_TITLE,
    POSTMESSAGE,
    checked_origins,
    checked_uris,
    legacy_switch,
    matches,
)

GOOD = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:8443/callback?tenant=7&x=%20",
    "https://xn--bcher-kva.example/callback;v=1/a@b",
    "https://intranet/callback",
    "https://192.0.2.7/callback",
    "https://[2001:db8::1]:8443/callback",
    "http://localhost:8080/callback",
    "http://127.0.0.1/",
    "http://[::1]:1/callback",
]

BAD = {
    "fragment": "https://app.example.com/callback#here",
    "bare fragment": "https://app.example.com/callback#",
    "user name": "https://app.example.com@evil.example/",
    "user name and password": "https://a:b@app.example.com/",
    "backslash": "https://app.example.com\\@evil.example/",
    "backslash in the path": "https://app.example.com/a\\..\\b",
    "wildcard host": "https://*.example.com/callback",
    "wildcard path": "https://app.example.com/*",
    "dot segments": "https://app.example.com/a/../callback",
    "one dot": "https://app.example.com/./callback",
    "dot segments at the end": "https://app.example.com/callback/..",
    "encoded dot segments": "https://app.example.com/a/%2e%2e/callback",
    "half encoded": "https://app.example.com/a/.%2E/callback",
    "encoded slash": "https://app.example.com/a/..%2fcallback",
    "encoded backslash": "https://app.example.com/a/..%5ccallback",
    "encoded twice": "https://app.example.com/a/%252e%252e/callback",
    "dot segments with parameters": "https://app.example.com/a/..;x=1/callback",
    "plain http": "http://app.example.com/callback",
    "http on a name like loopback": "http://localhost.evil.example/",
    "http on another loopback address": "http://127.0.0.2/",
    "a short form of loopback": "http://127.1/",
    "loopback as a number": "http://2130706433/",
    "loopback in hexadecimal": "https://0x7f000001/",
    "loopback in octal": "https://0177.0.0.1/",
    "address with an upper-case letter": "https://[2001:DB8::1]/",
    "address written in full": "https://[2001:db8:0:0:0:0:0:1]/",
    "address with a zone": "https://[fe80::1%25eth0]/",
    "no address": "https://[::g]/",
    "upper-case host": "https://App.example.com/callback",
    "upper-case scheme": "HTTPS://app.example.com/callback",
    "dot at the host's end": "https://app.example.com./callback",
    "empty label": "https://app..example.com/",
    "underscore": "https://app_1.example.com/",
    "no host": "https:///callback",
    "one slash": "https:/app.example.com/callback",
    "no slash": "https:app.example.com",
    "empty port": "https://app.example.com:/callback",
    "port 0": "https://app.example.com:0/callback",
    "port 65536": "https://app.example.com:65536/callback",
    "port with a leading zero": "https://app.example.com:0443/callback",
    "script": "javascript:alert(1)",
    "script like a URL": "javascript://app.example.com/%0aalert(1)",
    "data": "data:text/html,hello",
    "file": "file:///etc/passwd",
    "blob": "blob:https://app.example.com/1",
    "relative": "/callback",
    "without a scheme": "//app.example.com/callback",
    "only a name": "app.example.com",
    "nothing": "",
    "space": "https://app.example.com/call back",
    "space before": " https://app.example.com/",
    "line end": "https://app.example.com/\n",
    "line end in the middle": "https://app.example.com/\nhttps://evil.example/",
    "carriage return": "https://app.example.com/\r\nSet-Cookie:a=b",
    "tab": "https://app.exam\tple.com/",
    "NUL": "https://app.example.com/\0",
    "encoded NUL": "https://app.example.com/%00",
    "encoded line end in the query": "https://app.example.com/?a=%0d%0ab",
    "broken escape": "https://app.example.com/%zz",
    "escape that ends too early": "https://app.example.com/%2",
    "letters of another alphabet": "https://\u0430pp.example.com/",
    "full-width dot": "https://app.example\uff0ecom/",
    "lone surrogate": "https://app.example.com/\udc00",
    "quote": 'https://app.example.com/"onload=x',
    "angle bracket": "https://app.example.com/<script>",
    "too long": "https://app.example.com/" + "a" * MAX_LENGTH,
}

PRIVATE_USE = {
    "two slashes": "com.example.app://callback",
    "three slashes": "com.example.app:///callback",
    "no slash": "com.example.app:callback",
    "no dot": "myapp:/callback",
    "dot at the end": "javascript.:/alert(1)",
    "dot at the beginning": ".com:/callback",
    "upper case": "Com.Example.App:/callback",
    "dot segments": "com.example.app:/../callback",
    "encoded dot segments": "com.example.app:/%2e%2e/callback",
    "fragment": "com.example.app:/callback#x",
    "wildcard": "com.example.app:/*",
    "NUL": "com.example.app:/%00",
}


def client(*uris: str, client_type: ClientType = "web") -> Client:
    return Client(
        "id", "shop", client_type, "Printer", "x@y", uris, (), rotates=False,
        client_credentials=False, implicit=False, created_at=0,
    )  # fmt: skip


@pytest.mark.parametrize("uri", GOOD)
@pytest.mark.parametrize("client_type", ["web", "installed", "browser"])
def test_https_and_loopback_may_be_registered(client_type: ClientType, uri: str) -> None:
    assert (uri,) == checked_uris(client_type, [uri])


@pytest.mark.parametrize("uri", BAD.values(), ids=BAD)
@pytest.mark.parametrize("client_type", ["web", "installed", "browser"])
def test_a_trick_may_not_be_registered(client_type: ClientType, uri: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_uris(client_type, [uri])

    assert "redirect_uris" == refused.value.field
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 2 * MAX_LENGTH


@pytest.mark.parametrize(
    "uri", ["com.example.app:/callback", "com.example.app:/", "com.googleusercontent.apps.1-a:/c?x"]
)
def test_an_installed_client_may_have_a_scheme_of_its_own(uri: str) -> None:
    assert (uri,) == checked_uris("installed", [uri])
    for client_type in ("web", "browser"):
        with pytest.raises(Invalid, match="begin with https"):
            checked_uris(client_type, [uri])


@pytest.mark.parametrize("uri", PRIVATE_USE.values(), ids=PRIVATE_USE)
def test_a_trick_with_a_scheme_of_ones_own_may_not_be_registered(uri: str) -> None:
    with pytest.raises(Invalid):
        checked_uris("installed", [uri])


def test_legacy_uris_are_for_one_type_each_and_need_a_switch() -> None:
    assert 3 == len(checked_uris("installed", [OUT_OF_BAND, OUT_OF_BAND_TITLE, CALLBACK]))
    assert (POSTMESSAGE,) == checked_uris("web", [POSTMESSAGE])
    with pytest.raises(Invalid, match="only a client of type installed"):
        checked_uris("web", [OUT_OF_BAND])
    with pytest.raises(Invalid, match="only a client of type web"):
        checked_uris("browser", [POSTMESSAGE])

    switches = [legacy_switch(u) for u in (OUT_OF_BAND, OUT_OF_BAND_TITLE, POSTMESSAGE, CALLBACK)]

    assert ["out_of_band", "out_of_band", "postmessage", None] == switches


def test_a_uri_is_kept_once_and_there_are_fifty_at_most() -> None:
    uris = [f"https://app.example.com/{n}" for n in range(MAX_URIS)]

    assert tuple(uris) == checked_uris("web", uris * 2)
    with pytest.raises(Invalid, match="at most 50"):
        checked_uris("web", [*uris, CALLBACK])


CALLBACK = "https://app.example.com/callback?a=1&b=2"

NEARLY = {
    "nothing": "",
    "extra parameter": f"{CALLBACK}&c=3",
    "parameters in another order": "https://app.example.com/callback?b=2&a=1",
    "without its query": "https://app.example.com/callback",
    "path parameter": "https://app.example.com/callback;x=1?a=1&b=2",
    "user name": "https://app.example.com@evil.example/callback?a=1&b=2",
    "user name before the host": "https://evil@app.example.com/callback?a=1&b=2",
    "fragment": f"{CALLBACK}#x",
    "bare fragment": f"{CALLBACK}#",
    "encoded letter": "https://app.example.com/%63allback?a=1&b=2",
    "dot segments": "https://app.example.com/x/../callback?a=1&b=2",
    "encoded dot segments": "https://app.example.com/x/%2e%2e/callback?a=1&b=2",
    "backslash": "https://app.example.com\\callback?a=1&b=2",
    "upper case": "https://APP.example.com/callback?a=1&b=2",
    "upper-case path": "https://app.example.com/Callback?a=1&b=2",
    "dot at the host's end": "https://app.example.com./callback?a=1&b=2",
    "default port": "https://app.example.com:443/callback?a=1&b=2",
    "plain http": "http://app.example.com/callback?a=1&b=2",
    "deeper path": "https://app.example.com/callback/?a=1&b=2",
    "prefix": "https://app.example.com/call",
    "longer host": "https://app.example.com.evil.example/callback?a=1&b=2",
    "subdomain": "https://x.app.example.com/callback?a=1&b=2",
    "space": f"{CALLBACK} ",
    "line end": f"{CALLBACK}\n",
    "NUL": f"{CALLBACK}\0",
    "two at once": f"{CALLBACK}\n{CALLBACK}",
}


@pytest.mark.parametrize("given", NEARLY.values(), ids=NEARLY)
@pytest.mark.parametrize("client_type", ["web", "installed", "browser"])
def test_what_is_nearly_the_registered_uri_does_not_match(
    client_type: ClientType, given: str
) -> None:
    registered = client(CALLBACK, client_type=client_type)

    assert matches(registered, CALLBACK)
    assert not matches(registered, given)


@pytest.mark.parametrize(
    ("registered", "given"),
    [
        ("http://localhost", "http://localhost"),
        ("http://localhost", "http://localhost:8080"),
        ("http://localhost", "http://localhost:8080/"),
        ("http://127.0.0.1", "http://127.0.0.1:65535/"),
        ("http://127.0.0.1:9000/cb?x=1", "http://127.0.0.1:1/cb?x=1"),
        ("http://[::1]/cb", "http://[::1]:8080/cb"),
        ("http://[::1]:8080/cb", "http://[::1]/cb"),
    ],
)
def test_the_loopback_port_of_an_installed_client_may_vary(registered: str, given: str) -> None:
    assert matches(client(registered, client_type="installed"), given)


@pytest.mark.parametrize(
    "given",
    [
        "http://localhost:8080/callback",
        "http://localhost:8080/?x=1",
        "http://localhost:8080?x=1",
        "http://localhost:8080//",
        "http://localhost:8080/#",
        "http://localhost:8080#",
        "http://localhost:/",
        "http://localhost:0/",
        "http://localhost:08080/",
        "http://localhost:65536/",
        "http://localhost:+80/",
        "http://localhost:٨٠/",
        "http://localhost:80:80/",
        "http://localhost:80@evil.example/",
        "http://localhost@evil.example:80/",
        "http://localhost.:8080/",
        "http://LOCALHOST:8080/",
        "http://localhost.evil.example:8080/",
        "http://[::1]:8080/",
        "http://127.0.0.2:8080/",
        "http://127.1:8080/",
        "http://2130706433:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "https://localhost:8080/",
        "HTTP://localhost:8080/",
        "http:/localhost:8080/",
        "http://localhost:8080\\@evil.example/",
        "http://localhost:8080/\n",
        "http://localhost:8080\n",
    ],
)
def test_nothing_but_the_loopback_port_may_vary(given: str) -> None:
    assert not matches(client(*LOOPBACK, client_type="installed"), given)


def test_localhost_and_the_addresses_are_not_the_same() -> None:
    assert not matches(client("http://localhost", client_type="installed"), "http://127.0.0.1:80/")
    assert not matches(client("http://127.0.0.1", client_type="installed"), "http://localhost:80/")
    assert not matches(client("http://[::1]", client_type="installed"), "http://localhost:80/")


def test_a_registered_path_is_the_only_one() -> None:
    installed = client("http://127.0.0.1/cb", "http://[::1]/", client_type="installed")

    given = ["http://127.0.0.1:80/cb", "http://127.0.0.1:80/", "http://127.0.0.1:80/cb/"]
    assert [True, False, False] == [matches(installed, uri) for uri in given]
    assert [True, False] == [matches(installed, u) for u in ("http://[::1]:80/", "http://[::1]:80")]


@pytest.mark.parametrize("client_type", ["web", "browser"])
def test_the_port_of_other_clients_does_not_vary(client_type: ClientType) -> None:
    registered = client("http://localhost:8080/", client_type=client_type)

    assert matches(registered, "http://localhost:8080/")
    assert not matches(registered, "http://localhost:8081/")


@pytest.mark.parametrize(
    "origin", ["https://app.example.com", "https://app.example.com:8443", "http://localhost:3000"]
)
def test_an_origin_is_what_browsers_send(origin: str) -> None:
    assert (origin,) == checked_origins([origin, origin])


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "https://app.example.com/",
        "https://app.example.com:443",
        "http://localhost:80",
        "https://app.example.com:0",
        "https://app.example.com?x",
        "https://App.example.com",
        "https://*.example.com",
        "https://a@b.example.com",
        "http://app.example.com",
        "https://app.example.com\n",
        "javascript:alert(1)",
        "https://" + "a" * 2000,
    ],
)
def test_anything_else_is_no_origin(origin: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_origins([origin])

    assert "javascript_origins" == refused.value.field


def test_there_are_fifty_origins_at_most() -> None:
    with pytest.raises(Invalid, match="at most 50"):
        checked_origins(f"https://app{n}.example.com" for n in range(51))
