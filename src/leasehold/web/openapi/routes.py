"""Where the OpenAPI documents and the reference are."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leasehold.errors import NotFound
from leasehold.web.account.page import Page, Pages, Visit
from leasehold.web.oauth.document import Document
from leasehold.web.openapi.document import Json
from leasehold.web.openapi.reference import Reference, reference

PATH = "/openapi"
MAX_AGE = 300  # seconds for which a document may be kept

_SUFFIX = ".json"

_References = Callable[[], Mapping[str, Reference]]


def routes(pages: Pages, documents: Mapping[str, Json]) -> list[Route]:
    """`/openapi/NAME.json`, `/reference`, and `/reference/NAME` for each document."""
    references = cache(partial(_references, documents))  # made for their first reader
    find = partial(_find, documents=documents)
    show = partial(_show, references=references)
    return [
        Route(f"{PATH}/{{name}}", Document(find, max_age=MAX_AGE)),
        Route("/reference", Page(pages, show=partial(_list, references=references))),
        Route("/reference/{name}", Page(pages, show=show, back="/reference")),
    ]


def _references(documents: Mapping[str, Json]) -> Mapping[str, Reference]:
    return {name: reference(name, document) for name, document in documents.items()}


async def _find(request: Request, *, documents: Mapping[str, Json]) -> Json:
    name = request.path_params["name"]
    document = documents.get(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
    if document is None:
        known = ", ".join(f"{PATH}/{name}{_SUFFIX}" for name in documents)
        raise NotFound(f"there are {known}")
    return document


async def _list(visit: Visit, *, references: _References) -> Response:
    return visit.page("references.html", references=references().values())


async def _show(visit: Visit, *, references: _References) -> Response:
    name = visit.request.path_params["name"]
    found = references().get(name)
    if found is None:
        raise NotFound("There is no such API here")
    issuer = visit.pages.sign_in.issuer
    return visit.pages.look.lasting("reference.html", name, reference=found, issuer=issuer)
