"""Between tasks and JSON, in the wire's own spelling: int64 as strings, int32 as numbers."""

import base64
import binascii
import re
from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, Missing
from leasehold.queues.model import Queue, Statistics, Task
from leasehold.web.api.method import Version

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]*=*")
_EITHER = re.compile(r"[A-Za-z0-9_+/-]*=*")


class WireTask(msgspec.Struct, omit_defaults=True):
    """A task in a reply."""

    kind: str
    id: str
    queueName: str  # noqa: N815  # the wire's spelling, here and below
    enqueueTimestamp: str  # noqa: N815
    leaseTimestamp: str  # noqa: N815
    payloadBase64: str | UnsetType = UNSET  # noqa: N815
    retry_count: int | UnsetType = UNSET
    tag: str | UnsetType = UNSET


class WireTasks(msgspec.Struct, omit_defaults=True):
    """Several tasks; `items` is absent when there are none: a known client loops for ever on []."""

    kind: str
    items: list[WireTask] | UnsetType = UNSET


class WireStatistics(msgspec.Struct):
    """Counts of a queue."""

    totalTasks: int  # noqa: N815
    oldestTask: str  # noqa: N815
    leasedLastMinute: str  # noqa: N815
    leasedLastHour: str  # noqa: N815


class WireAcl(msgspec.Struct):
    """Who may use a queue."""

    consumerEmails: list[str]  # noqa: N815
    producerEmails: list[str]  # noqa: N815
    adminEmails: list[str]  # noqa: N815


class WireQueue(msgspec.Struct):
    """A queue in a reply."""

    kind: str
    id: str
    maxLeases: int  # noqa: N815
    acl: WireAcl
    stats: WireStatistics | UnsetType = UNSET


class TaskBody(msgspec.Struct):
    """A task in a request. Unknown fields, and what the server decides, are not looked at."""

    id: str | None = None
    queueName: str | None = None  # noqa: N815
    payloadBase64: str | None = None  # noqa: N815
    leaseTimestamp: int | float | str | None = None  # noqa: N815
    tag: str | None = None


class NotJson(Invalid):
    """The body is not JSON."""

    reason = "parseError"


_task_body = msgspec.json.Decoder(TaskBody)


def decode_task(body: bytes) -> TaskBody:
    """The task in a request's body; an empty body is an empty task.

    Raises NotJson for what is not JSON, Invalid for a field of the wrong type.
    """
    if not body:
        return TaskBody()
    try:
        return _task_body.decode(body)
    except msgspec.ValidationError as error:
        text = str(error)
        field = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        raise Invalid(f"Invalid value: {text}", field=field) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson("Parse Error: the body is not JSON", detail=str(error)) from None


def timestamp(value: float | str | None) -> int | None:
    """Microseconds from a number or a string of digits; None stays None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
            raise Invalid(f"Invalid long value: {value[:50]!r}", field="leaseTimestamp")
        value = int(value)
    if isinstance(value, float) and not value.is_integer():
        raise Invalid(f"Invalid long value: {value!r}", field="leaseTimestamp")
    if not -(2**63) <= value < 2**63:
        raise Invalid("leaseTimestamp does not fit into 64 bits", field="leaseTimestamp")
    return int(value)


def decode_payload(text: str | None, *, strict: bool) -> bytes:
    """The bytes of a base64 payload, in either alphabet unless `strict`, with or without padding.

    Raises Missing when there is none, Invalid for any other character.
    """
    if text is None:
        raise Missing("Required field payloadBase64 not specified.", field="payloadBase64")
    allowed = _URL_SAFE if strict else _EITHER
    if not allowed.fullmatch(text):
        raise Invalid(
            "payloadBase64 is not base64: use the URL-safe alphabet A-Z a-z 0-9 - _",
            field="payloadBase64",
        )
    bare = text.rstrip("=")
    if "-" in bare or "_" in bare:
        bare = bare.replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        # One digit too many holds no whole byte.
        raise Invalid("payloadBase64 is cut off", field="payloadBase64")
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise Invalid("payloadBase64 is not base64", field="payloadBase64") from None


def wire_task(task: Task, queue_name: str, version: Version) -> WireTask:
    """A task as the reply shows it; v1beta1 knows neither retry count nor tag."""
    wire = WireTask("taskqueues#task", task.id, queue_name, str(task.enqueued_at), str(task.eta))
    if task.payload is not None:
        wire.payloadBase64 = base64.urlsafe_b64encode(task.payload).decode()
    if version != "v1beta1":
        wire.retry_count = task.retry_count
        if task.tag is not None:
            wire.tag = task.tag
    return wire


def wire_tasks(kind: str, tasks: Sequence[Task], queue_name: str, version: Version) -> WireTasks:
    """Several tasks as the reply shows them."""
    if not tasks:
        return WireTasks(kind)
    return WireTasks(kind, [wire_task(task, queue_name, version) for task in tasks])


def wire_queue(queue: Queue, statistics: Statistics | None) -> WireQueue:
    """A queue as the reply shows it."""
    acl = queue.acl
    wire = WireQueue(
        "taskqueues#taskqueue",
        queue.name,
        queue.task_retry_limit or 0,
        WireAcl(sorted(acl.consumers), sorted(acl.producers), sorted(acl.admins)),
    )
    if statistics is not None:
        oldest = statistics.oldest_eta
        wire.stats = WireStatistics(
            # An int32 on the wire.
            min(statistics.total_tasks, 2**31 - 1),
            str(0 if oldest is None else oldest // MICROSECONDS),
            str(statistics.leased_last_minute),
            str(statistics.leased_last_hour),
        )
    return wire


def encode(value: object, *, pretty: bool) -> bytes:
    """JSON with a final newline; pretty is one space for each level."""
    text = msgspec.json.encode(value)
    return (msgspec.json.format(text, indent=1) if pretty else text) + b"\n"
