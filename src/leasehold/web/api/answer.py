"""Answering one request of the API: route, admit, gate, run, shape; and count it."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from leasehold.access.admission import Admission, ApiIsOff, Bill, Caller
from leasehold.access.decide import Need, Refused, decide
from leasehold.access.directory import Directory, Place
from leasehold.accounts.projects import canonical_project_id
from leasehold.errors import Error, Invalid, Unavailable
from leasehold.web.api import errors, fields, wire
from leasehold.web.api.credentials import (
    find_credential,
    find_key,
    find_referrer,
    find_user,
)
from leasehold.web.api.errors import Failure
from leasehold.web.api.fields import Selection
from leasehold.web.api.message import MAX_FORM, Reply, Request, parse_parameters
from leasehold.web.api.method import Call, Method, Services, parse_boolean
from leasehold.web.api.router import Match, Router
from leasehold.web.api.schemas import SHAPES
from leasehold.web.api.visit import Visit

API = "taskqueue"

MAX_BODY = 2 * 2**20  # bytes: a task of 1 MiB in base64, with room for the rest

_FORM = b"application/x-www-form-urlencoded"
_OVERRIDE = b"x-http-method-override"
_OVERRIDES = {"GET", "POST", "PUT", "PATCH", "DELETE"}

NO_CONTENT = Reply(204)


class _Failed(Exception):
    """Carries a failure up to where it is answered."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides about a request."""

    admission: Admission
    directory: Directory
    realm: str  # our issuer
    query_tokens: bool  # whether a token may be in the URL

    async def caller(
        self,
        request: Request,
        parameters: dict[str, str],
        fault: Invalid | None = None,
        *,
        with_token: bool = True,
    ) -> Caller | None:
        """Who has sent the request; None without a credential. Raises what `Admission` does.

        `fault` is what is wrong with the parameters, if they could not be read. Who sends that,
        or a key and a user that are none, may be known all the same by the rest.
        """
        token = self._token(request, parameters) if with_token else None
        key = user = None
        try:
            key = find_key(request.headers, parameters)
            user = find_user(parameters)
        except Invalid as error:
            fault = fault or error
        return await self.admission.caller(token, key, user, fault)

    def _token(self, request: Request, parameters: dict[str, str]) -> str | None:
        found = find_credential(request.headers, parameters, query_tokens=self.query_tokens)
        return None if found is None else found.text


