"""The Task Queue API as OpenAPI, from its methods' records and its schemas."""

from collections.abc import Mapping

from leasehold.web.api.method import PATH_PARAMETERS, Method, Parameter, Version
from leasehold.web.api.methods import METHODS
from leasehold.web.api.schemas import SCHEMAS, Property, Schema
from leasehold.web.openapi.document import (
    COMMON,
    Json,
    common_parameters,
    document,
    refer,
    responses,
    security,
)

TITLE = "TaskQueue API"
DESCRIPTION = "Leases tasks of pull queues to workers anywhere, over HTTPS."

_JSON = "application/json"


def taskqueue_document(version: Version, issuer: str, common: Mapping[str, object]) -> Json:
    """The document of one version; `common` as a discovery document has them."""
    methods = [method for method in METHODS if version in method.versions]
    paths: Json = {}
    granted = 0
    for method in methods:
        path = f"/taskqueue/{version}/projects/{method.path}"
        paths.setdefault(path, {})[method.verb.lower()] = _operation(method, version)
        granted |= method.scopes
    resources = dict.fromkeys(_resource(method) for method in methods)
    return document(
        title=TITLE,
        version=version,
        description=DESCRIPTION,
        issuer=issuer,
        paths=paths,
        schemas={name: _object(schema, version) for name, schema in SCHEMAS.items()},
        parameters=common_parameters(common),
        tags=[{"name": name} for name in resources],
        granted=granted,
    )


def _resource(method: Method) -> str:
    return method.id.split(".")[1]


def _operation(method: Method, version: Version) -> Json:
    in_query = [one for one in method.parameters if version in one.versions]
    shown: Json = {
        "operationId": method.id,
        "tags": [_resource(method)],
        "description": method.description,
        "x-role": method.role,
        "x-cost": method.cost,
        "parameters": [
            *(_parameter(PATH_PARAMETERS[name], "path") for name in method.path_parameters),
            *(_parameter(one, "query") for one in in_query),
            *(refer("parameters", name) for name in COMMON),
        ],
    }
    if method.request is not None:
        schema = refer("schemas", method.request)
        shown["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    shown["responses"] = responses(_success(method), _statuses(method))
    shown["security"] = security(method.scopes)
    return shown


def _success(method: Method) -> Json:
    if method.response is None:
        return {"204": {"description": "It is done."}}
    content = {_JSON: {"schema": refer("schemas", method.response)}}
    return {"200": {"description": "It is done.", "content": content}}


def _statuses(method: Method) -> list[int]:
    changes = [409] if method.verb != "GET" else []
    # A lease's parameters may come as a form, so every POST may have a body.
    too_large = [413] if method.verb in ("POST", "PATCH") else []
    return [400, 401, 403, 404, *changes, *too_large, 503]


def _parameter(parameter: Parameter, where: str) -> Json:
    shown: Json = {
        "name": parameter.name,
        "in": where,
        "description": parameter.description,
        "schema": _typed(parameter.type, parameter.format),
    }
    if parameter.required:
        shown["required"] = True
    if where == "path":
        shown["schema"]["minLength"] = 1
    return shown


def _typed(kind: str, form: str) -> Json:
    schema: Json = {"type": kind}
    if form:
        schema["format"] = form
    if kind == "string" and form == "int64":
        schema["pattern"] = "^-?[0-9]{1,19}$"  # JSON's numbers would lose digits
    return schema


def _object(schema: Schema, version: Version) -> Json:
    return {
        "type": "object",
        "properties": {
            name: _property(one, version) for name, one in schema.items() if version in one.versions
        },
    }


def _property(prop: Property, version: Version) -> Json:
    shown = _typed(prop.type, prop.format) | {"description": prop.description}
    if prop.default:
        shown["default"] = prop.default
    if prop.items:
        is_schema = prop.items in SCHEMAS
        shown["items"] = refer("schemas", prop.items) if is_schema else {"type": prop.items}
    if prop.properties:
        shown |= _object(prop.properties, version)
    return shown
