"""What the OpenAPI documents of all APIs have in common: how callers prove who they are, errors.

OpenAPI 3.1.1; its schemas are JSON Schema, draft 2020-12.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from leasehold import __version__
from leasehold.oauth2 import scopes
from leasehold.oauth2.grants.client_credentials import ALLOWED

OPENAPI = "3.1.1"

# JSON of a document: its values are of every type.
Json = dict[str, Any]

ERROR = "Error"

# What every method takes besides its own parameters and credentials.
COMMON = ("alt", "fields", "prettyPrint", "quotaUser", "userIp")

_STATUSES = {
    400: "The request is wrong; location names the field, and the message says what is right.",
    401: "There is no credential, or it is not good (any longer): get a new access token.",
    403: "The caller may not do this, or has no quota left; then Retry-After says when it is back.",
    404: "There is no such thing, or it is nothing of the caller's.",
    409: "It is there already, or there are too many, or it has changed meanwhile.",
    413: "The body is too large.",
    503: "The server cannot do this now; the same call may succeed after Retry-After.",
}

_REFERENCE = "#/components/"


def document(  # noqa: PLR0913  # the parts of a document, each by its name
    *,
    title: str,
    version: str,
    description: str,
    issuer: str,
    paths: Json,
    schemas: Mapping[str, Json],
    parameters: Mapping[str, Json],
    tags: Iterable[Json],
    granted: int,
) -> Json:
    """A whole document; `granted` is the mask of scopes that its operations know."""
    return {
        "openapi": OPENAPI,
        "info": {
            "title": title,
            "version": version,
            "description": description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "x-server-version": __version__,
        },
        "servers": [{"url": issuer}],
        "tags": list(tags),
        "paths": paths,
        "components": {
            "schemas": {**schemas, ERROR: _ERROR_SCHEMA},
            "parameters": dict(parameters),
            "responses": {str(status): _error_response(status) for status in _STATUSES},
            "securitySchemes": _security_schemes(issuer, granted),
        },
    }


def common_parameters(found: Mapping[str, object]) -> dict[str, Json]:
    """Those of COMMON, which a discovery document describes, as OpenAPI has them."""
    return {name: _common_parameter(name, found[name]) for name in COMMON}


def _common_parameter(name: str, found: object) -> Json:
    assert isinstance(found, dict)
    return {
        "name": name,
        "in": "query",
        "description": found["description"],
        "schema": _simple_schema(found),
    }


def _simple_schema(found: Mapping[str, Any]) -> Json:
    schema: Json = {"type": found["type"]}
    if "enum" in found:
        schema["enum"] = found["enum"]
    if "default" in found:
        is_boolean = found["type"] == "boolean"
        schema["default"] = found["default"] == "true" if is_boolean else found["default"]
    return schema


def refer(kind: str, name: str) -> Json:
    """A reference to a component: `schemas`, `parameters` or `responses`."""
    return {"$ref": f"{_REFERENCE}{kind}/{name}"}


def responses(success: Json, statuses: Iterable[int]) -> Json:
    """An operation's responses: the good one by its status, and these errors."""
    return {**success, **{str(status): refer("responses", str(status)) for status in statuses}}


def security(mask: int) -> list[Json]:
    """Any one of these scopes is enough; an API key may come too, and is charged then."""
    urls = [scope.url for scope in scopes.of(mask)]
    alone = [{"oauth2": [url]} for url in urls]
    with_key = [
        {"oauth2": [url], key: []} for url in urls for key in ("apiKeyQuery", "apiKeyHeader")
    ]
    return [*alone, *with_key]


def _security_schemes(issuer: str, granted: int) -> Json:
    flows: Json = {
        "authorizationCode": {
            "authorizationUrl": f"{issuer}/o/oauth2/auth",
            "tokenUrl": f"{issuer}/token",
            "refreshUrl": f"{issuer}/token",
            "scopes": _sentences(granted),
        }
    }
    if granted & ALLOWED:
        flows["clientCredentials"] = {
            "tokenUrl": f"{issuer}/token",
            "scopes": _sentences(granted & ALLOWED),
        }
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "An access token, as Authorization: Bearer TOKEN. Service accounts get"
            " theirs for a signed JWT (RFC 7523).",
            "flows": flows,
        },
        "apiKeyQuery": {
            "type": "apiKey",
            "in": "query",
            "name": "key",
            "description": "An API key, whose project is charged. It stands for nobody.",
        },
        "apiKeyHeader": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Goog-Api-Key",
            "description": "The same, out of the way of logs.",
        },
    }


def _sentences(mask: int) -> dict[str, str]:
    return {scope.url: scope.sentence for scope in scopes.of(mask)}


def _error_response(status: int) -> Json:
    shown: Json = {
        "description": _STATUSES[status],
        "content": {"application/json": {"schema": refer("schemas", ERROR)}},
    }
    headers = _HEADERS.get(status)
    return shown | ({"headers": headers} if headers else {})


_RETRY_AFTER: Json = {
    "Retry-After": {"description": "Whole seconds to wait.", "schema": {"type": "integer"}}
}
_CHALLENGE: Json = {
    "WWW-Authenticate": {
        "description": "RFC 6750: which token is needed.",
        "schema": {"type": "string"},
    }
}
_HEADERS = {401: _CHALLENGE, 403: _CHALLENGE | _RETRY_AFTER, 503: _RETRY_AFTER}

_ERROR_SCHEMA: Json = {
    "type": "object",
    "description": "What every refusal looks like.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["errors", "code", "message"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "message": {"type": "string", "description": "For people."},
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["domain", "reason", "message"],
                        "properties": {
                            "domain": {"type": "string", "enum": ["global", "usageLimits"]},
                            "reason": {
                                "type": "string",
                                "description": "For programs: it never changes.",
                            },
                            "message": {"type": "string"},
                            "locationType": {"type": "string", "enum": ["parameter", "header"]},
                            "location": {
                                "type": "string",
                                "description": "The field or header that is wrong.",
                            },
                        },
                    },
                },
            },
        }
    },
}
