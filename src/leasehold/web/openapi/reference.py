"""The reference for people: an OpenAPI document as a page, which needs no script."""

from collections.abc import Iterable
from dataclasses import dataclass

from leasehold.web.openapi.document import Json

_SCHEMAS = "#/components/schemas/"

# Whom a method is for, by the role in its record.
_FOR = {
    "anyone": "anybody who is signed in",
    "admin": "admins and owners of the project",
    "owner": "owners of the project",
    "consumer": "consumers of the queue, and those who administer it",
    "producer": "producers into the queue, and those who administer it",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is: words, and the schema that the last of them names, if any."""

    text: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a schema."""

    name: str
    type: Type
    text: str
    where: str = ""  # path or query; "" in a schema
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A method, as the page shows it."""

    id: str
    verb: str
    path: str
    text: str
    role: str
    cost: int
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    common: tuple[str, ...]  # names of the parameters that every method takes
    request: str  # names of schemas; "" for no body
    response: str
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """The methods that are about one kind of thing."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """What a body is made of."""

    name: str
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A whole API."""

    name: str  # of its document
    title: str
    version: str
    text: str
    resources: tuple[Resource, ...]
    common: tuple[Field, ...]
    schemas: tuple[Schema, ...]
    statuses: tuple[tuple[str, str], ...]  # of refusals, and what each means


def reference(name: str, document: Json) -> Reference:
    """The page's content, in the document's own order."""
    info, components = document["info"], document["components"]
    operations = [
        _operation(path, verb, one)
        for path, verbs in document["paths"].items()
        for verb, one in verbs.items()
    ]
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for operation in operations:
        by_tag[operation.id.split(".")[1]].append(operation)
    return Reference(
        name=name,
        title=info["title"],
        version=info["version"],
        text=info["description"],
        resources=tuple(Resource(tag, tuple(found)) for tag, found in by_tag.items()),
        common=tuple(
            _parameter(one) for key, one in components["parameters"].items() if key == one["name"]
        ),
        schemas=tuple(_schema(key, one) for key, one in sorted(components["schemas"].items())),
        statuses=tuple(
            (status, one["description"]) for status, one in components["responses"].items()
        ),
    )


def _operation(path: str, verb: str, one: Json) -> Operation:
    own = [parameter for parameter in one["parameters"] if "$ref" not in parameter]
    shared = [parameter["$ref"] for parameter in one["parameters"] if "$ref" in parameter]
    good = next(iter(one["responses"].values()))
    return Operation(
        id=one["operationId"],
        verb=verb.upper(),
        path=path,
        text=one["description"],
        role=_FOR[one["x-role"]],
        cost=one["x-cost"],
        scopes=tuple(dict.fromkeys(url for way in one["security"] for url in way["oauth2"])),
        parameters=tuple(map(_parameter, own)),
        common=tuple(reference.rpartition("/")[2] for reference in shared),
        request=_body(one.get("requestBody", {})),
        response=_body(good),
        statuses=tuple(one["responses"]),
    )


def _body(holder: Json) -> str:
    schema = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).removeprefix(_SCHEMAS)


def _parameter(one: Json) -> Field:
    return Field(
        name=one["name"],
        type=_type(one["schema"]),
        text=one.get("description", ""),
        where=one["in"],
        is_required=one.get("required", False),
    )


def _schema(name: str, schema: Json) -> Schema:
    return Schema(name, schema.get("description", ""), tuple(_fields(schema)))


def _fields(schema: Json, prefix: str = "") -> Iterable[Field]:
    """The members, and those of members that have no name of their own, like error.code."""
    required = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        yield Field(prefix + name, _type(one), _text(one), is_required=name in required)
        inner, mark = (one.get("items", {}), "[].") if one.get("type") == "array" else (one, ".")
        yield from _fields(inner, f"{prefix}{name}{mark}")


def _text(schema: Json) -> str:
    choices = [schema, *schema.get("anyOf", [])]
    return next((str(one["description"]) for one in choices if "description" in one), "")


def _type(schema: Json) -> Type:
    choices = schema.get("anyOf")
    if choices:
        there = [one for one in choices if one != {"type": "null"}]
        first = _type(there[0]) if there else Type("null")
        may_be_null = len(there) < len(choices)
        return Type(f"null, or {first.text}" if may_be_null else first.text, first.schema)
    if "$ref" in schema:
        return Type("", schema["$ref"].removeprefix(_SCHEMAS))
    if "enum" in schema:
        return Type(" | ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        inner = _type(schema.get("items", {}))
        return Type(f"list of {inner.text}", inner.schema)
    return Type(_simple(schema) + _bounds(schema))


def _simple(schema: Json) -> str:
    kind = str(schema.get("type", "any value"))
    form = schema.get("format") or schema.get("contentEncoding")
    return f"{kind} ({form})" if form else kind


def _bounds(schema: Json) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    if "maxLength" in schema:
        return f", at most {schema['maxLength']:,} characters"
    return ""
