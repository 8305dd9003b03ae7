"""`taskqueue.taskqueues.get`: a queue with its ACL and, when asked for, its statistics."""

from functools import partial

from leasehold.oauth2 import scopes
from leasehold.queues.stats import statistics
from leasehold.web.api.method import BOTH, Call, Method, Parameter
from leasehold.web.api.wire import WireQueue, wire_queue


async def run(call: Call) -> WireQueue:
    """The queue; statistics cost a query, so only when `getStats` is true."""
    if not call.boolean("getStats"):
        return wire_queue(call.queue, None)
    counts = await call.read(partial(statistics, queue=call.queue))
    return wire_queue(call.queue, counts)


METHOD = Method(
    id="taskqueue.taskqueues.get",
    verb="GET",
    path="{project}/taskqueues/{taskqueue}",
    description="Shows a queue: its ACL, its retry limit and, when asked for, its statistics.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    parameters=(Parameter("getStats", "boolean", "Whether to count tasks and leases."),),
    request=None,
    response="TaskQueue",
    versions=BOTH,
    run=run,
)
