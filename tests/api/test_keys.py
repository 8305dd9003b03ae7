"""API keys over HTTP: who pays, what restricts them, and that nothing gets around it."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.settings import Settings
from leasehold.usage import api_keys
from tests.api.raw_http import RawReply, exchange, request
from tests.api.tenant import DAY, DONE, Tenant, Word, make_tenant, until, word
from tests.api.test_batches import BOUNDARY, call, parts
from tests.running_server import SECRET_BOX, RunningServer, filled, run_server_on

PREFIX = "/taskqueue/v1beta2/projects"
DOCUMENT = "/discovery/v1/apis/taskqueue/v1beta2/rest"
PATTERN = "https://shop.example.com/*"
PAGE = "https://shop.example.com/page"

REQUIRED: Word = (401, "global", "required", "Authorization")
INVALID: Word = (400, "usageLimits", "keyInvalid", "key")
EXPIRED: Word = (400, "usageLimits", "keyExpired", "key")
DIFFERENT: Word = (400, "global", "badRequest", "key")
BLOCKED: Word = (403, "usageLimits", "ipRefererBlocked", "")
NOT_CONFIGURED: Word = (403, "usageLimits", "accessNotConfigured", "")
WRONG_QUEUE: Word = (403, "usageLimits", "forbidden", "")
TWICE: Word = (400, "global", "invalid", "key")
UNREGISTERED: Word = (403, "usageLimits", "dailyLimitExceededUnreg", "")

HERE = "127.0.0.1"
ELSEWHERE = "203.0.113.0/24"
INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def tenant(shared_server: RunningServer) -> Tenant:
    """A project of the test's own."""
    return make_tenant(shared_server)


