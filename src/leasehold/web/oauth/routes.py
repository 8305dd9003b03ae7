"""Where the OAuth endpoints are: our own addresses and those that Google's clients know."""

from starlette.routing import Route

from leasehold.oauth2.grants.jwt_bearer import TOKEN_PATHS
from leasehold.web.oauth import revoke, token
from leasehold.web.oauth.endpoint import Endpoint
from leasehold.web.oauth.services import Services

REVOKE_PATHS = ("/revoke", "/o/oauth2/revoke")


def routes(services: Services) -> list[Route]:
    """Every OAuth route."""
    token_endpoint = Endpoint(token.answer(services), methods=("POST",))
    # Old clients revoke by GET, and newer ones POST with the token in the query.
    revoke_endpoint = Endpoint(revoke.answer(services), methods=("GET", "POST"))
    return [
        *(Route(path, token_endpoint, name=f"token {path}") for path in TOKEN_PATHS),
        *(Route(path, revoke_endpoint, name=f"revoke {path}") for path in REVOKE_PATHS),
    ]
