"""Where the OAuth endpoints are: our own addresses and those that Google's clients know."""

from starlette.routing import Route
from starlette.types import ASGIApp

from leasehold.oauth2.grants.jwt_bearer import TOKEN_PATHS
from leasehold.web.account import access
from leasehold.web.account.page import Page, Pages
from leasehold.web.oauth import (
    authorize,
    certs,
    introspect,
    logo,
    metadata,
    revoke,
    token,
    tokeninfo,
    userinfo,
)
from leasehold.web.oauth.document import Document
from leasehold.web.oauth.endpoint import FOR_BEARERS, Endpoint
from leasehold.web.oauth.services import Services

REVOKE_PATHS = ("/revoke", "/o/oauth2/revoke")
TOKENINFO_PATHS = ("/tokeninfo", "/oauth2/v3/tokeninfo")
OLD_TOKENINFO_PATHS = ("/oauth2/v1/tokeninfo", "/oauth2/v2/tokeninfo")
INTROSPECT_PATHS = ("/introspect", "/oauth2/introspect", "/v1/introspect")

# Asked so often that Starlette's way to them (middleware, one route after the other) would count.
HOT_PATHS = frozenset({*TOKEN_PATHS, *INTROSPECT_PATHS})
USERINFO_PATHS = ("/v1/userinfo", "/oauth2/v3/userinfo")
OLD_USERINFO_PATHS = ("/oauth2/v1/userinfo", "/oauth2/v2/userinfo", "/userinfo/v2/me")
CERTIFICATE_PATHS = ("/oauth2/v1/certs",)
JWK_SET_PATHS = ("/oauth2/v3/certs", "/oauth2/v2/certs")
ACCOUNT_CERTIFICATE_PATHS = ("/robot/v1/metadata/x509/{email}",)
ACCOUNT_JWK_SET_PATHS = ("/service_accounts/v1/jwk/{email}",)
METADATA_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")

# What the metadata names; the other addresses are for clients that know them already.
ENDPOINTS = {
    "authorization_endpoint": authorize.PATHS[0],
    "token_endpoint": TOKEN_PATHS[0],
    "revocation_endpoint": REVOKE_PATHS[0],
    "introspection_endpoint": INTROSPECT_PATHS[0],
    "userinfo_endpoint": USERINFO_PATHS[0],
    "jwks_uri": JWK_SET_PATHS[0],
}


def routes(services: Services) -> list[Route]:
    """Every OAuth route."""
    return [
        *_at(TOKEN_PATHS, _token(services)),
        *_at(REVOKE_PATHS, _revoke(services)),
        *_at(INTROSPECT_PATHS, _introspect(services)),
        *_at(USERINFO_PATHS, _userinfo(services, userinfo.current_form)),
        *_at(OLD_USERINFO_PATHS, _userinfo(services, userinfo.old_form)),
        *_at(TOKENINFO_PATHS, _tokeninfo(services, tokeninfo.current_form)),
        *_at(OLD_TOKENINFO_PATHS, _tokeninfo(services, tokeninfo.old_form)),
        *_documents(services),
    ]


def page_routes(services: Services, pages: Pages) -> list[Route]:
    """What people see of it: the consent screen, and what they have allowed."""
    server = services.authorization_server
    return [
        *_at(authorize.PATHS, authorize.AuthorizationEndpoint(pages, server)),
        Route(authorize.ANSWER_PATH, authorize.answer_page(pages, server)),
        Route(logo.PATH, Page(pages, show=logo.show)),
        *access.routes(pages, server),
    ]


def _documents(services: Services) -> list[Route]:
    own, accounts = certs.OWN_MAX_AGE, certs.ACCOUNTS_MAX_AGE
    of_account = certs.certificates_of_account(services)
    jwks_of_account = certs.jwk_set_of_account(services)
    about_us = metadata.find(services, ENDPOINTS)
    return [
        *_at(CERTIFICATE_PATHS, Document(certs.own_certificates(services), max_age=own)),
        *_at(JWK_SET_PATHS, Document(certs.own_jwk_set(services), max_age=own)),
        *_at(ACCOUNT_CERTIFICATE_PATHS, Document(of_account, max_age=accounts)),
        *_at(ACCOUNT_JWK_SET_PATHS, Document(jwks_of_account, max_age=accounts)),
        *_at(METADATA_PATHS, Document(about_us, max_age=metadata.MAX_AGE)),
    ]


def _token(services: Services) -> Endpoint:
    return Endpoint(token.answer(services), methods=("POST",), for_pages=True)


def _revoke(services: Services) -> Endpoint:
    # Old clients revoke by GET, and newer ones POST with the token in the query.
    return Endpoint(revoke.answer(services), methods=("GET", "POST"), for_pages=True)


def _introspect(services: Services) -> Endpoint:
    return Endpoint(introspect.answer(services), methods=("POST",), statuses=FOR_BEARERS)


def _userinfo(services: Services, shape: userinfo.Shape) -> Endpoint:
    answer = userinfo.answer(services, shape)
    return Endpoint(answer, methods=("GET", "POST"), statuses=FOR_BEARERS, for_pages=True)


def _tokeninfo(services: Services, shape: tokeninfo.Shape) -> Endpoint:
    return Endpoint(tokeninfo.answer(services, shape), methods=("GET", "POST"), for_pages=True)


def _at(paths: tuple[str, ...], application: ASGIApp) -> list[Route]:
    return [Route(path, application) for path in paths]
