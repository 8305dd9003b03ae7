"""A key's string is shown once: never again in a reply, a list, a log or the database."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import requests
from psycopg import sql

from leasehold.errors import Unavailable
from leasehold.settings import Settings
from leasehold.usage import api_keys
from leasehold.web.api.method import Call
from leasehold.web.api.methods import METHODS, tasks_get
from leasehold.web.api.wire import WireTask
from tests.administration_api.world import Caller, World, furnished
from tests.api.raw_http import exchange, request
from tests.api.worker import EMAIL
from tests.cli.commands import Commands
from tests.running_server import PROJECT, SECRET_BOX, RunningServer, filled, run_server_on

KEYS = f"projects/{PROJECT}/keys"
TASKS = f"/taskqueue/v1beta2/projects/{PROJECT}/taskqueues/q/tasks"
CLIENTS = ("urllib3", "requests")  # whose log shows what the test itself asks


async def fail(call: Call) -> WireTask:
    """A method that fails as the task's id says, with all that it knows at hand."""
    if call.task_id == "unavailable":
        raise Unavailable("not now", detail="the lane is closed")
    raise RuntimeError("a mistake")


@pytest.fixture
def world(database_url: str, caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """A server that logs all it can, on which showing a task fails."""
    caplog.set_level(logging.DEBUG)
    showing = replace(tasks_get.METHOD, run=fail)
    methods = [showing if method is tasks_get.METHOD else method for method in METHODS]
    with run_server_on(filled(database_url), Settings(), methods=methods) as server:
        server.queue_for(EMAIL)
        yield furnished(server)


@pytest.fixture
def strings(world: World) -> list[str]:
    """Every string that a key ever had: of a good one two, and of a deleted one."""
    owner = world.caller()
    first = owner.do("POST", KEYS, {"name": "Printer"})
    second = owner.do("POST", f"{KEYS}/{first['key']['id']}:rotate")
    gone = owner.do("POST", KEYS, {"name": "Gone"})
    owner.do("DELETE", f"{KEYS}/{gone['key']['id']}")
    blocked = owner.do("POST", KEYS, {"name": "Blocked", "addresses": ["203.0.113.0/24"]})
    found = [str(reply["keyString"]) for reply in (first, second, gone, blocked)]
    assert all(text.startswith("lhk_") and len(text) == 53 for text in found)
    return found


def assert_secret(strings: list[str], where: str) -> None:
    """That no string is there, nor enough of one to find the rest."""
    for text in strings:
        assert text not in where
        assert text[4:24] not in where
        assert text[-24:-4] not in where


def used(server: RunningServer, owner: Caller, text: str) -> Iterator[requests.Response]:
    """Every way in which a call with the key ends, and many in which it is sent amiss."""
    by_header = {"X-Goog-Api-Key": text}
    bearer = {"Authorization": f"Bearer {server.token()}"}
    document = "/discovery/v1/apis/taskqueue/v1beta2/rest"
    for headers, query in ((by_header, ""), ({}, f"?key={text}")):
        for path in (TASKS, f"{TASKS}/broken", f"{TASKS}/unavailable", document, f"{TASKS}/a/b"):
            yield requests.get(f"{server.url}{path}{query}", headers=headers, timeout=30)
            both = {**headers, **bearer}
            yield requests.get(f"{server.url}{path}{query}", headers=both, timeout=30)
        yield requests.put(f"{server.url}{TASKS}{query}", headers=headers, timeout=30)
        yield requests.post(f"{server.url}/batch{query}", headers=headers, timeout=30)
        yield owner.send("GET", f"{KEYS}{query}", headers=headers)
    for amiss in (
        f"?key={text}&key={text}",
        f"?key={text}x",
        f"?KEY={text}",
        f"?access_token={text}",
        f"?callback={text}",
        f"?key={text}&alt=xml",
        f"?key={text}&fields=nothing",
        f"?key={text}&quotaUser={'x' * 50}",
    ):
        yield requests.get(f"{server.url}{TASKS}{amiss}", headers=bearer, timeout=30)
    for value in (f"Bearer {text}", text, f"Basic {text}", f"OAuth {text} {text}"):
        yield requests.get(server.url + TASKS, headers={"Authorization": value}, timeout=30)
    for path in ("/", "/signin", "/token", "/nowhere", "/o/oauth2/v2/auth", "/tokeninfo"):
        yield requests.get(f"{server.url}{path}?key={text}", timeout=30)
    # Pasted where the key's id belongs.
    yield owner.send("GET", f"{KEYS}/{text}")
    yield owner.send("POST", f"{KEYS}/{text}:rotate", json={})
    yield owner.send("DELETE", f"{KEYS}/{text}")


def misused(server: RunningServer, text: str) -> Iterator[bytes]:
    """What the server says of requests that are hardly HTTP."""
    header = f"X-Goog-Api-Key: {text}"
    for raw in (
        request(f"{TASKS}?key={text} x", "", headers=(header,)),
        request(TASKS, "", headers=(header + "\0",)),
        request(TASKS, "", headers=(f"{header}\r\nX Y: z",)),
        request(f"{TASKS}?key={text}" + "x" * 70_000, "", headers=(header,)),
        request(TASKS, "", headers=(header, "Transfer-Encoding: nonsense")),
        f"{text} / HTTP/1.1\r\n\r\n".encode(),
    ):
        yield exchange(server.url, raw).body


def test_no_reply_and_no_log_repeats_a_key(
    world: World,
    strings: list[str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    statuses = set()
    owner = world.caller()
    for text in strings[1:]:
        for reply in used(world.server, owner, text):
            statuses.add(reply.status_code)
            assert_secret(strings, reply.text + json.dumps(dict(reply.headers)))
        for body in misused(world.server, text):
            assert_secret(strings, body.decode())

    logged = [record for record in caplog.records if not record.name.startswith(CLIENTS)]
    lines = "\n".join(logging.Formatter().format(record) for record in logged)
    assert {200, 400, 401, 403, 404, 405, 500, 503} <= statuses
    assert "RuntimeError: a mistake" in lines
    assert "api.unavailable" in lines
    assert_secret(strings, lines)
    assert_secret(strings, "".join(capfd.readouterr()))


def test_no_list_report_or_audit_entry_has_a_key(
    world: World, strings: list[str], database_url: str
) -> None:
    owner, commands = world.caller(), Commands(database_url)
    list(used(world.server, owner, strings[0]))
    keys = owner.get(KEYS, showDeleted="true")["keys"]
    project = f"projects/{PROJECT}"

    shown = [
        json.dumps(owner.get(path))
        for path in (
            KEYS,
            f"{project}/usage?since=2026-01-01T00:00:00Z&until=2030-01-01T00:00:00Z&by=api_key",
            f"{project}/audit",
            f"{project}/quotas",
            project,
        )
    ]
    shown += [json.dumps(owner.get(f"{KEYS}/{key['id']}")) for key in keys]
    shown += [
        commands.ok(f"{line} {form}".strip())
        for line in (
            "key list --project demo",
            *(f"key show {key['id']}" for key in keys),
            "audit list --project demo",
            "audit export",
            "usage report --project demo --by api_key",
        )
        for form in ("", "--json")
        if line != "audit export" or not form
    ]
    shown += [commands.refused(f"key {verb} {strings[0]}") for verb in ("show", "rotate")]

    assert 3 == len(keys)
    assert all(any(key["id"] in text for text in shown) for key in keys)
    assert_secret(strings, "\n".join(shown))


def test_the_database_has_no_key_in_the_clear_nor_what_anybody_could_make_of_it(
    world: World, strings: list[str], database_url: str
) -> None:
    list(used(world.server, world.caller(), strings[0]))

    kept = everything_in(database_url)

    ids = [key["id"] for key in world.caller().get(KEYS)["keys"]]
    assert all(key_id.encode() in kept for key_id in ids)
    for text in strings:
        secret = text.encode()
        digests = [hashlib.new(name, secret).digest() for name in ("sha256", "sha1", "md5")]
        for one in (secret, secret[4:24], *digests):
            assert one not in kept
            assert one.hex().encode() not in kept
        # What is kept in its place: it takes the server's secret key to make it.
        assert api_keys.string_digest(SECRET_BOX, text) in kept


def everything_in(database_url: str) -> bytes:
    """All files of a SQLite database, or all rows of all tables of a PostgreSQL one."""
    if not database_url.startswith("postgresql"):
        path = Path(database_url)
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    tables = sql.SQL(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema')"
    )
    found = b""
    with psycopg.connect(database_url) as connection:
        for schema, table in connection.execute(tables).fetchall():
            rows = sql.SQL("select * from {}").format(sql.Identifier(schema, table))
            for row in connection.execute(rows):
                for value in row:
                    found += value if isinstance(value, bytes) else str(value).encode()
    return found
