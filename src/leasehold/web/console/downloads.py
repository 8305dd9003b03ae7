"""Files that the console hands out to be saved: at once, or piece by piece."""

import logging
from collections.abc import AsyncIterable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from leasehold.errors import Error

_log = logging.getLogger("leasehold.console")

CSV = "text/csv; charset=utf-8"
JSON = "application/json"
JSON_LINES = "application/jsonl"
ANY_BYTES = "application/octet-stream"


def download(content: str | bytes, *, name: str, media_type: str) -> Response:
    """A file that is made already."""
    return Response(content, headers=_headers(name, media_type))


def streamed(
    request: Request, pieces: AsyncIterable[str], *, name: str, media_type: str
) -> Response:
    """A file of any length; the next piece is made when the one before was taken.

    Where making one raises an error of ours, the file is cut off so that browsers call it failed.
    """
    if request.method == "HEAD":
        return Response(headers=_headers(name, media_type))
    return _Streamed(pieces, headers=_headers(name, media_type))


class _Streamed(StreamingResponse):
    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except Error as error:
            # It has begun with 200. Without an end of its body the server closes the connection.
            _log.warning("console.download_cut reason=%s", error.reason)


def _headers(name: str, media_type: str) -> dict[str, str]:
    """Of a file that may never become a page of ours, whatever a browser takes it for."""
    return {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
