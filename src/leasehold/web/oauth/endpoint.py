"""One OAuth endpoint: which methods it takes, and how its answers and refusals look on the wire."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from leasehold.errors import Unavailable
from leasehold.oauth2.client_auth import ClientRefused
from leasehold.oauth2.errors import OAuthError
from leasehold.web.oauth.form import FormRefused

_HEADERS = (
    (b"content-type", b"application/json"),
    # RFC 6749 §5.1: for every answer that holds a token, and here for all.
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)

# What browsers ask for (Fetch Standard §3.3): no credentials of theirs are let in.
_CORS = (b"access-control-allow-origin", b"*")
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "3600",
}

REALM = "leasehold"

Answer = Callable[[Request], Awaitable[Mapping[str, object]]]


# RFC 6749 §5.2: 401 for a client that did not prove who it is, 400 for the rest.
FOR_CLIENTS: Mapping[str, int] = {"invalid_client": 401}
# RFC 6750 §3.1: where the request's own token is refused.
FOR_BEARERS: Mapping[str, int] = {
    "invalid_client": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
}


class NoToken(OAuthError):
    """The request has no access token at all, and should have one."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "send an access token: Authorization: Bearer ...")


@dataclass(frozen=True, slots=True)
class _Reply:
    body: Mapping[str, object] = field(repr=False)
    status: int = 200
    headers: Mapping[str, str] | None = None

    async def send(self, send: Send, *more: tuple[bytes, bytes]) -> None:
        """Starlette's own responses would take a fifth of the CPU of a whole token request."""
        text = orjson.dumps(self.body)
        headers = [*_HEADERS, (b"content-length", b"%d" % len(text)), *more]
        for name, value in (self.headers or {}).items():
            headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": text})


class Endpoint:
    """An ASGI application around a function that returns the JSON of its answer, or raises.

    `statuses`: of the refusals that are not 400, by their codes. `for_pages`: scripts of any page
    may read the answers; nothing here looks at cookies, so they bring what they know and no more.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        methods: tuple[str, ...],
        statuses: Mapping[str, int] = FOR_CLIENTS,
        for_pages: bool = False,
    ) -> None:
        self._answer = answer
        self._methods = methods
        self._statuses = statuses
        self._is_for_pages = for_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._reply(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody is there to read an answer
        await reply.send(send, *([_CORS] if self._is_for_pages else []))

    async def _reply(self, request: Request) -> _Reply:
        if self._is_for_pages and _is_preflight(request):
            return _Reply({}, headers=PREFLIGHT)
        if request.method not in self._methods:
            allowed = ", ".join(self._methods)
            return _refusal(405, "invalid_request", f"use {allowed}", {"Allow": allowed})
        try:
            return _Reply(await self._answer(request))
        except OAuthError as error:
            status = self._statuses.get(error.code, 400)
            headers = _challenge(error) if status in (401, 403) else None
            return _refusal(status, error.code, error.description, headers)
        except FormRefused as error:
            return _refusal(error.status, "invalid_request", error.message, {"Connection": "close"})
        except Unavailable as error:
            return _refusal(503, "temporarily_unavailable", error.message, {"Retry-After": "1"})


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers


def _challenge(error: OAuthError) -> dict[str, str] | None:
    """What tells the client how to prove who it is, where a scheme of HTTP is in question."""
    if isinstance(error, NoToken):  # RFC 6750 §3.1: no code for who has shown nothing
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"'}
    if error.code in ("invalid_token", "insufficient_scope"):
        # The descriptions are ours, and hold no quotation marks.
        words = f'error="{error.code}", error_description="{error.description}"'
        return {"WWW-Authenticate": f'Bearer realm="{REALM}", {words}'}
    if isinstance(error, ClientRefused) and error.used_header:
        return {"WWW-Authenticate": f'Basic realm="{REALM}"'}
    return None


def _refusal(
    status: int, code: str, description: str, headers: Mapping[str, str] | None = None
) -> _Reply:
    return _Reply({"error": code, "error_description": description}, status, headers)