class Api:
    """Answers requests for the Task Queue API's methods."""

    def __init__(self, router: Router, gate: Gate, services: Services) -> None:
        self._router = router
        self._gate = gate
        self._services = services

    async def answer(self, request: Request, *, in_batch_of: int = 1) -> Reply:
        """The reply, whatever the request is: errors become envelopes, nothing is raised."""

        async def work(visit: Visit) -> Reply:
            return await self._answer(request, visit, in_batch_of)

        return await Visit(self._gate.admission).answer(work, self._failure)

    async def _answer(self, request: Request, visit: Visit, in_batch_of: int) -> Reply:
        request, parameters, fault = await _common(request)
        visit.pretty = parameters.get("prettyPrint", "").lower() != "false"
        match = self._match(request)
        method = match.method
        caller = await self._gate.caller(request, parameters, fault)
        if caller is None:
            raise _Failed(errors.unauthenticated(self._gate.realm, token_given=False))
        bill = visit.charge(caller, API, method.id, method.cost)
        _check_common(parameters)
        place = await self._gated(match, caller, request)
        selection = _selection(method, parameters.get("fields"))
        call = await self._call(request, parameters, match, bill, place, in_batch_of)
        return _shape(await method.run(call), method, selection, pretty=visit.pretty)

    def _failure(self, error: Exception) -> Failure:
        if isinstance(error, _Failed):
            return error.failure
        return errors.failure(error, realm=self._gate.realm)

    async def has_caller(self, request: Request) -> bool:
        """Whether the request carries a credential that is good; Unavailable if none can say."""
        try:
            return await self._gate.caller(request, parse_parameters(request.query)) is not None
        except Unavailable:
            raise
        except Error:
            return False

    def _match(self, request: Request) -> Match:
        match = self._router.match(request.verb, request.path)
        if match is None:
            raise _Failed(errors.not_found())
        if isinstance(match, set):
            raise _Failed(errors.wrong_verb(match))
        return match

    async def _gated(self, match: Match, caller: Caller, request: Request) -> Place:
        method, admission = match.method, self._gate.admission
        project_id = canonical_project_id(match.project)
        place = await self._gate.directory.place(project_id, match.queue)
        refused = self._decide(method, caller, place)
        queue = place.queue if refused is None else None
        if caller.fault is not None or caller.key is not None:
            admission.check(
                caller,
                api=API,
                queue=f"{project_id}/{match.queue}",
                address=request.address,
                referrer=find_referrer(request.headers),
            )
        if not admission.pay_at_once(caller, method.cost, queue):
            await admission.pay(caller, method.cost, queue)
        if refused is not None and caller.principal is not None:
            raise _Failed(
                errors.refused(
                    refused.reason,
                    realm=self._gate.realm,
                    wanted_scopes=method.scopes,
                    project=project_id,
                )
            )
        if API not in caller.project.apis:
            raise ApiIsOff(API, caller.project.id)
        if caller.principal is None:
            raise _Failed(errors.unauthenticated(self._gate.realm, token_given=False))
        return place

    def _decide(self, method: Method, caller: Caller, place: Place) -> Refused | None:
        if caller.principal is None:  # every method of this API needs somebody who is authorized
            return Refused("forbidden")
        return decide(
            caller.principal,
            place,
            Need(API, method.scopes, method.role),
            full_projects=self._gate.directory.full_projects,
        )

    async def _call(
        self,
        request: Request,
        parameters: Mapping[str, str],
        match: Match,
        bill: Bill,
        place: Place,
        in_batch_of: int,
    ) -> Call:
        body = b""
        if match.method.request is not None:
            body = await request.read_body(MAX_BODY)
        elif match.method.verb == "POST" and _has_form(request):
            # A lease's parameters may come as a form in the body instead of in the query.
            form = await request.read_body(MAX_BODY)
            parameters = {**parse_parameters(_text(form)), **parameters}
        assert place.queue is not None  # `decide` refused the rest
        return Call(
            services=self._services,
            version=match.version,
            bill=bill,
            project=match.project,
            queue=place.queue,
            task_id=match.task,
            parameters=parameters,
            body=body,
            in_batch_of=in_batch_of,
        )


def _has_form(request: Request) -> bool:
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0]
    return media_type.strip().lower() == _FORM


async def _common(request: Request) -> tuple[Request, dict[str, str], Invalid | None]:
    """The request as it is meant, once a verb override has been applied, and its parameters.

    Or none, and why they cannot be read: the method, and so what to count, is known without them.
    """
    override = request.headers.get(_OVERRIDE) if request.verb == "POST" else None
    if override is not None:
        verb = override.decode("latin-1").upper()
        if verb not in _OVERRIDES:
            raise Invalid(f"X-HTTP-Method-Override takes {', '.join(sorted(_OVERRIDES))}")
        request = msgspec.structs.replace(request, verb=verb)
    try:
        query = request.query
        if override is not None and request.verb == "GET":
            # Google's Python client moves a long URL's query into the body. Strangers are heard
            # here too, so it may not be long.
            form = _text(await request.read_body(MAX_FORM))
            query = "&".join(part for part in (query, form) if part)
        return request, parse_parameters(query), None
    except Invalid as fault:
        return request, {}, fault


def _check_common(parameters: dict[str, str]) -> None:
    """The parameters that every method takes: refuse what would be misunderstood."""
    parse_boolean("prettyPrint", parameters.get("prettyPrint") or "true")
    if parameters.get("alt", "json") != "json":
        raise Invalid(
            f"Invalid string value: {parameters['alt'][:50]!r}. Allowed values: [json]", field="alt"
        )
    if "callback" in parameters:
        raise Invalid(
            "JSON-P is not served: it would let any page read your tasks. Fetch JSON instead",
            field="callback",
        )


def _selection(method: Method, selector: str | None) -> Selection | None:
    """Read before the method runs: a lease whose reply cannot be shown would be lost."""
    if not selector or method.response is None:
        return None
    return fields.parse(selector, SHAPES[method.response])


def _shape(value: object, method: Method, selection: Selection | None, *, pretty: bool) -> Reply:
    if method.response is None:
        return NO_CONTENT
    if selection is not None:
        value = selection.apply(msgspec.to_builtins(value))
    return Reply(200, wire.encode(value, pretty=pretty))


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError:
        raise Invalid("the form in the body is not percent-encoded") from None
