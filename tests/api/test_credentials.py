"""Credentials: the forms that are accepted, and that nothing else is, not even nearly a token."""

import pytest
import requests

from tests.api.raw_http import RawReply, exchange, request
from tests.api.worker import EMAIL, Worker
from tests.running_server import RunningServer, run_server

PREFIX = "/taskqueue/v1beta2/projects"


def ask(worker: Worker, *headers: str, query: str = "") -> RawReply:
    """Lists the queue with exactly these header lines as credentials."""
    target = f"{PREFIX}/{worker.tasks}{query}"
    return exchange(worker.server.url, request(target, "", headers=headers))


def reason(reply: RawReply) -> tuple[int, str]:
    """Status and reason of an error, (200, "") for none."""
    for known in ("required", "authError"):
        if f'"reason": "{known}"'.encode() in reply.body:
            return reply.status, known
    return reply.status, ""


@pytest.mark.parametrize(
    "form",
    ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", "OAuth {}", "oauth {}", " Bearer {} \t"],
)
def test_a_token_is_accepted_in_every_form_that_clients_use(worker: Worker, form: str) -> None:
    assert 200 == ask(worker, f"Authorization: {form.format(worker.token)}").status


def test_no_credential_is_answered_with_a_challenge(worker: Worker) -> None:
    reply = ask(worker)

    assert (401, "required") == reason(reply)
    assert f'Bearer realm="{worker.server.url}"' == reply.headers["www-authenticate"]
    assert b'"message": "Login Required"' in reply.body


def test_a_bad_token_is_answered_with_another_challenge(worker: Worker) -> None:
    reply = ask(worker, "Authorization: Bearer nonsense")

    assert (401, "authError") == reason(reply)
    challenge = f'Bearer realm="{worker.server.url}", error="invalid_token"'
    assert challenge == reply.headers["www-authenticate"]
    assert b'"message": "Invalid Credentials"' in reply.body


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{}",
        "Bearer",
        "Bearer ",
        "Basic {}",
        "Token {}",
        "Bearer {}, Bearer {}",
        "Bearer {} {}",
        "Bearer,{}",
        "Bearer\t{}",
        "Bearer={}",
        'Bearer "{}"',
        "Bearer {}=",
        "Bearer {};",
        "Bearer {}\xa0",
        "Bearer\xa0{}",
        'OAuth realm="", oauth_consumer_key="anonymous", oauth_token="{}"',
        'OAuth oauth_token="{}"',
        "OAuth oauth_token={}",
    ],
)
def test_any_other_form_is_refused(worker: Worker, header: str) -> None:
    line = f"Authorization: {header.replace('{}', worker.token)}"

    assert (401, "authError") == reason(ask(worker, line))


def test_two_credentials_are_refused_even_when_both_are_good(worker: Worker) -> None:
    line = f"Authorization: Bearer {worker.token}"

    assert (401, "authError") == reason(ask(worker, line, line))
    assert (401, "authError") == reason(ask(worker, line, "Authorization:"))
    assert (401, "authError") == reason(ask(worker, "Authorization:", line))


def test_no_prefix_of_a_token_is_a_token(worker: Worker) -> None:
    path = f"{PREFIX}/{worker.tasks}"

    with requests.Session() as session:
        statuses = {
            session.get(
                f"{worker.server.url}{path}",
                headers={"Authorization": f"Bearer {worker.token[:length]}"},
                timeout=30,
            ).status_code
            for length in range(1, len(worker.token))
        }

    assert {401} == statuses


def test_a_token_has_one_spelling(worker: Worker) -> None:
    token = worker.token
    other_last = token[:-1] + ("A" if token[-1] != "A" else "B")
    spellings = [token.upper(), token.lower(), token.swapcase(), token + "A", other_last, token * 2]

    replies = [ask(worker, f"Authorization: Bearer {spelling}") for spelling in spellings]

    assert [(401, "authError")] * len(spellings) == [reason(reply) for reply in replies]


@pytest.mark.parametrize(
    "change",
    [
        ("l", "\N{SMALL ROMAN NUMERAL FIFTY}"),
        ("h", "\N{CYRILLIC SMALL LETTER SHHA}"),
        ("a", "\N{CYRILLIC SMALL LETTER A}"),
        ("_", "\N{DOUBLE LOW LINE}"),
        ("lha", "\N{FULLWIDTH LATIN SMALL LETTER L}ha"),
    ],
)
def test_a_token_in_letters_that_look_alike_is_refused(
    worker: Worker, change: tuple[str, str]
) -> None:
    spelling = worker.token.replace(*change, 1).encode().decode("latin-1")

    assert (401, "authError") == reason(ask(worker, f"Authorization: Bearer {spelling}"))


def test_a_token_ends_when_its_time_is_over(own_worker: Worker) -> None:
    own_worker.server.clock.advance(3_599)
    before = own_worker.insert()
    own_worker.server.clock.advance(1)
    after = own_worker.insert()

    assert 200 == before.status_code
    assert 401 == after.status_code
    assert 'error="invalid_token"' in after.headers["WWW-Authenticate"]


@pytest.mark.parametrize("name", ["access_token", "oauth_token"])
def test_a_token_in_the_url_is_refused_with_words(worker: Worker, name: str) -> None:
    reply = ask(worker, query=f"?{name}={worker.token}")

    assert (401, "authError") == reason(reply)


def test_a_token_in_the_url_is_accepted_where_it_is_switched_on(database_url: str) -> None:
    with run_server(database_url, query_tokens=True) as server:
        server.queue_for(EMAIL)
        token = server.token()
        path = "demo/taskqueues/q"

        def status(query: str, header: str | None = None) -> int:
            return server.call("GET", f"{path}?{query}", token=header).status_code

        assert 200 == status(f"access_token={token}")
        assert 200 == status(f"oauth_token={token}")
        assert 401 == status(f"access_token={token}%20")
        assert 401 == status("access_token=")
        assert 401 == status(f"access_token={token}", header=token)
        assert 401 == status(f"access_token={token}&oauth_token={token}")
        assert 400 == status(f"access_token={token}&access_token={token}")
        assert {"access_token", "oauth_token"} <= _documented_parameters(server)


def test_the_document_says_nothing_of_tokens_in_urls_where_they_are_off(
    shared_server: RunningServer,
) -> None:
    assert {"access_token", "oauth_token"}.isdisjoint(_documented_parameters(shared_server))


def _documented_parameters(server: RunningServer) -> set[str]:
    url = f"{server.url}/discovery/v1/apis/taskqueue/v1beta2/rest"
    return set(requests.get(url, timeout=30).json()["parameters"])


def test_a_refusal_never_repeats_the_credential(worker: Worker) -> None:
    almost = worker.token[:-1] + "~"

    replies = [
        ask(worker, f"Authorization: Bearer {almost}"),
        ask(worker, f"Authorization: Bearer {almost} x"),
        ask(worker, query=f"?access_token={almost}"),
    ]

    assert not any(almost.encode() in reply.body for reply in replies)
    assert not any(almost in str(reply.headers) for reply in replies)
