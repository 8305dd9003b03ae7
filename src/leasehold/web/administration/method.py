"""The record by which a method of the administration API is declared.

Router, answer, discovery document, OpenAPI document and reference page all read it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec

from leasehold.accounts.projects import canonical_project_id
from leasehold.administration.actor import Actor
from leasehold.entropy import Entropy
from leasehold.queues.verbs import Verbs
from leasehold.settings import Settings
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.wire import Wire

PREFIX = "/admin/v1/"

# Whom a method serves: anybody who is signed in, or who has at least this part in the project.
Role = Literal["anyone", "admin", "owner"]
Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

W = TypeVar("W", bound=Wire)

_MOST_DIGITS = 19  # of a bigint
_IN_PATH = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What methods work with."""

    entropy: Entropy
    secret_box: SecretBox
    settings: Settings
    verbs: Verbs
    issuer: str  # our own URL, without a slash at its end


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call by a known caller, its bodies read and checked. May they do it? `run` finds out."""

    actor: Actor
    services: Services
    ids: Mapping[str, str]  # what the path names, decoded
    query: Wire
    body: Wire | None
    wants_csv: bool = False
    made: object = None  # by the method's `aside`

    @property
    def project(self) -> str:
        """The canonical id of the path's project."""
        return canonical_project_id(self.ids["project"])

    def asked(self, kind: type[W]) -> W:
        """The query, of the type that the method's record declares."""
        assert isinstance(self.query, kind)
        return self.query

    def given(self, kind: type[W]) -> W:
        """The body, of the type that the method's record declares."""
        assert isinstance(self.body, kind)
        return self.body

    def number(self, name: str) -> int:
        """A number in the path; 0, which is nothing's, for what is none."""
        text = self.ids[name]
        is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
        return int(text) if is_number else 0


@dataclass(frozen=True, slots=True)
class Aside:
    """What takes long and needs no database: it is done on another thread, before `run`.

    `check` goes before it, in a transaction of its own: nobody sets us work who may not.
    """

    check: Callable[[Transaction, int, Call], object]
    make: Callable[[Call], object]


@dataclass(frozen=True, slots=True)
class After:
    """What remains to be done after `run` and would be too much for one transaction.

    `step` is given what `run` returned, in transactions of its own, until it returns 0; then
    `show` makes the reply of it.
    """

    step: Callable[[Transaction, int, object], int]
    show: Callable[[object], Wire]


@dataclass(frozen=True, slots=True)
class Csv:
    """A reply that is no JSON, because `alt=csv` asked for it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method. No default for scopes, role and cost: they cannot be forgotten."""

    id: str  # leasehold.queues.create
    verb: Verb
    path: str  # below PREFIX: projects/{project}/queues/{queue}:pause
    description: str
    scopes: int  # mask: one of them is enough
    role: Role  # for documents and tests; `administration` is what enforces it
    cost: int  # units of quota
    query: type[Wire] | None = None
    request: type[Wire] | None  # of the body; None: no body is read
    response: type[Wire] | None  # None: 204 without a body
    words: Mapping[str, str] = field(default_factory=dict)  # a field of our errors: its name here
    has_csv: bool = False  # whether `run` heeds `Call.wants_csv`
    aside: Aside | None = None
    run: Callable[[Transaction, int, Call], object]  # a `response`, None for none, or Csv
    after: After | None = None

    @property
    def resource(self) -> str:
        """What it is about: queues."""
        return self.id.split(".")[1]

    @property
    def name(self) -> str:
        """What it does: create."""
        return self.id.split(".")[2]

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names of the parameters in the path, in order."""
        return tuple(_IN_PATH.findall(self.path))


# What the paths name.
PATH_PARAMETERS: Mapping[str, str] = {
    "project": "Id of the project.",
    "email": "E-mail address, in any case.",
    "api": "Name of the API: taskqueue.",
    "client": "Id of the client: what it sends as client_id.",
    "secret": "Number of the secret.",
    "account": "E-mail address of the service account.",
    "key": "Id of the key.",
    "string": "Number of the key's string.",
    "queue": "Name of the queue.",
    "role": "Role on the queue: consumer, producer or admin.",
    "task": "Id of the task.",
    "quota": "Name of the quota.",
    "entry": "Number of the entry.",
    "month": "Month in UTC, like 2026-11.",
}
