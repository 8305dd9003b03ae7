"""Queue names on the wire: short in most replies, four segments in a lease; both are taken."""

from leasehold.errors import Invalid
from leasehold.web.api.method import Call


def long_name(call: Call) -> str:
    """`projects/<project as the caller wrote it>/taskqueues/<queue>`."""
    return f"projects/{call.project}/taskqueues/{call.queue.name}"


def check_same_queue(name: str | None, call: Call) -> None:
    """Invalid when a body names another queue than the URL; absent is the URL's."""
    if name and name.rpartition("/")[2] != call.queue.name:
        raise Invalid("Cannot change task in a different queue", field="queueName")
