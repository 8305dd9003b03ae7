"""Queue names on the wire: short in most replies, four segments in a lease; both are taken."""

from leasehold.accounts.projects import canonical_project_id
from leasehold.errors import Invalid
from leasehold.web.api.method import Call


def long_name(call: Call) -> str:
    """`projects/<project as the caller wrote it>/taskqueues/<queue>`."""
    return f"projects/{call.project}/taskqueues/{call.queue.name}"


def check_same_queue(name: str | None, call: Call) -> None:
    """Invalid when a body names another queue than the URL; absent is the URL's."""
    if not name or name == call.queue.name:
        return
    match name.split("/"):
        case ["projects", project, "taskqueues", call.queue.name] if (
            canonical_project_id(project) == call.queue.project_id
        ):
            return
    raise Invalid("Cannot change task in a different queue", field="queueName")
