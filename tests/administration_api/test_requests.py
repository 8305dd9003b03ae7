"""What a request of the administration API may look like, and what is said of one that is wrong."""

import gzip
import itertools
import json

import pytest
import requests

from tests.administration_api.world import OTHER, STRANGER, Caller, World
from tests.running_server import OWNER, PROJECT

ROOT = f"projects/{PROJECT}"

_names = itertools.count(1)


@pytest.fixture(scope="module")
def caller(sqlite_world: World) -> Caller:
    return sqlite_world.caller()


def raw(caller: Caller, body: bytes, **headers: str) -> requests.Response:
    """A POST that makes a queue."""
    usual = {"Content-Type": "application/json"} | headers
    return caller.send("POST", f"{ROOT}/queues", data=body, headers=usual)


def error(reply: requests.Response) -> tuple[int, str, str]:
    found = reply.json()["error"]
    (entry,) = found["errors"]
    return reply.status_code, entry["reason"], entry.get("location", "")


@pytest.mark.parametrize(
    ("body", "reason", "location"),
    [
        (b"{", "parseError", ""),
        (b"\xff", "parseError", ""),
        (b'{"name": "\\ud800"}', "parseError", ""),
        (b"[" * 100_000, "invalid", ""),
        (b'{"name": ' + b"[" * 100_000, "invalid", "name"),
        (b"[]", "invalid", ""),
        (b"null", "invalid", ""),
        (b"", "required", "name"),
        (b"{}", "required", "name"),
        (b'{"name": "q", "nmae": 1}', "invalid", "nmae"),
        (b'{"name": "q", "acl": {"consumer": []}}', "invalid", "acl.consumer"),
        (b'{"name": "q", "acl": {"consumers": [1]}}', "invalid", "acl.consumers[0]"),
        (b'{"name": "q", "acl": {"consumers": ["\\u0000"]}}', "invalid", "acl"),
        (b'{"name": 1}', "invalid", "name"),
        (b'{"name": null}', "invalid", "name"),
        (b'{"name": "q\\u0000"}', "invalid", "name"),
        (b'{"name": "no/slash"}', "invalid", "name"),
        (b'{"name": "q", "mode": "pull me"}', "invalid", "mode"),
        (b'{"name": "q", "maxTasks": -1}', "invalid", "maxTasks"),
        (b'{"name": "q", "maxTasks": 1e400}', "invalid", "maxTasks"),
        (b'{"name": "q", "maxTasks": ' + b"9" * 10_000 + b"}", "invalid", "maxTasks"),
        (b'{"name": "q", "requestsPerSecond": 1e-9}', "invalid", "requestsPerSecond"),
    ],
)
def test_a_body_that_is_wrong_is_refused_and_the_field_named(
    caller: Caller, body: bytes, reason: str, location: str
) -> None:
    assert (400, reason, location) == error(raw(caller, body))


def test_a_body_has_bounds(caller: Caller) -> None:
    body = b'{"name": "' + b"q" * 3 * 2**20 + b'"}'

    plain = raw(caller, body)
    compressed = raw(caller, gzip.compress(body), **{"Content-Encoding": "gzip"})

    assert (413, "uploadTooLarge", "") == error(plain)
    assert (413, "uploadTooLarge", "") == error(compressed)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_a_body_is_json_and_says_so(caller: Caller, content_type: str) -> None:
    reply = raw(caller, b'{"name": "form"}', **{"Content-Type": content_type})

    assert (400, "invalid", "") == error(reply)


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("pageSize=0", "pageSize"),
        ("pageSize=1001", "pageSize"),
        ("pageSize=many", "pageSize"),
        ("pageSize=" + "9" * 5_000, "pageSize"),
        ("pageToken=%00", "pageToken"),
        ("pageToken=!", "pageToken"),
        ("pageToken=AAAA", "pageToken"),
        ("prefix=%00", "prefix"),
        ("page=1", "page"),
        ("pageSize=1&pageSize=2", "pageSize"),
        ("alt=csv", "alt"),
        ("callback=alert", "callback"),
        ("prettyPrint=maybe", "prettyPrint"),
        ("quotaUser=" + "u" * 41, "quotaUser"),
        ("fields=queues(name)", "fields"),
    ],
)
def test_a_parameter_that_is_wrong_is_refused_by_its_name(
    caller: Caller, query: str, location: str
) -> None:
    status, _, where = error(caller.send("GET", f"{ROOT}/queues?{query}"))

    assert (400, location) == (status, where)


@pytest.mark.parametrize(
    "query", ["pageSize=%ff", "%00=1", "&".join(f"p{n}=1" for n in range(101))]
)
def test_a_query_that_cannot_be_read_is_refused(caller: Caller, query: str) -> None:
    assert 400 == caller.send("GET", f"{ROOT}/queues?{query}").status_code


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 404),
        ("project", 404),
        ("projects/", 404),
        ("projects//queues", 404),
        ("projects/demo/queues/", 404),
        ("projects/%ff", 400),
        ("projects/%00", 400),
        ("projects/" + "p" * 2_000, 400),
        ("projects/demo:explode", 404),
        ("projects/demo%2Fqueues", 404),
    ],
)
def test_a_path_that_names_nothing_is_answered(caller: Caller, path: str, status: int) -> None:
    assert status == caller.send("GET", path).status_code


