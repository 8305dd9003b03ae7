"""The API as a raw ASGI application: from the socket's messages to requests, and back."""

import asyncio
import gzip
import secrets
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leasehold.errors import Invalid
from leasehold.settings import Settings
from leasehold.web.account.client_address import client_address, trusted_networks
from leasehold.web.administration.answer import AdministrationApi
from leasehold.web.api import batch, errors
from leasehold.web.api.answer import Api
from leasehold.web.api.batch import BatchCall, BatchReply
from leasehold.web.api.documents import Documents
from leasehold.web.api.message import Headers, Reply, Request, TooLarge
from leasehold.web.api.router import PREFIX

# ASGI's own types: its messages are dictionaries of anything.
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BATCH_BODY = 32 * 2**20  # bytes
MAX_STRANGERS_BATCH = 256 * 1024  # bytes of a batch whose calls alone have credentials, if any
MAX_LARGE_BATCHES = 8  # read and answered at a time: each takes several times its size of memory
MAX_BATCH_CALLS = 1_000
BATCH_STEP = 16  # calls of a batch that run at a time
MAX_BATCH_REPLY = 64 * 2**20  # bytes; calls beyond it are not run

# Compressing a kilobyte costs as much CPU as all else that a reply costs: only large ones gain.
COMPRESS_FROM = 8 * 1024  # bytes
COMPRESS_ASIDE_FROM = 64 * 1024  # bytes: on another thread, for it takes more than a millisecond

_JSON_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"accept-encoding"),
)


class ApiApplication:
    """Serves the methods, batches of them, and the documents that describe them."""

    def __init__(
        self,
        api: Api,
        administration: AdministrationApi,
        documents: Documents,
        *,
        issuer: str,
        settings: Settings,
    ) -> None:
        self._api = api
        self._administration = administration
        self._documents = documents
        self._trusted = trusted_networks(settings.trusted_proxies)
        self._issuer = issuer
        self._body_seconds = settings.header_seconds
        self._large_batches = asyncio.Semaphore(MAX_LARGE_BATCHES)

    def serves(self, path: str) -> bool:
        """Whether the path (percent-encoded or not) is one of ours."""
        return (
            self._administration.serves(path)
            or path.startswith((PREFIX, "/discovery/", "/$discovery/", "/batch/"))
            or path == "/batch"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        headers = _by_name(scope["headers"])
        read_body = _BodyReader(receive, headers, self._body_seconds).read
        request = Request(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            read_body,
            lambda: self._address(scope),
        )
        if request.path.startswith(PREFIX):
            reply = await self._api.answer(request)
        elif self._administration.serves(request.path):
            reply = await self._administration.answer(request)
        elif request.path.startswith("/batch"):
            reply = await self._answer_batches(request)
        else:
            reply = await self._documents.answer(request)
        await _send(reply, headers, send)

    def _address(self, scope: Scope) -> str:
        forwarded = [
            value.decode("latin-1")
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
        ]
        client = scope.get("client")
        return client_address(client[0] if client else None, forwarded, self._trusted)

    async def _answer_batches(self, request: Request) -> Reply:
        try:
            return await self._batch(request)
        except Exception as error:  # as in `Api.answer`
            return errors.failure(error, realm=self._issuer).reply()

    async def _batch(self, request: Request) -> Reply:
        if request.verb != "POST":
            return errors.wrong_verb({"POST"}).reply()
        if _is_small(request.headers):
            return await self._answer_batch(request, await request.read_body(MAX_STRANGERS_BATCH))
        if not await self._api.has_caller(request):
            return await self._answer_batch(request, await _read_strangers_batch(request))
        async with self._large_batches:
            return await self._answer_batch(request, await request.read_body(MAX_BATCH_BODY))

    async def _answer_batch(self, request: Request, body: bytes) -> Reply:
        content_type = request.headers.get(b"content-type", b"").decode("latin-1")
        calls = batch.parse(content_type, body, max_calls=MAX_BATCH_CALLS)
        replies: list[BatchReply] = []
        size = 0
        for start in range(0, len(calls), BATCH_STEP):
            step = calls[start : start + BATCH_STEP]
            if size > MAX_BATCH_REPLY:
                answers = [_batch_is_full() for _ in step]
            else:
                answers = await asyncio.gather(
                    *(self._answer_part(call, request, len(calls)) for call in step)
                )
            size += sum(len(answer.body) for answer in answers)
            replies += (_batch_reply(*pair) for pair in zip(step, answers, strict=True))
        content_type, text = batch.compose(replies, boundary=f"batch_{secrets.token_urlsafe(18)}")
        return Reply(200, text, content_type)

    async def _answer_part(self, call: BatchCall, outer: Request, calls: int) -> Reply:
        path, query = _path_and_query(call.target)
        headers = _by_name(
            [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers]
        )
        for name in (b"authorization", b"x-goog-api-key"):
            if name in outer.headers:
                headers.setdefault(name, outer.headers[name])
        # A page's script writes what it likes into a part: only the browser's own words count.
        for name in (b"referer", b"origin"):
            headers.pop(name, None)
            if name in outer.headers:
                headers[name] = outer.headers[name]

        async def read_body(limit: int) -> bytes:
            if len(call.body) > limit:
                raise TooLarge(f"the body of a call has at most {limit} bytes")
            return call.body

        inner = Request(call.verb, path, query, headers, read_body, outer.address)
        if self._administration.serves(path):
            return await self._administration.answer(inner)
        return await self._api.answer(inner, in_batch_of=calls)


def _is_small(headers: Headers) -> bool:
    """Whether the head says so; it does not for a body that is chunked or compressed."""
    length = headers.get(b"content-length", b"")
    is_short = length.isdigit() and int(length[:20]) <= MAX_STRANGERS_BATCH
    return is_short and b"content-encoding" not in headers


async def _read_strangers_batch(request: Request) -> bytes:
    try:
        return await request.read_body(MAX_STRANGERS_BATCH)
    except TooLarge as error:
        raise TooLarge(
            f"a batch of more than {MAX_STRANGERS_BATCH} bytes needs an access token of its own,"
            " in the Authorization header outside its calls"
        ) from error


def _path_and_query(target: str) -> tuple[str, str]:
    """Of a path, or of an absolute URL whose host is not looked at; any text has both."""
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path, query


def _batch_is_full() -> Reply:
    why = "the replies of this batch are too large together: send this call in another one"
    return errors.Failure(503, "backendError", why).reply()


def _batch_reply(call: BatchCall, reply: Reply) -> BatchReply:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers]
    if reply.body:
        headers.insert(0, ("Content-Type", reply.content_type))
    return BatchReply(call.content_id, reply.status, tuple(headers), reply.body)