@pytest.fixture(scope="module")
def proxied_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that believes a proxy on this machine, and gives strangers three documents a day.

    On one engine: nothing of that is in a database. It listens on IPv6, also for IPv4.
    """
    path = tmp_path_factory.mktemp("database") / "leasehold.db"
    settings = Settings(trusted_proxies=HERE, quota_unregistered_per_day=3)
    with run_server_on(filled(str(path)), settings, address="::") as server:
        yield server


@pytest.fixture
def proxied(proxied_server: RunningServer) -> Tenant:
    """A project on that server."""
    return make_tenant(proxied_server)


def raw(tenant: Tenant, *headers: str, query: str = "") -> RawReply:
    """Lists the queue with exactly these header lines besides the token."""
    target = f"{PREFIX}/{tenant.tasks}{query}"
    return exchange(tenant.server.url, request(target, tenant.token, headers=headers))


def document(tenant: Tenant, **more: Any) -> requests.Response:  # noqa: ANN401  # as `requests` takes it
    """The discovery document, or the refusal of it."""
    return requests.get(tenant.server.url + DOCUMENT, timeout=30, **more)


# Whom a key is.


def test_a_key_in_the_url_or_in_a_header_names_the_project_beside_a_token(tenant: Tenant) -> None:
    key, text = tenant.key()

    assert DONE == word(tenant.call(key=text))
    assert DONE == word(tenant.call(params={"key": text}))
    assert DONE == word(tenant.call(key=text, params={"key": text}))
    assert DONE == word(tenant.call(headers={"x-GOOG-api-KEY": f"{text}\t"}))
    assert {(key.id, tenant.email, "done"): 4} == tenant.counts("api_key", "email", "outcome")


def test_a_key_alone_stands_for_nobody(tenant: Tenant) -> None:
    key, text = tenant.key()

    said = [
        word(tenant.call(token=None, key=text)),
        word(tenant.call(token=None, params={"key": text})),
        word(tenant.insert(token=None, key=text)),
        word(tenant.call("DELETE", "/a", token=None, key=text)),
    ]

    assert [REQUIRED] * 4 == said
    assert {(key.id, "", "", "required"): 4} == tenant.counts(
        "api_key", "credential", "email", "outcome"
    )


def test_a_key_is_no_token(tenant: Tenant) -> None:
    _, text = tenant.key()

    assert (401, "global", "authError", "Authorization") == word(tenant.call(token=text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "AIza",
        "lhk_",
        "lhk_" + "a" * 49,
        "'; drop table keys; --",
        "\0",
        "\xe4",
        "x" * 9000,
    ],
)
def test_what_is_no_key_is_refused_alone_and_beside_a_token(tenant: Tenant, text: str) -> None:
    alone = tenant.call(token=None, params={"key": text})
    beside = tenant.call(params={"key": text})

    assert [INVALID, INVALID] == [word(alone), word(beside)]
    assert alone.json()["error"]["message"].startswith("API key not valid.")
    assert {"keyInvalid": 1} == tenant.outcomes()


def test_a_key_has_one_spelling(tenant: Tenant) -> None:
    _, text = tenant.key()
    spellings = [
        *(text[:length] for length in (1, 4, len(text) - 1)),
        text + "A",
        text.upper(),
        text.swapcase(),
        f"{text} {text}",
        f"{text},",
        f'"{text}"',
        f"Bearer {text}",
        text.replace("l", "\N{SMALL ROMAN NUMERAL FIFTY}", 1),
    ]

    said = {word(tenant.call(token=None, params={"key": spelling})) for spelling in spellings}

    assert {INVALID} == said


def test_a_key_that_has_expired_says_so(tenant: Tenant) -> None:
    clock = tenant.server.clock
    _, text = tenant.key(expires_at=clock.now() + 60 * MICROSECONDS)

    before = word(tenant.call(key=text))
    clock.advance(61)

    assert DONE == before
    assert EXPIRED == word(tenant.call(key=text))
    assert EXPIRED == word(tenant.call(token=None, key=text))
    assert EXPIRED == word(document(tenant, params={"key": text}))
    assert {"done": 1, "keyExpired": 1} == tenant.outcomes()


def test_a_deleted_key_is_no_key_until_it_is_had_back(tenant: Tenant) -> None:
    key, text = tenant.key()
    before = word(tenant.call(key=text))
    do = tenant.server.do

    do(lambda tx, now: api_keys.delete(tx, now, key.id))
    until(lambda: word(tenant.call(key=text)) == INVALID)
    alone = word(tenant.call(token=None, key=text))
    do(lambda tx, now: api_keys.undelete(tx, now, key.id))
    until(lambda: word(tenant.call(key=text)) == DONE)

    assert [DONE, INVALID] == [before, alone]


def test_both_strings_of_a_rotated_key_are_good_until_one_ends(tenant: Tenant) -> None:
    server = tenant.server
    key, old = tenant.key()
    end = server.clock.now() + DAY * MICROSECONDS

    new = server.do(
        lambda tx, now: api_keys.rotate(tx, now, Entropy(), SECRET_BOX, key.id, older_ends_at=end)
    ).text
    before = [word(tenant.call(key=text)) for text in (old, new)]
    server.clock.advance(DAY)
    after = [word(tenant.call(key=text)) for text in (old, new)]

    assert [DONE, DONE] == before
    assert [INVALID, DONE] == after
    assert 3 == tenant.counts("api_key", "outcome")[key.id, "done"]


def test_a_key_of_a_project_that_is_off_is_no_key(tenant: Tenant) -> None:
    other = make_tenant(tenant.server)
    _, text = other.key()
    before = word(other.call(key=text))

    tenant.server.do(lambda tx, now: projects.disable(tx, now, other.project_id))
    until(lambda: word(other.call(token=None, key=text)) == INVALID)

    assert DONE == before
    assert INVALID == word(tenant.call(key=text))
    assert (401, "global", "authError", "Authorization") == word(other.call(key=text))
    assert INVALID == word(document(tenant, params={"key": text}))


def test_a_key_of_a_project_whose_api_is_off_does_not_reach_it(
    shared_server: RunningServer,
) -> None:
    tenant = make_tenant(shared_server, is_api_on=False)
    _, text = tenant.key()

    alone = tenant.call(token=None, key=text)
    beside = tenant.call(key=text)

    assert [NOT_CONFIGURED, NOT_CONFIGURED] == [word(alone), word(beside)]
    assert alone.json()["error"]["message"].startswith("Access Not Configured.")
    assert DONE == word(document(tenant, params={"key": text}))


def test_a_key_beside_a_token_of_another_project_is_refused(tenant: Tenant) -> None:
    other = make_tenant(tenant.server)
    _, text = other.key()

    assert DIFFERENT == word(tenant.call(key=text))
    assert DIFFERENT == word(other.call(token=tenant.token, key=text))
    assert {("", "badRequest"): 2} == tenant.counts("api_key", "outcome")
    assert {} == other.outcomes()


# The same key in two places, or two keys.


def test_a_parameter_is_given_once_even_if_it_is_the_key(tenant: Tenant) -> None:
    key, text = tenant.key()
    twice = f"?key={text}&key={text}"

    assert TWICE == word(tenant.call(path=twice))
    assert TWICE == word(tenant.call(path=twice, token=None))
    assert TWICE == word(tenant.call(path=twice, token=None, key=text))
    assert {("", "invalid"): 1, (key.id, "invalid"): 1} == tenant.counts("api_key", "outcome")


def test_of_two_keys_none_is_taken(tenant: Tenant) -> None:
    (_, one), (_, two) = tenant.key(), tenant.key()
    lines = [f"X-Goog-Api-Key: {text}" for text in (one, two)]

    said = [
        tenant.call(key=one, params={"key": two}).text,
        tenant.call(key=one, params={"key": ""}).text,
        raw(tenant, *lines).body.decode(),
        raw(tenant, lines[0], "X-Goog-Api-Key:").body.decode(),
        raw(tenant, lines[0], lines[0]).body.decode(),
    ]

    assert ["keyInvalid" in text for text in said] == [True] * 5
    assert {("", "keyInvalid"): 5} == tenant.counts("api_key", "outcome")


def test_a_key_in_the_form_of_a_call_that_was_moved_there_counts(tenant: Tenant) -> None:
    key, text = tenant.key()
    _, blocked = tenant.key(addresses=(ELSEWHERE,))
    moved = {
        "X-HTTP-Method-Override": "GET",
        "Content-Type": "application/x-www-form-urlencoded",
    }

    assert DONE == word(tenant.call("POST", headers=moved, data={"key": text}))
    assert REQUIRED == word(tenant.call("POST", headers=moved, data={"key": text}, token=None))
    assert BLOCKED == word(tenant.call("POST", headers=moved, data={"key": blocked}))
    assert {"done": 1, "required": 1} == {
        outcome: calls
        for (api_key, outcome), calls in tenant.counts("api_key", "outcome").items()
        if api_key == key.id
    }


def test_a_key_among_what_is_leased_by_a_form_is_not_looked_at(tenant: Tenant) -> None:
    _, text = tenant.key()
    form = {"numTasks": "1", "leaseSecs": "1", "key": text}

    assert DONE == word(tenant.call("POST", "/lease", data=form))
    assert REQUIRED == word(tenant.call("POST", "/lease", data=form, token=None))
    assert {("", "done"): 1} == tenant.counts("api_key", "outcome")


@pytest.mark.parametrize("verb", ["GET", "PATCH", "DELETE", "POST"])
def test_another_verb_is_the_same_call_to_a_restricted_key(tenant: Tenant, verb: str) -> None:
    _, text = tenant.key(addresses=(ELSEWHERE,))

    said = [
        tenant.call("POST", "/a", key=text, headers={"X-HTTP-Method-Override": verb}),
        tenant.call(verb, "/a", key=text),
    ]

    assert [BLOCKED, BLOCKED] == [word(reply) for reply in said]


# Restrictions.


def test_a_key_for_certain_apis_is_for_no_other(tenant: Tenant) -> None:
    _, good = tenant.key(apis=("taskqueue",))
    _, other = tenant.key(apis=("leasehold",))
    url = f"{tenant.server.url}/admin/v1/projects"

    def administer(text: str) -> Word:
        return word(requests.get(url, headers={"X-Goog-Api-Key": text}, timeout=30))

    assert [DONE, NOT_CONFIGURED] == [word(tenant.call(key=text)) for text in (good, other)]
    assert [NOT_CONFIGURED, REQUIRED] == [administer(text) for text in (good, other)]
    assert [DONE, DONE] == [word(document(tenant, params={"key": text})) for text in (good, other)]


def test_a_key_for_certain_queues_is_for_no_other(tenant: Tenant) -> None:
    _, good = tenant.key(queues=(f"{tenant.project_id}/jobs",))
    _, other = tenant.key(queues=(f"{tenant.project_id}/others", "elsewhere/jobs"))

    def with_prefix(text: str) -> Word:
        path = f"s~{tenant.tasks}"
        return word(
            tenant.server.call("GET", path, token=tenant.token, headers={"X-Goog-Api-Key": text})
        )

    assert [DONE, WRONG_QUEUE] == [word(tenant.call(key=text)) for text in (good, other)]
    assert [DONE, WRONG_QUEUE] == [with_prefix(text) for text in (good, other)]


def test_a_refusal_says_which_restriction_it_is_and_repeats_no_key(tenant: Tenant) -> None:
    keys = [
        tenant.key(addresses=(ELSEWHERE,)),
        tenant.key(referrers=(PATTERN,)),
        tenant.key(apis=("leasehold",)),
        tenant.key(queues=("elsewhere/jobs",)),
    ]

    messages = [
        tenant.call(key=text, headers={"Referer": f"https://evil.example/?key={text}"}).text
        for _, text in keys
    ]

    for words, message in zip(
        ("from 127.0.0.1: its addresses", "its referrers", "its APIs", "its queues"),
        messages,
        strict=True,
    ):
        assert words in message
        assert "lhk_" not in message
    assert {(key.id, "done") for key, _ in keys}.isdisjoint(tenant.counts("api_key", "outcome"))


def test_a_key_for_certain_addresses_is_good_on_connections_from_there(tenant: Tenant) -> None:
    _, text = tenant.key(addresses=("127.0.0.2", ELSEWHERE))

    assert [200, 403] == [status_from(tenant, f"127.0.0.{last}", text) for last in (2, 1)]


def status_from(tenant: Tenant, address: str, key: str) -> int:
    """Of a call on a connection from that address of this machine."""
    host, port = urlsplit(tenant.server.url).hostname, urlsplit(tenant.server.url).port
    assert host is not None
    connection = http.client.HTTPConnection(host, port, timeout=30, source_address=(address, 0))
    headers = {"Authorization": f"Bearer {tenant.token}", "X-Goog-Api-Key": key}
    connection.request("GET", f"{PREFIX}/{tenant.tasks}", headers=headers)
    with connection.getresponse() as reply:
        status = reply.status
        reply.read()
    connection.close()
    return status


def test_on_an_ipv6_socket_an_ipv4_address_is_the_same_address(proxied: Tenant) -> None:
    keys = [proxied.key(addresses=(text,))[1] for text in ("127.0.0.2", "::ffff:127.0.0.2")]
    _, wider = proxied.key(addresses=("::/0",))

    assert [200, 200] == [status_from(proxied, "127.0.0.2", text) for text in keys]
    assert [403, 403] == [status_from(proxied, "127.0.0.3", text) for text in keys]
    assert 403 == status_from(proxied, "127.0.0.2", wider)


FORGED = [
    {"X-Forwarded-For": INSIDE},
    {"X-Forwarded-For": f"{INSIDE}, {INSIDE}"},
    {"Forwarded": f"for={INSIDE}"},
    {"X-Real-IP": INSIDE},
    {"Client-IP": INSIDE},
    {"X-Client-IP": INSIDE},
    {"True-Client-IP": INSIDE},
    {"CF-Connecting-IP": INSIDE},
    {"X-Forwarded": INSIDE},
    {"X-Cluster-Client-IP": INSIDE},
    {"Via": INSIDE},
    {"Host": INSIDE},
]


def test_without_a_trusted_proxy_no_header_moves_a_caller(tenant: Tenant) -> None:
    _, inside = tenant.key(addresses=(ELSEWHERE,))
    _, here = tenant.key(addresses=(HERE,))

    for headers in FORGED:
        assert BLOCKED == word(tenant.call(key=inside, headers=headers))
        assert DONE == word(tenant.call(key=here, headers=headers))


def test_with_a_trusted_proxy_only_one_header_moves_a_caller(proxied: Tenant) -> None:
    _, text = proxied.key(addresses=(ELSEWHERE,))

    for headers in FORGED[2:]:
        behind = {**headers, "X-Forwarded-For": OUTSIDE}
        assert BLOCKED == word(proxied.call(key=text, headers=headers))
        assert BLOCKED == word(proxied.call(key=text, headers=behind))


@pytest.mark.parametrize(
    "lines",
    [
        [INSIDE],
        [f"::ffff:{INSIDE}"],
        [f"{OUTSIDE}, {INSIDE}"],
        [f"garbage, {INSIDE}"],
        [OUTSIDE, INSIDE],
        [f"{INSIDE}, {HERE}"],
        [f"{INSIDE} , ::ffff:{HERE}"],
    ],
)
def test_a_trusted_proxy_says_where_a_call_came_from(proxied: Tenant, lines: list[str]) -> None:
    _, text = proxied.key(addresses=(ELSEWHERE,))

    reply = raw(proxied, f"X-Goog-Api-Key: {text}", *(f"X-Forwarded-For: {line}" for line in lines))

    assert 200 == reply.status


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        [OUTSIDE],
        [f"{INSIDE}, {OUTSIDE}"],
        [INSIDE, OUTSIDE],
        [f"{INSIDE}, unknown"],
        [f"{INSIDE},"],
        [f"{INSIDE}:443"],
        [f"[{INSIDE}]"],
        [f"for={INSIDE}"],
        [f"{INSIDE}/24"],
        ["203.0.113.0/24"],
        ["203.0.113"],
        ["0xcb.0.0x71.9"],
        ["3405803785"],
        [f"::{INSIDE}"],
        [f"{INSIDE}%eth0"],
        [f"{INSIDE};{OUTSIDE}"],
        [f"{INSIDE}\t{OUTSIDE}"],
    ],
)
def test_what_stands_left_of_a_stranger_or_is_no_address_moves_nobody(
    proxied: Tenant, lines: list[str]
) -> None:
    _, text = proxied.key(addresses=(ELSEWHERE,))

    reply = raw(proxied, f"X-Goog-Api-Key: {text}", *(f"X-Forwarded-For: {line}" for line in lines))

    assert 403 == reply.status
    assert b"ipRefererBlocked" in reply.body


def test_who_is_no_trusted_proxy_is_not_believed_where_another_is(proxied: Tenant) -> None:
    _, text = proxied.key(addresses=(ELSEWHERE,))
    host, port = urlsplit(proxied.server.url).hostname, urlsplit(proxied.server.url).port
    assert host is not None
    connection = http.client.HTTPConnection(host, port, timeout=30, source_address=("127.0.0.2", 0))

    connection.request(
        "GET",
        f"{PREFIX}/{proxied.tasks}",
        headers={
            "Authorization": f"Bearer {proxied.token}",
            "X-Goog-Api-Key": text,
            "X-Forwarded-For": INSIDE,
        },
    )
    with connection.getresponse() as reply:
        body = reply.read()
    connection.close()

    assert b"may not be used from 127.0.0.2" in body


@pytest.mark.parametrize(
    "lines",
    [
        [f"Referer: {PAGE}"],
        ["referer: https://SHOP.example.com:443/a?b=https://evil.example/"],
        ["Origin: https://shop.example.com"],
        ["Referer:", "Origin: https://shop.example.com"],
    ],
)
def test_a_key_for_certain_pages_is_good_there(tenant: Tenant, lines: list[str]) -> None:
    _, text = tenant.key(referrers=(PATTERN,))

    assert 200 == raw(tenant, f"X-Goog-Api-Key: {text}", *lines).status


NO_PAGES: list[list[str]] = [
    [],
    ["Referer:"],
    ["Referer: null"],
    ["Origin: null"],
    ["Referer: http://shop.example.com/"],
    ["Referer: https://shop.example.com@evil.example/"],
    ["Referer: https://shop.example.com:x@evil.example/"],
    ["Referer: https://evil.example@shop.example.com/"],
    ["Referer: https://shop.example.com.evil.example/"],
    ["Referer: https://shop-example.com/"],
    ["Referer: https://a.shop.example.com/"],
    ["Referer: https://evilshop.example.com/"],
    ["Referer: https://evil.example/?https://shop.example.com/"],
    ["Referer: https://evil.example/https://shop.example.com/"],
    ["Referer: https://evil.example#https://shop.example.com/"],
    ["Referer: https://evil.example\\@shop.example.com/"],
    ["Referer: https://shop.example.com\\@evil.example/"],
    ["Referer: https:\\\\shop.example.com\\"],
    ["Referer: https://shop.example.com./"],
    ["Referer: https://shop%2eexample.com/"],
    ["Referer: https://shop.example.com:8443/"],
    ["Referer: https://shop.example.com/\xa0"],
    ["Referer: https://sh\xf6p.example.com/"],
    ["Referer: //shop.example.com/"],
    ["Referer: shop.example.com/"],
    [f"Referer: https://evil.example/, {PAGE}"],
    [f"Referer: {PAGE}, {PAGE}"],
    ["Referer: https://evil.example/", "Origin: https://shop.example.com"],
    ["Referer: https://evil.example/", f"Referer: {PAGE}"],
    [f"Referer: {PAGE}", "Referer: https://evil.example/"],
    ["Origin: https://evil.example", "Origin: https://shop.example.com"],
    ["Origin: https://shop.example.com.evil.example"],
    [f"Referrer: {PAGE}"],
    [f"X-Referer: {PAGE}"],
    [f"X-Original-Referer: {PAGE}"],
    [f"Host: {PAGE}"],
    ["Sec-Fetch-Site: same-origin"],
]


def test_a_key_for_certain_pages_is_good_nowhere_else(tenant: Tenant) -> None:
    _, text = tenant.key(referrers=(PATTERN,))

    for lines in NO_PAGES:
        reply = raw(tenant, f"X-Goog-Api-Key: {text}", *lines)

        assert 403 == reply.status, lines
        assert b"ipRefererBlocked" in reply.body


@pytest.mark.parametrize("line", [f"Referer: {PAGE}\0", f"Referer: {PAGE}\r", f"Referer : {PAGE}"])
def test_what_no_browser_sends_does_not_even_come_so_far(tenant: Tenant, line: str) -> None:
    _, text = tenant.key(referrers=(PATTERN,))

    assert raw(tenant, f"X-Goog-Api-Key: {text}", line).status in (400, 403)


def test_a_restricted_key_cannot_be_used_by_leaving_the_token_away(tenant: Tenant) -> None:
    keys = [
        tenant.key(addresses=(ELSEWHERE,)),
        tenant.key(referrers=(PATTERN,)),
        tenant.key(apis=("leasehold",)),
        tenant.key(queues=("elsewhere/jobs",)),
    ]

    said = [word(tenant.call(token=None, key=text)) for _, text in keys]

    assert [BLOCKED, BLOCKED, NOT_CONFIGURED, WRONG_QUEUE] == said


# In batches.


def batch(tenant: Tenant, *calls: str, headers: dict[str, str]) -> list[tuple[int, str]]:
    """Status and reason of each call; the batch itself has these headers."""
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in calls) + f"--{BOUNDARY}--"
    reply = requests.post(
        f"{tenant.server.url}/batch",
        data=body.encode("latin-1"),
        headers={"Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"', **headers},
        timeout=60,
    )
    return [(part.status, part.reason if part.status >= 400 else "") for part in parts(reply)]


def listing(tenant: Tenant, *headers: str, query: str = "") -> str:
    return call(f"GET {PREFIX}/{tenant.tasks}{query}", *headers)


def test_a_key_of_a_batch_is_that_of_its_calls_unless_they_have_their_own(tenant: Tenant) -> None:
    (outer, outer_text), (inner, inner_text) = tenant.key(), tenant.key()
    bearer = {"Authorization": f"Bearer {tenant.token}"}

    said = batch(
        tenant,
        listing(tenant),
        listing(tenant, f"X-Goog-Api-Key: {inner_text}"),
        listing(tenant, query=f"?key={outer_text}"),
        listing(tenant, query=f"?key={inner_text}"),
        headers={**bearer, "X-Goog-Api-Key": outer_text},
    )
    said += batch(tenant, listing(tenant, query=f"?key={inner_text}"), headers=bearer)

    assert [(200, "")] * 3 + [(400, "keyInvalid"), (200, "")] == said
    assert {
        (outer.id, "done"): 2,
        (inner.id, "done"): 2,
        ("", "keyInvalid"): 1,
    } == tenant.counts("api_key", "outcome")


def test_a_call_of_a_batch_cannot_say_where_it_comes_from(tenant: Tenant) -> None:
    _, for_pages = tenant.key(referrers=(PATTERN,))
    _, for_addresses = tenant.key(addresses=(ELSEWHERE,))
    inner = [f"Referer: {PAGE}", "Origin: https://shop.example.com", f"X-Forwarded-For: {INSIDE}"]
    calls = [
        listing(tenant, *inner, f"X-Goog-Api-Key: {text}") for text in (for_pages, for_addresses)
    ]
    bearer = {"Authorization": f"Bearer {tenant.token}"}

    blocked = (403, "ipRefererBlocked")
    assert [blocked, blocked] == batch(tenant, *calls, headers=bearer)
    assert [blocked, blocked] == batch(tenant, *calls, headers={**bearer, "Origin": "null"})
    assert [(200, ""), blocked] == batch(tenant, *calls, headers={**bearer, "Referer": PAGE})


def test_a_call_of_a_batch_comes_from_where_the_batch_does(proxied: Tenant) -> None:
    _, text = proxied.key(addresses=(ELSEWHERE,))
    headers = {"Authorization": f"Bearer {proxied.token}", "X-Goog-Api-Key": text}
    forged = listing(proxied, f"X-Forwarded-For: {INSIDE}")

    assert [(200, "")] == batch(
        proxied, listing(proxied), headers={**headers, "X-Forwarded-For": INSIDE}
    )
    assert [(403, "ipRefererBlocked")] == batch(
        proxied, forged, headers={**headers, "X-Forwarded-For": OUTSIDE}
    )


# Public documents.


def test_strangers_have_their_documents_until_their_address_has_had_enough(
    proxied: Tenant,
) -> None:
    clock = proxied.server.clock
    clock.advance(DAY)  # whoever asked before has begun anew
    stranger = {"X-Forwarded-For": "192.0.2.1"}
    left = DAY - clock.now() // MICROSECONDS % DAY

    before = [word(document(proxied, headers=stranger)) for _ in range(3)]
    refused = document(proxied, headers=stranger)
    others = [
        word(document(proxied, headers={"X-Forwarded-For": address}))
        for address in ("::ffff:192.0.2.1", "192.0.2.2")
    ]
    clock.advance(left)
    tomorrow = word(document(proxied, headers=stranger))

    assert [DONE] * 3 == before
    assert UNREGISTERED == word(refused)
    assert str(left) == refused.headers["Retry-After"]
    assert refused.json()["error"]["message"].startswith(
        "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup"
    )
    assert [UNREGISTERED, DONE] == others
    assert DONE == tomorrow


def test_everything_that_a_stranger_may_ask_counts_together(proxied: Tenant) -> None:
    url = proxied.server.url
    proxied.server.clock.advance(DAY)
    stranger = {"X-Forwarded-For": "192.0.2.3"}
    bad_token = {**stranger, "Authorization": "Bearer ended"}

    said = [
        requests.head(url + DOCUMENT, headers=stranger, timeout=30),
        requests.get(f"{url}/discovery/v1/apis", headers=stranger, timeout=30),
        requests.get(f"{url}/$discovery/rest", headers=bad_token, timeout=30),
        requests.head(url + DOCUMENT, headers=stranger, timeout=30),
        requests.get(f"{url}/$discovery/rest", headers=bad_token, timeout=30),
    ]

    assert [200, 200, 200, 403, 403] == [reply.status_code for reply in said]
    assert [b"", b""] == [said[0].content, said[3].content]


def test_ipv6_strangers_of_one_network_have_had_enough_together(proxied: Tenant) -> None:
    proxied.server.clock.advance(DAY)

    said = [
        word(document(proxied, headers={"X-Forwarded-For": address}))
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3", "2001:db8::4")
    ]

    assert [DONE, DONE, DONE, UNREGISTERED] == said


def test_documents_with_a_key_or_a_token_are_its_projects(proxied: Tenant) -> None:
    key, text = proxied.key()
    bearer = {"Authorization": f"Bearer {proxied.token}"}

    said = [
        *(word(document(proxied, params={"key": text})) for _ in range(4)),
        word(document(proxied, headers=bearer)),
        word(document(proxied, headers={**bearer, "X-Goog-Api-Key": text})),
        word(document(proxied, headers={"Authorization": "Bearer x", "X-Goog-Api-Key": text})),
        word(requests.get(f"{proxied.server.url}/discovery/v1/apis?key={text}", timeout=30)),
    ]

    assert [DONE] * 8 == said
    head = requests.head(f"{proxied.server.url}{DOCUMENT}?key={text}", timeout=30)
    assert (200, b"") == (head.status_code, head.content)
    assert {
        ("discovery", "discovery.apis.getRest", key.id, "", "done"): 6,
        ("discovery", "discovery.apis.getRest", key.id, proxied.email, "done"): 1,
        ("discovery", "discovery.apis.getRest", "", proxied.email, "done"): 1,
        ("discovery", "discovery.apis.list", key.id, "", "done"): 1,
    } == proxied.counts("api", "method", "api_key", "email", "outcome")


def test_documents_with_a_key_obey_its_restrictions_and_its_quota(tenant: Tenant) -> None:
    _, blocked = tenant.key(addresses=(ELSEWHERE,))
    _, slow = tenant.key(calls_per_minute=1)
    other = make_tenant(tenant.server)
    bearer = {"Authorization": f"Bearer {other.token}"}

    assert BLOCKED == word(document(tenant, params={"key": blocked}))
    assert INVALID == word(document(tenant, params={"key": "AIza"}))
    assert DIFFERENT == word(document(tenant, params={"key": slow}, headers=bearer))
    assert [DONE, (403, "usageLimits", "rateLimitExceeded", "")] == [
        word(document(tenant, params={"key": slow})) for _ in range(2)
    ]
    assert {"ipRefererBlocked": 1, "done": 1, "rateLimitExceeded": 1} == tenant.outcomes()
    assert {"badRequest": 1} == other.outcomes()


def test_a_document_that_is_not_there_is_counted_too(tenant: Tenant) -> None:
    _, text = tenant.key()
    url = f"{tenant.server.url}/discovery/v1/apis"

    said = [
        word(requests.get(f"{url}/mail/v1/rest?key={text}", timeout=30)),
        word(requests.get(f"{url}?key={text}&x=1&x=2", timeout=30)),
        word(requests.get(f"{url}?x=1&x=2", timeout=30, headers={"X-Goog-Api-Key": text})),
    ]

    assert [404, 400, 400] == [status for status, *_ in said]
    assert {
        ("discovery.apis.getRest", "notFound"): 1,
        ("discovery.apis.list", "invalid"): 1,
    } == tenant.counts()
