"""The authorization server beside its peer: node-oidc-provider, which keeps all in memory.

Each server has the same core to itself and the load generator another. Ours is durable: every
grant waits for its sync. A round runs every operation on both, one after the other, and an
operation is compared with the peer's of its own round.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil
import requests

from bench import load, world
from bench.cores import on_core, two_cores
from bench.google_requests import TASKS, Requests
from bench.measure import Others, Plan, cpu_of, cpu_us, no_cpu, percentiles_ms
from bench.oauth_requests import OAuthRequests
from bench.servers import LEASEHOLD, Server, running, running_peer, secret_key_file
from leasehold.storage.engine import open_engine
from leasehold.storage.migrate import migrate

Operation = Literal["client credentials", "introspection", "jwt bearer", "task get"]
Who = Literal["peer", "ours"]

OPERATIONS: tuple[Operation, ...] = (
    "client credentials",
    "introspection",
    "jwt bearer",
    "task get",
)
COMPARED = OPERATIONS[:2]  # what the peer can do, too
CONNECTIONS = 32
PEER_CLIENT = ("bench", "0123456789abcdef0123456789abcdef")
WARM_UP = 4.0  # times a phase's seconds: the peer is compiled while it runs
ASKED_FOR = 500  # different tokens in introspections; the peer remembers the last 1,000
ASSERTIONS_PER_SECOND = 4_000  # signed beforehand; a phase that has used them up ends early
MAX_ASSERTIONS = 4_000  # in one phase: signing one takes longer than all that the server does
BACKLOG = 1_000  # tasks, a hundred of which are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One operation of one server in one round."""

    operation: Operation
    who: Who
    per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float  # CPU of the server's process for each reply
    client_us: float  # CPU of the load generator, likewise
    database_us: float  # CPU of all PostgreSQL processes, likewise; 0 on SQLite
    of_peer: float | None = None  # its rate, as a share of the peer's; None: nothing to compare
    cpu_of_peer: float | None = None  # its CPU, likewise


@dataclass(slots=True)
class Comparison:
    """What was measured on one engine."""

    engine: str
    cores: tuple[int, int] | None  # of servers, and of the load; None: wherever there was room
    turns: list[Turn] = field(default_factory=list)
    others_cpu: float = 0.0  # share of the machine that other programs used meanwhile

    def of(self, operation: Operation, who: Who) -> list[Turn]:
        """The turns of one operation of one server, a round each."""
        return [t for t in self.turns if (t.operation, t.who) == (operation, who)]


