"""The discovery document and the API directory: generated, so they say what is really accepted."""

from collections.abc import Iterable, Mapping

from leasehold.oauth2 import scopes
from leasehold.settings import Settings
from leasehold.web.api.method import PATH_PARAMETERS, Method, Parameter, Version
from leasehold.web.api.methods import METHODS
from leasehold.web.api.schemas import SCHEMAS, Property, Schema

NAME = "taskqueue"
TITLE = "TaskQueue API"
REVISION = "20261121"
VERSIONS: tuple[Version, ...] = ("v1beta2", "v1beta1")

_Json = dict[str, object]


def directory(issuer: str, documents: Iterable[Mapping[str, object]]) -> _Json:
    """The list of APIs that are served here, of each the preferred version first."""
    seen: set[object] = set()
    items = []
    for document in documents:
        name, version = document["name"], document["version"]
        items.append(
            {
                "kind": "discovery#directoryItem",
                **{key: document[key] for key in ("id", "name", "version", "title", "description")},
                "discoveryRestUrl": f"{issuer}/discovery/v1/apis/{name}/{version}/rest",
                "discoveryLink": f"./apis/{name}/{version}/rest",
                "preferred": name not in seen,
            }
        )
        seen.add(name)
    return {"kind": "discovery#directoryList", "discoveryVersion": "v1", "items": items}


def document(version: Version, issuer: str, settings: Settings) -> _Json:
    """The description of one version, with our own address in it."""
    methods = [method for method in METHODS if version in method.versions]
    base_path = f"/{NAME}/{version}/projects/"
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{NAME}:{version}",
        "name": NAME,
        "version": version,
        "revision": REVISION,
        "title": TITLE,
        "description": _DESCRIPTION,
        "protocol": "rest",
        "baseUrl": issuer + base_path,
        "basePath": base_path,
        "rootUrl": f"{issuer}/",
        "servicePath": base_path.removeprefix("/"),
        "batchPath": "batch",
        "parameters": common_parameters(settings),
        "auth": {"oauth2": {"scopes": _scopes(methods)}},
        "schemas": {
            name: {"id": name, "type": "object", "properties": _properties(schema, version)}
            for name, schema in SCHEMAS.items()
        },
        "resources": _resources(methods, version),
    }


_DESCRIPTION = "Leases tasks of pull queues to workers anywhere, over HTTPS."


def common_parameters(settings: Settings) -> _Json:
    """What every method of every API takes."""
    common: _Json = {
        "alt": {
            "type": "string",
            "description": "Form of the reply.",
            "default": "json",
            "enum": ["json"],
            "enumDescriptions": ["JSON"],
            "location": "query",
        },
        "fields": _query("string", "Which members of the reply are wanted, as a/b,c(d)."),
        "prettyPrint": _query("boolean", "Whether the reply is indented.", default="true"),
        "quotaUser": _query("string", "Whose quota is used: any text of at most 40 characters."),
        "userIp": _query("string", "Address of the end user; quotaUser goes before it."),
    }
    if settings.query_tokens:
        common["oauth_token"] = _query("string", "OAuth 2.0 access token.")
        common["access_token"] = _query("string", "OAuth 2.0 access token.")
    return common


def _query(type_: str, description: str, **more: str) -> _Json:
    return {"type": type_, "description": description, **more, "location": "query"}


def _scopes(methods: Iterable[Method]) -> _Json:
    mask = 0
    for method in methods:
        mask |= method.scopes
    return {scope.url: {"description": scope.sentence} for scope in scopes.of(mask)}


def _properties(schema: Schema, version: Version) -> _Json:
    return {
        name: _property(prop, version) for name, prop in schema.items() if version in prop.versions
    }


def _property(prop: Property, version: Version) -> _Json:
    shown: _Json = {"type": prop.type, "description": prop.description}
    if prop.format:
        shown["format"] = prop.format
    if prop.default:
        shown["default"] = prop.default
    if prop.items:
        shown["items"] = {"$ref": prop.items} if prop.items in SCHEMAS else {"type": prop.items}
    if prop.properties:
        shown["properties"] = _properties(prop.properties, version)
    return shown


def _resources(methods: Iterable[Method], version: Version) -> _Json:
    resources: dict[str, dict[str, _Json]] = {}
    for method in methods:
        _, resource, name = method.id.split(".")
        resources.setdefault(resource, {"methods": {}})["methods"][name] = _method(method, version)
    return dict(resources)


def _method(method: Method, version: Version) -> _Json:
    in_path = method.path_parameters
    in_query = [parameter for parameter in method.parameters if version in parameter.versions]
    shown: _Json = {
        "id": method.id,
        "path": method.path,
        "httpMethod": method.verb,
        "description": method.description,
        "parameters": {
            **{name: _parameter(PATH_PARAMETERS[name], "path") for name in in_path},
            **{parameter.name: _parameter(parameter, "query") for parameter in in_query},
        },
        "parameterOrder": [*in_path, *(p.name for p in in_query if p.required)],
    }
    if method.request:
        shown["request"] = {"$ref": method.request}
    if method.response:
        shown["response"] = {"$ref": method.response}
    shown["scopes"] = [scope.url for scope in scopes.of(method.scopes)]
    return shown


def _parameter(parameter: Parameter, location: str) -> Mapping[str, object]:
    shown: _Json = {"type": parameter.type, "description": parameter.description}
    if parameter.required:
        shown["required"] = True
    if parameter.format:
        shown["format"] = parameter.format
    shown["location"] = location
    return shown
