"""A server that counts in a second transaction: the test of exact accounting must find it out.

Run as `python -m tests.durability.late_count before|after CLOCK_FILE serve … DATABASE`: it counts
a call before or after it answers it. Else like `leasehold serve`, at a free port.
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import uvloop

from leasehold.app import Application
from leasehold.cli import secret_key_file
from leasehold.clock import Clock
from leasehold.errors import Error
from leasehold.settings import from_environment
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.group import Call
from leasehold.storage.lane import Lane
from leasehold.usage.ledger import ANSWERED, Refusal
from leasehold.web.server import bind, make_server
from tests.durability.machine_clock import nanoseconds

LATE_SECONDS = 2.0  # between the two transactions, so that a kill amid calls comes there


class LateLane:
    """Runs each call without its charge, and counts it some time later."""

    def __init__(self, lane: Lane, writing: Lane, *, counts_first: bool) -> None:
        self._lane = lane
        self._writing = writing
        self._counts_first = counts_first
        self.abandon = lane.abandon
        self.close = lane.close

    def submit(self, call: Call, /) -> None:
        """Has it run as what it is not: a call that nobody pays for."""
        if call.charge is None or call.work is ANSWERED:
            self._lane.submit(call)
            return
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(partial(self._count_later, call))
        self._lane.submit(Call(call.work, call.argument, future, submitted_at=call.submitted_at))

    def _count_later(self, call: Call, done: "asyncio.Future[Any]") -> None:  # as `Call` has it
        error = done.exception()
        call.outcome = error if error is not None else done.result()
        loop = asyncio.get_running_loop()
        refusal = Refusal(error.reason) if isinstance(error, Error) else None
        count = Call(
            ANSWERED, refusal, loop.create_future(), charge=call.charge, ledger=call.ledger
        )
        loop.call_later(LATE_SECONDS, self._writing.submit, count)
        if self._counts_first:
            count.future.add_done_callback(lambda _: call.answer())
        else:
            call.answer()


class LateEngine:
    """An engine whose lanes count too late."""

    def __init__(self, engine: Engine, *, counts_first: bool) -> None:
        self._engine = engine
        self._counts_first = counts_first
        self.name = engine.name
        self.failures = engine.failures
        self.connect = engine.connect
        self.schema_words = engine.schema_words
        self.listen = engine.listen

    def open_lanes(self, now: Callable[[], int]) -> dict[str, Lane]:
        """The engine's, each behind one of ours."""
        lanes = self._engine.open_lanes(now)
        late = {
            lane: LateLane(lane, lanes["write"], counts_first=self._counts_first)
            for lane in lanes.values()
        }
        return {name: late[lane] for name, lane in lanes.items()}


async def serve(when: str, clock: Path, database: str) -> None:
    """Serves until killed."""
    settings = replace(from_environment(), database=database)
    listener = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    engine = open_engine(database)
    application = Application(
        LateEngine(engine, counts_first=when == "before"),
        settings,
        issuer=address,
        secret_box=secret_key_file.unlock(engine, settings),
        clock=Clock(nanoseconds(clock)),
    )
    await application.start()
    server = make_server(
        application, settings, on_ready=lambda: click.echo(f"leasehold: listening on {address}")
    )
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[-1]))
