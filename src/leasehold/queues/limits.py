"""Limits of names, sizes and times, as App Engine had them. Each refusal says what would do."""

import re

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid

MAX_TASKS_PER_LEASE = 1_000
MAX_LEASE_SECONDS = 604_800  # one week
MAX_TASK_BYTES = 2**20  # payload, name and tag together
MAX_TAG_BYTES = 500
MAX_ETA_SECONDS = 30 * 86_400  # ahead of now
MAX_LISTED_TASKS = 100
MAX_RETRY_LIMIT = 2**31 - 1  # maxLeases is an int32 on the wire

_QUEUE_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_TASK_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}")

# `POST …/tasks/lease` is the lease method, so a task of that name could never be updated.
_RESERVED_TASK_NAMES = {"lease"}


class InvalidTaskName(Invalid):
    """The name is malformed, taken, was taken lately, or names no task; clients know the words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"task name is invalid: {why}", field="id")


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
