"""The structs of requests and replies as JSON Schema, and what `fields` may select of a reply."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from leasehold.web.administration.method import Method
from leasehold.web.administration.wire import Wire
from leasehold.web.api.fields import Shape

REFERENCE = "#/components/schemas/"

# JSON Schema: its values are of every type.
Json = dict[str, Any]


class Schemas:
    """The schemas of all bodies, by name; those inside others are among them."""

    def __init__(self, methods: Iterable[Method]) -> None:
        kinds = {kind for method in methods for kind in (method.request, method.response) if kind}
        self.by_name = schemas_of(frozenset(kinds))

    def shape(self, kind: type[Wire]) -> Shape:
        """What `fields` may select of it."""
        return _members(self.by_name[kind.__name__], self.by_name) or {}


@cache  # asked for some sixty sets of kinds at each start, and msgspec takes a millisecond for one
def schemas_of(kinds: frozenset[type[Wire]]) -> Mapping[str, Json]:
    """The schemas of these and of all that they are made of, by name, in alphabetical order."""
    in_order = sorted(kinds, key=lambda kind: kind.__name__)
    _, found = msgspec.json.schema_components(in_order, ref_template=f"{REFERENCE}{{name}}")
    return {name: found[name] for name in sorted(found)}


def parameters_of(kind: type[Wire] | None) -> dict[str, Json]:
    """The schemas of a query's parameters, by name; those that are required say so."""
    if kind is None:
        return {}
    schema = schemas_of(frozenset([kind]))[kind.__name__]
    required = schema.get("required", [])
    return {
        name: one | ({"required": True} if name in required else {})
        for name, one in schema["properties"].items()
    }


def without_null(schema: Json) -> Json:
    """The schema of what is there, where there may be null instead."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    there: Json = choices[0]
    return there | rest


def referred(schema: Json) -> str:
    """The name of the schema that this one refers to; "" for one that stands for itself."""
    return str(schema.get("$ref", "")).removeprefix(REFERENCE)


def _members(schema: Json, by_name: Mapping[str, Json]) -> Shape | None:
    schema = without_null(schema)
    if name := referred(schema):
        schema = by_name[name]
    if schema.get("type") == "array":
        return _members(schema.get("items", {}), by_name)
    if "properties" not in schema:
        return None
    return {name: _members(one, by_name) for name, one in schema["properties"].items()}
