"""Limits of names, sizes and times, as App Engine had them. Each refusal says what would do."""

import re

from leasehold.clock import MICROSECONDS
from leasehold.errors import Forbidden, Invalid

MAX_TASKS_PER_LEASE = 1_000
MAX_LEASE_SECONDS = 604_800  # one week
MAX_TASK_BYTES = 2**20  # payload, name and tag together
MAX_TAG_BYTES = 500
MAX_ETA_SECONDS = 30 * 86_400  # ahead of now
MAX_LISTED_TASKS = 100
MAX_RETRY_LIMIT = 2**31 - 1  # maxLeases is an int32 on the wire
MIN_REQUESTS_PER_SECOND = 0.1  # one in ten seconds, the window in which they are counted
MAX_REQUESTS_PER_SECOND = 1_000_000
MAX_QUEUE_TASKS = 10**12
MAX_QUEUE_BYTES = 10**15

_QUEUE_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_TASK_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}")

# `POST …/tasks/lease` is the lease method, so a task of that name could never be updated.
_RESERVED_TASK_NAMES = {"lease"}


class InvalidTaskName(Invalid):
    """The name is malformed, taken, was taken lately, or names no task; clients know the words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"task name is invalid: {why}", field="id")


class QueueFull(Forbidden):
    """The queue holds as many tasks or bytes as its settings allow, or would hold more."""

    reason = "quotaExceeded"


def check_queue_limits(
    requests_per_second: float | None, max_tasks: int | None, max_bytes: int | None
) -> None:
    """Invalid for a limit that nobody can mean; None is no limit. A queue of 0 takes no tasks."""
    rate = requests_per_second
    # So written that NaN is refused too.
    if rate is not None and not MIN_REQUESTS_PER_SECOND <= rate <= MAX_REQUESTS_PER_SECOND:
        raise Invalid(
            f"a queue's calls are limited to {MIN_REQUESTS_PER_SECOND} to"
            f" {MAX_REQUESTS_PER_SECOND} a second, or not at all",
            field="requests_per_second",
        )
    if max_tasks is not None and not 0 <= max_tasks <= MAX_QUEUE_TASKS:
        raise Invalid(
            f"a queue holds 0 to {MAX_QUEUE_TASKS} tasks, or has no limit", field="max_tasks"
        )
    if max_bytes is not None and not 0 <= max_bytes <= MAX_QUEUE_BYTES:
        raise Invalid(
            f"a queue holds 0 to {MAX_QUEUE_BYTES} bytes, or has no limit", field="max_bytes"
        )


def check_queue_name(name: str) -> None:
    """Invalid unless the name has 1 to 100 letters, digits and hyphens."""
    if not _QUEUE_NAME.fullmatch(name):
        raise Invalid(
            f"queue name {name[:100]!r} is invalid: use 1 to 100 letters, digits and hyphens",
            field="queue",
        )


def check_task_name(name: str) -> None:
    """InvalidTaskName unless it has 1 to 500 letters, digits, underscores and hyphens."""
    if not _TASK_NAME.fullmatch(name):
        raise InvalidTaskName("use 1 to 500 letters, digits, underscores and hyphens")
    if name in _RESERVED_TASK_NAMES:
        raise InvalidTaskName(f"{name!r} is a method's name")


def is_task_name(text: str) -> bool:
    """Whether a task could have this id; anything else need not be looked for."""
    return _TASK_NAME.fullmatch(text) is not None


def check_tag(tag: str) -> None:
    """Invalid when the tag is longer than 500 bytes of UTF-8 or holds a NUL character."""
    if len(tag.encode()) > MAX_TAG_BYTES:
        raise Invalid(f"tag is longer than {MAX_TAG_BYTES} bytes", field="tag")
    if "\0" in tag:
        raise Invalid("tag must not hold a NUL character", field="tag")


def check_size(payload: bytes, name: str, tag: str | None) -> None:
    """Invalid when the task is larger than 1 MiB."""
    size = len(payload) + len(name) + len((tag or "").encode())
    if size > MAX_TASK_BYTES:
        raise Invalid(
            f"the task has {size} bytes (payload, name and tag); the limit is {MAX_TASK_BYTES}",
            field="payload",
        )


def check_eta(eta: int, *, now: int) -> None:
    """Invalid when the eta is negative or more than 30 days ahead; both in microseconds."""
    if eta < 0:
        raise Invalid("eta must not be negative", field="eta")
    if eta > now + MAX_ETA_SECONDS * MICROSECONDS:
        raise Invalid(
            "eta is more than 30 days ahead; it counts in microseconds since the Unix epoch",
            field="eta",
        )


def check_lease_seconds(seconds: int, *, field: str = "lease_seconds") -> None:
    """Invalid unless 0 to 604,800 (one week); 0 gives the task back at once."""
    if not 0 <= seconds <= MAX_LEASE_SECONDS:
        raise Invalid(
            f"a lease has 0 to {MAX_LEASE_SECONDS} seconds (one week), not {seconds}", field=field
        )


def check_num_tasks(num_tasks: int) -> None:
    """Invalid unless 1 to 1000."""
    if not 1 <= num_tasks <= MAX_TASKS_PER_LEASE:
        raise Invalid(
            f"one lease takes 1 to {MAX_TASKS_PER_LEASE} tasks, not {num_tasks}", field="num_tasks"
        )


def check_pull(mode: str, queue_name: str) -> None:
    """Invalid for a push queue: its tasks are sent, not leased."""
    if mode != "pull":
        raise Invalid(f"queue {queue_name} is a push queue; this method is for pull queues")
