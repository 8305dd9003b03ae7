"""The API's schemas as data: what the discovery document shows and `fields` may select."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from leasehold.web.api.fields import Shape
from leasehold.web.api.method import BOTH, NEW_ONLY, Version


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a schema."""

    type: Literal["string", "integer", "array", "object"]
    description: str
    format: Literal["", "int32", "int64"] = ""
    default: str = ""
    items: str = ""  # of an array: a schema's name, or "string"
    properties: Mapping[str, "Property"] = field(default_factory=dict)  # of an object
    versions: tuple[Version, ...] = BOTH


Schema = Mapping[str, Property]

_EMAILS = "E-mail addresses, also of service accounts, of those who may {}."

TASK: Schema = {
    "enqueueTimestamp": Property(
        "string", "When the task was inserted: microseconds since the Unix epoch.", "int64"
    ),
    "id": Property("string", "Id of the task; leave it out on insert to have one made."),
    "kind": Property("string", "What this is: a task.", default="taskqueues#task"),
    "leaseTimestamp": Property(
        "string",
        "Instant at which the lease ends, which is also the one from which the task may be leased:"
        " microseconds since the Unix epoch. Optional on insert: at most 30 days ahead.",
        "int64",
    ),
    "payloadBase64": Property(
        "string",
        "The payload in URL-safe base64. Task, name and tag have at most 1 MiB together.",
    ),
    "queueName": Property("string", "Name of the queue that the task is in."),
    "retry_count": Property(
        "integer", "How often the task has been leased.", "int32", versions=NEW_ONLY
    ),
    "tag": Property(
        "string",
        "A label by which tasks can be leased together; at most 500 bytes.",
        versions=NEW_ONLY,
    ),
}

TASK_QUEUE: Schema = {
    "acl": Property(
        "object",
        "Who may use the queue.",
        properties={
            "adminEmails": Property(
                "array", _EMAILS.format("do everything with the queue"), items="string"
            ),
            "consumerEmails": Property(
                "array", _EMAILS.format("lease and delete tasks"), items="string"
            ),
            "producerEmails": Property("array", _EMAILS.format("insert tasks"), items="string"),
        },
    ),
    "id": Property("string", "Name of the queue."),
    "kind": Property("string", "What this is: a queue.", default="taskqueues#taskqueue"),
    "maxLeases": Property(
        "integer", "How often a task is leased before it is dropped; 0 is no limit.", "int32"
    ),
    "stats": Property(
        "object",
        "Counts; only there when getStats is true.",
        properties={
            "leasedLastHour": Property("string", "Leases in the last 3600 seconds.", "int64"),
            "leasedLastMinute": Property("string", "Leases in the last 60 seconds.", "int64"),
            "oldestTask": Property(
                "string", "The smallest eta in seconds since the Unix epoch; 0 if empty.", "int64"
            ),
            "totalTasks": Property("integer", "Tasks in the queue, leased or not.", "int32"),
        },
    ),
}

TASKS: Schema = {
    "items": Property("array", "The leased tasks; absent when there are none.", items="Task"),
    "kind": Property("string", "What this is: leased tasks.", default="taskqueue#tasks"),
}

TASKS2: Schema = {
    "items": Property(
        "array", "The first 100 tasks, without payloads; absent when there are none.", items="Task"
    ),
    "kind": Property("string", "What this is: a list of tasks.", default="taskqueues#tasks"),
}

SCHEMAS: Mapping[str, Schema] = {
    "Task": TASK,
    "TaskQueue": TASK_QUEUE,
    "Tasks": TASKS,
    "Tasks2": TASKS2,
}


def shape(schema: Schema) -> Shape:
    """What `fields` may select of a schema."""
    return {
        name: shape(SCHEMAS[prop.items])
        if prop.items in SCHEMAS
        else shape(prop.properties)
        if prop.properties
        else None
        for name, prop in schema.items()
    }


SHAPES = {name: shape(schema) for name, schema in SCHEMAS.items()}
