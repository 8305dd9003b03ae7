"""Load over real HTTP: callers that insert, lease and delete until the server or the test ends."""

import base64
import http.client
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.durability.ledger import Ledger

TASKS = "/taskqueue/v1beta2/projects/demo/taskqueues/q/tasks"
LEASE_SECONDS = 7200  # longer than any test
CALLERS = 8
REST_SECONDS = 0.01  # of a caller that was told 503


class _NotAvailable(Exception):
    """The server said 503: nobody knows what became of it."""


class Caller:
    """One connection; every payload that it sends is new."""

    def __init__(self, url: str, token: str, ledger: Ledger, name: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._http = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._ledger = ledger
        self._name = name
        self._end = threading.Event()

    def work(self) -> None:
        """Goes on until told to end, or until the server is gone."""
        try:
            for number in itertools.count():
                if self._end.is_set():
                    return
                try:
                    self._turn(number)
                except _NotAvailable:
                    with self._ledger.noting() as ledger:
                        ledger.unavailable += 1
                    self._end.wait(REST_SECONDS)
        except (OSError, http.client.HTTPException):
            return  # killed
        except Exception as error:  # shown by the test's thread
            with self._ledger.noting() as ledger:
                ledger.surprises.append(repr(error))
        finally:
            self._http.close()

    def end(self) -> None:
        self._end.set()

    def _turn(self, number: int) -> None:
        """Inserts a task, with a name of its own or without; at every third time works some off."""
        payload = f"{self._name}-{number}"
        with self._ledger.noting() as ledger:
            ledger.sent.add(payload)
        body: dict[str, str] = {"queueName": "q", "payloadBase64": _encode(payload)}
        if number % 2:
            body["id"] = f"name-{payload}"
        self._call("POST", TASKS, body)
        with self._ledger.noting() as ledger:
            ledger.inserted.add(payload)
        if number % 3 == 2:
            self._work_off()

    def _work_off(self) -> None:
        """Leases up to three tasks, if others left any, and deletes all of them but the last."""
        lease = self._call("POST", f"{TASKS}/lease?numTasks=3&leaseSecs={LEASE_SECONDS}")
        tasks = [
            (task["id"], _decode(task), int(task["leaseTimestamp"]))
            for task in lease.get("items", ())
        ]
        with self._ledger.noting() as ledger:
            for _, payload, eta in tasks:
                ledger.note_lease(payload, eta)
        for task_id, payload, _ in tasks[:-1]:
            with self._ledger.noting() as ledger:
                ledger.doubtful.add(payload)
            self._call("DELETE", f"{TASKS}/{task_id}")
            with self._ledger.noting() as ledger:
                ledger.deleted.add(payload)

    def _call(self, verb: str, path: str, body: dict[str, str] | None = None) -> Any:  # noqa: ANN401  # JSON
        content = None if body is None else json.dumps(body)
        self._http.request(verb, path, content, self._headers)
        reply = self._http.getresponse()
        answer = reply.read()
        if reply.status == http.client.SERVICE_UNAVAILABLE:
            raise _NotAvailable
        if reply.status not in {200, 204}:
            raise ValueError(f"{verb} {path}: {reply.status} {answer.decode()}")
        return json.loads(answer) if answer else {}


def _encode(payload: str) -> str:
    return base64.urlsafe_b64encode(payload.encode()).decode()


def _decode(task: dict[str, str]) -> str:
    return base64.urlsafe_b64decode(task["payloadBase64"]).decode()


@contextmanager
def load(url: str, token: str, ledger: Ledger, name: str) -> Iterator[None]:
    """Several callers at once, each in a thread, whose payloads begin with `name`."""
    callers = [Caller(url, token, ledger, f"{name}-{n}") for n in range(CALLERS)]
    threads = [threading.Thread(target=caller.work) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for caller in callers:
            caller.end()
        for thread in threads:
            thread.join()
