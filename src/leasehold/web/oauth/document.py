"""A public document: JSON that anybody may read, and keep for a while."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from leasehold.errors import NotFound, Unavailable

Find = Callable[[Request], Awaitable[Mapping[str, object]]]


class Document:
    """An ASGI application around a function that returns the document, or raises NotFound."""

    def __init__(self, find: Find, *, max_age: int) -> None:
        self._find = find
        self._headers = {
            "Cache-Control": f"public, max-age={max_age}",
            "Access-Control-Allow-Origin": "*",  # scripts in any page verify tokens too
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, "invalid_request", "use GET", {"Allow": "GET, HEAD"})
        try:
            return JSONResponse(await self._find(request), headers=self._headers)
        except NotFound as error:
            return _refusal(404, "not_found", error.message)
        except Unavailable as error:
            return _refusal(503, "temporarily_unavailable", error.message, {"Retry-After": "1"})


def _refusal(
    status: int, code: str, description: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(
        {"error": code, "error_description": description},
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        },
    )
