"""The discovery document of the administration API, from which Google's client libraries build it.

Its schemas are an older dialect than JSON Schema: no null, and numbers of a schema are text.
"""

from collections.abc import Iterable, Mapping

from leasehold.oauth2 import scopes
from leasehold.web.administration.json_schema import (
    Json,
    Schemas,
    parameters_of,
    referred,
    without_null,
)
from leasehold.web.administration.method import PATH_PARAMETERS, PREFIX, Method

NAME = "leasehold"
VERSION = "v1"
TITLE = "Leasehold Administration API"
REVISION = "20261121"
DESCRIPTION = "Administers projects: members, clients, keys, queues, tasks, quota, usage and bills."

_TAKEN_OVER = ("type", "format", "description", "enum", "pattern")


def document(
    methods: Iterable[Method], issuer: str, common_parameters: Mapping[str, object]
) -> Json:
    """The description, with our own address in it."""
    methods = tuple(methods)
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{NAME}:{VERSION}",
        "name": NAME,
        "version": VERSION,
        "revision": REVISION,
        "title": TITLE,
        "description": DESCRIPTION,
        "protocol": "rest",
        "baseUrl": issuer + PREFIX,
        "basePath": PREFIX,
        "rootUrl": f"{issuer}/",
        "servicePath": PREFIX.removeprefix("/"),
        "batchPath": "batch",
        "parameters": {**common_parameters, "alt": _ALT},
        "auth": {"oauth2": {"scopes": _scopes(methods)}},
        "schemas": {
            name: {"id": name, **_schema(schema)}
            for name, schema in Schemas(methods).by_name.items()
        },
        "resources": _resources(methods),
    }


_ALT = {
    "type": "string",
    "description": "Form of the reply.",
    "default": "json",
    "enum": ["json", "csv"],
    "enumDescriptions": ["JSON", "CSV, of reports, bills and the audit log"],
    "location": "query",
}


def _scopes(methods: Iterable[Method]) -> Json:
    mask = 0
    for method in methods:
        mask |= method.scopes
    return {scope.url: {"description": scope.sentence} for scope in scopes.of(mask)}


def _resources(methods: Iterable[Method]) -> Json:
    resources: Json = {}
    for method in methods:
        resource = resources.setdefault(method.resource, {"methods": {}})
        resource["methods"][method.name] = _method(method)
    return resources


def _method(method: Method) -> Json:
    in_path = method.path_parameters
    in_query = parameters_of(method.query)
    shown: Json = {
        "id": method.id,
        "path": method.path,
        "httpMethod": method.verb,
        "description": method.description,
        "parameters": {
            **{name: _path_parameter(name) for name in in_path},
            **{name: _query_parameter(schema) for name, schema in in_query.items()},
        },
        "parameterOrder": [*in_path, *(n for n, one in in_query.items() if one.get("required"))],
    }
    if method.request:
        shown["request"] = {"$ref": method.request.__name__}
    if method.response:
        shown["response"] = {"$ref": method.response.__name__}
    shown["scopes"] = [scope.url for scope in scopes.of(method.scopes)]
    return shown


def _path_parameter(name: str) -> Json:
    return {
        "type": "string",
        "description": PATH_PARAMETERS[name],
        "required": True,
        "location": "path",
    }


def _query_parameter(schema: Json) -> Json:
    shown = _schema(schema)
    if schema.get("required"):
        shown["required"] = True
    default = schema.get("default")
    if default not in (None, ""):
        shown["default"] = str(default).lower() if isinstance(default, bool) else str(default)
    return shown | {"location": "query"}


def _schema(schema: Json) -> Json:
    described = {"description": schema["description"]} if "description" in schema else {}
    schema = without_null(schema)
    if name := referred(schema):
        return {"$ref": name}
    shown: Json = {key: schema[key] for key in _TAKEN_OVER if key in schema} | described
    if "type" not in shown:
        shown["type"] = "string" if "enum" in shown else "any"
    if shown["type"] == "integer":
        shown["format"] = "int64"
    if shown["type"] == "number":
        shown["format"] = "double"
    if schema.get("contentEncoding") == "base64":
        shown["format"] = "byte"
    shown |= {key: str(schema[key]) for key in ("minimum", "maximum") if key in schema}
    if "items" in schema:
        shown["items"] = _schema(schema["items"])
    if "properties" in schema:
        shown["properties"] = {name: _schema(one) for name, one in schema["properties"].items()}
    elif isinstance(schema.get("additionalProperties"), dict):
        shown["additionalProperties"] = _schema(schema["additionalProperties"])
    return shown
