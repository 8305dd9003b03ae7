"""`taskqueue.tasks.lease`: a consumer takes tasks for a while."""

from leasehold.errors import Invalid
from leasehold.oauth2 import scopes
from leasehold.queues.lease import LeaseRequest
from leasehold.web.api.method import BOTH, NEW_ONLY, Call, Method, Parameter
from leasehold.web.api.queue_name import long_name
from leasehold.web.api.wire import WireTasks, wire_tasks

MIN_REPLY_BYTES = 2**20  # of payload, for each call of a batch


async def run(call: Call) -> WireTasks:
    """The leased tasks, with the queue's long name: a known client splits it."""
    by_tag = call.boolean("groupByTag")
    tag = call.parameters.get("tag") or None
    if tag is not None and not by_tag:
        raise Invalid("tag is given, and groupByTag is not true", field="tag")
    budget = call.services.settings.lease_reply_bytes
    request = LeaseRequest(
        queue=call.queue,
        num_tasks=call.integer("numTasks"),
        seconds=call.integer("leaseSecs"),
        by_tag=by_tag,
        tag=tag,
        max_bytes=min(budget, max(MIN_REPLY_BYTES, budget // call.in_batch_of)),
    )
    tasks = await call.run(call.services.verbs.lease, request)
    return wire_tasks("taskqueue#tasks", tasks, long_name(call), call.version)


METHOD = Method(
    id="taskqueue.tasks.lease",
    verb="POST",
    path="{project}/taskqueues/{taskqueue}/tasks/lease",
    description="Leases the first available tasks; nobody else gets them until the lease ends.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    parameters=(
        Parameter(
            "numTasks",
            "integer",
            "How many tasks at most: 1 to 1000.",
            required=True,
            format="int32",
        ),
        Parameter(
            "leaseSecs",
            "integer",
            "Seconds of the lease: 0 to 604800.",
            required=True,
            format="int32",
        ),
        Parameter(
            "groupByTag",
            "boolean",
            "Whether all leased tasks shall have the same tag.",
            versions=NEW_ONLY,
        ),
        Parameter(
            "tag",
            "string",
            "That tag, if groupByTag is true; when absent, the first available task's.",
            versions=NEW_ONLY,
        ),
    ),
    request=None,
    response="Tasks",
    versions=BOTH,
    run=run,
)
