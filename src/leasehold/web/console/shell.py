"""The foundation of the console's pages: groups of pages, what a page is handed, and the shell.

A group is a file with two functions for each of its pages and a record at its end:

    async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
        found = await visit.read(
            lambda tx, _: things.list_things(tx, visit.actor, project_id=visit.project.id)
        )
        return visit.page("console/things.html", typed=typed, things=found)

    async def add(visit: ProjectVisit) -> Response:
        typed = visit.typed()
        try:
            name = typed.required("name")
            await visit.write(lambda tx, now: things.create(tx, now, visit.actor, name=name, …))
        except Error as error:
            return await show(visit, typed.refused(error))
        return visit.go("things", note=f"{name} is made.")

    GROUP = Group(title="Things", path="things", pages=(
        ProjectPage("things", show=show, act=add),
    ))

and routes.py names it in GROUPS. Before a function runs, somebody is signed in who has a part in
the project of the path; to everybody else the project is not there. A form came from a page of
ours. Errors of `leasehold.errors` that a function raises become pages in the console's look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.routing import Route

from leasehold.accounts.model import Project
from leasehold.accounts.projects import canonical_project_id
from leasehold.administration import authority, projects
from leasehold.administration.actor import Actor
from leasehold.errors import Error, NotFound, Unavailable
from leasehold.oauth2.server import AuthorizationServer
from leasehold.sign_in.errors import AuthenticationTooOld
from leasehold.sign_in.model import BrowserSession
from leasehold.storage.transaction import Transaction
from leasehold.web.account.page import Page, Pages, SignInFirst, Visit, status_of
from leasehold.web.administration.method import Services
from leasehold.web.console.flash import Flash
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed

HOME = "/console"
MAX_PICKED = 8  # projects in the picker; the others are behind its search
MAX_MAKING = 1  # of what `ConsoleVisit.make` does, at a time

_FRAGMENT_IS_LAST = 286  # htmx: show this, and ask no more

R = TypeVar("R")
Show = Callable[["ProjectVisit"], Awaitable[Response]]
ShowAll = Callable[["ConsoleVisit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A page of a project: `show` answers GET, `act` POST."""

    path: str  # below /console/{project}/, as Starlette writes it: queues/{queue}/purge
    show: Show | None = None
    act: Show | None = None
    max_bytes: int | None = None  # of the form; None: as everywhere
    max_file_bytes: int | None = None  # of a file that may come with the form; None: no file may


@dataclass(frozen=True, slots=True)
class Group:
    """A group of pages with an entry in the navigation, which leads to the first of them."""

    title: str
    path: str  # that of its first page: one segment
    pages: tuple[ProjectPage, ...]


