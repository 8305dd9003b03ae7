"""Projects: made, changed, switched off and on, deleted and had back."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from leasehold.accounts.model import Project
from leasehold.administration import projects
from leasehold.administration.projects import ProjectChanges
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import (
    EXACT,
    Instant,
    NextPage,
    Nothing,
    Page,
    Wire,
    chosen,
    instant,
    maybe_instant,
)

_PATH = "projects"
_ONE = "projects/{project}"

LegacyScopes = Annotated[
    bool, Meta(description="Whether the scope taskqueue.consumer may insert tasks too.")
]


class ProjectResource(Wire, frozen=True):
    """What owns queues, clients, keys and quota."""

    id: str
    created_at: Instant
    disabled_at: Annotated[Instant | None, Meta(description="Null: it is on.")]
    disabled_by_operator: Annotated[
        bool, Meta(description="Whether the operator did it, and so must enable it.")
    ]
    deleted_at: Annotated[
        Instant | None, Meta(description="Null: it is not; for 30 days it can be had back.")
    ]
    legacy_scopes: LegacyScopes
    total_storage_limit: Annotated[
        int | None, Meta(description="Bytes that all its tasks may take; null: no limit.")
    ]


class ProjectList(Wire, frozen=True):
    """Some of the projects in which the caller has a part, by id."""

    projects: tuple[ProjectResource, ...]
    next_page_token: NextPage


class CreateProject(Wire, frozen=True):
    """A project that is to be made. The caller owns it."""

    id: Annotated[
        str,
        Meta(
            max_length=320,
            description="1 to 63 lower-case letters, digits and hyphens, a letter first; a domain"
            " may stand before it, as in example.com:app. It stays taken for ever.",
        ),
    ]


class UpdateProject(Wire, frozen=True):
    """What is to be another way; what is left out stays."""

    legacy_scopes: LegacyScopes | UnsetType = UNSET
    total_storage_limit: (
        Annotated[
            int, Meta(ge=1, le=EXACT, description="Bytes that all its tasks may take; null: any.")
        ]
        | UnsetType
        | None
    ) = UNSET


def list_(tx: Transaction, now: int, call: Call) -> ProjectList:  # noqa: ARG001  # every method is given the time
    page = call.asked(Page)
    found = projects.list_projects(
        tx, call.actor, page_size=page.page_size, page_token=page.page_token
    )
    return ProjectList(
        projects=tuple(map(_resource, found.items)), next_page_token=found.next_page_token
    )


def create(tx: Transaction, now: int, call: Call) -> ProjectResource:
    project_id = call.given(CreateProject).id
    return _resource(projects.create(tx, now, call.actor, project_id=project_id))


def get(tx: Transaction, now: int, call: Call) -> ProjectResource:  # noqa: ARG001  # as above
    return _resource(projects.get(tx, call.actor, project_id=call.project))


def update(tx: Transaction, now: int, call: Call) -> ProjectResource:
    given = call.given(UpdateProject)
    limit = given.total_storage_limit
    changes = ProjectChanges(
        legacy_scopes=chosen(given.legacy_scopes),
        total_storage_limit=0 if limit is None else chosen(limit),
    )
    return _resource(projects.change(tx, now, call.actor, project_id=call.project, changes=changes))


def delete(tx: Transaction, now: int, call: Call) -> None:
    projects.delete(tx, now, call.actor, project_id=call.project)


def undelete(tx: Transaction, now: int, call: Call) -> ProjectResource:
    return _resource(projects.undelete(tx, now, call.actor, project_id=call.project))


def disable(tx: Transaction, now: int, call: Call) -> ProjectResource:
    return _resource(projects.disable(tx, now, call.actor, project_id=call.project))


def enable(tx: Transaction, now: int, call: Call) -> ProjectResource:
    return _resource(projects.enable(tx, now, call.actor, project_id=call.project))


def _resource(project: Project) -> ProjectResource:
    return ProjectResource(
        id=project.id,
        created_at=instant(project.created_at),
        disabled_at=maybe_instant(project.disabled_at),
        disabled_by_operator=project.disabled_by_operator,
        deleted_at=maybe_instant(project.deleted_at),
        legacy_scopes=project.legacy_scopes,
        total_storage_limit=project.total_storage_limit,
    )


METHODS = (
    Method(
        id="leasehold.projects.list",
        verb="GET",
        path=_PATH,
        description="Lists the projects of which the caller is a member, deleted ones too.",
        scopes=scopes.INSPECT,
        role="anyone",
        cost=1,
        query=Page,
        request=None,
        response=ProjectList,
        run=list_,
    ),
    Method(
        id="leasehold.projects.create",
        verb="POST",
        path=_PATH,
        description="Makes a project that the caller, who must be a person, owns.",
        scopes=scopes.ADMINISTER,
        role="anyone",
        cost=1,
        request=CreateProject,
        response=ProjectResource,
        words={"project": "id"},
        run=create,
    ),
    Method(
        id="leasehold.projects.get",
        verb="GET",
        path=_ONE,
        description="Shows a project.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ProjectResource,
        run=get,
    ),
    Method(
        id="leasehold.projects.patch",
        verb="PATCH",
        path=_ONE,
        description="Changes a project's settings.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=UpdateProject,
        response=ProjectResource,
        run=update,
    ),
    Method(
        id="leasehold.projects.delete",
        verb="DELETE",
        path=_ONE,
        description="Deletes a project, which ends the work of its queues, tokens and keys and can"
        " be undone for 30 days.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
    Method(
        id="leasehold.projects.undelete",
        verb="POST",
        path=f"{_ONE}:undelete",
        description="Brings a deleted project back with everything in it.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=Nothing,
        response=ProjectResource,
        run=undelete,
    ),
    Method(
        id="leasehold.projects.disable",
        verb="POST",
        path=f"{_ONE}:disable",
        description="Switches a project off: its queues, tokens and keys do not work until it is"
        " on again.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=Nothing,
        response=ProjectResource,
        run=disable,
    ),
    Method(
        id="leasehold.projects.enable",
        verb="POST",
        path=f"{_ONE}:enable",
        description="Switches a project on again, with everything that was in it.",
        scopes=scopes.ADMINISTER,
        role="owner",
        cost=1,
        request=Nothing,
        response=ProjectResource,
        run=enable,
    ),
)