def _by_name(pairs: list[tuple[bytes, bytes]]) -> Headers:
    """The headers by name; two credentials become one that nobody accepts (RFC 6750 section 2).

    Likewise two keys, or two pages that sent the request.
    """
    headers = dict(pairs)
    if len(headers) != len(pairs):
        for once in (b"authorization", b"x-goog-api-key", b"referer", b"origin"):
            given = [value for name, value in pairs if name == once]
            if len(given) > 1:
                headers[once] = b", ".join(given)
    return headers


class _BodyReader:
    """Reads a body to its end: bounded in size and in time, and decompressed."""

    def __init__(self, receive: Receive, headers: Headers, seconds: float) -> None:
        self._receive = receive
        self._headers = headers
        self._seconds = seconds

    async def read(self, limit: int) -> bytes:
        """The body; TooLarge beyond `limit` bytes, Invalid when it does not arrive."""
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > limit:
            raise TooLarge(f"the body has at most {limit} bytes")
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read_all(limit)
        except TimeoutError:
            raise Invalid("the body did not arrive in time") from None
        encoding = self._headers.get(b"content-encoding", b"identity").lower()
        if encoding in (b"gzip", b"x-gzip"):  # RFC 9110 §8.4.1.3: the same
            return _decompress(body, limit)
        if encoding not in (b"identity", b""):
            raise Invalid("Content-Encoding takes gzip or identity")
        return body

    async def _read_all(self, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Invalid("the body did not arrive")
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                raise TooLarge(f"the body has at most {limit} bytes")
            if not message.get("more_body", False):
                return b"".join(chunks)


def _decompress(body: bytes, limit: int) -> bytes:
    decompressor = zlib.decompressobj(wbits=31)  # gzip, and nothing else
    try:
        text = decompressor.decompress(body, limit + 1)
    except zlib.error:
        raise Invalid("the body is not gzip, though Content-Encoding says so") from None
    if len(text) > limit:
        raise TooLarge(f"the body has at most {limit} bytes, decompressed")
    if not decompressor.eof:
        raise Invalid("the gzip body is cut off")
    return text


def _takes_gzip(headers: Headers) -> bool:
    codings = headers.get(b"accept-encoding", b"").lower().replace(b" ", b"").split(b",")
    return b"gzip" in codings or any(
        coding.startswith(b"gzip;q=") and coding.rstrip(b"0.") != b"gzip;q=" for coding in codings
    )


async def _compress(body: bytes) -> bytes:
    if len(body) < COMPRESS_ASIDE_FROM:
        return gzip.compress(body, 1)
    return await asyncio.to_thread(gzip.compress, body, 1)


async def _send(reply: Reply, request_headers: Headers, send: Send) -> None:
    headers = [*reply.headers]
    body = reply.body
    if reply.status != 204:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
        headers.extend(_JSON_HEADERS)
        if len(body) >= COMPRESS_FROM and _takes_gzip(request_headers):
            body = await _compress(body)
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