def test_a_colon_in_a_name_is_no_action(caller: Caller) -> None:
    caller.do("POST", "projects", {"id": "example.com:enable"})

    as_name = caller.send("POST", "projects/example.com%3Aenable", json={})
    as_action = caller.send("POST", "projects/example.com%3Aenable:enable", json={})
    read = caller.get("projects/example.com:enable")

    assert 405 == as_name.status_code
    assert 200 == as_action.status_code
    assert "example.com:enable" == read["id"]


def test_a_partition_prefix_is_no_part_of_a_projects_id(caller: Caller) -> None:
    assert PROJECT == caller.get(f"projects/s~{PROJECT}")["id"]


def test_another_verb_is_refused_with_those_that_the_path_takes(caller: Caller) -> None:
    reply = caller.send("PUT", ROOT, json={})

    assert (405, "DELETE, GET, PATCH") == (reply.status_code, reply.headers["Allow"])


def test_a_verb_may_be_overridden_where_clients_can_only_post(caller: Caller) -> None:
    caller.do("POST", f"{ROOT}/queues", {"name": "overridden"})
    headers = {"X-HTTP-Method-Override": "PATCH"}

    changed = caller.send(
        "POST", f"{ROOT}/queues/overridden", json={"maxTasks": 1}, headers=headers
    )
    listed = caller.send(
        "POST",
        f"{ROOT}/queues",
        data="prefix=overridden",
        headers={
            "X-HTTP-Method-Override": "GET",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert 1 == changed.json()["maxTasks"]
    assert ["overridden"] == [one["queue"]["name"] for one in listed.json()["queues"]]


def test_fields_select_from_what_is_shown(caller: Caller) -> None:
    name = f"selected-{next(_names)}"
    caller.do("POST", f"{ROOT}/queues", {"name": name})

    found = caller.get(f"{ROOT}/queues", prefix=name, fields="queues(queue/name,tasks)")

    assert {"queues": [{"queue": {"name": name}, "tasks": 0}]} == found


def test_fields_that_cannot_be_shown_leave_no_secret_behind(caller: Caller) -> None:
    refused = caller.refused("POST", f"{ROOT}/keys", {"name": "lost"}, fields="secret")

    assert (400, "invalidParameter", "fields") == refused
    assert "lost" not in [key["name"] for key in caller.get(f"{ROOT}/keys")["keys"]]


def test_a_list_comes_in_pages(caller: Caller) -> None:
    for number in range(5):
        caller.do("POST", f"{ROOT}/queues", {"name": f"paged-{number}"})

    names, token = [], ""
    for _ in range(3):
        page = caller.get(f"{ROOT}/queues", prefix="paged-", pageSize=2, pageToken=token)
        names.append([one["queue"]["name"] for one in page["queues"]])
        token = page["nextPageToken"]

    assert [["paged-0", "paged-1"], ["paged-2", "paged-3"], ["paged-4"]] == names
    assert not token


def test_a_report_is_csv_for_who_asks(caller: Caller) -> None:
    times = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-30T00:00:00Z"}

    usage = caller.send("GET", f"{ROOT}/usage", params={**times, "by": "apiKey", "alt": "csv"})
    audit = caller.send("GET", f"{ROOT}/audit", params={"alt": "csv"})

    assert "text/csv; charset=UTF-8" == usage.headers["Content-Type"]
    assert "day,api_key,calls,errors,cost" == usage.text.splitlines()[0]
    assert audit.text.startswith("number,at,actor_kind,actor,")


def test_an_unknown_dimension_is_refused(caller: Caller) -> None:
    times = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-30T00:00:00Z"}

    assert (400, "invalid", "by") == caller.refused(
        "GET", f"{ROOT}/usage", None, **times, by="colour"
    )


@pytest.mark.parametrize(
    "expires_at", ["yesterday", "2030-01-01", "2030-01-01T00:00:00", "1960-01-01T00:00:00Z"]
)
def test_an_instant_says_its_zone_and_lies_in_our_times(caller: Caller, expires_at: str) -> None:
    refused = caller.refused("POST", f"{ROOT}/keys", {"name": "k", "expiresAt": expires_at})

    assert (400, "invalid", "expiresAt") == refused


def test_what_was_changed_is_so_for_the_very_next_request(sqlite_world: World) -> None:
    caller = sqlite_world.caller()
    caller.do("POST", f"{ROOT}/queues", {"name": "fresh"})
    token = sqlite_world.server.token()
    lease = f"{PROJECT}/taskqueues/fresh/tasks/lease?numTasks=1&leaseSecs=1"
    worker = "worker@demo.iam.leasehold.internal"

    statuses = []
    for verb in ("PUT", "DELETE") * 3:
        caller.do(verb, f"{ROOT}/queues/fresh/acl/consumer/{worker}")
        statuses.append(sqlite_world.server.call("POST", lease, token=token).status_code)

    assert [200, 403] * 3 == statuses


def test_a_secret_is_shown_once(caller: Caller) -> None:
    client = caller.do(
        "POST",
        f"{ROOT}/clients",
        {"type": "web", "name": "S", "redirectUris": ["https://s.example.com/"]},
    )
    key = caller.do("POST", f"{ROOT}/keys", {"name": "once"})
    secrets = [client["secret"]["secret"], key["keyString"]]

    path = f"{ROOT}/clients/{client['client']['id']}"
    shown = json.dumps(
        [
            caller.get(path),
            caller.get(f"{path}/secrets"),
            caller.get(f"{ROOT}/clients"),
            caller.get(f"{ROOT}/keys"),
            caller.get(f"{ROOT}/keys/{key['key']['id']}"),
            caller.get(f"{ROOT}/audit"),
        ]
    )

    assert [] == [secret for secret in secrets if secret in shown]


def test_the_audit_log_says_who_did_it_and_by_what(sqlite_world: World, caller: Caller) -> None:
    caller.do("POST", f"{ROOT}/queues", {"name": "audited", "maxTasks": 7})

    (entry,) = caller.get(f"{ROOT}/audit", target="queues/audited")["entries"]

    assert ("queues.create", OWNER, "person", "127.0.0.1", sqlite_world.client_id) == (
        entry["action"],
        entry["actor"],
        entry["actorKind"],
        entry["address"],
        entry["clientId"],
    )
    assert 7 == entry["after"]["max_tasks"]
    assert entry == caller.get(f"{ROOT}/audit/{entry['number']}")


def test_a_purge_leaves_nothing_and_says_how_much_it_was(caller: Caller) -> None:
    caller.do("POST", f"{ROOT}/queues", {"name": "full"})
    for _ in range(3):
        caller.do("POST", f"{ROOT}/queues/full/tasks", {"payload": "am9i"})

    purged = caller.do("POST", f"{ROOT}/queues/full:purge")

    assert {"tasks": 3} == purged
    assert 0 == caller.get(f"{ROOT}/queues/full/statistics")["totalTasks"]


def test_a_preview_of_a_queue_file_changes_nothing(caller: Caller) -> None:
    file = "queue:\n- name: previewed\n  mode: pull\n"

    seen = caller.do("POST", f"{ROOT}/queues:apply", {"file": file, "preview": True})
    before = caller.send("GET", f"{ROOT}/queues/previewed").status_code
    done = caller.do("POST", f"{ROOT}/queues:apply", {"file": file})
    after = caller.send("GET", f"{ROOT}/queues/previewed").status_code

    assert seen["steps"] == done["steps"]
    assert (404, 200) == (before, after)


def test_a_list_shows_only_what_is_the_callers(sqlite_world: World) -> None:
    mine = sqlite_world.caller(STRANGER).get("projects")["projects"]

    assert {OTHER, "tools"} == {project["id"] for project in mine}


def test_a_program_makes_no_project(sqlite_world: World) -> None:
    program = sqlite_world.program("leasehold.admin")

    assert (403, "forbidden", "") == program.refused("POST", "projects", {"id": "its"})
    assert [] == program.get("projects")["projects"]


@pytest.mark.parametrize("instant", ["253402300800", "-1e300", "99999999999999999999"])
def test_a_number_that_is_no_instant_is_refused(caller: Caller, instant: str) -> None:
    status, reason, _ = caller.refused("GET", f"{ROOT}/audit", since=instant)

    assert (400, "invalid") == (status, reason)


def test_a_queue_file_has_bounds(caller: Caller) -> None:
    long = "queue:\n" + "# nothing\n" * 15_000
    many = "queue:\n" + "".join(f"- name: many-{n}\n  mode: pull\n" for n in range(501))

    assert (400, "invalid", "file") == caller.refused(
        "POST", f"{ROOT}/queues:apply", {"file": long}
    )
    assert (409, "duplicate", "file") == caller.refused(
        "POST", f"{ROOT}/queues:apply", {"file": many}
    )


def test_a_query_in_the_body_is_no_longer_than_a_head(sqlite_world: World) -> None:
    stranger = Caller(sqlite_world.server, None)
    form = {"X-HTTP-Method-Override": "GET"}

    replies = [
        stranger.send("POST", f"{ROOT}/queues", data=b"a=" + b"b" * size, headers=form)
        for size in (60_000, 70_000)
    ]

    assert [(401, "required", "Authorization"), (413, "uploadTooLarge", "")] == list(
        map(error, replies)
    )
