"""What is believed of a browser: whose form it sends, and how its cookies are named."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from leasehold.web.account.browser import Browsers

HTTPS = "https://tasks.example.com"


def request(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": pairs})


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
        {"origin": HTTPS},
    ],
)
def test_a_form_of_our_own_page_is_taken(headers: dict[str, str]) -> None:
    assert Browsers(HTTPS, ()).is_own_form(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "cross-site", "origin": HTTPS},
        {"origin": "null"},
        {"origin": "http://tasks.example.com"},
        {"origin": "https://tasks.example.com:8443"},
        {"origin": "https://tasks.example.com.evil.example"},
        {"referer": f"{HTTPS}/signin"},
        {"origin": "https://evil.example", "host": "evil.example"},
        {"origin": "https://evil.example", "x_forwarded_host": "evil.example"},
    ],
)
def test_any_other_form_is_not(headers: dict[str, str]) -> None:
    assert not Browsers(HTTPS, ()).is_own_form(request(**headers))


@pytest.mark.parametrize(
    ("issuer", "origin"),
    [
        ("https://Tasks.Example.com:443/", "https://tasks.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_issuer_is_compared_as_browsers_write_it(issuer: str, origin: str) -> None:
    assert Browsers(issuer, ()).is_own_form(request(origin=origin))


def test_over_https_no_other_host_can_plant_a_session() -> None:
    response = Response()

    Browsers(HTTPS, ()).session.put(response, "secret")

    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-leasehold-session=secret;")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie


def test_a_cookie_is_removed_with_the_flags_that_it_was_put_with() -> None:
    response = Response()

    Browsers(HTTPS, ()).session.remove(response)

    cookie = response.headers["set-cookie"]
    assert all(part in cookie for part in ("Max-Age=0", "Secure", "HttpOnly", "Path=/"))


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("leasehold-session=abc", "abc"),
        ("a=b; leasehold-session=abc; c=d", "abc"),
        (" leasehold-session = abc ;;=;", "abc"),
        ("leasehold-session=planted; leasehold-session=abc", "abc"),
        ('leasehold-session="a\\142c"', '"a\\142c"'),
        ("leasehold-session", None),
        ("Leasehold-session=abc", None),
        ("", None),
    ],
)
def test_a_cookie_is_read_as_it_was_put(sent: str, value: str | None) -> None:
    """Nothing is unquoted: Python takes half a minute for 60 kB of backslashes."""
    assert Browsers("http://127.0.0.1", ()).session.read(request(cookie=sent)) == value


def test_of_several_cookie_headers_each_is_read() -> None:
    pairs = [(b"cookie", b"a=b"), (b"cookie", b"leasehold-session=abc"), (b"cookie", b"c=d")]
    several = Request({"type": "http", "method": "GET", "path": "/", "headers": pairs})

    assert "abc" == Browsers("http://127.0.0.1", ()).session.read(several)
