"""Quota over HTTP: which limit refuses with which words, what is spent, and when it begins anew."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from tests.api.tenant import DONE, Tenant, Word, make_tenant, until, word
from tests.running_server import API, RunningServer, run_server

LIMITS = "usageLimits"
SPENT: dict[str, Word] = {
    reason: (403, LIMITS, reason, "")
    for reason in (
        "dailyLimitExceeded",
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "quotaExceeded",
        "accessNotConfigured",
    )
}


@pytest.fixture
def tenant(shared_server: RunningServer) -> Tenant:
    """A project of the test's own, in the first second of a minute, of 10 s and of 100 s.

    So no window ends while a test spends from it, but for those that the test lets end.
    """
    _to_edge(shared_server, 300)
    return make_tenant(shared_server)


def _to_edge(server: RunningServer, seconds: int) -> None:
    now = server.clock.now() // MICROSECONDS
    server.clock.advance(seconds - now % seconds + 1)


def limited(tenant: Tenant, quota: str, most: int) -> dict[str, Any]:
    tenant.limit(quota, most)
    return {}


def with_limited_key(tenant: Tenant) -> dict[str, Any]:
    return {"key": tenant.key(calls_per_minute=2)[1]}


def on_limited_queue(tenant: Tenant) -> dict[str, Any]:
    tenant.change_queue(requests_per_second=0.25)  # two in ten seconds
    return {}


@pytest.mark.parametrize(
    ("arrange", "reason", "seconds", "words"),
    [
        (
            lambda tenant: limited(tenant, "calls_per_day", 2),
            "dailyLimitExceeded",
            86_400,
            "Daily Limit Exceeded. The quota of project ",
        ),
        (
            lambda tenant: limited(tenant, "calls_per_minute", 2),
            "rateLimitExceeded",
            60,
            "Rate Limit Exceeded. The project's 2 calls a minute",
        ),
        (
            lambda tenant: limited(tenant, "calls_per_user", 2),
            "userRateLimitExceeded",
            100,
            "User Rate Limit Exceeded. The 2 calls that each user has in 100 s",
        ),
        (
            with_limited_key,
            "rateLimitExceeded",
            60,
            "Rate Limit Exceeded. The API key's 2 calls a minute",
        ),
        (
            on_limited_queue,
            "rateLimitExceeded",
            10,
            "Rate Limit Exceeded. The queue's 2 calls in 10 s",
        ),
    ],
    ids=["day", "minute", "user", "key", "queue"],
)
def test_what_is_spent_is_refused_until_its_window_ends(
    tenant: Tenant,
    arrange: Callable[[Tenant], dict[str, Any]],
    reason: str,
    seconds: int,
    words: str,
) -> None:
    how = arrange(tenant)
    clock = tenant.server.clock

    before = tenant.words(2, **how)
    refused = [tenant.call(**how) for _ in range(3)]
    left = seconds - clock.now() // MICROSECONDS % seconds
    clock.advance(left - 1)
    still = word(tenant.call(**how))
    clock.advance(1)
    after = tenant.words(3, **how)

    assert [DONE, DONE] == before
    assert [SPENT[reason]] * 3 == [word(reply) for reply in refused]
    assert [str(left)] * 3 == [reply.headers["Retry-After"] for reply in refused]
    assert all(reply.json()["error"]["message"].startswith(words) for reply in refused)
    assert SPENT[reason] == still
    assert [DONE, DONE, SPENT[reason]] == after
    assert {"done": 4, reason: 5} == tenant.outcomes()


@pytest.mark.parametrize("name", ["quotaUser", "userIp"])
def test_each_user_that_a_call_names_has_a_limit_of_their_own(tenant: Tenant, name: str) -> None:
    tenant.limit("calls_per_user", 1)
    spent = SPENT["userRateLimitExceeded"]

    assert [DONE, spent] == tenant.words(2, params={name: "192.0.2.1"})
    assert [DONE, spent] == tenant.words(2, params={name: "192.0.2.2"})
    assert [DONE, spent] == tenant.words(2)
    assert spent == word(tenant.call(params={name: "192.0.2.1"}))


def test_the_user_that_is_named_goes_before_the_address_and_both_before_the_token(
    tenant: Tenant,
) -> None:
    tenant.limit("calls_per_user", 1)
    both = {"quotaUser": "ada", "userIp": "192.0.2.1"}

    assert DONE == word(tenant.call(params=both))
    assert SPENT["userRateLimitExceeded"] == word(tenant.call(params={"quotaUser": "ada"}))
    assert DONE == word(tenant.call(params={"userIp": "192.0.2.1"}))
    assert DONE == word(tenant.call())


def test_users_of_one_name_in_two_projects_do_not_share(tenant: Tenant) -> None:
    other = make_tenant(tenant.server)
    for one in (tenant, other):
        one.limit("calls_per_user", 1)

    for one in (tenant, other):
        assert DONE == word(one.call(params={"quotaUser": "ada"}))


def test_a_user_whose_name_is_too_long_is_refused_and_counted(tenant: Tenant) -> None:
    said = [word(tenant.call(params={"quotaUser": "x" * length})) for length in (40, 41)]

    assert [DONE, (400, "global", "invalid", "quotaUser")] == said
    assert {"done": 1, "invalid": 1} == tenant.outcomes()


def test_a_refused_call_spends_nothing_of_the_other_limits(tenant: Tenant) -> None:
    tenant.limit("calls_per_day", 4)
    tenant.limit("calls_per_minute", 3)
    tenant.limit("calls_per_user", 1)

    ada = tenant.words(9, params={"quotaUser": "ada"})
    others = [word(tenant.call(params={"quotaUser": name})) for name in ("bob", "eve", "sam")]
    tenant.server.clock.advance(60)
    later = [word(tenant.call(params={"quotaUser": name})) for name in ("sam", "tom")]

    assert [DONE] + [SPENT["userRateLimitExceeded"]] * 8 == ada
    assert [DONE, DONE, SPENT["rateLimitExceeded"]] == others
    assert [DONE, SPENT["dailyLimitExceeded"]] == later


def test_what_is_refused_for_its_words_alone_spends_nothing(tenant: Tenant) -> None:
    tenant.limit("calls_per_minute", 2)
    bad = [{"alt": "xml"}, {"callback": "f"}, {"prettyPrint": "maybe"}, {"key": "AIza"}]

    refused = [tenant.call(params=one).status_code for one in bad]

    assert [400] * 4 == refused
    assert [DONE, DONE, SPENT["rateLimitExceeded"]] == tenant.words(3)


@pytest.mark.parametrize("setting", [{"max_tasks": 2}, {"max_bytes": 6}], ids=["tasks", "bytes"])
def test_a_full_queue_refuses_until_something_is_deleted(
    shared_server: RunningServer, setting: dict[str, Any]
) -> None:
    tenant = make_tenant(shared_server, **setting)

    inserted = [tenant.insert() for _ in range(2)]
    refused = tenant.insert()
    tenant.call("DELETE", f"/{inserted[0].json()['id']}")
    room = tenant.insert()

    assert [200, 200] == [reply.status_code for reply in inserted]
    assert SPENT["quotaExceeded"] == word(refused)
    assert "Retry-After" not in refused.headers
    assert DONE == word(room)
    counted = tenant.counts()
    assert 3 == counted["taskqueue.tasks.insert", "done"]
    assert 1 == counted["taskqueue.tasks.insert", "quotaExceeded"]


def test_a_full_project_refuses_what_would_make_it_fuller(shared_server: RunningServer) -> None:
    tenant = make_tenant(shared_server, requests_per_second=100_000)
    shared_server.do(
        lambda tx, _: projects.set_total_storage_limit(tx, project_id=tenant.project_id, limit=1)
    )
    replies = (tenant.insert() for _ in iter(int, 1))

    refused = next(reply for reply in islice(replies, 5_000) if reply.status_code != 200)

    assert SPENT["quotaExceeded"] == word(refused)
    assert "Retry-After" not in refused.headers
    assert DONE == word(tenant.call())
    assert 1 == tenant.counts()["taskqueue.tasks.insert", "quotaExceeded"]


def test_an_api_that_is_off_in_the_queues_project_says_so(shared_server: RunningServer) -> None:
    tenant = make_tenant(shared_server, is_api_on=False)

    refused = tenant.call()

    assert SPENT["accessNotConfigured"] == word(refused)
    assert "Retry-After" not in refused.headers
    message = refused.json()["error"]["message"]
    assert message.startswith("Access Not Configured. The Task Queue API is not switched on for")
    assert tenant.project_id in message
    assert {"accessNotConfigured": 1} == tenant.outcomes()


def test_an_api_that_is_off_in_the_credentials_project_says_so_too(tenant: Tenant) -> None:
    guest = make_tenant(tenant.server, is_api_on=False)
    tenant.allow(guest.email)
    until(
        lambda: tenant.call(token=guest.token).json()["error"]["errors"][0]["reason"] != "forbidden"
    )

    refused = tenant.call(token=guest.token)

    assert SPENT["accessNotConfigured"] == word(refused)
    assert f"project {guest.project_id}, whose credential was sent" in refused.text
    assert {} == tenant.outcomes()
    assert guest.outcomes()["accessNotConfigured"] >= 1


def test_an_api_is_on_as_soon_as_servers_hear_of_it(shared_server: RunningServer) -> None:
    tenant = make_tenant(shared_server, is_api_on=False)
    refused = word(tenant.call())

    shared_server.do(
        lambda tx, now: projects.enable_api(tx, now, project_id=tenant.project_id, api=API)
    )

    assert SPENT["accessNotConfigured"] == refused
    until(lambda: word(tenant.call()) == DONE)


def test_the_credentials_project_pays_wherever_the_queue_is(tenant: Tenant) -> None:
    guest = make_tenant(tenant.server)
    tenant.allow(guest.email)
    guest.limit("calls_per_minute", 2)
    tenant.limit("calls_per_minute", 1)

    said = tenant.words(3, token=guest.token)

    assert [DONE, DONE, SPENT["rateLimitExceeded"]] == said
    assert {"done": 2, "rateLimitExceeded": 1} == guest.outcomes()
    assert {} == tenant.outcomes()
    assert DONE == word(tenant.call())


def test_who_has_no_right_on_a_queue_cannot_spend_what_it_allows(
    shared_server: RunningServer,
) -> None:
    _to_edge(shared_server, 300)
    tenant = make_tenant(shared_server, requests_per_second=0.2)
    stranger = make_tenant(shared_server)
    _, key = tenant.key()

    forbidden = tenant.words(4, token=stranger.token)
    alone = tenant.words(4, token=None, key=key)
    own = tenant.words(3)

    assert [(403, "global", "forbidden", "")] * 4 == forbidden
    assert [(401, "global", "required", "Authorization")] * 4 == alone
    assert [DONE, DONE, SPENT["rateLimitExceeded"]] == own


def test_limits_that_change_count_at_once(tenant: Tenant) -> None:
    spent = SPENT["rateLimitExceeded"]
    tenant.limit("calls_per_minute", 1)
    first = tenant.words(2)

    tenant.limit("calls_per_minute", 100_000)
    until(lambda: word(tenant.call()) == DONE)
    tenant.limit("calls_per_minute", 1)
    until(lambda: word(tenant.call()) == spent)
    tenant.limit("calls_per_minute", None)
    until(lambda: word(tenant.call()) == DONE)

    assert [DONE, spent] == first


def test_limits_of_keys_and_queues_that_change_count_at_once(tenant: Tenant) -> None:
    key, text = tenant.key(calls_per_minute=100_000)
    first = word(tenant.call(key=text))

    tenant.change_key(key, calls_per_minute=1)
    until(lambda: word(tenant.call(key=text)) == SPENT["rateLimitExceeded"])
    unlimited = word(tenant.call())
    tenant.change_queue(requests_per_second=0.1)
    until(lambda: word(tenant.call()) == SPENT["rateLimitExceeded"])
    tenant.change_queue(requests_per_second=None)
    until(lambda: word(tenant.call()) == DONE)

    assert [DONE, DONE] == [first, unlimited]


def test_without_accounting_nothing_is_limited_or_counted(database_url: str) -> None:
    with run_server(database_url, accounting=False) as server:
        tenant = make_tenant(server, requests_per_second=0.1)
        _, key = tenant.key(calls_per_minute=1)
        tenant.limit("calls_per_minute", 1)

        said = tenant.words(3, key=key)

        assert [DONE] * 3 == said
        assert {} == tenant.outcomes()
