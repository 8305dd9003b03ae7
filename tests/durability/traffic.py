"""Random traffic: calls of every method, good ones and such as are refused for many reasons."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.durability.call_book import DONE
from tests.durability.callers import Caller, NoMore, Plan, Planner

SHOP = "/taskqueue/v1beta2/projects/shop/taskqueues"
QUEUE = "work"
WORK = f"{SHOP}/{QUEUE}/tasks"
TASKS = "taskqueue.tasks"
DIGITS = 10  # of which made-up names end in one
MAX_BATCH = 20  # more than run at a time

Kind = Callable[[Caller], Plan]


def insert(caller: Caller) -> Plan:
    """A task that nobody takes, so that it can be seen afterwards whether it was inserted."""
    caller.made += 1
    payload = f"{caller.name}-{caller.made}"
    return _insert("kept", payload=payload)


def insert_work(caller: Caller) -> Plan:
    return _insert(QUEUE, tag=f"tag-{caller.rng.randrange(DIGITS)}")


def insert_by_name(caller: Caller) -> Plan:
    name = f"name-{caller.rng.randrange(DIGITS)}"
    return _insert(QUEUE, DONE, "invalid", id=name)


def lease(caller: Caller) -> Plan:
    return _plan("lease", "POST", f"{WORK}/lease?numTasks={caller.rng.randint(1, 3)}&leaseSecs=60")


def wrong_lease(query: str, reason: str) -> Kind:
    """A lease whose parameters are refused for this reason."""
    return lambda _: _plan("lease", "POST", f"{WORK}/lease?{query}", reason)


def delete(caller: Caller) -> Plan:
    """A task that was leased, or none. Its lease may be over, and the task deleted."""
    task = caller.leased.pop() if caller.leased else "none"
    return _plan("delete", "DELETE", f"{WORK}/{task}", DONE, "invalid")


def get(caller: Caller) -> Plan:
    task = caller.rng.choice([*caller.leased[-3:], "none"])
    return _plan("get", "GET", f"{WORK}/{task}", DONE, "notFound")


def renew(caller: Caller) -> Plan:
    task = caller.rng.choice([*caller.leased[-3:], "none"])
    verb, method = caller.rng.choice([("POST", "update"), ("PATCH", "patch")])
    path, body = f"{WORK}/{task}?newLeaseSeconds=90", b'{"queueName": "work"}'
    return _plan(method, verb, path, DONE, "invalid", body=body)


def renew_for_no_time(_: Caller) -> Plan:
    return _plan("update", "POST", f"{WORK}/none", "required", body=b"{}")


def list_tasks(_: Caller) -> Plan:
    return _plan("list", "GET", WORK)


def show_queue(caller: Caller) -> Plan:
    query = caller.rng.choice(["", "?getStats=true"])
    return Plan("taskqueue.taskqueues.get", "GET", f"{SHOP}/work{query}")


def hurry(_: Caller) -> Plan:
    """One of more calls than this queue takes."""
    return _plan("list", "GET", f"{SHOP}/slow/tasks", DONE, "rateLimitExceeded")


def overfill(_: Caller) -> Plan:
    return _insert("full", "quotaExceeded")


def wrong_insert(body: bytes, reason: str) -> Kind:
    """An insert whose body is refused for this reason."""
    return lambda _: _plan("insert", "POST", WORK, reason, body=body)


def lease_from_push(_: Caller) -> Plan:
    path = f"{SHOP}/push/tasks/lease?numTasks=1&leaseSecs=60"
    return _plan("lease", "POST", path, "invalid")


def intrude(_: Caller) -> Plan:
    """Of a project in which most have no part."""
    path = "/taskqueue/v1beta2/projects/office/taskqueues/any/tasks"
    return _plan("list", "GET", path, "forbidden", "notFound")


def miss(_: Caller) -> Plan:
    """A queue that is not there; those of other projects are not even told that."""
    return _plan("list", "GET", f"{SHOP}/absent/tasks", "notFound", "forbidden")


def get_lost(caller: Caller) -> Plan:
    """A path that is no method's: there is nothing by which it could be counted."""
    path, reason = caller.rng.choice(
        [("/taskqueue/v1beta2/projects/shop", "notFound"), (WORK, "httpMethodNotAllowed")]
    )
    return Plan("", "PATCH", path, frozenset([reason]))


def discover(_: Caller) -> Plan:
    method = "discovery.apis.getRest"
    return Plan(method, "GET", "/discovery/v1/apis/taskqueue/v1beta2/rest", api="discovery")


def discover_all(_: Caller) -> Plan:
    return Plan("discovery.apis.list", "GET", "/discovery/v1/apis", api="discovery")