class Console:
    """What all pages of the console share."""

    def __init__(
        self,
        pages: Pages,
        services: Services,
        *,
        groups: Sequence[Group],
        trust_anew: Callable[[], Awaitable[None]],
        authorization_server: AuthorizationServer,
    ) -> None:
        """`trust_anew`: this process asks what changed; it is called after every act."""
        self.pages = pages
        self.services = services
        self.authorization_server = authorization_server
        self.groups = tuple(groups)
        self.trust_anew = trust_anew
        self.making = asyncio.Semaphore(MAX_MAKING)
        self.flash = Flash(pages.browsers.note, services.secret_box, services.entropy)

    def route(self, path: str, *, show: ShowAll | None = None, act: ShowAll | None = None) -> Route:
        """A page of no project."""
        return Route(
            path,
            Page(
                self.pages,
                show=partial(self._answer, handler=show) if show else None,
                act=partial(self._answer, handler=act) if act else None,
            ),
        )

    def project_routes(self) -> list[Route]:
        """Every page of every group."""
        return [self._project_route(group, page) for group in self.groups for page in group.pages]

    def _project_route(self, group: Group, page: ProjectPage) -> Route:
        answer = partial(self._answer_in_project, group=group, page=page)
        return Route(
            f"{HOME}/{{project}}/{page.path}",
            Page(
                self.pages,
                show=partial(answer, handler=page.show) if page.show else None,
                act=partial(answer, handler=page.act) if page.act else None,
                max_bytes=page.max_bytes,
                max_file_bytes=page.max_file_bytes,
            ),
        )

    async def _answer(self, visit: Visit, *, handler: ShowAll) -> Response:
        known = ConsoleVisit(console=self, visit=visit, picked=(), actor=_actor(visit))
        return await _guarded(known, handler(known))

    async def _answer_in_project(
        self, visit: Visit, *, group: Group, page: ProjectPage, handler: Show
    ) -> Response:
        project_id = canonical_project_id(visit.request.path_params["project"])
        try:
            actor = _actor(visit)
        except SignInFirst as need:
            return _signed_out(visit, need, back=project_url(project_id, group.path), page=page)
        try:
            project, role, picked = await visit.read(lambda tx, _: _entered(tx, actor, project_id))
        except NotFound as error:
            return ConsoleVisit(console=self, visit=visit, picked=(), actor=actor).refusal(error)
        known = ProjectVisit(
            console=self,
            visit=visit,
            picked=picked,
            actor=actor,
            group=group,
            project=project,
            role=role,
        )
        return await _guarded(known, handler(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleVisit:
    """One request for a page of the console, by somebody who is signed in.

    Templates know it as `visit`, and what was typed as `form`.
    """

    console: Console
    visit: Visit
    actor: Actor  # for every function of `leasehold.administration`
    picked: Sequence[str]  # projects in the picker: one more than MAX_PICKED says that there are

    @property
    def person(self) -> BrowserSession:
        """Who is signed in."""
        return self.visit.signed_in()

    @property
    def services(self) -> Services:
        """Entropy, secret box, settings, verbs and our own URL (`issuer`)."""
        return self.console.services

    @property
    def is_fragment(self) -> bool:
        """Whether a live part of a page asks, and not a person."""
        return "hx-request" in self.visit.request.headers

    def segment(self, name: str) -> str:
        """What the path says in `{name}`, decoded."""
        return str(self.visit.request.path_params[name])

    def parameter(self, name: str) -> str:
        """A parameter of the query; "" when it is absent. Raises Invalid when it is too long."""
        return self.visit.parameter(name)

    def typed(self) -> Typed:
        """The form that was sent."""
        return Typed(self.visit.form or {"": [""]})  # one without fields was sent, too

    @property
    def file(self) -> bytes | None:
        """The file that came with the form, cut off one byte after the page's `max_file_bytes`."""
        return self.visit.file

    async def read(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs an operation that only reads."""
        return await self.visit.read(operation)

    async def make(self, work: Callable[[], R]) -> R:
        """Does on another thread what takes long, when it is its turn."""
        async with self.console.making:
            return await asyncio.to_thread(work)

    async def read_aside(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs one that may read for long: on another thread, where no other call waits for it."""
        return await self.visit.pages.committer.read_aside(operation)

    async def write(self, operation: Callable[[Transaction, int], R]) -> R:
        """Runs an operation; when this returns it is durable, and this process acts by it."""
        value = await self.visit.write(operation)
        # When the process cannot ask, the change is made all the same, and the process will ask
        # again or trust its memory no longer.
        with suppress(Unavailable):
            await self.console.trust_anew()
        return value

    def page(
        self, template: str, *, typed: Typed = NOTHING_TYPED, status: int = 0, **values: object
    ) -> Response:
        """A page in the shell. A status of 0 is that of what was typed: 200 unless refused."""
        note = self.console.flash.read(self.visit.request, self.person)
        response = self.visit.page(
            template,
            status=status or typed.status,
            form_targets=(),
            referrer="same-origin",
            visit=self,
            form=typed,
            note_text=note,
            **values,
        )
        if note:
            self.console.flash.forget(response)
        return response

    def fragment(self, template: str, **values: object) -> Response:
        """A part of a page, for `live` (console/parts.html): its template has no shell."""
        return self.visit.page(
            template, status=200, form_targets=(), referrer="same-origin", visit=self, **values
        )

    def confirm(self, asked: Confirmation, typed: Typed = NOTHING_TYPED) -> Response:
        """The page that asks before something is destroyed; its form comes to the same path."""
        return self.page("console/confirm.html", typed=typed, asked=asked)

    def refusal(self, error: Error) -> Response:
        """The page for an error that no form shows."""
        status, headers = status_of(error)
        if self.is_fragment:
            response = self.visit.page(
                "console/fragment_end.html", status=_FRAGMENT_IS_LAST, message=error.message
            )
        else:
            response = self.page(
                "console/refusal.html", status=status, message=error.message, number=status
            )
        response.headers.update(headers)
        return response

    def go_to(self, path: str, *, note: str = "") -> Response:
        """Sends the browser on with GET; the page there shows the note, which is no secret."""
        response = self.visit.go(path)
        if note:
            self.console.flash.put(response, self.person, note)
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectVisit(ConsoleVisit):
    """One request for a page of a project, by somebody who has a part in it."""

    group: Group
    project: Project
    role: authority.Role

    @property
    def is_owner(self) -> bool:
        """Whether they may change members and end the project."""
        return self.role == "owner"

    def url(self, *segments: str, **query: str) -> str:
        """A page of this project: `visit.url("queues", queue.name, "purge")`."""
        return project_url(self.project.id, *segments, **query)

    def has(self, path: str) -> bool:
        """Whether there is a group with this path."""
        return any(group.path == path for group in self.console.groups)

    def go(self, *segments: str, note: str = "", **query: str) -> Response:
        """Sends the browser to a page of this project, which shows the note."""
        return self.go_to(self.url(*segments, **query), note=note)


def project_url(project_id: str, *segments: str, **query: str) -> str:
    """The path of a project's page.

    >>> project_url("example.com:shop", "queues", "a/b", tag="x y")
    '/console/example.com:shop/queues/a%2Fb?tag=x+y'
    """
    path = "/".join([HOME, quote(project_id, safe=":"), *(quote(s, safe="") for s in segments)])
    return f"{path}?{urlencode(query)}" if query else path


def _actor(visit: Visit) -> Actor:
    return Actor("person", visit.signed_in().email, visit.caller.address)


def _entered(
    tx: Transaction, actor: Actor, project_id: str
) -> tuple[Project, authority.Role, Sequence[str]]:
    """The project, the actor's part in it, and their projects. Raises NotFound."""
    project = authority.require(tx, actor, project_id, deleted_too=True)
    role: authority.Role = (
        "owner" if authority.role_of(tx, actor, project_id) == "owner" else "admin"
    )
    page = projects.list_projects(tx, actor, page_size=MAX_PICKED)
    picked = [found.id for found in page.items]
    return project, role, [*picked, ""] if page.next_page_token else picked


async def _guarded(visit: ConsoleVisit, answer: Awaitable[Response]) -> Response:
    try:
        return await answer
    except AuthenticationTooOld:
        raise
    except Error as error:
        return visit.refusal(error)


def _signed_out(visit: Visit, need: SignInFirst, *, back: str, page: ProjectPage) -> Response:
    if "hx-request" in visit.request.headers:
        return visit.page(
            "console/fragment_end.html",
            status=_FRAGMENT_IS_LAST,
            message="You are signed out: open the page again to sign in",
        )
    if page.show is None:  # nothing is shown at the form's own path
        return visit.go(need.address(back))
    raise need
