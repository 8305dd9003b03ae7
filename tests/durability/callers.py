"""Callers over real HTTP, from threads: each plans a call, sends it, and writes down its end."""

import http.client
import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes

from tests.durability.call_book import DONE, LOST, UNAVAILABLE, CallBook, Entry
from tests.durability.machine_clock import MachineClock
from tests.durability.market import Credential
from tests.durability.server_processes import Address, ServerProcesses

REST_SECONDS = 0.01  # until a caller looks again whether there is a server

BOUNDARY = "batch_of_calls"


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that is to be sent."""

    method: str  # its id; "" where no method has such a path, so that nothing is counted
    verb: str
    path: str
    outcomes: frozenset[str] = frozenset([DONE])  # which it may have
    body: bytes = b""
    payload: str = ""  # see `Entry`
    api: str = "taskqueue"
    batch: tuple["Plan", ...] = ()  # the calls in it, if it is a batch


@dataclass
class Caller:
    """Somebody with a credential, and what they have been given."""

    credential: Credential
    rng: random.Random
    name: str  # no two callers have the same
    made: int = 0  # inserts so far
    leased: list[str] = field(default_factory=list)  # ids of tasks


Planner = Callable[[Caller], Plan]


class NoMore(Exception):
    """Raised by a planner: the caller has no more to do."""


class _Gone(Exception):
    """No connection to the server could be made, so nothing was sent."""


class Telephone:
    """What a caller calls with, from a thread: each call goes to any of the servers."""

    def __init__(
        self,
        caller: Caller,
        plan: Planner,
        *,
        servers: ServerProcesses,
        book: CallBook,
        clock: MachineClock,
    ) -> None:
        self._caller = caller
        self._plan = plan
        self._servers = servers
        self._book = book
        self._clock = clock
        self._connections: dict[Address, http.client.HTTPConnection] = {}
        self._end = threading.Event()

    def work(self) -> None:
        """Calls until told to end, or until nothing is planned any more."""
        try:
            while not self._end.is_set():
                plan = self._plan(self._caller)
                while not self._end.is_set() and not self._call(plan):
                    self._end.wait(REST_SECONDS)
        except NoMore:
            return
        except Exception as error:  # shown by the test's thread
            self._book.complain(f"{self._caller.credential.name}: {error!r}")
        finally:
            for connection in self._connections.values():
                connection.close()

    def end(self) -> None:
        self._end.set()

    def _call(self, plan: Plan) -> bool:
        """Sends the call, and writes down its end; False when there was no server to send it to."""
        sent_at = self._clock.now()
        try:
            connection = self._connection()
        except _Gone:
            return False
        try:
            status, headers, answer = self._exchange(connection, plan)
        except (OSError, http.client.HTTPException):
            connection.close()
            outcomes = [LOST] * max(1, len(plan.batch))
        else:
            outcomes = self._outcomes(plan, status, headers, answer)
        answered_at = self._clock.now()
        self._book.note(
            self._entry(made, outcome, sent_at, answered_at)
            for made, outcome in zip(plan.batch or (plan,), outcomes, strict=True)
        )
        return True

    def _connection(self) -> http.client.HTTPConnection:
        addresses = [address for address in self._servers.addresses if address is not None]
        if not addresses:
            raise _Gone
        address = self._caller.rng.choice(addresses)
        connection = self._connections.setdefault(
            address, http.client.HTTPConnection(*address, timeout=60)
        )
        if connection.sock is None:
            try:
                connection.connect()
            except OSError as error:
                raise _Gone from error
        return connection

    def _exchange(
        self, connection: http.client.HTTPConnection, plan: Plan
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        body, content_type = plan.body, "application/json"
        if plan.batch:
            body = b"".join(self._part(each) for each in plan.batch) + _delimiter(end=True)
            content_type = f"multipart/mixed; boundary={BOUNDARY}"
        headers = {**self._caller.credential.headers, "Content-Type": content_type}
        connection.request(plan.verb, self._path(plan), body or None, headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()

    def _path(self, plan: Plan) -> str:
        """With the key, where it is sent in the URL; a batch has it in its calls."""
        parameters = self._caller.credential.parameters
        if not parameters or plan.batch:
            return plan.path
        return f"{plan.path}{'&' if '?' in plan.path else '?'}{parameters}"

    def _part(self, plan: Plan) -> bytes:
        head = (
            "Content-Type: application/http\r\n\r\n"
            f"{plan.verb} {self._path(plan)} HTTP/1.1\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(plan.body)}\r\n\r\n"
        )
        return _delimiter() + head.encode() + plan.body + b"\r\n"

    def _outcomes(
        self, plan: Plan, status: int, headers: http.client.HTTPMessage, answer: bytes
    ) -> list[str]:
        if not plan.batch:
            return [self._outcome(plan, status, answer)]
        if status != http.client.OK:
            raise ValueError(f"a batch: {status} {answer.decode()}")
        head = f"Content-Type: {headers['content-type']}\r\n\r\n".encode()
        outcomes = []
        for part, each in zip(_parts(head + answer), plan.batch, strict=True):
            top, _, body = part.partition(b"\r\n\r\n")
            outcomes.append(self._outcome(each, int(top.split()[1]), body))
        return outcomes

    def _outcome(self, plan: Plan, status: int, answer: bytes) -> str:
        value = json.loads(answer) if answer else {}
        if status >= http.client.BAD_REQUEST:
            return str(value["error"]["errors"][0]["reason"])
        if plan.method == "taskqueue.tasks.lease":
            self._caller.leased += [task["id"] for task in value.get("items", ())]
        return DONE

    def _entry(self, plan: Plan, outcome: str, sent_at: int, answered_at: int) -> Entry:
        credential = self._caller.credential
        is_counted = plan.method and outcome != UNAVAILABLE
        charge = credential.charge(plan.api, plan.method) if is_counted else None
        return Entry(charge, outcome, plan.outcomes, sent_at, answered_at, plan.payload)


def _delimiter(*, end: bool = False) -> bytes:
    return f"--{BOUNDARY}{'--' if end else ''}\r\n".encode()


def _parts(message: bytes) -> Iterator[bytes]:
    for part in message_from_bytes(message).walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            yield content


@contextmanager
def calling(telephones: Sequence[Telephone]) -> Iterator[None]:
    """All of them at once, each in a thread of its own, until this is left."""
    threads = [threading.Thread(target=telephone.work) for telephone in telephones]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for telephone in telephones:
            telephone.end()
        for thread in threads:
            thread.join()


def call_all(telephones: Sequence[Telephone]) -> None:
    """All of them at once; returns when no one has any more to do."""
    threads = [threading.Thread(target=telephone.work) for telephone in telephones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