def compare(
    database: str,
    plan: Plan,
    directory: Path,
    *,
    postmaster: psutil.Process | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compares on an empty database: a path (SQLite) or a `postgresql://` URL.

    Raises WrongReply when any reply is not what it has to be, and NodeMissing without the peer.
    """
    cores = two_cores()
    with ExitStack() as stack:
        both = _Both(stack, database, directory, cores, postmaster)
        progress("warm-up beside the peer")
        both.round(plan.seconds * WARM_UP)
        comparison = Comparison(both.engine_name, cores)
        others = Others(both.meters)
        for round_ in range(plan.rounds):
            progress(f"round {round_ + 1} of {plan.rounds} beside the peer")
            comparison.turns += both.round(plan.seconds)
        comparison.others_cpu = others.share()
        return comparison


class _Both:
    """The two servers and what is sent to them."""

    def __init__(
        self,
        stack: ExitStack,
        database: str,
        directory: Path,
        cores: tuple[int, int] | None,
        postmaster: psutil.Process | None,
    ) -> None:
        core = None if cores is None else cores[0]
        engine = open_engine(database)
        migrate(engine)
        self.engine_name = engine.name
        self._database_cpu = no_cpu if postmaster is None else cpu_of(postmaster)
        self._worker = world.build(engine, BACKLOG)
        log = directory / "server.log"
        client_id, secret = world.register_client(engine, secret_key_file(log))
        self._ours = stack.enter_context(running(LEASEHOLD, database, log, core=core))
        self._to_ours = OAuthRequests(
            host=self._ours.host,
            client_id=client_id,
            secret=secret,
            scope=world.SCOPE,
            introspection_path="/introspect",
        )
        self._peer = stack.enter_context(
            running_peer(*PEER_CLIENT, directory / "peer.log", core=core)
        )
        self._to_peer = OAuthRequests(
            host=self._peer.host,
            client_id=PEER_CLIENT[0],
            secret=PEER_CLIENT[1],
            scope="read",
            introspection_path="/token/introspection",
        )
        if cores is not None:
            stack.enter_context(on_core(cores[1]))
        self._gets = self._requests_for_tasks()

    @property
    def meters(self) -> list[Callable[[], float]]:
        """CPU of every process of ours."""
        servers = [self._ours.cpu_seconds, self._peer.cpu_seconds]
        return [*servers, time.process_time, self._database_cpu]

    def _requests_for_tasks(self) -> list[bytes]:
        token = self._worker.token(self._ours.url)
        headers = {"Authorization": f"Bearer {token}"}
        listed = requests.get(self._ours.url + TASKS, headers=headers, timeout=30).json()["items"]
        caller = Requests(self._ours.host, token, "identity")
        return [caller.get(task["id"]) for task in listed]

    def round(self, seconds: float) -> list[Turn]:
        """Every operation once."""
        granted, issued = self._grants(self._peer, self._to_peer, seconds)
        peer = _turn("client credentials", "peer", granted)
        turns = [peer]
        ours, issued_by_us = self._grants(self._ours, self._to_ours, seconds)
        turns.append(_turn("client credentials", "ours", ours, peer))
        peer = _turn(
            "introspection", "peer", self._introspect(self._peer, self._to_peer, issued, seconds)
        )
        ours = self._introspect(self._ours, self._to_ours, issued_by_us, seconds)
        turns += [peer, _turn("introspection", "ours", ours, peer)]
        turns.append(_turn("jwt bearer", "ours", self._jwt_bearer(seconds)))
        read = self._run(self._ours, itertools.cycle(self._gets), seconds)
        _check_tasks(read.bodies)
        return [*turns, _turn("task get", "ours", read)]

    def _grants(
        self, server: Server, to: OAuthRequests, seconds: float
    ) -> tuple[load.Outcome, list[str]]:
        outcome = self._run(server, itertools.repeat(to.client_credentials()), seconds)
        return outcome, _issued(outcome.bodies)

    def _introspect(
        self, server: Server, to: OAuthRequests, issued: Sequence[str], seconds: float
    ) -> load.Outcome:
        asked = [to.introspection(token) for token in issued[-ASKED_FOR:]]
        outcome = self._run(server, itertools.cycle(asked), seconds)
        _check_introspections(outcome.bodies, to.client_id)
        return outcome

    def _jwt_bearer(self, seconds: float) -> load.Outcome:
        count = min(MAX_ASSERTIONS, round(seconds * ASSERTIONS_PER_SECOND))
        assertions = self._worker.assertions(self._ours.url, count)
        asked = iter([self._to_ours.jwt_bearer(assertion) for assertion in assertions])
        outcome = self._run(self._ours, asked, seconds)
        _issued(outcome.bodies)
        return outcome

    def _run(self, server: Server, asked: Iterator[bytes], seconds: float) -> load.Outcome:
        meters = (server.cpu_seconds, time.process_time, self._database_cpu)
        phase = load.Phase(server.address, CONNECTIONS, seconds, asked, 200, meters)
        return load.run(phase)


def _turn(operation: Operation, who: Who, outcome: load.Outcome, peer: Turn | None = None) -> Turn:
    count = len(outcome.latencies)
    if count == 0:
        raise load.WrongReply(f"{operation}: no reply in time: measure for longer")
    per_second, percentiles = count / outcome.seconds, percentiles_ms(outcome)
    server, client, database = cpu_us(outcome)
    return Turn(
        operation=operation,
        who=who,
        per_second=per_second,
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
        server_us=server,
        client_us=client,
        database_us=database,
        of_peer=None if peer is None else per_second / peer.per_second,
        # 0 when it ran for less than a tick
        cpu_of_peer=None if peer is None else server / (peer.server_us or 1.0),
    )


def _issued(bodies: Iterable[tuple[bool, bytes]]) -> list[str]:
    """The access tokens, all different."""
    tokens: list[str] = [json.loads(body)["access_token"] for _, body in bodies]
    if len(set(tokens)) < len(tokens):
        raise load.WrongReply(f"not {len(tokens)} different tokens, but {len(set(tokens))}")
    return tokens


def _check_introspections(bodies: Iterable[tuple[bool, bytes]], client_id: str) -> None:
    for text in {body for _, body in bodies}:
        answer = json.loads(text)
        if not answer["active"] or answer["client_id"] != client_id:
            raise load.WrongReply(f"not a good token of {client_id}: {text.decode('latin-1')}")


def _check_tasks(bodies: Iterable[tuple[bool, bytes]]) -> None:
    for text in {body for _, body in bodies}:
        if json.loads(text)["kind"] != "taskqueues#task":
            raise load.WrongReply(f"not a task: {text[:2000].decode('latin-1')}")
