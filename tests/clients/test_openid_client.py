"""npm openid-client, a certified relying party, unmodified: it finds out all by itself."""

import json
import subprocess
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.clients.signed_in import (
    CALLBACK,
    QUEUE,
    TASKQUEUE,
    Registered,
    Visitor,
    query_of,
)
from tests.node import CLIENT, run_script
from tests.running_server import RunningServer

SCOPE = f"openid email {TASKQUEUE}"
WAY = {"redirect_uri": CALLBACK, "scope": SCOPE, "access_type": "offline"}

# What a script prints: replies of many shapes.
Shown = Any


@pytest.fixture
def engine_name() -> str:
    """A library does not see on which engine it works."""
    return "sqlite"


def run(script: str, *arguments: object) -> Shown:
    """What `tests/clients/node/<script>` prints, given these values."""
    texts = [(CLIENT / name).read_text() for name in ("openid_configuration.js", script)]
    try:
        printed = run_script("\n".join(texts), *(json.dumps(value) for value in arguments))
    except subprocess.CalledProcessError as error:
        pytest.fail(f"{script}: {error.stderr}")
    return json.loads(printed)


def described(
    server: RunningServer, client: Registered, method: str = "client_secret_basic"
) -> dict[str, str]:
    return {
        "issuer": server.url,
        "clientId": client.id,
        "secret": client.secret,
        "method": method,
    }


def changed(url: str, **changes: str | None) -> str:
    """The address with other parameters; None takes one away."""
    parts = urlsplit(url)
    pairs = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in pairs.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_person_signs_in_and_the_client_works_until_it_gives_the_access_back(
    server: RunningServer, visitor: Visitor, web: Registered, method: str
) -> None:
    client = described(server, web, method)
    begun = run("openid_begin.js", client, WAY)

    back = {"url": visitor.is_sent_to(begun["url"]), "kept": begun["kept"]}
    api = f"{server.url}/taskqueue/v1beta2/projects/demo/taskqueues/{QUEUE}"
    shown = run("openid_finish.js", client, back, api)

    subject = visitor.user().subject
    claims, introspected = shown["claims"], shown["introspected"]
    assert (server.url, web.id, subject) == tuple(claims[name] for name in ("iss", "aud", "sub"))
    assert (subject, visitor.email) == (shown["person"]["sub"], shown["person"]["email"])
    assert set(SCOPE.split()) == set(shown["scope"].split())
    assert (True, subject) == (shown["isNew"], shown["refreshedSubject"])
    assert (True, web.id) == (introspected["active"], introspected["client_id"])
    assert (200, 401) == (shown["called"], shown["calledAfterwards"])
    assert {"active": False} == shown["introspectedAfterwards"]
    assert "invalid_grant" == shown["refreshedAfterwards"]


def test_the_library_takes_no_answer_but_that_of_the_server_it_asked(
    server: RunningServer, visitor: Visitor, web: Registered
) -> None:
    client = described(server, web)
    begun = run("openid_begin.js", client, WAY)
    url, kept = visitor.is_sent_to(begun["url"]), begun["kept"]

    answers = [
        {"url": changed(url, iss="https://evil.example"), "kept": kept},
        {"url": changed(url, iss=None), "kept": kept},
        {"url": changed(url, state="another"), "kept": kept},
        {"url": url, "kept": {**kept, "pkceCodeVerifier": "v" * 43}},
    ]
    refused = run("openid_refusals.js", client, answers)

    assert server.url == query_of(url)["iss"]
    assert [
        'unexpected "iss" (issuer) response parameter value',
        'response parameter "iss" (issuer) missing',
        'unexpected "state" response parameter value',
        "invalid_grant",
    ] == refused


def test_a_no_comes_back_as_one(server: RunningServer, visitor: Visitor, web: Registered) -> None:
    client = described(server, web)
    begun = run("openid_begin.js", client, WAY)

    url = visitor.is_sent_to(begun["url"], says="refuse")
    refused = run("openid_refusals.js", client, [{"url": url, "kept": begun["kept"]}])

    assert ["access_denied"] == refused
