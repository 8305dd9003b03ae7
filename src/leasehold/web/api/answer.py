"""Answering one request of the API: route, read what is common to all, gate, run, shape."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from leasehold.access.decide import Need, decide
from leasehold.access.directory import Directory, Place
from leasehold.access.freshness import Freshness
from leasehold.access.principal import Principal
from leasehold.access.self_signed_jwt import SelfSignedJwts
from leasehold.access.token_table import TokenTable
from leasehold.accounts.projects import canonical_project_id
from leasehold.errors import Invalid, Unauthenticated
from leasehold.web.api import errors, fields, wire
from leasehold.web.api.credentials import find_credential
from leasehold.web.api.errors import Failure
from leasehold.web.api.fields import Selection
from leasehold.web.api.message import Reply, Request, parse_parameters
from leasehold.web.api.method import Call, Method, Services, parse_boolean
from leasehold.web.api.router import Match, Router
from leasehold.web.api.schemas import SHAPES

API = "taskqueue"

MAX_BODY = 2 * 2**20  # bytes: a task of 1 MiB in base64, with room for the rest
MAX_QUOTA_USER = 40  # characters

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

    tokens: TokenTable
    self_signed_jwts: SelfSignedJwts
    directory: Directory
    freshness: Freshness
    realm: str  # our issuer


class Api:
    """Answers requests for the Task Queue API's methods."""

    def __init__(self, router: Router, gate: Gate, services: Services) -> None:
        self._router = router
        self._gate = gate
        self._services = services

    async def answer(self, request: Request, *, in_batch_of: int = 1) -> Reply:
        """The reply, whatever the request is: errors become envelopes, nothing is raised."""
        pretty = True
        try:
            request, parameters = await _common(request)
            pretty = parse_boolean("prettyPrint", parameters.get("prettyPrint") or "true")
            match = self._match(request)
            _check_common(parameters)
            principal = await self._authenticate(request, parameters)
            place = await self._gated(match, principal)
            selection = _selection(match.method, parameters.get("fields"))
            call = await self._call(request, parameters, match, principal, place, in_batch_of)
            value = await match.method.run(call)
            return _shape(value, match.method, selection, pretty=pretty)
        except _Failed as failed:
            return failed.failure.reply(pretty=pretty)
        except Exception as error:  # a stranger's request must never end in a traceback
            return errors.failure(error, realm=self._gate.realm).reply(pretty=pretty)

    async def has_caller(self, request: Request) -> bool:
        """Whether the request carries a credential that is good; Unavailable if none can say."""
        try:
            await self._authenticate(request, parse_parameters(request.query))
        except (_Failed, Unauthenticated):
            return False
        return True

    def _match(self, request: Request) -> Match:
        match = self._router.match(request.verb, request.path)
        if match is None:
            raise _Failed(errors.not_found())
        if isinstance(match, set):
            raise _Failed(errors.wrong_verb(match))
        return match

    async def _authenticate(self, request: Request, parameters: dict[str, str]) -> Principal:
        gate = self._gate
        query_tokens = self._services.settings.query_tokens
        credential = find_credential(request.headers, parameters, query_tokens=query_tokens)
        if credential is None:
            raise _Failed(errors.unauthenticated(gate.realm, token_given=False))
        gate.freshness.check()
        if "." in credential.text:  # a JWT has two dots, a token of ours none
            return await gate.self_signed_jwts.principal(credential.text)
        return await gate.tokens.principal(credential.text)

    async def _gated(self, match: Match, principal: Principal) -> Place:
        method = match.method
        project_id = canonical_project_id(match.project)
        place = await self._gate.directory.place(project_id, match.queue)
        refused = decide(
            principal,
            place,
            Need(API, method.scopes, method.role),
            full_projects=self._gate.directory.full_projects,
        )
        if refused is not None:
            raise _Failed(
                errors.refused(
                    refused.reason,
                    realm=self._gate.realm,
                    wanted_scopes=method.scopes,
                    project=project_id,
                )
            )
        return place

    async def _call(
        self,
        request: Request,
        parameters: Mapping[str, str],
        match: Match,
        principal: Principal,
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
            principal=principal,
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


async def _common(request: Request) -> tuple[Request, dict[str, str]]:
    """The request as it is meant, once a verb override has been applied, and its parameters."""
    override = request.headers.get(_OVERRIDE)
    if override is None or request.verb != "POST":
        return request, parse_parameters(request.query)
    verb = override.decode("latin-1").upper()
    if verb not in _OVERRIDES:
        raise Invalid(f"X-HTTP-Method-Override takes {', '.join(sorted(_OVERRIDES))}")
    query = request.query
    if verb == "GET":  # Google's Python client moves a long URL's query into the body
        form = _text(await request.read_body(MAX_BODY))
        query = "&".join(part for part in (query, form) if part)
    return msgspec.structs.replace(request, verb=verb), parse_parameters(query)


def _check_common(parameters: dict[str, str]) -> None:
    """The parameters that every method takes: refuse what would be misunderstood."""
    if parameters.get("alt", "json") != "json":
        raise Invalid(
            f"Invalid string value: {parameters['alt'][:50]!r}. Allowed values: [json]", field="alt"
        )
    if "callback" in parameters:
        raise Invalid(
            "JSON-P is not served: it would let any page read your tasks. Fetch JSON instead",
            field="callback",
        )
    if len(parameters.get("quotaUser", "")) > MAX_QUOTA_USER:
        raise Invalid(f"quotaUser has at most {MAX_QUOTA_USER} characters", field="quotaUser")
    if "key" in parameters:
        raise _Failed(
            Failure(
                400,
                "keyInvalid",
                "Bad Request: this server has given out no such API key; leave it out",
                domain="usageLimits",
                location="key",
            )
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
