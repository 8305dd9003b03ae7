"""Answering one request of the administration API: route, gate, read, run, shape."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import msgspec

from leasehold.access.admission import Bill, Caller
from leasehold.access.freshness import Freshness
from leasehold.access.principal import Principal
from leasehold.errors import Error, Invalid, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction
from leasehold.web.administration import common, discovery
from leasehold.web.administration.callers import actor
from leasehold.web.administration.given import read_body, read_query
from leasehold.web.administration.json_schema import Schemas
from leasehold.web.administration.method import PREFIX, After, Call, Csv, Method, Services
from leasehold.web.administration.router import Match, Router
from leasehold.web.administration.wire import Nothing, camel
from leasehold.web.api import errors, fields, wire
from leasehold.web.api.answer import Gate
from leasehold.web.api.credentials import find_referrer
from leasehold.web.api.errors import Failure
from leasehold.web.api.fields import Selection
from leasehold.web.api.message import Reply, Request
from leasehold.web.api.visit import Visit

R = TypeVar("R")

API = "leasehold"

MAX_BODY = 2 * 2**20  # bytes: a task of 1 MiB in base64, with room for the rest
MAX_MAKING = 2  # of what takes long, made at a time: the processors are there for everybody

NO_CONTENT = Reply(204)


class _Failed(Exception):
    """Carries a failure up to where it is answered."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class AdministrationApi:
    """Answers requests for the administration API's methods."""

    def __init__(
        self,
        methods: Iterable[Method],
        *,
        gate: Gate,
        committer: Committer,
        freshness: Freshness,
        services: Services,
    ) -> None:
        self._methods = methods = tuple(methods)
        self._router = Router(methods)
        self._gate = gate
        self._committer = committer
        self._freshness = freshness
        self._services = services
        self._schemas = Schemas(methods)
        self._making = asyncio.Semaphore(MAX_MAKING)

    def serves(self, path: str) -> bool:
        """Whether the path (percent-encoded or not) is one of ours."""
        return path.startswith(PREFIX)

    def describe(self, common_parameters: Mapping[str, object]) -> Mapping[str, object]:
        """The discovery document."""
        return discovery.document(self._methods, self._services.issuer, common_parameters)

    async def answer(self, request: Request) -> Reply:
        """The reply, whatever the request is: errors become envelopes, nothing is raised."""
        method: Method | None = None

        async def work(visit: Visit) -> Reply:
            nonlocal method
            meant = common.meant(request)
            parameters, fault = await common.parameters_of(meant)
            visit.pretty = parameters.get("prettyPrint", "").lower() != "false"
            match = self._match(meant)
            method = match.method
            caller = await self._gate.caller(meant, parameters, fault)
            return await self._answer(meant, parameters, match, caller, visit)

        return await Visit(self._gate.admission).answer(
            work, lambda error: self._failure(error, method)
        )

    async def _answer(
        self,
        request: Request,
        parameters: dict[str, str],
        match: Match,
        caller: Caller | None,
        visit: Visit,
    ) -> Reply:
        method = match.method
        if caller is None:
            raise _Failed(errors.unauthenticated(self._gate.realm, token_given=False))
        bill = visit.charge(caller, API, method.id, method.cost)
        common.check(parameters, has_csv=method.has_csv)
        principal = await self._gated(method, caller, request)
        selection = self._selection(method, parameters.get("fields"))
        call = await self._call(request, parameters, match, principal)
        return _shape(await self._run(method, call, bill), selection, pretty=visit.pretty)

    def _match(self, request: Request) -> Match:
        match = self._router.match(request.verb, request.path)
        if match is None:
            raise _Failed(errors.not_found())
        if isinstance(match, set):
            raise _Failed(errors.wrong_verb(match))
        return match

    async def _gated(self, method: Method, caller: Caller, request: Request) -> Principal:
        admission, realm = self._gate.admission, self._gate.realm
        admission.check(
            caller,
            api=API,
            queue=None,
            address=request.address,
            referrer=find_referrer(request.headers),
        )
        await admission.pay(caller, method.cost, None)
        if caller.principal is None:
            raise _Failed(errors.unauthenticated(realm, token_given=False))
        if not caller.principal.scopes & method.scopes:
            raise _Failed(
                errors.refused(
                    "insufficientPermissions", realm=realm, wanted_scopes=method.scopes, project=""
                )
            )
        return caller.principal

    def _selection(self, method: Method, selector: str | None) -> Selection | None:
        """Read before the method runs: a secret whose reply cannot be shown would be lost."""
        if not selector or method.response is None:
            return None
        return fields.parse(selector, self._schemas.shape(method.response))

    async def _call(
        self,
        request: Request,
        parameters: dict[str, str],
        match: Match,
        principal: Principal,
    ) -> Call:
        method = match.method
        query = read_query(method.query or Nothing, common.own(parameters))
        body = None
        if method.request is not None:
            _check_type(request)
            body = read_body(method.request, await request.read_body(MAX_BODY))
        return Call(
            actor=actor(principal, request.address()),
            services=self._services,
            ids=match.ids,
            query=query,
            body=body,
            wants_csv=parameters.get("alt") == "csv",
        )

    async def _run(self, method: Method, call: Call, bill: Bill) -> object:
        if method.aside is not None:
            await self._committer.read(partial(_run, run=method.aside.check, call=call))
            async with self._making:
                made = await asyncio.to_thread(method.aside.make, call)
            call = msgspec.structs.replace(call, made=made)
        run = partial(_run, run=method.run, call=call)
        if method.verb == "GET":  # a report may read for long; the visit counts it afterwards
            return await self._committer.read_aside(run)
        value = await self._committer.write(run, bill.hand_over())
        # What this process remembers is out of date from now on. When it cannot ask, the change
        # is made all the same, and the process will ask again or trust its memory no longer.
        with suppress(Unavailable):
            await self._freshness.poll()
        if method.after is None:
            return value
        while await self._committer.write(partial(_step, after=method.after, value=value)):
            pass
        return method.after.show(value)

    def _failure(self, error: Exception, method: Method | None) -> Failure:
        if isinstance(error, _Failed):
            return error.failure
        failure = errors.failure(error, realm=self._gate.realm)
        if isinstance(error, Error) and error.field and failure.status in (400, 409):
            words = {} if method is None else method.words
            return replace(failure, location=camel(words.get(error.field, error.field)))
        return failure


def _run(tx: Transaction, now: int, *, run: Callable[[Transaction, int, Call], R], call: Call) -> R:
    return run(tx, now, call)


def _step(tx: Transaction, now: int, *, after: After, value: object) -> int:
    return after.step(tx, now, value)


def _check_type(request: Request) -> None:
    given = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if given not in (b"application/json", b""):
        raise Invalid("the body is to be JSON: send Content-Type: application/json")


def _shape(value: object, selection: Selection | None, *, pretty: bool) -> Reply:
    if value is None:
        return NO_CONTENT
    if isinstance(value, Csv):
        return Reply(200, value.text.encode(), "text/csv; charset=UTF-8")
    if selection is None:
        return Reply(200, wire.encode(value, pretty=pretty))
    chosen = selection.apply(msgspec.json.decode(msgspec.json.encode(value)))
    return Reply(200, wire.encode(chosen, pretty=pretty))
