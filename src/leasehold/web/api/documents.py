"""The documents that describe the APIs: public, with a key or a token, or a few times without."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from leasehold.access.admission import Caller, QuotaExhausted
from leasehold.errors import Invalid, NotFound, Unauthenticated
from leasehold.usage import key_restrictions
from leasehold.usage.unregistered import Unregistered
from leasehold.web.api import discovery, errors, wire
from leasehold.web.api.answer import Gate
from leasehold.web.api.credentials import find_referrer
from leasehold.web.api.errors import Failure
from leasehold.web.api.message import Reply, Request, parse_parameters
from leasehold.web.api.visit import Visit

API = "discovery"
LIST, GET_REST = "discovery.apis.list", "discovery.apis.getRest"  # as Google names the methods

Document = Mapping[str, object]


class Documents:
    """Answers requests for the directory of APIs and for their discovery documents."""

    def __init__(
        self, gate: Gate, unregistered: Unregistered, documents: Sequence[Document], *, issuer: str
    ) -> None:
        """`unregistered`: how often those may ask who send neither key nor token."""
        self._gate = gate
        self._unregistered = unregistered
        self._documents = documents
        self._issuer = issuer

    async def answer(self, request: Request) -> Reply:
        """The reply, whatever the request is: errors become envelopes, nothing is raised."""

        async def work(visit: Visit) -> Reply:
            return await self._answer(request, visit)

        return await Visit(self._gate.admission).answer(work, self._failure)

    async def _answer(self, request: Request, visit: Visit) -> Reply:
        if request.verb not in ("GET", "HEAD"):
            return errors.wrong_verb({"GET"}).reply()
        fault = None
        try:
            parameters = parse_parameters(request.query)
        except Invalid as error:
            parameters, fault = {}, error
        method, find = self._find(request.path, parameters)
        caller = await self._caller(request, parameters, fault)
        await self._admit(request, caller, visit, method)
        body = wire.encode(find(), pretty=True)
        await self._gate.admission.count(visit.bill, "")
        return Reply(200, body)

    def _find(self, path: str, parameters: Mapping[str, str]) -> tuple[str, Callable[[], Document]]:
        """The method, and what it does: that may raise NotFound."""
        match path.strip("/").split("/"):
            case ["discovery", "v1", "apis"]:
                return LIST, partial(discovery.directory, self._issuer, self._documents)
            case ["discovery", "v1", "apis", name, version, "rest"]:
                return GET_REST, partial(self._document, name, version)
            case ["$discovery", "rest"]:
                version = parameters.get("version", discovery.VERSIONS[0])
                return GET_REST, partial(self._document, "", version)
            case _:
                raise NotFound("Not Found")

    def _document(self, name: str, version: str) -> Document:
        """The API's document; with the name "" that of any API with such a version."""
        for document in self._documents:
            if document["version"] == version and name in ("", document["name"]):
                return document
        known = ", ".join(str(document["id"]) for document in self._documents)
        raise NotFound(f"Not Found: there are {known}")

    async def _admit(
        self, request: Request, caller: Caller | None, visit: Visit, method: str
    ) -> None:
        if caller is None:
            wait = self._unregistered.take(request.address())
            if wait is not None:
                raise QuotaExhausted(
                    "dailyLimitExceededUnreg",
                    "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup:"
                    " send an API key, as the parameter key.",
                    retry_after=wait,
                )
            return
        visit.charge(caller, API, method, 1)
        if caller.fault is not None:
            raise caller.fault
        if caller.key is not None:
            refused = key_restrictions.refusal_of_caller(
                caller.key.restrictions,
                address=request.address(),
                referrer=find_referrer(request.headers),
            )
            if refused is not None:
                raise refused
        await self._gate.admission.pay(caller, 1, None)

    async def _caller(
        self, request: Request, parameters: dict[str, str], fault: Invalid | None
    ) -> Caller | None:
        try:
            return await self._gate.caller(request, parameters, fault)
        except Unauthenticated:  # a client may build itself with a token that has ended
            return await self._gate.caller(request, parameters, fault, with_token=False)

    def _failure(self, error: Exception) -> Failure:
        return errors.failure(error, realm=self._gate.realm)
