"""The API explorer: every method of every API, run against this server by who reads the page.

The page makes no request of its own accord: a script (static/explorer.js) asks `describe` for the
request that the form stands for and `give_token` for the person's token, and sends the one with the
other, from the browser, as any client would.
"""

from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from leasehold.administration import apis, queues
from leasehold.errors import Error, Invalid, NotFound
from leasehold.oauth2 import scopes
from leasehold.oauth2.scopes import Scope
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import sentence
from leasehold.web.console import explorer_consent, explorer_request
from leasehold.web.console.explorer_consent import Access
from leasehold.web.console.explorer_methods import QUEUES, Catalogue, Method, catalogue
from leasehold.web.console.explorer_request import ShownRequest
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.lists import PAGE_SIZE, SEARCH
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

MAX_FORM_BYTES = 8 * 2**20  # of a form: a task of 1 MiB in base64, percent-encoded at its worst

_FOR_SCRIPTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Choice:
    """A scope that one may tick."""

    scope: Scope
    is_ticked: bool  # at first
    is_held: bool


@dataclass(frozen=True, slots=True)
class Permission:
    """What a method needs, and what of it there is."""

    access: Access
    choices: list[Choice]  # that the method takes, narrowest first
    others: list[Choice]  # that are held and are of no use to it

    @property
    def is_enough(self) -> bool:
        """Whether the token opens the method."""
        return any(choice.is_held for choice in self.choices)

    @property
    def held(self) -> list[Scope]:
        """All that the token opens."""
        return scopes.of(self.access.scopes)


async def show(visit: ProjectVisit) -> Response:
    words = visit.parameter(SEARCH)
    found = [(api, api.resources(words)) for api in _catalogue(visit).apis]
    return visit.page(
        "console/explorer.html", found=[pair for pair in found if pair[1]], words=words
    )


async def show_method(
    visit: ProjectVisit, typed: Typed = NOTHING_TYPED, *, consent: Typed = NOTHING_TYPED
) -> Response:
    """`typed`: into the method's form; `consent`: into that of the scopes."""
    method = _method(visit)
    names, is_on = await visit.read(lambda tx, _: _around(tx, visit, method))
    presets = _presets(visit, method, names)
    filled = typed if typed.values else Typed({name: [text] for name, text in presets.items()})
    request: ShownRequest | None = None
    try:
        request = explorer_request.shown(method, filled, visit.services.issuer)
    except Invalid as error:
        typed = filled.refused(error)
    return visit.page(
        "console/explorer_method.html",
        typed=typed,
        status=consent.status if consent.problem else 0,
        consent_form=consent,
        method=method,
        presets=presets,
        queues=names,
        queue_fields=_queue_fields(method),
        is_on=is_on,
        request=request,
        permission=_permission(visit, method, await explorer_consent.access(visit)),
        issuer=visit.services.issuer,
    )


async def describe(visit: ProjectVisit) -> Response:
    """What was typed, as a request: for the script, or on the page where scripts do not run."""
    typed = visit.typed()
    if "application/json" not in visit.visit.request.headers.get("accept", ""):
        return await show_method(visit, typed)
    try:
        request = explorer_request.shown(_method(visit), typed, visit.services.issuer)
    except Error as error:
        # No error of the call: the reader is still typing.
        body = {"problem": sentence(error.message), "at": error.field}
        return JSONResponse(body, headers=_FOR_SCRIPTS)
    return JSONResponse(_described(request), headers=_FOR_SCRIPTS)


async def authorize(visit: ProjectVisit) -> Response:
    """Asks for the ticked scopes at the consent page."""
    method, typed = _method(visit), visit.typed()
    try:
        return await explorer_consent.ask(visit, method, _ticked(visit, typed))
    except Error as error:
        return await show_method(visit, consent=typed.refused(error))


async def take_answer(visit: ProjectVisit) -> Response:
    return await explorer_consent.take_answer(visit)


