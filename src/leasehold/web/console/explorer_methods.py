"""What the explorer runs: every method, as the OpenAPI documents have it from its record."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from leasehold.oauth2 import scopes
from leasehold.oauth2.scopes import Scope
from leasehold.settings import Settings
from leasehold.web.openapi.document import Json
from leasehold.web.openapi.documents import documents
from leasehold.web.openapi.reference import Field, reference

Kind = Literal["text", "number", "choice"]

# Parameters in the path that name a queue: the page knows some.
QUEUES = frozenset({"taskqueue", "queue"})

# What a method does that takes something from people, by the first word of its own name; so does
# every DELETE.
_DESTROYS = ("purge", "end", "disable")

_SERVERS_KEPT = 4  # each process has one; tests have several
_SCHEMAS = "#/components/schemas/"
_HELLO = "aGVsbG8="  # "hello" in base64


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a field of the form."""

    name: str
    where: Literal["path", "query"]
    kind: Kind
    type: str  # for people: integer, RFC 3339 and so on; "" for plain text
    text: str
    is_required: bool
    choices: tuple[str, ...] = ()  # of a choice
    is_common: bool = False  # every method has it

    @property
    def field(self) -> str:
        """The name of its field."""
        return f"parameter.{self.name}"


@dataclass(frozen=True, slots=True)
class Body:
    """What the body of a request is made of."""

    schema: str  # its name
    example: str  # JSON, that can be sent as it is where nothing must be chosen
    members: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """A method, as its page needs it."""

    api: str  # taskqueue.v1beta2
    reference: str  # the page's name: taskqueue-v1beta2
    id: str  # taskqueue.tasks.lease
    verb: str
    path: str  # from the root: /taskqueue/v1beta2/projects/{project}/…
    text: str
    scopes: int  # a mask: those that people can give; one of them is enough
    parameters: tuple[Parameter, ...]  # in the path first, then required ones
    body: Body | None

    @property
    def name(self) -> str:
        """Without its API: tasks.lease."""
        return self.id.partition(".")[2]

    @property
    def resource(self) -> str:
        """What it is about: tasks."""
        return self.name.partition(".")[0]

    @property
    def own(self) -> list[Parameter]:
        """Its own parameters."""
        return [one for one in self.parameters if not one.is_common]

    @property
    def common(self) -> list[Parameter]:
        """Those that every method has."""
        return [one for one in self.parameters if one.is_common]

    @property
    def destroys(self) -> bool:
        """Whether one should be asked before it runs."""
        does = self.id.rpartition(".")[2]
        return self.verb == "DELETE" or does.startswith(_DESTROYS)

    def is_like(self, words: str) -> bool:
        """Whether all these words are in what is said of it."""
        said = f"{self.id} {self.verb} {self.path} {self.text}".lower()
        return all(word in said for word in words.lower().split())


@dataclass(frozen=True, slots=True)
class Api:
    """All methods of one API in one version."""

    id: str  # taskqueue.v1beta2
    title: str
    text: str
    methods: tuple[Method, ...]

    def resources(self, words: str = "") -> dict[str, list[Method]]:
        """The methods by what they are about; `words`: only those that are like them."""
        found: dict[str, list[Method]] = {}
        for method in self.methods:
            if method.is_like(words):
                found.setdefault(method.resource, []).append(method)
        return found


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be run here."""

    apis: tuple[Api, ...]

    def find(self, api: str, name: str) -> Method | None:
        """The method of these names; None when there is none."""
        every = (one for known in self.apis if known.id == api for one in known.methods)
        return next((one for one in every if one.name == name), None)

    @property
    def scopes(self) -> int:
        """All that any method takes, of what people can give."""
        mask = 0
        for method in self._every():
            mask |= method.scopes
        return mask

    def choices(self, method: Method) -> Sequence[Scope]:
        """The scopes that the method takes, narrowest first: that which opens the fewest."""
        opened = Counter(scope.bit for one in self._every() for scope in scopes.of(one.scopes))
        return sorted(scopes.of(method.scopes), key=lambda scope: opened[scope.bit])

    def _every(self) -> Iterator[Method]:
        return (method for api in self.apis for method in api.methods)


@lru_cache(maxsize=_SERVERS_KEPT)
def catalogue(issuer: str, settings: Settings) -> Catalogue:
    """All methods of all APIs, in the documents' order. Made once: it takes some milliseconds."""
    found = documents(issuer, settings)
    return Catalogue(tuple(_api(name, document) for name, document in found.items()))


