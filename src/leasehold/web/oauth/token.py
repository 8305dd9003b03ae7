"""The token endpoint over HTTP: a form in, a token or a refusal out."""

from collections.abc import Mapping

from starlette.requests import Request

from leasehold.oauth2 import token
from leasehold.oauth2.model import IdTokenResponse, TokenResponse
from leasehold.web.oauth import authorization_header
from leasehold.web.oauth.endpoint import Answer
from leasehold.web.oauth.form import read_body
from leasehold.web.oauth.services import Services


def answer(services: Services) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        # The query is not looked at: a URL is no place for what gives a token (RFC 6749 §2.3.1).
        form = await read_body(request, seconds=services.settings.header_seconds)
        authorization = authorization_header.read(request)
        response = await token.exchange(form, server, authorization, request.headers.get("origin"))
        if isinstance(response, IdTokenResponse):
            return {"id_token": response.id_token}
        return _members(response)

    return run


def _members(response: TokenResponse) -> dict[str, object]:
    members: dict[str, object] = {
        "access_token": response.access_token,
        "expires_in": response.expires_in,
        "token_type": response.token_type,
        "scope": response.scope,
    }
    if response.refresh_token is not None:
        members["refresh_token"] = response.refresh_token
    if response.id_token is not None:
        members["id_token"] = response.id_token
    return members
