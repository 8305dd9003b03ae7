"""The hot verbs of one server process, made once: each is run by the lane of its name."""

from dataclasses import dataclass

from leasehold.queues.delete import Deletion, delete_verb
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert_verb
from leasehold.queues.lease import LeaseRequest, lease_verb
from leasehold.queues.model import Task
from leasehold.queues.task_id import TaskIds
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.group import Verb


@dataclass(frozen=True, slots=True)
class Verbs:
    """Insert, lease and delete, and the ids that all verbs share."""

    ids: TaskIds
    insert: Verb[NewTask, Task]
    lease: Verb[LeaseRequest, list[Task]]
    delete: Verb[Deletion, None]


def hot_verbs(ids: TaskIds) -> Verbs:
    """The verbs with state of their own: number blocks and head cursors."""
    return Verbs(
        ids=ids,
        insert=insert_verb(ids, TaskNumbers()),
        lease=lease_verb(ids, HeadCursor()),
        delete=delete_verb(ids),
    )
