"""The directory: projects and queues as this process remembers them.

Every request needs its project's switches and its queue's settings and ACL. They are read once
and kept until `Freshness` hears that something was configured anew.
"""

from dataclasses import dataclass
from functools import partial

from leasehold.accounts import projects
from leasehold.queues import rows
from leasehold.queues.model import Queue
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction

MAX_ENTRIES = 20_000  # remembered; all are read anew when there are more
MAX_NAMES_LENGTH = 512  # of both together; longer ones name nothing, and must not fill the memory


@dataclass(frozen=True, slots=True)
class Project:
    """What a decision needs to know of a project."""

    id: str
    apis: frozenset[str]  # switched on
    admins: frozenset[str]  # e-mail addresses of its owners and admins
    legacy_scopes: bool  # taskqueue.consumer may insert


@dataclass(frozen=True, slots=True)
class Place:
    """What a request's path names; None for what is not there."""

    project: Project | None
    queue: Queue | None


class Directory:
    """Finds places, in memory when it can."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._places: dict[tuple[str, str], Place] = {}
        self._version = 0
        self.full_projects: frozenset[str] = frozenset()  # no room for more tasks; set by Freshness

    async def place(self, project_id: str, queue_name: str) -> Place:
        """The project (by its canonical id) and the queue."""
        place = self._places.get((project_id, queue_name))
        if place is None:
            version = self._version
            find = partial(_find, project_id=project_id, queue_name=queue_name)
            place = await self._committer.read(find)
            is_short = len(project_id) + len(queue_name) <= MAX_NAMES_LENGTH
            if version == self._version and is_short:
                if len(self._places) >= MAX_ENTRIES:
                    self._places.clear()
                self._places[project_id, queue_name] = place
        return place

    def forget(self) -> None:
        """Something was configured: everything is read anew."""
        self._version += 1
        self._places.clear()


def _find(tx: Transaction, now: int, *, project_id: str, queue_name: str) -> Place:  # noqa: ARG001  # every operation is given the time
    found = projects.find(tx, project_id)
    if found is None:
        return Place(None, None)
    project = Project(
        id=found.id,
        apis=frozenset(
            api
            for api in projects.APIS
            if projects.is_api_enabled(tx, project_id=project_id, api=api)
        ),
        admins=frozenset(member.email for member in projects.list_members(tx, project_id)),
        legacy_scopes=found.legacy_scopes,
    )
    return Place(project, rows.find_queue(tx, project_id, queue_name))
