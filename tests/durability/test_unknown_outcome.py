"""Unknown outcomes: PostgreSQL says "success, with a warning", and the caller is told neither.

A commit waits for a standby that does not exist, and the wait is cut short in every way there is.
"""

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, LiteralString

import psycopg
import pytest
import requests

from tests.durability.waiting import wait_until
from tests.postgres import PostgresServer
from tests.running_server import RunningServer, run_server

WORKER = "worker@demo.iam.leasehold.internal"
TASKS = "demo/taskqueues/q/tasks"

# No portion of a quota is to be drawn: that commit would wait instead of the task's.
NO_QUOTA: dict[str, Any] = {
    "quota_calls_per_day": 0,
    "quota_calls_per_minute": 0,
    "quota_calls_per_user": 0,
}

# Commits that wait for the standby.
WAITING: LiteralString = "from pg_stat_activity where wait_event = 'SyncRep'"


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database; afterwards no commit waits for a standby any more."""
    yield postgres_server.create_database()
    postgres_server.configure(synchronous_standby_names=None)


class Producer:
    """Inserts over HTTP, from a thread of its own."""

    def __init__(self, server: RunningServer) -> None:
        server.service_account()
        server.queue_for(WORKER)
        self._server = server
        self._token = server.token()
        self._thread = ThreadPoolExecutor(1)

    def insert(self, name: str) -> requests.Response:
        body = {"queueName": "q", "payloadBase64": "am9i", "id": name}
        return self._server.call("POST", TASKS, token=self._token, json=body)

    def insert_until_refused(self) -> "Future[requests.Response]":
        """Inserts one task after the other until one is not acknowledged; that reply."""

        def insert() -> requests.Response:
            for number in itertools.count():
                reply = self.insert(f"task-{number}")
                if reply.status_code != requests.codes.ok:
                    return reply
                self.acknowledged = number
            raise AssertionError

        return self._thread.submit(insert)

    acknowledged = -1  # the number of the last task

    def names(self) -> list[str]:
        reply = self._server.call("GET", TASKS, token=self._token)
        return [task["id"] for task in reply.json().get("items", ())]

    def works(self) -> bool:
        """Whether a task is inserted; many of them, should the first still be refused."""
        return any(self.insert(f"later-{n}").status_code == requests.codes.ok for n in range(5))


@contextmanager
def a_waiting_commit(
    postgres_server: PostgresServer, producer: Producer
) -> Iterator[tuple["psycopg.Connection[tuple[object, ...]]", "Future[requests.Response]"]]:
    """A connection to look at the wait with, and the reply that is being waited for."""
    postgres_server.configure(synchronous_standby_names="nobody")
    reply = producer.insert_until_refused()
    with closing(psycopg.connect(postgres_server.socket_url(), autocommit=True)) as administrator:
        wait_until(lambda: bool(administrator.execute(f"select {WAITING}").fetchall()))
        yield administrator, reply


def is_refused_as_unavailable(reply: requests.Response) -> bool:
    error = reply.json()["error"]
    return reply.status_code == 503 and error["errors"][0]["reason"] == "backendError"


@pytest.mark.parametrize("cut", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_whose_wait_is_cut_short_is_not_acknowledged_though_the_task_is_there(
    postgres_server: PostgresServer, url: str, cut: LiteralString
) -> None:
    with run_server(url, **NO_QUOTA) as server:
        producer = Producer(server)
        with a_waiting_commit(postgres_server, producer) as (administrator, reply):
            while not reply.done():
                administrator.execute(f"select {cut}(pid) {WAITING}")
        postgres_server.configure(synchronous_standby_names=None)

        assert is_refused_as_unavailable(reply.result())
        assert f"task-{producer.acknowledged + 1}" in producer.names()
        assert producer.works()


def test_past_the_deadline_the_caller_is_told_and_the_commit_goes_on_waiting(
    postgres_server: PostgresServer, url: str
) -> None:
    with run_server(url, deadline_seconds=2.0, **NO_QUOTA) as server:
        producer = Producer(server)
        with a_waiting_commit(postgres_server, producer) as (administrator, reply):
            before = administrator.execute(f"select pid {WAITING}").fetchall()
            refused = is_refused_as_unavailable(reply.result(20))
            after = administrator.execute(f"select pid {WAITING}").fetchall()
        postgres_server.configure(synchronous_standby_names=None)

        assert refused
        assert set(before) <= set(after), "the commit was cancelled"
        assert producer.works()
        wait_until(lambda: f"task-{producer.acknowledged + 1}" in producer.names())
