"""What a queue is and what a task is."""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

Mode = Literal["pull", "push"]
Role = Literal["consumer", "producer", "admin"]

ROLES: tuple[Role, ...] = ("consumer", "producer", "admin")


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may use a queue, as lower-case e-mail addresses. An admin may do all the others may."""

    consumers: frozenset[str] = frozenset()
    producers: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()

    def allows(self, email: str, role: Role) -> bool:
        """Whether the owner of this lower-case address has the role."""
        if email in self.admins:
            return True
        return email in {"consumer": self.consumers, "producer": self.producers}.get(role, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPolicy:
    """How a push queue sends its tasks; None means "not set", so App Engine's default holds."""

    rate: float | None = None  # tasks per second; 0 sends none
    bucket_size: int | None = None
    max_concurrent_requests: int | None = None
    target: str | None = None
    task_age_limit: int | None = None  # seconds
    min_backoff_seconds: float | None = None
    max_backoff_seconds: float | None = None
    max_doublings: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue as it is configured; instants are microseconds since the Unix epoch."""

    id: int
    project_id: str
    name: str
    mode: Mode
    created_at: int
    paused_at: int | None = None
    from_file: bool = False
    strict_leases: bool = False  # a task may be deleted only while a lease of it runs
    task_retry_limit: int | None = None  # leases until a task is dropped; None or 0: no limit
    tombstone_seconds: int = 7 * 86_400
    requests_per_second: float | None = None  # calls that name it; None, here and below: no limit
    max_tasks: int | None = None  # that it may hold, leased ones included
    max_bytes: int | None = None  # of their payloads
    push: PushPolicy = field(default_factory=PushPolicy)
    acl: Acl = field(default_factory=Acl)


class Task(msgspec.Struct, frozen=True):
    """A task as its consumer sees it; `payload` is None where only its outline was read.

    Like other values of the hot path a struct: frozen too, and made in a tenth of the time.
    """

    id: str
    eta: int  # microseconds: may be leased from then on, so also the end of the running lease
    enqueued_at: int  # microseconds
    retry_count: int  # leases so far
    tag: str | None  # None is untagged
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a queue holds and gave out."""

    total_tasks: int  # leased ones included
    total_bytes: int  # of payload
    oldest_eta: int | None  # microseconds; None when the queue is empty
    leased_last_minute: int
    leased_last_hour: int
