"""`taskqueue.tasks.get`: one task with its payload, without leasing it."""

from leasehold.oauth2 import scopes
from leasehold.queues import read
from leasehold.web.api.method import BOTH, Call, Method
from leasehold.web.api.wire import WireTask, wire_task


async def run(call: Call) -> WireTask:
    """The task; NotFound when it is not there."""
    ids = call.services.verbs.ids
    task = await call.read(lambda tx, _: read.get(tx, call.queue, call.task_id, ids))
    return wire_task(task, call.queue.name, call.version)


METHOD = Method(
    id="taskqueue.tasks.get",
    verb="GET",
    path="{project}/taskqueues/{taskqueue}/tasks/{task}",
    description="Shows a task with its payload, leased or not; it is not leased by this.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    request=None,
    response="Task",
    versions=BOTH,
    run=run,
)
