"""What this server tells clients about itself (RFC 8414, OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping

from leasehold.oauth2 import authorize, client_auth, id_token, introspect
from leasehold.oauth2.scopes import SCOPES
from leasehold.oauth2.token import GRANTS
from leasehold.settings import Settings, legacy_switches

LEGACY = "leasehold_legacy_switches"  # our own; RFC 8414 §2 lets servers add members


def document(issuer: str, settings: Settings, endpoints: Mapping[str, str]) -> dict[str, object]:
    """What there is now, and nothing that is yet to come.

    `endpoints` are paths by the names of their members. Whoever holds a token may revoke it without
    saying who they are, hence `none` there.
    """
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in endpoints.items()},
        "grant_types_supported": [*GRANTS, *(["implicit"] if settings.implicit_grant else [])],
        **authorize.metadata(settings),
        "scopes_supported": [scope.url for scope in SCOPES],
        "token_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "revocation_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "introspection_endpoint_auth_methods_supported": list(introspect.METHODS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [id_token.ALGORITHM],
        "claims_supported": list(id_token.CLAIMS),
        "service_documentation": f"{issuer}/",
        LEGACY: legacy_switches(settings),
    }
