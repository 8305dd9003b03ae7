"""client_secrets.json, as Google's own library reads it."""

from urllib.parse import parse_qs, urlsplit

import pytest
from google_auth_oauthlib.flow import (  # type: ignore[import-untyped]  # it carries none
    Flow,
    InstalledAppFlow,
)

from leasehold.oauth2.client_file import client_file
from leasehold.oauth2.client_model import Client, ClientType
from leasehold.oauth2.redirect_uris import LOOPBACK

ISSUER = "https://tasks.example.com"
SCOPE = "https://www.googleapis.com/auth/taskqueue"
ID = "a" * 32 + ".apps.leasehold.internal"
CALLBACK = "https://app.example.com/callback"


def client(client_type: ClientType, *uris: str) -> Client:
    return Client(
        ID, "shop", client_type, "Printer", "x@y", uris, (), rotates=False,
        client_credentials=False, implicit=False, created_at=0,
    )  # fmt: skip


def test_the_file_holds_what_googles_files_hold() -> None:
    content = client_file(client("web", CALLBACK), "lhs_secret", f"{ISSUER}/")

    assert {
        "web": {
            "client_id": ID,
            "project_id": "shop",
            "auth_uri": f"{ISSUER}/o/oauth2/auth",
            "token_uri": f"{ISSUER}/token",
            "auth_provider_x509_cert_url": f"{ISSUER}/oauth2/v1/certs",
            "client_secret": "lhs_secret",
            "redirect_uris": [CALLBACK],
            "javascript_origins": [],
            "revoke_uri": f"{ISSUER}/revoke",
            "issuer": ISSUER,
        }
    } == content


def test_google_auth_oauthlib_asks_our_server_with_a_web_clients_file() -> None:
    content = client_file(client("web", CALLBACK), "lhs_secret", ISSUER)

    flow = Flow.from_client_config(content, [SCOPE], redirect_uri=CALLBACK)
    url, _state = flow.authorization_url(access_type="offline")

    asked = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{ISSUER}/o/oauth2/auth?")
    assert ([ID], [CALLBACK]) == (asked["client_id"], asked["redirect_uri"])


def test_google_auth_oauthlib_takes_an_installed_clients_file() -> None:
    content = client_file(client("installed", *LOOPBACK), "lhs_secret", ISSUER)

    flow = InstalledAppFlow.from_client_config(content, [SCOPE])

    assert "installed" == flow.client_type
    assert ("lhs_secret", f"{ISSUER}/token") == (
        flow.client_config["client_secret"],
        flow.client_config["token_uri"],
    )
    assert "javascript_origins" not in flow.client_config


def test_a_browser_clients_file_has_no_secret() -> None:
    content = client_file(client("browser", CALLBACK), None, ISSUER)

    assert "client_secret" not in content["web"]


@pytest.mark.parametrize("client_type", ["web", "installed"])
def test_no_value_looks_like_one_that_oauth2client_takes_for_a_placeholder(
    client_type: ClientType,
) -> None:
    content = client_file(client(client_type, CALLBACK), "lhs_secret", ISSUER)

    (values,) = content.values()
    required = {"client_id", "client_secret", "redirect_uris", "auth_uri", "token_uri"}
    assert required <= values.keys()
    assert not any(str(value).startswith("[[") for value in values.values())
