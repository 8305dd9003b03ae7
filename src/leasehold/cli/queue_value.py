"""A queue as commands show it."""

from dataclasses import asdict

from leasehold.cli.output import Value, instant
from leasehold.queues.model import Queue

LABELS = {
    "queue": "Queue",
    "project": "Project",
    "mode": "Mode",
    "state": "State",
    "retry_limit": "Leases until a task is dropped",
    "tombstone_seconds": "Seconds that names stay taken",
    "strict_leases": "Strict leases",
    "requests_per_second": "Most calls a second",
    "max_tasks": "Most tasks",
    "max_bytes": "Most bytes of payload",
    "from_file": "Declared by a queue file",
    "push": "Push settings",
    "consumers": "Consumers",
    "producers": "Producers",
    "admins": "Admins",
    "created_at": "Made",
}


def queue_value(queue: Queue) -> Value:
    """Its settings and ACL; of the push settings those that are set."""
    push = {name: value for name, value in asdict(queue.push).items() if value is not None}
    return {
        "queue": queue.name,
        "project": queue.project_id,
        "mode": queue.mode,
        "state": "running" if queue.paused_at is None else "paused",
        "retry_limit": queue.task_retry_limit or None,
        "tombstone_seconds": queue.tombstone_seconds,
        "strict_leases": queue.strict_leases,
        "requests_per_second": queue.requests_per_second,
        "max_tasks": queue.max_tasks,
        "max_bytes": queue.max_bytes,
        "from_file": queue.from_file,
        "push": push,
        "consumers": sorted(queue.acl.consumers),
        "producers": sorted(queue.acl.producers),
        "admins": sorted(queue.acl.admins),
        "created_at": instant(queue.created_at),
        "paused_at": instant(queue.paused_at),
    }
