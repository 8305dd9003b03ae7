"""Administration of tasks: found, inserted, deleted and released, one by one.

The audit log says which task it was and how large, never what was in it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from leasehold.accounts.model import Project
from leasehold.administration import audit, authority, paging
from leasehold.administration.actor import Actor
from leasehold.administration.paging import Page
from leasehold.errors import Error, Invalid, NotFound
from leasehold.queues import configure, read, stats
from leasehold.queues.delete import Deletion
from leasehold.queues.delete import delete as delete_tasks
from leasehold.queues.insert import NewTask
from leasehold.queues.insert import insert as insert_tasks
from leasehold.queues.limits import QueueFull, check_tag, is_task_name
from leasehold.queues.model import Queue, Task
from leasehold.queues.read import Place, TaskOutline, TaskState
from leasehold.queues.release import release as release_task
from leasehold.queues.task_id import TaskIds
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.transaction import Transaction

_PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


def list_page(  # noqa: PLR0913  # what a list is of, its filters, and its page
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    ids: TaskIds,
    project_id: str,
    queue: str,
    tag: str | None = None,
    state: TaskState | None = None,
    page_size: int = paging.DEFAULT_SIZE,
    page_token: str = "",
) -> Page[TaskOutline]:
    """The queue's tasks without their payloads, by eta and then by insertion.

    A page of leased or delayed tasks may be short, even empty, and yet not be the last: they lie
    among each other. See `read.list_page` for tasks that change meanwhile. Raises NotFound for
    project and queue, Invalid for tag, size and token.
    """
    found = _find_queue(tx, actor, project_id, queue)
    paging.check_size(page_size)
    if tag is not None:
        check_tag(tag)
    outlines, place = read.list_page(
        tx,
        now,
        found,
        ids,
        num_tasks=page_size,
        after=_place_in(page_token),
        tag=tag,
        state=state,
    )
    return Page(outlines, _token_after(place) if place else "")


def get(
    tx: Transaction,
    actor: Actor,
    *,
    ids: TaskIds,
    project_id: str,
    queue: str,
    task_id: str,
) -> Task:
    """The task with its payload, leased or not. Raises NotFound for project, queue and task."""
    return _find(tx, _find_queue(tx, actor, project_id, queue), task_id, ids)


def insert(  # noqa: PLR0913  # where a task goes, and its parts
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    ids: TaskIds,
    project_id: str,
    queue: str,
    payload: bytes,
    name: str | None = None,
    tag: str | None = None,
    eta: int | None = None,
) -> Task:
    """Adds a task, as the API's insert does; eta in microseconds, None or past: available at once.

    Raises NotFound for project and queue, QueueFull when the project's or the queue's limits leave
    no room, Invalid for what breaks another, InvalidTaskName for a name that is or was taken.
    """
    project = authority.require(tx, actor, project_id)
    task = NewTask(configure.find(tx, project_id, queue), payload, name or None, tag, eta)
    _check_storage(tx, project, len(payload))
    # A server's numbers are its own, block by block: one is taken from the database for this task.
    (inserted,) = insert_tasks(tx, now, [task], ids, TaskNumbers(block=1))
    if isinstance(inserted, Error):
        raise inserted
    _record(tx, now, actor, "insert", task.queue, inserted.id, after=_described(inserted))
    return inserted


def delete(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    ids: TaskIds,
    project_id: str,
    queue: str,
    task_id: str,
) -> Task:
    """Destroys the task, leased or not, also in a queue with strict leases; what it was.

    Its name stays taken as the queue has it. Raises NotFound for project, queue and task.
    """
    found = _find_queue(tx, actor, project_id, queue)
    task = _find(tx, found, task_id, ids)
    deletion = Deletion(replace(found, strict_leases=False), task_id)
    (refusal,) = delete_tasks(tx, now, [deletion], ids)
    if refusal is not None:  # somebody else has deleted it since
        raise _unknown(found, task_id)
    _record(tx, now, actor, "delete", found, task.id, before=_described(task))
    return task


def release(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    ids: TaskIds,
    project_id: str,
    queue: str,
    task_id: str,
) -> Task:
    """Makes the task available now: ends its lease, or its delay; the task as it is then.

    One that is available already is no error. Raises NotFound for project, queue and task.
    """
    found = _find_queue(tx, actor, project_id, queue)
    before = _find(tx, found, task_id, ids)
    released = release_task(tx, now, found, task_id, ids)
    if released is None:
        return _find(tx, found, task_id, ids)
    _record(
        tx, now, actor, "release", found, task_id, before=_described(before), after={"eta": now}
    )
    return released


def _token_after(place: Place) -> str:
    eta, number = place
    return paging.token_after(f"{eta}.{number}")


def _place_in(page_token: str) -> Place | None:
    key = paging.key_in(page_token)
    if not key:
        return None
    place = _PLACE.fullmatch(key)
    if place is None:
        raise Invalid("a page's token is nextPageToken of the page before", field="page_token")
    return int(place[1]), int(place[2])


def _find_queue(tx: Transaction, actor: Actor, project_id: str, name: str) -> Queue:
    authority.require(tx, actor, project_id)
    return configure.find(tx, project_id, name)


def _find(tx: Transaction, queue: Queue, task_id: str, ids: TaskIds) -> Task:
    task = read.find(tx, queue, task_id, ids) if is_task_name(task_id) else None
    if task is None:
        raise _unknown(queue, task_id)
    return task


def _unknown(queue: Queue, task_id: str) -> NotFound:
    return NotFound(f"there is no task {task_id[:500]!r} in queue {queue.name}", field="id")


def _check_storage(tx: Transaction, project: Project, size: int) -> None:
    """As the API does it, but to the byte: here nobody is in a hurry."""
    limit = project.total_storage_limit
    if limit is not None and stats.stored_bytes(tx, project.id) + size > limit:
        raise QueueFull(
            f"Quota exceeded: the tasks of project {project.id} may take {limit} bytes"
            " (total_storage_limit); delete tasks, or raise the limit in queue.yaml"
        )


def _described(task: Task) -> dict[str, object]:
    return {
        "payload_bytes": len(task.payload or b""),
        "eta": task.eta,
        "retry_count": task.retry_count,
        "tag": task.tag,
    }


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    act: str,
    queue: Queue,
    task_id: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        now,
        actor,
        action=f"tasks.{act}",
        project_id=queue.project_id,
        target=f"queues/{queue.name}/tasks/{task_id}",
        before=before,
        after=after,
    )
