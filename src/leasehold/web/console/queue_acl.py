"""A queue's access list: who has which role, granted and revoked."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from leasehold.accounts.emails import MAX_LENGTH, normalize_email
from leasehold.administration import queues
from leasehold.errors import Error, Invalid, Missing, NotFound
from leasehold.queues.model import ROLES, Acl, Queue, Role
from leasehold.storage.transaction import Transaction
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.lists import listing, part
from leasehold.web.console.shell import ProjectPage, ProjectVisit

MEANINGS: dict[Role, str] = {
    "consumer": "Leases tasks, renews the leases, and deletes tasks; sees the queue.",
    "producer": "Inserts tasks.",
    "admin": "Does both.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An address, and its roles in the order of ROLES."""

    email: str
    roles: Sequence[Role]


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    queue = await _queue(visit)
    entries = _entries(queue.acl)
    found = part(visit.visit, entries, lambda entry: entry.email)
    return visit.page(
        "console/queue_acl.html",
        typed=typed,
        queue=queue,
        listed=listing(visit.visit, found),
        is_empty=not entries,
        roles=MEANINGS,
        email=visit.parameter("email"),
    )


async def grant(visit: ProjectVisit) -> Response:
    typed, name = visit.typed(), visit.segment("queue")
    try:
        email = normalize_email(typed.required("email", max_length=MAX_LENGTH))
        roles = _ticked(typed)

        def grant_each(tx: Transaction, now: int) -> None:
            for role in roles:
                queues.grant(
                    tx,
                    now,
                    visit.actor,
                    project_id=visit.project.id,
                    name=name,
                    role=role,
                    email=email,
                )

        await visit.write(grant_each)
    except Error as error:
        return await show(visit, typed.refused(error))
    return visit.go("queues", name, "access", note=f"{email} is {_words(roles)} of {name} now.")


async def ask(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    queue, entry = await _entry(visit)
    roles = {role: MEANINGS[role] for role in entry.roles}
    return visit.page(
        "console/queue_revoke.html", typed=typed, queue=queue, entry=entry, roles=roles
    )


async def revoke(visit: ProjectVisit) -> Response:
    typed, name = visit.typed(), visit.segment("queue")
    _, entry = await _entry(visit)
    try:
        roles = _ticked(typed)

        def revoke_each(tx: Transaction, now: int) -> None:
            for role in roles:
                queues.revoke(
                    tx,
                    now,
                    visit.actor,
                    project_id=visit.project.id,
                    name=name,
                    role=role,
                    email=entry.email,
                )

        await visit.write(revoke_each)
    except Error as error:
        return await ask(visit, typed.refused(error))
    words = f"{entry.email} is not {_words(roles)} of {name} any more."
    return visit.go("queues", name, "access", note=words)


async def _queue(visit: ProjectVisit) -> Queue:
    name = visit.segment("queue")
    return await visit.read(
        lambda tx, _: queues.get(tx, visit.actor, project_id=visit.project.id, name=name)
    )


async def _entry(visit: ProjectVisit) -> tuple[Queue, Entry]:
    """The queue, and what it gives the address of the query. Raises NotFound for either."""
    queue, email = await _queue(visit), visit.parameter("email").lower()
    for entry in _entries(queue.acl):
        if entry.email == email:
            return queue, entry
    raise NotFound(f"the access list of {queue.name} does not name {email[:MAX_LENGTH]!r}")


def _entries(acl: Acl) -> list[Entry]:
    named: dict[Role, frozenset[str]] = {
        "consumer": acl.consumers,
        "producer": acl.producers,
        "admin": acl.admins,
    }
    return [
        Entry(email, [role for role in ROLES if email in named[role]])
        for email in sorted(frozenset().union(*named.values()))
    ]


def _ticked(typed: Typed) -> list[Role]:
    ticked = typed.several("role")
    if unknown := set(ticked).difference(ROLES):
        raise Invalid(f"choose of {', '.join(ROLES)}, not {min(unknown)[:100]!r}", field="roles")
    if not ticked:
        raise Missing("tick one at least", field="roles")
    return [role for role in ROLES if role in ticked]


def _words(roles: Sequence[Role]) -> str:
    return " and ".join(f"{'an' if role == 'admin' else 'a'} {role}" for role in roles)


PAGES = (
    ProjectPage("queues/{queue}/access", show=show, act=grant),
    ProjectPage("queues/{queue}/access/revoke", show=ask, act=revoke),
)