def _api(name: str, document: Json) -> Api:
    members = {schema.name: schema.fields for schema in reference(name, document).schemas}
    return Api(
        id=name.replace("-", "."),
        title=f"{document['info']['title']} {document['info']['version']}",
        text=document["info"]["description"],
        methods=tuple(
            _method(name, path, verb, operation, document["components"], members)
            for path, verbs in document["paths"].items()
            for verb, operation in verbs.items()
        ),
    )


def _method(
    name: str,
    path: str,
    verb: str,
    operation: Json,
    components: Json,
    members: Mapping[str, tuple[Field, ...]],
) -> Method:
    urls = {url for way in operation["security"] for url in way["oauth2"]}
    given = [s for s in scopes.SCOPES if s.url in urls and not s.service_accounts_only]
    return Method(
        api=name.replace("-", "."),
        reference=name,
        id=operation["operationId"],
        verb=verb.upper(),
        path=path,
        text=operation["description"],
        scopes=sum(scope.bit for scope in given),
        parameters=tuple(_parameters(operation["parameters"], components["parameters"])),
        body=_body(path, operation, components["schemas"], members),
    )


def _parameters(found: Sequence[Json], common: Json) -> list[Parameter]:
    known = [
        _parameter(common[one["$ref"].rpartition("/")[2]], is_common=True)
        if "$ref" in one
        else _parameter(one)
        for one in found
    ]
    # A choice of one thing is none.
    kept = [one for one in known if one.kind != "choice" or len(one.choices) > 1]
    return sorted(kept, key=lambda one: (one.where != "path", not one.is_required))


def _parameter(one: Json, *, is_common: bool = False) -> Parameter:
    schema = one["schema"]
    choices = tuple(
        schema.get("enum", ("true", "false") if schema.get("type") == "boolean" else ())
    )
    kind: Kind = "choice" if choices else "text"
    if schema.get("type") in ("integer", "number"):
        kind = "number"
    form = {"date-time": "RFC 3339", "int64": "integer"}.get(schema.get("format", ""), "")
    return Parameter(
        name=one["name"],
        where=one["in"],
        kind=kind,
        type=schema["type"] if kind == "number" else form,
        text=one.get("description", ""),
        is_required=one.get("required", False),
        choices=choices,
        is_common=is_common,
    )


def _body(
    path: str, operation: Json, schemas: Json, members: Mapping[str, tuple[Field, ...]]
) -> Body | None:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None
    name = content["application/json"]["schema"]["$ref"].removeprefix(_SCHEMAS)
    is_new = "{task}" not in path
    example = _example(schemas[name], schemas, with_payload=is_new)
    return Body(name, json.dumps(example, indent=2, ensure_ascii=False), members[name])


def _example(schema: Json, schemas: Json, *, with_payload: bool = False) -> object:
    """A value of the schema, with what is required alone; a payload is worth showing anyway."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].removeprefix(_SCHEMAS)]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            shown = {*schema.get("required", [])}
            if with_payload:
                shown |= {"payloadBase64"}
            members = schema.get("properties", {}).items()
            return {name: _member(name, one, schemas) for name, one in members if name in shown}
    return _HELLO if schema.get("contentEncoding") == "base64" else ""


def _member(name: str, schema: Json, schemas: Json) -> object:
    return _HELLO if name == "payloadBase64" else _example(schema, schemas)