async def give_token(visit: ProjectVisit) -> Response:
    """The token, for the script of the page, which keeps it no longer than for one request."""
    access = await explorer_consent.access(visit)
    if not access.token:
        ended = "has ended" if access.has_ended else "is still to be given"
        message = f"The explorer's access {ended}: press Authorize first."
        return JSONResponse({"problem": message}, 409, headers=_FOR_SCRIPTS)
    return JSONResponse({"token": access.token}, headers=_FOR_SCRIPTS)


async def remove(visit: ProjectVisit) -> Response:
    """Takes the person's consent back."""
    method = _method(visit)
    await explorer_consent.end(visit)
    note = "The explorer's access is removed: its token is refused from now on."
    back = visit.go("explorer", method.api, method.name, note=note)
    return explorer_consent.forget(visit, back)


def _catalogue(visit: ProjectVisit) -> Catalogue:
    return catalogue(visit.services.issuer, visit.services.settings)


def _method(visit: ProjectVisit) -> Method:
    found = _catalogue(visit).find(visit.segment("api"), visit.segment("method"))
    if found is None:
        raise NotFound("there is no such method: look for it in the list of all methods")
    return found


def _around(tx: Transaction, visit: ProjectVisit, method: Method) -> tuple[list[str], bool]:
    """Names of some queues, and whether the method's API is on."""
    project_id = visit.project.id
    switches = apis.list_apis(tx, visit.actor, project_id=project_id)
    is_on = switches.get(method.api.partition(".")[0], True)  # administration has no switch
    if visit.project.deleted_at is not None or not _queue_fields(method):
        return [], is_on
    page = queues.list_page(tx, visit.actor, project_id=project_id, page_size=PAGE_SIZE)
    return [found.queue.name for found in page.items], is_on


def _queue_fields(method: Method) -> list[str]:
    return [one.field for one in method.parameters if one.name in QUEUES and one.where == "path"]


def _presets(visit: ProjectVisit, method: Method, names: list[str]) -> dict[str, str]:
    """What stands in the fields at first: what the address says goes before what we know."""
    known = {"parameter.project": visit.project.id}
    if len(names) == 1:
        known |= dict.fromkeys(_queue_fields(method), names[0])
    asked = {one.field: visit.parameter(one.name) for one in method.own}
    body = {explorer_request.BODY: method.body.example} if method.body else {}
    return known | {name: text for name, text in asked.items() if text} | body


def _permission(visit: ProjectVisit, method: Method, access: Access) -> Permission:
    taken = _catalogue(visit).choices(method)
    held = access.scopes
    is_enough = bool(held & method.scopes)
    choices = [
        Choice(scope, bool(held & scope.bit) or (at == 0 and not is_enough), bool(held & scope.bit))
        for at, scope in enumerate(taken)
    ]
    others = [Choice(scope, True, True) for scope in scopes.of(held & ~method.scopes)]  # noqa: FBT003  # ticked, held
    return Permission(access, choices, others)


def _ticked(visit: ProjectVisit, typed: Typed) -> int:
    known = {scope.url: scope.bit for scope in scopes.of(_catalogue(visit).scopes)}
    ticked = typed.several(_SCOPE)
    if not ticked or not known.keys() >= {*ticked}:
        raise Invalid("tick what the explorer may do for you", field=_SCOPE)
    return sum(known[url] for url in {*ticked})


def _described(request: ShownRequest) -> dict[str, object]:
    return {
        "verb": request.verb,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body,
        "curl": request.curl,
        "python": request.python,
        "missing": list(request.missing),
    }


GROUP = Group(
    title="Explorer",
    path="explorer",
    pages=(
        ProjectPage("explorer", show=show),
        ProjectPage("explorer/authorized", show=take_answer),
        ProjectPage("explorer/token", act=give_token),
        ProjectPage(
            "explorer/{api}/{method}", show=show_method, act=describe, max_bytes=MAX_FORM_BYTES
        ),
        ProjectPage("explorer/{api}/{method}/authorize", act=authorize),
        ProjectPage("explorer/{api}/{method}/remove", act=remove),
    ),
)
