"""The record by which a REST method is declared. Router, gate and documents all read it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from leasehold.access.admission import Bill
from leasehold.errors import Invalid, Missing
from leasehold.queues.model import Queue, Role
from leasehold.queues.verbs import Verbs
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.group import Operation, Verb

Version = Literal["v1beta1", "v1beta2"]

BOTH: tuple[Version, ...] = ("v1beta1", "v1beta2")
NEW_ONLY: tuple[Version, ...] = ("v1beta2",)

A = TypeVar("A")
R = TypeVar("R")

_INT32 = 2**31


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query or the path, as the discovery document shows it."""

    name: str
    type: Literal["string", "integer", "boolean"]
    description: str
    required: bool = False
    format: Literal["", "int32", "int64"] = ""
    versions: tuple[Version, ...] = BOTH


PATH_PARAMETERS = {
    "project": Parameter("project", "string", "Id of the queue's project.", required=True),
    "taskqueue": Parameter("taskqueue", "string", "Name of the queue.", required=True),
    "task": Parameter("task", "string", "Id of the task.", required=True),
}


@dataclass(frozen=True, slots=True)
class Services:
    """What methods work with."""

    committer: Committer
    verbs: Verbs
    settings: Settings


class Call(msgspec.Struct, frozen=True):
    """A call that is allowed: its caller, its place and its parameters, not yet converted."""

    services: Services
    version: Version
    bill: Bill
    project: str  # as the caller wrote it: perhaps with a partition prefix
    queue: Queue
    task_id: str  # "" where the path names no task
    parameters: Mapping[str, str]
    body: bytes
    in_batch_of: int = 1  # calls that share one request

    def run(self, verb: Verb[A, R], argument: A) -> Awaitable[R]:
        """Runs a hot verb, which counts the call in its transaction."""
        return self.services.committer.call(verb, argument, self.bill.hand_over())

    def write(self, operation: Operation[R]) -> Awaitable[R]:
        """Runs an operation, likewise."""
        return self.services.committer.write(operation, self.bill.hand_over())

    def read(self, operation: Operation[R]) -> Awaitable[R]:
        """Runs an operation that changes nothing but the count of calls."""
        return self.services.committer.read(operation, self.bill.hand_over())

    def integer(self, name: str) -> int:
        """A required int32; Missing or Invalid, by its wire name."""
        number = self.optional_integer(name)
        if number is None:
            raise Missing(f"Required parameter {name} not specified.", field=name)
        return number

    def optional_integer(self, name: str, *, bound: int = _INT32) -> int | None:
        """An integer of less than `bound` in size, or None when it is not given."""
        text = self.parameters.get(name)
        if not text:
            return None
        digits = text[1:] if text[0] in "+-" else text
        # ASCII digits only, and few: int() takes other scripts', and is slow on long ones.
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
            raise Invalid(f"Invalid integer value: {text[:50]!r}", field=name)
        number = int(text)
        if not -bound <= number < bound:
            raise Invalid(f"Value {number} of {name} is out of range", field=name)
        return number

    def boolean(self, name: str) -> bool:
        """A boolean, false when it is not given."""
        return parse_boolean(name, self.parameters.get(name) or "false")


def parse_boolean(name: str, text: str) -> bool:
    """`true` or `false` in any case."""
    word = text.lower()
    if word not in ("true", "false"):
        raise Invalid(
            f"Invalid boolean value: {text[:50]!r}. Allowed values: [true, false]", field=name
        )
    return word == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One REST method. No default for scopes, role and cost: they cannot be forgotten."""

    id: str
    verb: str
    path: str  # below `/taskqueue/<version>/projects/`
    description: str
    scopes: int  # mask: one of them is enough
    role: Role
    cost: int  # units of quota
    parameters: tuple[Parameter, ...] = ()
    request: str | None  # schema of the body; None: no body is read
    response: str | None  # schema of the reply; None: 204 without a body
    versions: tuple[Version, ...]
    run: Callable[[Call], Awaitable[object]]

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names of the parameters in the path, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
