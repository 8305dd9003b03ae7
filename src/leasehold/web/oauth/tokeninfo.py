"""The tokeninfo endpoint over HTTP, in both forms that Google's has had."""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import scopes, token_info
from leasehold.oauth2.token_info import AccessTokenInfo, IdTokenInfo
from leasehold.web.oauth.endpoint import Answer
from leasehold.web.oauth.form import Form, read_body, read_query
from leasehold.web.oauth.services import Services

Info = AccessTokenInfo | IdTokenInfo
Shape = Callable[[Info], Mapping[str, object]]


def answer(services: Services, shape: Shape) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        form: Form = await read_body(request, seconds=services.settings.header_seconds)
        for name, values in read_query(request).items():
            form.setdefault(name, []).extend(values)
        form.setdefault("access_token", []).extend(_in_header(request))
        return shape(await token_info.describe(form, server))

    return run


def _in_header(request: Request) -> list[str]:
    """Google's library for Node POSTs nothing, with the token where an API would have it."""
    tokens = []
    for value in request.headers.getlist("authorization"):
        scheme, _, token = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            tokens.append(token.strip())
    return tokens


def current_form(info: Info) -> Mapping[str, object]:
    """As `/tokeninfo` and version 3 answer: every value is text."""
    if isinstance(info, IdTokenInfo):
        return {name: _text(value) for name, value in {**info.claims, **info.header}.items()}
    token = info.token
    return {
        "azp": token.client_id,
        "aud": token.client_id,
        "sub": token.subject,
        "scope": scopes.text(token.scopes),
        "exp": str(token.expires_at // MICROSECONDS),
        "expires_in": str(info.expires_in),
        "email": token.email,
        "email_verified": "true",
        "access_type": "online",
    }


def old_form(info: Info) -> Mapping[str, object]:
    """As versions 1 and 2 answer."""
    if isinstance(info, IdTokenInfo):
        claims = info.claims
        return {
            "issuer": claims["iss"],
            "issued_to": claims["azp"],
            "audience": claims["aud"],
            "user_id": claims["sub"],
            "expires_in": info.expires_in,
            "issued_at": claims["iat"],
            "email": claims["email"],
            "verified_email": True,
        }
    token = info.token
    return {
        "issued_to": token.client_id,
        "audience": token.client_id,
        "user_id": token.subject,
        "scope": scopes.text(token.scopes),
        "expires_in": info.expires_in,
        "email": token.email,
        "verified_email": True,
        "access_type": "online",
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
