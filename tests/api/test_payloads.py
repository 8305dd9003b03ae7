"""Payloads: which base64 is taken, and that what comes back is always the canonical form."""

import pytest

from tests.api.worker import EMAIL, Worker
from tests.running_server import run_server

REFUSED = ["invalid#payload", "a b", "a\n", "ä", "A", "AAAAA", "=A==", "A=A=", "\0", "a.b"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", ""),
        ("asdf123", "asdf120="),
        ("asdf120=", "asdf120="),
        ("asdf123=", "asdf120="),
        ("asdf12", "asdf1w=="),
        ("_NDQaWRvMm_1UQ==", "_NDQaWRvMm_1UQ=="),
        ("/NDQaWRvMm/1UQ==", "_NDQaWRvMm_1UQ=="),
        ("++//", "--__"),
        ("-_+/", "-_-_"),
        ("am9i=", "am9i"),
        ("am9i====", "am9i"),
        ("AA", "AA=="),
        ("====", ""),
    ],
)
def test_padding_and_alphabet_may_be_wrong_and_are_put_right(
    worker: Worker, given: str, stored: str
) -> None:
    inserted = worker.insert(id="a", payloadBase64=given).json()

    assert stored == inserted["payloadBase64"]
    assert stored == worker.get("a").json()["payloadBase64"]
    assert stored == worker.lease().json()["items"][0]["payloadBase64"]


@pytest.mark.parametrize("payload", REFUSED)
def test_other_characters_are_refused(worker: Worker, payload: str) -> None:
    reply = worker.insert(payloadBase64=payload)

    entry = reply.json()["error"]["errors"][0]
    assert (400, "invalid", "payloadBase64") == (
        reply.status_code,
        entry["reason"],
        entry["location"],
    )


def test_the_standard_alphabet_is_refused_where_app_engines_rule_is_wanted(
    database_url: str,
) -> None:
    with run_server(database_url, strict_base64=True) as server:
        queue = server.queue_for(EMAIL)
        strict = Worker(server, server.token(), queue.name)

        given = ["/NDQaWRvMm/1UQ==", "a+b=", "_NDQaWRvMm_1UQ==", "asdf123", *REFUSED]
        statuses = [strict.insert(payloadBase64=payload).status_code for payload in given]

    assert [400, 400, 200, 200, *[400] * len(REFUSED)] == statuses
