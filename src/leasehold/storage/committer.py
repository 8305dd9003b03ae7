"""The committer: where `await` meets the database. A reply leaves once its change is durable."""

import asyncio
from typing import TypeVar

from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.storage.group import Call, Ledger, Operation, Verb
from leasehold.storage.lane import Lane

A = TypeVar("A")
R = TypeVar("R")

MAX_WAITING = 20_000  # calls; beyond this the server says 503 instead of growing
DEADLINE = 30.0  # seconds until a caller is told that the outcome is unknown


class Committer:
    """Hands calls to the engine's lanes and keeps the callers' deadlines.

    A call may have a charge: `ledger` writes it down in the transaction of the call, and a call
    that is refused is charged too, before it is answered. Without a ledger nothing is charged.
    """

    def __init__(self, *, deadline: float = DEADLINE, ledger: Ledger | None = None) -> None:
        self._deadline = deadline
        self._ledger = ledger
        self._lanes: dict[str, Lane] = {}
        self._waiting: dict[Call, Lane] = {}
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    def start(self, lanes: dict[str, Lane]) -> None:
        """Takes the lanes that an engine opened on this event loop."""
        self._loop = asyncio.get_running_loop()
        self._lanes = lanes
        self._watch = self._loop.create_task(self._refuse_the_overdue())

    async def close(self) -> None:
        """Finishes what runs and refuses what waits, and from now on every call."""
        if self._closed:
            return
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(lane.close() for lane in set(self._lanes.values())))
        for call in list(self._waiting):  # of a lane that is stuck
            call.refuse(OutcomeUnknown("the server stopped before the database answered"))

    def call(
        self, verb: Verb[A, R], argument: A, charge: object | None = None
    ) -> "asyncio.Future[R]":
        """Runs a hot verb together with the others that wait for it."""
        return self._submit(verb.name, verb, argument, charge, read_only=False)

    def write(self, operation: Operation[R], charge: object | None = None) -> "asyncio.Future[R]":
        """Runs an operation in a transaction; raising undoes it and nothing else."""
        return self._submit("write", operation, None, charge, read_only=False)

    def chore(self, operation: Operation[R]) -> "asyncio.Future[R]":
        """Runs an operation for which no caller waits; and callers' calls need not wait for it."""
        return self._submit("chore", operation, None, None, read_only=False)

    def read(self, operation: Operation[R], charge: object | None = None) -> "asyncio.Future[R]":
        """Runs an operation that changes nothing; with a charge it takes a commit all the same."""
        read_only = charge is None or self._ledger is None
        return self._submit("read", operation, None, charge, read_only=read_only)

    def read_aside(self, operation: Operation[R]) -> "asyncio.Future[R]":
        """Runs one that may read for long: on another thread, where no other call waits for it.

        It sees what was committed before, of which the last may not be durable yet.
        """
        return self._submit("aside", operation, None, None, read_only=True)

    def _submit(
        self,
        lane_name: str,
        work: Verb[A, R] | Operation[R],
        argument: A | None,
        charge: object | None,
        *,
        read_only: bool,
    ) -> "asyncio.Future[R]":
        future: asyncio.Future[R] = self._loop.create_future()
        if self._closed:
            future.set_exception(Unavailable("the server is shutting down: try again shortly"))
            return future
        if len(self._waiting) >= MAX_WAITING:
            future.set_exception(Unavailable("the server has too much to do: try again shortly"))
            return future
        call = Call(
            work,
            argument,
            future,
            charge=charge,
            ledger=self._ledger,
            read_only=read_only,
            submitted_at=self._loop.time(),
        )
        lane = self._lanes.get(lane_name) or self._lanes["write"]
        self._waiting[call] = lane
        future.add_done_callback(lambda _: self._waiting.pop(call, None))
        lane.submit(call)
        return future

    async def _refuse_the_overdue(self) -> None:
        """Once a second: who has waited past the deadline is told so, and stuck lanes are cut.

        A commit that waits is never cancelled: PostgreSQL would report success. Its connection is
        closed instead, and nobody is told that the change was made.
        """
        while True:
            await asyncio.sleep(1)
            overdue = self._loop.time() - self._deadline
            for call, lane in list(self._waiting.items()):
                if call.submitted_at > overdue:
                    break  # in order of arrival
                lane.abandon()
                call.refuse(OutcomeUnknown("the database did not answer in time: try again"))
