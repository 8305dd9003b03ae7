"""A project's settings; switched off and on, deleted and had back."""

from collections.abc import Mapping

from starlette.responses import Response

from leasehold.accounts.model import Project
from leasehold.accounts.projects import UNDELETE_DAYS
from leasehold.administration import contents, projects
from leasehold.administration.projects import ProjectChanges
from leasehold.clock import MICROSECONDS
from leasehold.errors import Error, Invalid
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import size
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit

_MIB = 2**20
_DELETED_FOR_GOOD = UNDELETE_DAYS * 86_400 * MICROSECONDS


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    deleted_at = visit.project.deleted_at
    first = _shown(visit.project)
    return visit.page(
        "console/settings.html",
        typed=typed.filling(first),
        first=first,
        emptied_at=None if deleted_at is None else deleted_at + _DELETED_FOR_GOOD,
    )


async def change(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        changes = ProjectChanges(
            legacy_scopes=typed.ticked("legacy_scopes"),
            total_storage_limit=_bytes(typed, visit.project.total_storage_limit),
        )
        await visit.write(lambda tx, now: _change(tx, now, visit, typed, changes))
    except Error as error:
        return await show(visit, typed.refused(error))
    return visit.go("settings", note="The settings are saved.")


async def ask_off(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    held = await visit.read(lambda tx, now: _held(tx, now, visit))
    return visit.confirm(
        Confirmation(
            title=f"Switch {visit.project.id} off?",
            says=[
                "None of its queues, tokens and keys works until you switch it on again.",
                "Nothing is deleted. Tokens that have not expired by then are good again.",
            ],
            destroys=_figures(held),
            button="Switch the project off",
            back=visit.url("settings"),
        ),
        typed,
    )


async def off(visit: ProjectVisit) -> Response:
    try:
        await visit.write(
            lambda tx, now: projects.disable(tx, now, visit.actor, project_id=visit.project.id)
        )
    except Error as error:
        return await ask_off(visit, visit.typed().refused(error))
    return visit.go("settings", note=f"{visit.project.id} is off.")


async def on(visit: ProjectVisit) -> Response:
    try:
        await visit.write(
            lambda tx, now: projects.enable(tx, now, visit.actor, project_id=visit.project.id)
        )
    except Error as error:
        return await show(visit, NOTHING_TYPED.refused(error))
    return visit.go("settings", note=f"{visit.project.id} is on again.")


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    held = await visit.read(lambda tx, now: _held(tx, now, visit))
    return visit.confirm(
        Confirmation(
            title=f"Delete {visit.project.id}?",
            says=[
                "None of its queues, tokens and keys works from the next request on.",
                f"For {UNDELETE_DAYS} days it can be had back as it is now, on its page Settings.",
                "Then everything in it is destroyed. Its id stays taken for ever.",
            ],
            destroys=_figures(held),
            button="Delete the project",
            back=visit.url("settings"),
            typed=visit.project.id,
        ),
        typed,
    )


async def delete(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        typed.must_be(visit.project.id)
        await visit.write(
            lambda tx, now: projects.delete(tx, now, visit.actor, project_id=visit.project.id)
        )
    except Error as error:
        return await ask_to_delete(visit, typed.refused(error))
    return visit.go("settings", note=f"{visit.project.id} is deleted.")


async def undelete(visit: ProjectVisit) -> Response:
    try:
        await visit.write(
            lambda tx, now: projects.undelete(tx, now, visit.actor, project_id=visit.project.id)
        )
    except Error as error:
        return await show(visit, NOTHING_TYPED.refused(error))
    return visit.go("settings", note=f"{visit.project.id} is back, as it was.")


def _change(
    tx: Transaction, now: int, visit: ProjectVisit, typed: Typed, changes: ProjectChanges
) -> Project:
    actor, project_id = visit.actor, visit.project.id
    typed.must_be_unchanged(_shown(projects.get(tx, actor, project_id=project_id)))
    return projects.change(tx, now, actor, project_id=project_id, changes=changes)


def _held(tx: Transaction, now: int, visit: ProjectVisit) -> contents.Contents:
    return contents.count(tx, now, visit.actor, project_id=visit.project.id)


def _figures(held: contents.Contents) -> list[tuple[str, object]]:
    return [
        ("Queues", held.queues),
        ("Payload in them", size(held.stored_bytes)),
        ("Service accounts", held.service_accounts),
        ("Clients", held.clients),
        ("API keys", held.api_keys),
    ]


def _bytes(typed: Typed, before: int | None) -> int | None:
    """The limit as administration takes it: 0 is none, None leaves it as it is."""
    mebibytes = typed.number("total_storage_limit")
    if mebibytes is None:
        return 0
    if before is not None and mebibytes == _mebibytes(before):
        return None  # it may be no whole number of them
    if mebibytes <= 0:
        raise Invalid("that is no limit: leave it empty for none", field="total_storage_limit")
    return mebibytes * _MIB


def _shown(project: Project) -> Mapping[str, int | bool | None]:
    """What the fields hold at first; None for no limit."""
    limit = project.total_storage_limit
    return {
        "total_storage_limit": None if limit is None else _mebibytes(limit),
        "legacy_scopes": project.legacy_scopes,
    }


def _mebibytes(limit: int) -> int:
    """A limit as the form has it, rounded up."""
    return -(-limit // _MIB)


GROUP = Group(
    title="Settings",
    path="settings",
    pages=(
        ProjectPage("settings", show=show, act=change),
        ProjectPage("settings/off", show=ask_off, act=off),
        ProjectPage("settings/on", act=on),
        ProjectPage("settings/delete", show=ask_to_delete, act=delete),
        ProjectPage("settings/undelete", act=undelete),
    ),
)
