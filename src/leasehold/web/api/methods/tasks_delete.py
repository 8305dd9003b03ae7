"""`taskqueue.tasks.delete`: a consumer is done with a task."""

from leasehold.oauth2 import scopes
from leasehold.queues.delete import Deletion
from leasehold.web.api.method import BOTH, Call, Method, Parameter


async def run(call: Call) -> None:
    """Answers 204 without a body: Google's first Python client cannot read an empty 200."""
    lease_eta = call.optional_integer("leaseTimestamp", bound=2**63)
    deletion = Deletion(call.queue, call.task_id, lease_eta)
    await call.run(call.services.verbs.delete, deletion)


METHOD = Method(
    id="taskqueue.tasks.delete",
    verb="DELETE",
    path="{project}/taskqueues/{taskqueue}/tasks/{task}",
    description="Deletes a task, also after its lease has ended. Its id stays taken for a while.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    parameters=(
        Parameter(
            "leaseTimestamp",
            "string",
            "Delete only if the lease that ends at this instant (microseconds) is still running.",
            format="int64",
        ),
    ),
    request=None,
    response=None,
    versions=BOTH,
    run=run,
)
