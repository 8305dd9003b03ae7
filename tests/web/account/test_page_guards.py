"""What guards every page: headers, the origin of forms, bounds, and where redirects lead."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from leasehold.web.account.look import form_target
from tests.running_server import RunningServer, run_server
from tests.web.account.person import ELSEWHERE, EMAIL, PASSWORD, Person, add_user, text_of

PAGES = ["/", "/signin", "/register", "/password/reset", "/account/security", "/nowhere"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests here: they leave nothing behind."""
    with run_server(str(tmp_path_factory.mktemp("site") / "db"), registration="open") as server:
        add_user(server)
        yield server


@pytest.fixture
def signed_in(ada: Person) -> Person:
    ada.sign_in()
    return ada


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_frames_scripts_of_others_and_keeping_it(
    signed_in: Person, path: str
) -> None:
    headers = signed_in.open(path).headers

    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_style_or_script_of_its_own_or_from_elsewhere(
    signed_in: Person, path: str
) -> None:
    text = signed_in.open(path).text

    assert "style=" not in text
    assert "<style" not in text
    assert "<script>" not in text
    assert 'src="http' not in text
    assert ' onclick="' not in text


FORMS = [
    "/signin",
    "/signin/second-step",
    "/signout",
    "/register",
    "/register/complete",
    "/password/reset",
    "/password/reset/complete",
    "/account/password",
    "/account/app",
    "/account/app/confirm",
    "/account/app/off",
    "/account/recovery-codes",
    "/account/passkeys/rename",
    "/account/passkeys/remove",
    "/account/browsers/end",
    "/account/browsers/end-others",
    "/signin/passkey/begin",
    "/signin/passkey/finish",
    "/account/passkeys/begin",
    "/account/passkeys/finish",
]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("sender", ["cross-site", "same-site", "none"])
def test_a_form_of_another_site_does_nothing(signed_in: Person, path: str, sender: str) -> None:
    answer = signed_in.send(path, {"email": EMAIL}, **{"Sec-Fetch-Site": sender})

    assert answer.status_code == 403
    assert signed_in.is_signed_in()


def test_without_a_word_about_its_origin_a_form_does_nothing(ada: Person) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin", data={"email": EMAIL, "password": PASSWORD}, timeout=30
    )

    assert answer.status_code == 403
    assert "Open the page again" in text_of(answer)


def test_an_older_browser_that_names_our_origin_may_sign_in(ada: Person) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"Origin": ada.url},
        timeout=30,
        allow_redirects=False,
    )

    assert answer.status_code == 303


def test_headers_of_proxies_do_not_change_links_or_cookies(ada: Person) -> None:
    answer = ada.send(
        "/signin",
        {"email": EMAIL, "password": PASSWORD},
        **{
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": "host=evil.example;proto=https",
            "Host": "evil.example",
        },
    )

    assert answer.headers["Location"] == "/account"
    assert "evil" not in str(answer.headers)
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_large_form_is_refused_unread(ada: Person) -> None:
    page = ada.send("/signin", {"email": "a" * 70_000})

    assert page.status_code == 413
    assert "too much" in text_of(page)


def test_a_field_that_is_too_long_is_refused(ada: Person) -> None:
    assert ada.send("/signin", {"email": EMAIL, "password": "a" * 2000}).status_code == 400


def test_a_field_that_comes_twice_is_refused(ada: Person) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin",
        data=[("email", EMAIL), ("email", "bob@example.com")],
        headers={"Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )

    assert answer.status_code == 400


def test_a_body_that_is_no_form_is_refused(ada: Person) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin",
        data=b"{}",
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 60_000, b'{"a":' * 9_000])
def test_a_script_that_sends_no_object_is_told_so(ada: Person, body: bytes) -> None:
    answer = ada.browser.post(
        f"{ada.url}/signin/passkey/begin",
        data=body,
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 400
    assert "error" in answer.json()


def test_an_unknown_page_says_where_to_begin(ada: Person) -> None:
    page = ada.open("/nowhere")

    assert page.status_code == 404
    assert "There is no page here" in text_of(page)
    assert 'href="/"' in page.text


@pytest.mark.parametrize(("verb", "path"), [("PUT", "/signin"), ("DELETE", "/account/security")])
def test_a_wrong_method_is_refused_by_name(ada: Person, verb: str, path: str) -> None:
    answer = requests.request(verb, ada.url + path, timeout=30)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_static_file_is_kept_for_ever_under_an_address_that_names_its_content(
    ada: Person,
) -> None:
    page = ada.open("/signin").text
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]

    style = ada.open(path)

    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["Cache-Control"]
    assert ada.open("/static/0/leasehold.css").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/0/none.css", "/static/0/..%2fpages.py", "/static/..%2f..%2fpages.py"]
)
def test_nothing_but_static_files_is_served_as_one(ada: Person, path: str) -> None:
    assert ada.open(path).status_code == 404


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8085/", "http://127.0.0.1:8085"),
        ("http://[::1]:8085/", "http:"),
        ("https://a.example;script-src%20*/", "https:"),
    ],
)
def test_a_redirect_target_cannot_widen_the_policy(url: str, target: str) -> None:
    assert form_target(url) == target


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nobody_is_sent_to_another_site(ada: Person, place: str) -> None:
    encoded = quote(place, safe="")

    pages = [
        ada.open(f"/signin?continue={encoded}"),
        ada.open(f"/signin/continue?to={encoded}"),
        ada.open(f"/signin/second-step?continue={encoded}"),
        ada.sign_in(**{"continue": place}),
        ada.send("/signin/second-step", {"continue": place, "code": "123456"}),
    ]

    assert [page.status_code for page in pages] == [400] * 5
    assert all("evil.example" not in page.text for page in pages)
    assert all("Location" not in page.headers for page in pages)


@pytest.mark.parametrize("path", ["/signin/", "/account/security/?done=proved", "/logos/demo/"])
def test_an_address_with_a_slash_too_many_leads_to_no_host_that_the_request_names(
    ada: Person, path: str
) -> None:
    answer = ada.open(path, Host="evil.example")

    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers)


def test_a_call_of_a_script_is_no_longer_than_a_passkey_needs(ada: Person) -> None:
    """What authenticators say is CBOR, which a stranger can make slow to read."""
    answer = ada.browser.post(
        f"{ada.url}/signin/passkey/finish",
        json={"credential": {"id": "a" * 17_000}},
        headers={"Sec-Fetch-Site": "same-origin"},
        timeout=30,
    )

    assert answer.status_code == 400
    assert "too long" in answer.json()["error"]
