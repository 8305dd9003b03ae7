"""A call by a script of our own pages: JSON in and out, with the same guards as a form."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from leasehold.errors import Error, Forbidden, Invalid
from leasehold.sign_in.errors import AuthenticationTooOld
from leasehold.web.account.look import sentence
from leasehold.web.account.page import Pages, SignInFirst, Visit, status_of
from leasehold.web.oauth.form import FormRefused, read_bytes

# WebAuthn's answers take about 2 kB, and the path to go on at up to 8. Longer ones would only keep
# the reader of their CBOR busy, which runs before it is known who sends them.
MAX_BYTES = 16 * 1024

Answer = Callable[[Visit, Mapping[str, object]], Awaitable[Response]]

_log = logging.getLogger("leasehold.pages")


class JsonCall:
    """An ASGI application around a function of the visit and of the object that was sent.

    Refusals are `{"error": "a sentence"}`, with `"goTo": "/signin?…"` where that would help.
    """

    def __init__(self, pages: Pages, answer: Answer) -> None:
        self._pages = pages
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return  # nobody is there to read an answer
        except SignInFirst as need:
            response = _sign_in_first(need)
        except AuthenticationTooOld:
            response = _sign_in_first(SignInFirst("again"))
        except FormRefused as error:
            response = _refusal(error.status, sentence(error.message))
        except Error as error:
            status, headers = status_of(error)
            response = _refusal(status, sentence(error.message))
            response.headers.update(headers)
        except Exception:
            _log.exception("page.failed path=%r", request.scope["path"])
            response = _refusal(500, "Something broke on our side. Please try again later.")
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse({"error": "Use POST."}, 405, headers={"Allow": "POST"})
        if not self._pages.browsers.is_own_form(request):
            raise Forbidden("this was not sent from a page of this site")
        body = await read_bytes(request, seconds=self._pages.settings.header_seconds)
        return await self._answer(await self._pages.visit(request, {}), _object(body))


def _object(body: bytes) -> Mapping[str, object]:
    if len(body) > MAX_BYTES:
        raise Invalid(f"that is too long: {MAX_BYTES} bytes at most")
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("send a JSON object") from None


def _sign_in_first(need: SignInFirst) -> Response:
    where = need.address("/account/security?done=proved")
    return _refusal(401, "Please sign in again first.", goTo=where)


def _refusal(status: int, message: str, **more: object) -> Response:
    return JSONResponse({"error": message, **more}, status)
