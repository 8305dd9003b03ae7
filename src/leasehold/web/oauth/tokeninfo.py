"""The tokeninfo endpoint over HTTP, in both forms that Google's has had."""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import scopes, token_info
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.token_info import AccessTokenInfo, IdTokenInfo
from leasehold.web.oauth import bearer
from leasehold.web.oauth.endpoint import Answer
from leasehold.web.oauth.form import Form, read_body, read_query
from leasehold.web.oauth.services import Services

Info = AccessTokenInfo | IdTokenInfo
Shape = Callable[[Info], Mapping[str, object]]


def answer(services: Services, shape: Shape) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        # Google's library for Node POSTs nothing, with the token where an API would have it.
        form: Form = await read_body(request, seconds=services.settings.header_seconds)
        for name, values in read_query(request).items():
            form.setdefault(name, []).extend(values)
        form.setdefault("access_token", []).extend(bearer.in_header(request))
        return shape(await token_info.describe(form, server))

    return run


def current_form(info: Info) -> Mapping[str, object]:
    """As `/tokeninfo` and version 3 answer: every value is text."""
    if isinstance(info, IdTokenInfo):
        return {name: _text(value) for name, value in {**info.claims, **info.header}.items()}
    token = info.token
    return {
        "azp": token.client_id,
        "aud": token.client_id,
        **({"sub": info.person.subject} if info.tells_subject else {}),
        "scope": scopes.text(token.scopes),
        "exp": str(token.expires_at // MICROSECONDS),
        "expires_in": str(info.expires_in),
        **_email(info, verified="email_verified", value=_text(info.person.email_verified)),
        "access_type": _access_type(info),
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
            **_old_email(claims),
        }
    token = info.token
    return {
        "issued_to": token.client_id,
        "audience": token.client_id,
        **({"user_id": info.person.subject} if info.tells_subject else {}),
        "scope": scopes.text(token.scopes),
        "expires_in": info.expires_in,
        **_email(info, verified="verified_email", value=info.person.email_verified),
        "access_type": _access_type(info),
    }


def _email(info: AccessTokenInfo, *, verified: str, value: object) -> dict[str, object]:
    return {"email": info.person.email, verified: value} if info.tells_email else {}


def _old_email(claims: Json) -> dict[str, object]:
    if "email" not in claims:
        return {}
    return {"email": claims["email"], "verified_email": claims["email_verified"]}


def _access_type(info: AccessTokenInfo) -> str:
    return "offline" if info.token.offline else "online"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
