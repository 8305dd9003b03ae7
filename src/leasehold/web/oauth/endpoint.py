"""One OAuth endpoint: which methods it takes, and how its answers and refusals look on the wire."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from leasehold.errors import Unavailable
from leasehold.oauth2.errors import OAuthError
from leasehold.web.oauth.form import FormRefused

# RFC 6749 §5.1: for every answer that holds a token, and here for all.
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

Answer = Callable[[Request], Awaitable[Mapping[str, object]]]


class Endpoint:
    """An ASGI application around a function that returns the JSON of its answer, or raises."""

    def __init__(self, answer: Answer, *, methods: tuple[str, ...]) -> None:
        self._answer = answer
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody is there to read an answer
        response.headers.update(NO_STORE)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method not in self._methods:
            allowed = ", ".join(self._methods)
            return _refusal(405, "invalid_request", f"use {allowed}", {"Allow": allowed})
        try:
            return JSONResponse(await self._answer(request))
        except OAuthError as error:
            # RFC 6749 §5.2: 401 for a client that did not prove who it is, 400 for the rest.
            status = 401 if error.code == "invalid_client" else 400
            return _refusal(status, error.code, error.description)
        except FormRefused as error:
            return _refusal(error.status, "invalid_request", error.message, {"Connection": "close"})
        except Unavailable as error:
            return _refusal(503, "temporarily_unavailable", error.message, {"Retry-After": "1"})


def _refusal(
    status: int, code: str, description: str, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"error": code, "error_description": description}
    return JSONResponse(body, status_code=status, headers=headers)
