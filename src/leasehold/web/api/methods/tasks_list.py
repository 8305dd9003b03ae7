"""`taskqueue.tasks.list`: the first hundred tasks of a queue, leased or not, without payloads."""

from leasehold.oauth2 import scopes
from leasehold.queues import read
from leasehold.web.api.method import BOTH, Call, Method
from leasehold.web.api.wire import WireTasks, wire_tasks


async def run(call: Call) -> WireTasks:
    """The tasks by eta. There are no pages: clients list, delete, and list again."""
    ids = call.services.verbs.ids
    tasks = await call.read(lambda tx, _: read.list_tasks(tx, call.queue, ids))
    return wire_tasks("taskqueues#tasks", tasks, call.queue.name, call.version)


METHOD = Method(
    id="taskqueue.tasks.list",
    verb="GET",
    path="{project}/taskqueues/{taskqueue}/tasks",
    description="Lists the first 100 tasks of a queue by eta, leased or not, without payloads.",
    scopes=scopes.READ_WRITE | scopes.CONSUME,
    role="consumer",
    cost=1,
    request=None,
    response="Tasks2",
    versions=BOTH,
    run=run,
)
