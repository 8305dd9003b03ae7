"""`taskqueue.tasks.update` and `patch`: a consumer renews its lease, or gives the task back."""

from dataclasses import replace

from leasehold.errors import Invalid
from leasehold.oauth2 import scopes
from leasehold.queues.renew import renew
from leasehold.web.api.method import NEW_ONLY, Call, Method, Parameter
from leasehold.web.api.queue_name import check_same_queue
from leasehold.web.api.wire import WireTask, decode_task, timestamp, wire_task


async def run(call: Call) -> WireTask:
    """The task with its new lease. Nothing of a task can be changed but the lease."""
    seconds = call.integer("newLeaseSeconds")
    body = decode_task(call.body)
    check_same_queue(body.queueName, call)
    if body.id and body.id != call.task_id:
        raise Invalid("Task IDs must match: the body names another task than the URL", field="id")
    lease_eta = timestamp(body.leaseTimestamp)
    ids = call.services.verbs.ids
    task = await call.write(
        lambda tx, now: renew(
            tx, now, call.queue, call.task_id, ids, seconds=seconds, lease_eta=lease_eta
        )
    )
    return wire_task(task, call.queue.name, call.version)


UPDATE = Method(
    id="taskqueue.tasks.update",
    verb="POST",
    path="{project}/taskqueues/{taskqueue}/tasks/{task}",
    description="Renews the lease of a task, or ends it. With leaseTimestamp in the body only that"
    " very lease is renewed.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    parameters=(
        Parameter(
            "newLeaseSeconds",
            "integer",
            "Seconds of the lease from now on: 0 to 604800; 0 gives the task back.",
            required=True,
            format="int32",
        ),
    ),
    request="Task",
    response="Task",
    versions=NEW_ONLY,
    run=run,
)

PATCH = replace(UPDATE, id="taskqueue.tasks.patch", verb="PATCH")
