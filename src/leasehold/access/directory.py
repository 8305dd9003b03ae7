"""The directory: projects and queues as this process remembers them.

Every request needs its project's switches and its queue's settings and ACL. They are read once
and kept until `Freshness` hears that something was configured anew.
"""

from dataclasses import dataclass
from functools import partial

from leasehold.accounts import projects
from leasehold.queues import rows
from leasehold.queues.model import Queue
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction
from leasehold.usage import quotas
from leasehold.usage.quotas import Limits

MAX_ENTRIES = 20_000  # remembered; all are read anew when there are more
MAX_NAMES_LENGTH = 512  # of both together; longer ones name nothing, and must not fill the memory


_UNLIMITED = Limits(None, None, None)


@dataclass(frozen=True, slots=True)
class Project:
    """What a decision needs to know of a project."""

    id: str
    apis: frozenset[str]  # switched on; none while the project itself is off
    admins: frozenset[str]  # e-mail addresses of its owners and admins
    legacy_scopes: bool  # taskqueue.consumer may insert
    limits: Limits = _UNLIMITED
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """What a request's path names; None for what is not there."""

    project: Project | None
    queue: Queue | None


class Directory:
    """Finds places, in memory when it can."""

    def __init__(self, committer: Committer, settings: Settings) -> None:
        self._committer = committer
        self._settings = settings
        self._projects: dict[str, Project | None] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._version = 0
        self.full_projects: frozenset[str] = frozenset()  # no room for more tasks; set by Freshness

    async def place(self, project_id: str, queue_name: str) -> Place:
        """The project (by its canonical id) and the queue."""
        place = self._places.get((project_id, queue_name))
        if place is None:
            version = self._version
            find = partial(
                _find_place,
                project_id=project_id,
                queue_name=queue_name,
                settings=self._settings,
            )
            place = await self._committer.read(find)
            is_short = len(project_id) + len(queue_name) <= MAX_NAMES_LENGTH
            if version == self._version and is_short:
                if len(self._places) >= MAX_ENTRIES:
                    self._places.clear()
                self._places[project_id, queue_name] = place
        return place

    async def project(self, project_id: str) -> Project | None:
        """The project (by its canonical id); None when there is none, or it was deleted."""
        if project_id in self._projects:
            return self._projects[project_id]
        version = self._version
        project = await self._committer.read(
            partial(_find_project, project_id=project_id, settings=self._settings)
        )
        if version == self._version and len(project_id) <= MAX_NAMES_LENGTH:
            if len(self._projects) >= MAX_ENTRIES:
                self._projects.clear()
            self._projects[project_id] = project
        return project

    def forget(self) -> None:
        """Something was configured: everything is read anew."""
        self._version += 1
        self._places.clear()
        self._projects.clear()


def _find_place(
    tx: Transaction, now: int, *, project_id: str, queue_name: str, settings: Settings
) -> Place:
    project = _find_project(tx, now, project_id=project_id, settings=settings)
    if project is None:
        return Place(None, None)
    return Place(project, rows.find_queue(tx, project_id, queue_name))


def _find_project(
    tx: Transaction,
    now: int,  # noqa: ARG001  # every operation is given the time
    *,
    project_id: str,
    settings: Settings,
) -> Project | None:
    found = projects.find(tx, project_id)
    if found is None or found.deleted_at is not None:
        return None
    return Project(
        id=found.id,
        apis=projects.switched_on(tx, project_id) or frozenset(),
        admins=frozenset(member.email for member in projects.list_members(tx, project_id)),
        legacy_scopes=found.legacy_scopes,
        limits=quotas.limits_of(tx, project_id, settings) if settings.accounting else _UNLIMITED,
        is_on=found.is_on,
    )