def administer(caller: Caller) -> Plan:
    path, method, outcome = caller.rng.choice(
        [
            ("projects/shop", "projects.get", DONE),
            ("projects/nobody", "projects.get", "notFound"),
            ("projects/shop/queues", "queues.list", DONE),
            ("projects/shop/queues?pageSize=0", "queues.list", "invalid"),
            ("projects/shop/keys", "keys.list", DONE),
        ]
    )
    return Plan(
        f"leasehold.{method}", "GET", f"/admin/v1/{path}", frozenset([outcome]), api="leasehold"
    )


def batch_of(kinds: Sequence[Kind]) -> Kind:
    """Some of these in one request."""

    def batch(caller: Caller) -> Plan:
        number = caller.rng.randint(1, MAX_BATCH)
        plans = tuple(caller.rng.choice(kinds)(caller) for _ in range(number))
        return Plan("", "POST", "/batch", batch=plans)

    return batch


def _plan(method: str, verb: str, path: str, *outcomes: str, body: bytes = b"") -> Plan:
    return Plan(f"{TASKS}.{method}", verb, path, frozenset(outcomes or [DONE]), body)


def _insert(queue: str, *outcomes: str, payload: str = "", **more: str) -> Plan:
    encoded = base64.urlsafe_b64encode(payload.encode() or b"job").decode()
    body = json.dumps({"queueName": queue, "payloadBase64": encoded, **more}).encode()
    path, possible = f"{SHOP}/{queue}/tasks", frozenset(outcomes or [DONE])
    return Plan(f"{TASKS}.insert", "POST", path, possible, body, payload)


USUAL: tuple[Kind, ...] = (
    *(insert, insert, insert, insert_work, insert_work, insert_by_name),
    *(lease, lease, delete, delete, get, renew, list_tasks, show_queue),
)
REFUSED: tuple[Kind, ...] = (
    *(renew_for_no_time, hurry, overfill, lease_from_push, intrude, miss, get_lost),
    wrong_lease("numTasks=0&leaseSecs=60", "invalid"),
    wrong_lease("numTasks=1&leaseSecs=604801", "invalid"),
    wrong_lease("numTasks=one&leaseSecs=60", "invalid"),
    wrong_lease("leaseSecs=60", "required"),
    wrong_lease("numTasks=1&leaseSecs=60&alt=xml", "invalid"),
    wrong_lease("numTasks=1&leaseSecs=60&fields=items(", "invalidParameter"),
    wrong_lease(f"numTasks=1&leaseSecs=60&quotaUser={'u' * 41}", "invalid"),
    wrong_insert(b"{", "parseError"),
    wrong_insert(b'{"queueName": "work"}', "required"),
    wrong_insert(b'{"queueName": "work", "payloadBase64": "*"}', "invalid"),
    wrong_insert(b'{"queueName": "other", "payloadBase64": "am9i"}', "invalid"),
)
READING: tuple[Kind, ...] = (lease, delete, get, list_tasks, show_queue)
ALL: tuple[Kind, ...] = (*USUAL, *REFUSED, discover, batch_of((*USUAL, *REFUSED)))


def at_random(kinds: Sequence[Kind]) -> Planner:
    """All of these in random order, and again, without an end."""
    deck: list[Kind] = []

    def plan(caller: Caller) -> Plan:
        if not deck:
            deck.extend(caller.rng.sample(kinds, len(kinds)))
        return deck.pop()(caller)

    return plan


def refused(kinds: Sequence[Kind], *reasons: str) -> Planner:
    """The same by a caller who is always refused for one of these reasons."""
    plan = at_random(kinds)
    return lambda caller: _with(plan(caller), lambda _: frozenset(reasons))


def perhaps_refused(kinds: Sequence[Kind], *reasons: str) -> Planner:
    """The same by a caller who may also be refused for one of these reasons."""
    plan = at_random(kinds)
    return lambda caller: _with(plan(caller), frozenset(reasons).union)


def at_most(calls: int, plan: Planner) -> Planner:
    """The same, but no more than so many."""
    left = iter(range(calls))

    def plan_another(caller: Caller) -> Plan:
        if next(left, None) is None:
            raise NoMore
        return plan(caller)

    return plan_another


def _with(plan: Plan, outcomes: Callable[[frozenset[str]], frozenset[str]]) -> Plan:
    return replace(
        plan,
        outcomes=outcomes(plan.outcomes),
        payload="",  # that it is not there would not tell whether it was refused
        batch=tuple(_with(each, outcomes) for each in plan.batch),
    )
