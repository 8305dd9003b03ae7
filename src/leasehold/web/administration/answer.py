"""Answering one request of the administration API: route, gate, read, run, shape."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import msgspec

from leasehold.access.freshness import Freshness
from leasehold.access.principal import Principal
from leasehold.errors import Error, Invalid, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction
from leasehold.web.administration import common
from leasehold.web.administration.callers import Callers, actor
from leasehold.web.administration.given import read_body, read_query
from leasehold.web.administration.json_schema import Schemas
from leasehold.web.administration.method import PREFIX, After, Call, Csv, Method, Services
from leasehold.web.administration.router import Match, Router
from leasehold.web.administration.wire import Nothing, camel
from leasehold.web.api import errors, fields, wire
from leasehold.web.api.errors import Failure
from leasehold.web.api.fields import Selection
from leasehold.web.api.message import Reply, Request

R = TypeVar("R")

MAX_BODY = 2 * 2**20  # bytes: a queue file of 1 MiB, each character of it escaped

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
        callers: Callers,
        committer: Committer,
        freshness: Freshness,
        services: Services,
    ) -> None:
        methods = tuple(methods)
        self._router = Router(methods)
        self._callers = callers
        self._committer = committer
        self._freshness = freshness
        self._services = services
        self._schemas = Schemas(methods)

    def serves(self, path: str) -> bool:
        """Whether the path (percent-encoded or not) is one of ours."""
        return path.startswith(PREFIX)

    async def answer(self, request: Request, address: str) -> Reply:
        """The reply, whatever the request is: errors become envelopes, nothing is raised.

        `address` is where it came from.
        """
        pretty = True
        try:
            request = common.meant(request)
            parameters = await common.parameters_of(request, MAX_BODY)
            pretty = common.is_pretty(parameters)
            match = self._match(request)
            common.check(parameters, has_csv=match.method.has_csv)
            principal = await self._principal(match.method, request, parameters)
            selection = self._selection(match.method, parameters.get("fields"))
            call = await self._call(request, parameters, match, principal, address)
            value = await self._run(match.method, call)
            return _shape(value, selection, pretty=pretty)
        except _Failed as failed:
            return failed.failure.reply(pretty=pretty)
        except Exception as error:  # a stranger's request must never end in a traceback
            return self._failure(error).reply(pretty=pretty)

    def _match(self, request: Request) -> Match:
        match = self._router.match(request.verb, request.path)
        if match is None:
            raise _Failed(errors.not_found())
        if isinstance(match, set):
            raise _Failed(errors.wrong_verb(match))
        return match

    async def _principal(
        self, method: Method, request: Request, parameters: dict[str, str]
    ) -> Principal:
        principal = await self._callers.principal(request, parameters)
        realm = self._services.issuer
        if principal is None:
            raise _Failed(errors.unauthenticated(realm, token_given=False))
        if not principal.scopes & method.scopes:
            raise _Failed(
                errors.refused(
                    "insufficientPermissions", realm=realm, wanted_scopes=method.scopes, project=""
                )
            )
        return principal

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
        address: str,
    ) -> Call:
        method = match.method
        query = read_query(method.query or Nothing, common.own(parameters))
        body = None
        if method.request is not None:
            _check_type(request)
            body = read_body(method.request, await request.read_body(MAX_BODY))
        return Call(
            actor=actor(principal, address),
            services=self._services,
            ids=match.ids,
            query=query,
            body=body,
            wants_csv=parameters.get("alt") == "csv",
        )

    async def _run(self, method: Method, call: Call) -> object:
        if method.aside is not None:
            await self._committer.read(partial(_run, run=method.aside.check, call=call))
            made = await asyncio.to_thread(method.aside.make, call)
            call = msgspec.structs.replace(call, made=made)
        run = partial(_run, run=method.run, call=call)
        if method.verb == "GET":
            return await self._committer.read(run)
        value = await self._committer.write(run)
        # What this process remembers is out of date from now on. When it cannot ask, the change
        # is made all the same, and the process will ask again or trust its memory no longer.
        with suppress(Unavailable):
            await self._freshness.poll()
        if method.after is None:
            return value
        while await self._committer.write(partial(_step, after=method.after, value=value)):
            pass
        return method.after.show(value)

    def _failure(self, error: Exception) -> Failure:
        failure = errors.failure(error, realm=self._services.issuer)
        if isinstance(error, Error) and error.field and failure.location:
            return replace(failure, location=camel(error.field))
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
    chosen = selection.apply(msgspec.to_builtins(value))
    return Reply(200, wire.encode(chosen, pretty=pretty))
