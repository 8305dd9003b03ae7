"""The administration API as OpenAPI, from its methods' records."""

from collections.abc import Iterable, Mapping

from leasehold.web.administration.discovery import DESCRIPTION, TITLE, VERSION
from leasehold.web.administration.json_schema import Schemas, parameters_of
from leasehold.web.administration.method import PATH_PARAMETERS, PREFIX, Method
from leasehold.web.openapi.document import (
    COMMON,
    Json,
    common_parameters,
    document,
    refer,
    responses,
    security,
)

_JSON = "application/json"


def administration_document(
    methods: Iterable[Method], issuer: str, common: Mapping[str, object]
) -> Json:
    """The document; `common` are the parameters that a discovery document says are common."""
    methods = tuple(methods)
    paths: Json = {}
    granted = 0
    for method in methods:
        paths.setdefault(PREFIX + method.path, {})[method.verb.lower()] = _operation(method)
        granted |= method.scopes
    return document(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        issuer=issuer,
        paths=paths,
        schemas=Schemas(methods).by_name,
        parameters=common_parameters(common) | {"altCsv": _ALT_CSV},
        tags=[{"name": name} for name in dict.fromkeys(method.resource for method in methods)],
        granted=granted,
    )


_ALT_CSV: Json = {
    "name": "alt",
    "in": "query",
    "description": "Form of the reply.",
    "schema": {"type": "string", "enum": ["json", "csv"], "default": "json"},
}


def _operation(method: Method) -> Json:
    shown: Json = {
        "operationId": method.id,
        "tags": [method.resource],
        "description": method.description,
        "x-role": method.role,
        "x-cost": method.cost,
        "parameters": [
            *map(_path_parameter, method.path_parameters),
            *(_query_parameter(name, one) for name, one in parameters_of(method.query).items()),
            *_common_of(method),
        ],
    }
    if method.request is not None:
        shown["requestBody"] = {
            "required": bool(_required(method)),
            "content": {_JSON: {"schema": refer("schemas", method.request.__name__)}},
        }
    shown["responses"] = responses(_success(method), _statuses(method))
    shown["security"] = security(method.scopes)
    return shown


def _required(method: Method) -> list[str]:
    assert method.request is not None
    schema = Schemas([method]).by_name[method.request.__name__]
    required: list[str] = schema.get("required", [])
    return required


def _path_parameter(name: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": PATH_PARAMETERS[name],
        "schema": {"type": "string", "minLength": 1},
    }


def _query_parameter(name: str, schema: Json) -> Json:
    rest = {key: value for key, value in schema.items() if key not in ("required", "description")}
    shown: Json = {"name": name, "in": "query", "schema": _without_null(rest)}
    shown |= {key: schema[key] for key in ("required", "description") if key in schema}
    choices = schema.get("anyOf", [])
    described = next((one["description"] for one in choices if "description" in one), None)
    return shown | ({"description": described} if described and "description" not in shown else {})


def _without_null(schema: Json) -> Json:
    """A query has no null: what there may be none of is left out."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) != 1:
        return schema
    there: Json = choices[0]
    return {key: value for key, value in there.items() if key != "description"}


def _common_of(method: Method) -> list[Json]:
    alt = "altCsv" if method.has_csv else "alt"
    names = [alt, *(name for name in COMMON if name != "alt")]
    return [refer("parameters", name) for name in names]


def _success(method: Method) -> Json:
    if method.response is None:
        return {"204": {"description": "It is done."}}
    content: Json = {_JSON: {"schema": refer("schemas", method.response.__name__)}}
    if method.has_csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"200": {"description": "It is done.", "content": content}}


def _statuses(method: Method) -> list[int]:
    changes = [409] if method.verb != "GET" else []
    too_large = [413] if method.request is not None else []
    # Who lists or makes projects names none, so there is nothing that could be missing.
    missing = [404] if method.path_parameters else []
    return [400, 401, 403, *missing, *changes, *too_large, 503]
