"""The load generator: connections that each send their next request when the last is answered.

It shares the machine with the server, so it does little: requests are bytes made beforehand, of a
reply it reads status and length while the clock runs, and the rest afterwards.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop

END_SECONDS = 30.0  # for the last replies, after the clock stopped

_END_OF_HEAD = b"\r\n\r\n"
_LENGTHS = (b"content-length: ", b"Content-Length: ")  # as uvicorn writes it, and as Node does
_GZIP = b"content-encoding: gzip"


class WrongReply(RuntimeError):
    """The server answered something else than success: such a run measures nothing."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One kind of request for a while."""

    address: tuple[str, int]
    connections: int
    seconds: float
    requests: Iterator[bytes]  # the phase ends early when there are no more
    status: int
    meters: tuple[Callable[[], float], ...] = ()  # CPU seconds that processes have used
    ends_below: int = 0  # bytes: a shorter body says that there is nothing left, and ends the phase


@dataclass(slots=True)
class Outcome:
    """What a phase did. Nothing of it is checked yet but the statuses."""

    seconds: float  # from the first request until the clock stopped
    latencies: list[float]  # seconds, of each reply that came until then; in order of arrival
    bodies: list[tuple[bool, bytes]]  # compressed?, as sent; then those that came later
    cpu_seconds: list[float]  # by the phase's meters, until the last reply


@dataclass(slots=True)
class _Clock:
    """What the connections of a phase share."""

    phase: Phase
    deadline: float
    finished: asyncio.Event
    running: int
    latencies: list[float] = field(default_factory=list)
    bodies: list[tuple[bool, bytes]] = field(default_factory=list)
    error: Exception | None = None

    def stop(self) -> None:
        self.deadline = min(self.deadline, time.perf_counter())

    def fail(self, error: Exception) -> None:
        self.error = self.error or error
        self.finished.set()


class _Connection(asyncio.Protocol):
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._status = b"HTTP/1.1 %d " % clock.phase.status
        self._received = b""
        self._sent_at = 0.0
        self._resting = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        now = time.perf_counter()
        request = next(self._clock.phase.requests, None) if now < self._clock.deadline else None
        if request is None:
            self._clock.stop()
            self._rest()
            return
        self._resting = False
        self._sent_at = now
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        end = received.find(_END_OF_HEAD)
        if end < 0 or len(received) < end + 4 + _length(received, end):
            self._received = received
            return
        self._received = b""
        if not received.startswith(self._status):
            self._clock.fail(WrongReply(received.decode("latin-1")))
            return
        self._note(received, end)
        self.send()

    def _note(self, reply: bytes, end: int) -> None:
        clock = self._clock
        now = time.perf_counter()
        if now <= clock.deadline:
            clock.latencies.append(now - self._sent_at)
        body = reply[end + 4 :]
        clock.bodies.append((reply.find(_GZIP, 0, end) >= 0, body))
        if len(body) < clock.phase.ends_below:
            clock.stop()

    def _rest(self) -> None:
        self._resting = True
        self._clock.running -= 1
        if self._clock.running == 0:
            self._clock.finished.set()

    def close(self) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._resting:
            self._clock.fail(WrongReply(f"the server closed a connection ({exc})"))


def _length(received: bytes, end: int) -> int:
    """The body's length; a reply without that header has no body (204)."""
    for name in _LENGTHS:
        at = received.find(name, 0, end)
        if at >= 0:
            return int(received[at + len(name) : received.find(b"\r\n", at)])
    return 0


def run(phase: Phase) -> Outcome:
    """Runs the phase to its last reply. Raises WrongReply, which shows the reply."""
    gc.collect()
    gc.disable()  # a collection over the kept replies would be measured as the server's
    try:
        return uvloop.run(_run(phase))
    finally:
        gc.enable()


async def _run(phase: Phase) -> Outcome:
    loop = asyncio.get_running_loop()
    clock = _Clock(phase, float("inf"), asyncio.Event(), phase.connections)
    made = [
        await loop.create_connection(lambda: _Connection(clock), *phase.address)
        for _ in range(phase.connections)
    ]
    cpu = [meter() for meter in phase.meters]
    start = time.perf_counter()
    clock.deadline = start + phase.seconds
    for _, connection in made:
        connection.send()
    async with asyncio.timeout(phase.seconds + END_SECONDS):
        await clock.finished.wait()
    used = [meter() - before for meter, before in zip(phase.meters, cpu, strict=True)]
    for _, connection in made:
        connection.close()
    if clock.error is not None:
        raise clock.error
    return Outcome(clock.deadline - start, clock.latencies, clock.bodies, used)
