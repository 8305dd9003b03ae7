"""The introspection endpoint over HTTP: a token and the caller's credentials in, its worth out."""

from collections.abc import Mapping

from starlette.requests import Request

from leasehold.oauth2 import introspect
from leasehold.web.oauth import authorization_header
from leasehold.web.oauth.endpoint import Answer
from leasehold.web.oauth.form import read_body
from leasehold.web.oauth.services import Services


def answer(services: Services) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        # The query is not looked at: RFC 7662 §4 warns of tokens in URLs.
        form = await read_body(request, seconds=services.settings.header_seconds)
        return await introspect.introspect(form, server, authorization_header.read(request))

    return run
