"""`taskqueue.tasks.insert`: a producer adds a task."""

from leasehold.errors import Invalid
from leasehold.oauth2 import scopes
from leasehold.queues.insert import NewTask
from leasehold.web.api.method import NEW_ONLY, Call, Method
from leasehold.web.api.queue_name import check_same_queue
from leasehold.web.api.wire import WireTask, decode_payload, decode_task, timestamp, wire_task


async def run(call: Call) -> WireTask:
    """The inserted task. An absent queue name is the path's; an absent id is made."""
    body = decode_task(call.body)
    check_same_queue(body.queueName, call)
    eta = timestamp(body.leaseTimestamp)
    if eta is not None and eta < 0:
        raise Invalid("leaseTimestamp must not be negative", field="leaseTimestamp")
    strict = call.services.settings.strict_base64
    task = NewTask(
        queue=call.queue,
        payload=decode_payload(body.payloadBase64, strict=strict),
        name=body.id or None,
        tag=body.tag or None,
        eta=eta,
    )
    inserted = await call.run(call.services.verbs.insert, task)
    return wire_task(inserted, call.queue.name, call.version)


METHOD = Method(
    id="taskqueue.tasks.insert",
    verb="POST",
    path="{project}/taskqueues/{taskqueue}/tasks",
    description="Inserts a task. A given id is taken once, also for a while after its deletion.",
    scopes=scopes.READ_WRITE,
    role="producer",
    cost=1,
    request="Task",
    response="Task",
    versions=NEW_ONLY,
    run=run,
)
