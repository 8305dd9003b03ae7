"""Static files, at addresses that name their content: a browser may keep them for ever."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HASH_CHARACTERS = 16
_KEPT_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    name: str
    content: bytes
    media_type: str
    hash: str

    @property
    def url(self) -> str:
        """Its address; another content has another one."""
        return f"/static/{self.hash}/{self.name}"


class StaticFiles:
    """The files of `web/static/`, all of them in memory: they are few and small."""

    def __init__(self) -> None:
        folder = resources.files("leasehold.web") / "static"
        self._files = {item.name: _load(item.name, item.read_bytes()) for item in folder.iterdir()}

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for one that is not there."""
        return self._files[name].url

    def route(self) -> Route:
        """Serves them."""
        return Route("/static/{hash}/{name}", self._serve)

    async def _serve(self, request: Request) -> Response:
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        # While servers are being replaced, a page of the new one may ask an old one for its file.
        is_current = request.path_params["hash"] == file.hash
        headers = {
            "Cache-Control": _KEPT_FOR_EVER if is_current else "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(file.content, media_type=file.media_type, headers=headers)


def _load(name: str, content: bytes) -> StaticFile:
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    digest = hashlib.sha256(content).hexdigest()[:_HASH_CHARACTERS]
    return StaticFile(name, content, media_type, digest)
