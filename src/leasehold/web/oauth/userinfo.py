"""The userinfo endpoint over HTTP, in the standard's form and in Google's older one."""

from collections.abc import Callable, Mapping

from starlette.requests import Request

from leasehold.oauth2 import id_token, userinfo
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.userinfo import UserInfo
from leasehold.web.oauth import bearer
from leasehold.web.oauth.endpoint import Answer, NoToken
from leasehold.web.oauth.form import read_body, read_query
from leasehold.web.oauth.services import Services

Shape = Callable[[UserInfo], Mapping[str, object]]

_OLD_NAMES = {"sub": "id", "email_verified": "verified_email"}


def answer(services: Services, shape: Shape) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        return shape(await userinfo.describe(await _token(request, services), server))

    return run


def current_form(info: UserInfo) -> Mapping[str, object]:
    """As OpenID Connect has it (§5.3.2)."""
    return {"sub": info.person.subject, **id_token.about(info.person, info.scopes)}


def old_form(info: UserInfo) -> Mapping[str, object]:
    """As Google's versions 1 and 2 answer."""
    return {_OLD_NAMES.get(name, name): value for name, value in current_form(info).items()}


async def _token(request: Request, services: Services) -> str:
    """The one token: in the header, in the form, or in the query where the operator lets it.

    Raises OAuthError, NoToken when there is none.
    """
    tokens = bearer.in_header(request)
    form = await read_body(request, seconds=services.settings.header_seconds)
    tokens += form.get("access_token", [])
    if services.settings.query_tokens:
        tokens += read_query(request).get("access_token", [])
    if not tokens:
        raise NoToken
    if len(tokens) > 1:  # RFC 6750 §2: one way in each request
        raise OAuthError("invalid_request", "send one access token")
    return tokens[0]
